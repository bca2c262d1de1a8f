//! The folder the benchmarks work in, and the programs they run there.

use std::cell::OnceCell;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::Result;
use crate::contest::Contender;
use crate::corpus;
use crate::corpus::Size;
use crate::floor;
use crate::program;
use crate::program::Program;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Asked {
    /// The program to measure.
    pub dgmo: PathBuf,
    /// Where everything is made.
    pub folder: PathBuf,
    /// How much of the large corpus.
    pub scale: f64,
    /// How often a quick thing is run.
    pub quick: usize,
    /// How often a slow one.
    pub slow: usize,
}

/// A corpus on disk.
#[derive(Debug)]
pub(crate) struct Corpus {
    pub name: &'static str,
    pub folder: PathBuf,
    pub packages: Vec<PathBuf>,
}

/// Where the work is done.
pub(crate) struct Desk {
    pub asked: Asked,
    small: OnceCell<Corpus>,
    large: OnceCell<Corpus>,
}

impl Desk {
    pub(crate) fn new(asked: Asked) -> Result<Self> {
        fs::create_dir_all(&asked.folder)?;
        Ok(Self {
            asked,
            small: OnceCell::new(),
            large: OnceCell::new(),
        })
    }

    /// A path below the desk.
    pub(crate) fn at(&self, name: &str) -> PathBuf {
        self.asked.folder.join(name)
    }

    /// A program by its name.
    pub(crate) fn program(&self, name: &str) -> Program {
        Program::new(name, &self.asked.folder)
    }

    /// `dgmo`, without a home.
    pub(crate) fn program_of_ours(&self) -> Program {
        Program::new(&self.asked.dgmo, &self.asked.folder)
    }

    /// `dgmo --home HOME WORDS…`.
    pub(crate) fn dgmo(&self, home: &Path, words: &[&str]) -> Program {
        self.program_of_ours().arg("--home").arg(home).args(words)
    }

    /// Takes it out of the way. Nothing is deleted before the end: ext4 does not give the number of a file deleted within
    /// the last minutes to a new one, and looks at each of them to find that out, so that every new file would pay for
    /// the files of the round before.
    pub(crate) fn remove(&self, path: &Path) -> Program {
        let script = r#"test ! -e "$0" || { mkdir -p "$1" && mv "$0" "$(mktemp -d -p "$1")"; }"#;
        self.program("sh")
            .args(["-c", script])
            .arg(path)
            .arg(self.at("aside"))
    }

    /// Deletes it, whatever it is. Folders of a store are read-only, which `rm` minds for all but root.
    pub(crate) fn delete(&self, path: &Path) -> Program {
        let script = r#"rm -rf "$0" 2>&- || { chmod -R u+w "$0" && rm -rf "$0"; }"#;
        self.program("sh").args(["-c", script]).arg(path)
    }

    /// Adds `paths` to the store at `home`, and tells their ids.
    pub(crate) fn add(&self, home: &Path, paths: &[PathBuf]) -> Result<Vec<String>> {
        let add = self.dgmo(home, &["--json", "store", "add"]).args(paths);
        add.run()?;
        let report: serde_json::Value = serde_json::from_str(&add.printed()?)?;
        let added = report["added"].as_array().ok_or("no list in the report")?;
        let ids = added
            .iter()
            .map(|object| object["id"].as_str().map(str::to_owned));
        ids.collect::<Option<_>>()
            .ok_or_else(|| "no id in the report".into())
    }

    /// Deletes everything that was made: nothing is there any more but what the next run makes.
    pub(crate) fn clear(&self) -> Result<()> {
        self.delete(&self.at("homes")).run()?;
        self.delete(&self.at("aside")).run()?;
        Ok(fs::remove_dir_all(&self.asked.folder)?)
    }

    /// Brings the file system that holds `path` to disk.
    pub(crate) fn sync(&self, path: &Path) -> Program {
        self.program("sync").arg("-f").arg(path)
    }

    /// Everything hashed: by the program that is known for it, or by ourselves.
    pub(crate) fn hash(&self, folder: &Path) -> Result<Program> {
        if !program::is_installed("b3sum") {
            return Ok(floor::program("hash", &self.asked.folder)?.arg(folder));
        }
        let cores = std::thread::available_parallelism()?;
        let script = format!(
            r#"find "$0" -type f -print0 | xargs -0 -P{cores} -n 256 b3sum --num-threads 1"#
        );
        Ok(self.program("sh").arg("-c").arg(script).arg(folder))
    }

    /// A copy that is on disk when it is done.
    pub(crate) fn copy(&self, from: &Path, to: &Path) -> Contender<'_> {
        Contender::of(self.program("cp").arg("-a").arg(from).arg(to))
            .then(self.sync(&self.asked.folder))
            .after(self.remove(to))
            .after(self.sync(&self.asked.folder))
    }

    pub(crate) fn small(&self) -> Result<&Corpus> {
        self.corpus(&self.small, "small", Size::SMALL)
    }

    pub(crate) fn large(&self) -> Result<&Corpus> {
        self.corpus(&self.large, "large", Size::large(self.asked.scale))
    }

    fn corpus<'a>(
        &'a self,
        cell: &'a OnceCell<Corpus>,
        name: &'static str,
        size: Size,
    ) -> Result<&'a Corpus> {
        if cell.get().is_none() {
            let folder = self.at(name);
            let packages = corpus::packages(&folder, size)?;
            self.sync(&folder).run()?;
            let made = Corpus {
                name,
                folder,
                packages,
            };
            drop(cell.set(made));
        }
        Ok(cell.get().expect("set above"))
    }
}
