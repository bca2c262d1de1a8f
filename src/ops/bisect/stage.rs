//! Where candidates are put together and the command is run in them: nothing of it touches the profile.
//!
//! ```text
//! store/staging/<unique>/scratch-<run>/   goes with the process; swept after a crash
//!   view/  files/  env                    as in a generation
//!   home/                                 the command's home folder: home files in their places
//!   output                                what the command printed
//! ```

use std::ffi::OsString;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use dgmo_schema::event::Event;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit as Counted;
use dgmo_schema::id::TreeId;
use dgmo_schema::report::bisect::Tried;
use dgmo_schema::report::bisect::Verdict;
use dgmo_store::Insertion;
use dgmo_store::Root;
use dgmo_store::Scratch;
use dgmo_store::Store;
use dgmo_store::durable;
use dgmo_store::durable::Folder;

use super::BisectRequest;
use super::candidate::Candidate;
use super::candidate::HomeFiles;
use crate::activate::Image;
use crate::env::Var;
use crate::home;
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::assemble;
use crate::process::Attempt;
use crate::process::Ended;

/// So many of the last lines a command printed are told.
const LINES: usize = 12;

/// So much of what a command printed is looked at to find them.
const TAIL: u64 = 64 << 10;

/// Where candidates are put together and tried.
pub(super) struct Stage<'a> {
    engine: &'a Engine<'a>,
    store: &'a Store,
    request: &'a BisectRequest,
    scratch: Scratch,
    /// How often the command was run.
    pub runs: u64,
    pub tried: Vec<Tried>,
    /// The last lines it printed.
    pub output: Vec<String>,
}

/// A candidate and how it is called.
pub(super) struct Named<'a> {
    pub what: String,
    /// The generation it is, if it is one.
    pub number: Option<u64>,
    pub candidate: &'a Candidate,
}

impl<'a> Stage<'a> {
    /// Sets it up; all that `roots` reach is kept while it stands.
    pub(super) fn set(
        engine: &'a Engine<'a>,
        store: &'a Store,
        request: &'a BisectRequest,
        roots: &[Root],
    ) -> Result<Self> {
        Ok(Self {
            engine,
            store,
            request,
            scratch: store.scratch(roots, engine.observer)?,
            runs: 0,
            tried: Vec::new(),
            output: Vec::new(),
        })
    }

    /// Whether the command sees home files.
    pub(super) fn home_files(&self) -> HomeFiles {
        if self.request.own_home {
            HomeFiles::NotSeen
        } else {
            HomeFiles::Seen
        }
    }

    /// Puts the candidate together, runs the command in it, and takes it away again.
    pub(super) fn try_one(&mut self, named: &Named<'_>) -> Result<Verdict> {
        let folder = self.scratch.make_folder(&self.tried.len().to_string())?;
        let answer = match self.put_together(named.candidate, &folder) {
            Ok(()) => self.run_repeatedly(named, &folder),
            // A mixture that cannot be is no answer, and nobody's fault.
            Err(failure) if says_impossible(&failure) => Ok((Verdict::Skip, None)),
            Err(failure) => Err(failure),
        };
        // What the command made unremovable is swept when its folder is dropped, or by the next insertion.
        drop(durable::remove_all(&folder));
        let (verdict, ended) = answer?;
        self.tell(&named.what, verdict, ended.as_deref());
        self.tried.push(Tried {
            what: named.what.clone(),
            verdict,
            ended,
        });
        Ok(verdict)
    }

    fn tell(&self, what: &str, verdict: Verdict, ended: Option<&str>) {
        let said = match (verdict, ended) {
            (Verdict::Good, _) => "good".to_owned(),
            (Verdict::Bad, Some(ended)) => format!("bad ({ended})"),
            (Verdict::Skip, Some(ended)) => format!("skipped ({ended})"),
            (Verdict::Bad, None) => "bad".to_owned(),
            (Verdict::Skip, None) => "skipped: it cannot be put together".to_owned(),
        };
        let text = format!("run {}: {what}: {said}", self.runs);
        self.engine.observer.observe(Event::Note(text));
    }

    /// Bad as soon as one run is: who asks for several has a command that fails now and then.
    fn run_repeatedly(
        &mut self,
        named: &Named<'_>,
        folder: &Path,
    ) -> Result<(Verdict, Option<String>)> {
        let mut answer = (Verdict::Skip, None);
        for _ in 0..self.request.repeat.max(1) {
            answer = self.run(named, folder)?;
            if answer.0 != Verdict::Good {
                break;
            }
        }
        Ok(answer)
    }

    fn run(&mut self, named: &Named<'_>, folder: &Path) -> Result<(Verdict, Option<String>)> {
        self.runs += 1;
        let what = format!("run {}: {}", self.runs, named.what);
        let _task = Task::start(self.engine.observer, what, None, Counted::Items);
        let output = folder.join(format!("output-{}", self.runs));
        let failed = OpError::io("run the command in", folder);
        let attempt = Attempt {
            program: &self.request.command[0],
            arguments: &self.request.command[1..],
            environment: self.environment(named, folder),
            output: &output,
            limit: self.request.limit,
        };
        let ended = attempt.run().map_err(failed)?;
        self.output = last_lines(&output);
        let verdict = match ended {
            Ended::Exit(0) => Verdict::Good,
            Ended::Exit(125) => Verdict::Skip,
            Ended::Exit(_) | Ended::Signal(_) | Ended::TooLong | Ended::NotFound => Verdict::Bad,
        };
        Ok((verdict, Some(in_words(ended, self.request.limit))))
    }

    fn put_together(&self, candidate: &Candidate, folder: &Path) -> Result<()> {
        let insertion = self.store.begin(self.engine.observer)?;
        let Candidate { record, trees } = candidate;
        let folders = assemble::folders(record).map(|(_, tree)| tree);
        let shown: Vec<TreeId> = trees.values().copied().chain(folders).collect();
        let mut is_complete = true;
        for tree in &shown {
            is_complete &= self.store.is_laid_out(*tree)?;
            insertion.lay_out(*tree)?;
        }
        assemble::write_shown(folder, &insertion, record, trees, folder)?;
        if self.home_files() == HomeFiles::Seen {
            Self::put_home_files(candidate, &insertion, folder)?;
        }
        if !is_complete {
            // Trees that somebody deleted get their places again; mostly there is nothing to commit.
            insertion.commit()?;
        }
        Ok(())
    }

    /// Puts the home files into a folder that will be the command's home, each as it would be in the target folder.
    fn put_home_files(
        candidate: &Candidate,
        insertion: &Insertion<'_>,
        folder: &Path,
    ) -> Result<()> {
        let home = folder.join("home");
        durable::make_folder(&home).map_err(OpError::io("make the folder", &home))?;
        let read = |id| insertion.read_tree(id);
        let desired = assemble::desired_at(&candidate.record, &folder.join("files"), &read)?;
        for (path, image) in &desired {
            let place = home.join(path.as_str());
            let above = place.parent().unwrap_or(&home);
            durable::make_folders(above).map_err(OpError::io("make the folder", above))?;
            match image {
                // They are not fetched for a throw-away copy.
                Image::Secret { .. } => {}
                Image::Link(to) => {
                    durable::symlink(to, &place).map_err(OpError::io("make the link", &place))?;
                }
                Image::Copy { blob, mode } => {
                    let into = Folder::open(above).map_err(OpError::io("open", above))?;
                    let name = place.file_name().expect("a target path has a name");
                    insertion.place_copy(*blob, *mode, &into, name)?;
                }
            }
        }
        Ok(())
    }

    /// What the command finds in its environment, besides what it inherits; nothing means: taken out.
    fn environment(&self, named: &Named<'_>, folder: &Path) -> Vec<(String, Option<OsString>)> {
        let record = &named.candidate.record;
        let view = folder.join("view");
        let mut set: Vec<(String, Option<OsString>)> = record
            .env
            .iter()
            .map(|(name, value)| (name.to_string(), Some(value.into())))
            .collect();
        let home = match self.home_files() {
            HomeFiles::Seen => Some(folder.join("home")),
            HomeFiles::NotSeen => home::user_home().ok(),
        };
        let path = search_path(&view, &record.path, home.as_deref());
        set.push((Var::SearchPath.name().to_owned(), Some(path)));
        set.push(("DGMO_VIEW".to_owned(), Some(view.into())));
        set.push(("DGMO_FILES".to_owned(), Some(folder.join("files").into())));
        let number = named.number.map(|number| number.to_string().into());
        set.push(("DGMO_GENERATION".to_owned(), number));
        // A fault is meant for this process, not for what it starts.
        set.push(("DGMO_FAULT".to_owned(), None));
        if self.home_files() == HomeFiles::Seen {
            let home = home.map(PathBuf::into_os_string);
            set.push((Var::UserHome.name().to_owned(), home));
            // Else programs would look for what is below the home folder where the user has it.
            for other in [
                Var::ConfigHome.name(),
                Var::DataHome.name(),
                "XDG_CACHE_HOME",
                "XDG_STATE_HOME",
                Var::DgmoHome.name(),
                Var::DgmoProfile.name(),
            ] {
                set.push((other.to_owned(), None));
            }
        }
        set
    }
}

/// Whether the candidate itself cannot be: packages clash, or what it needs is gone.
fn says_impossible(failure: &crate::ops::Failure) -> bool {
    use dgmo_schema::code::Code;
    matches!(
        failure.code(),
        Code::PackagesClash | Code::NoSuchProgram | Code::ObjectMissing | Code::ObjectDamaged
    )
}

/// The view's programs first, then the candidate's folders, then what the user has.
fn search_path(view: &Path, folders: &[String], home: Option<&Path>) -> OsString {
    let below_home = |folder: &String| {
        let rest = folder
            .strip_prefix('~')
            .map(|rest| rest.trim_start_matches('/'));
        match (rest, home) {
            (Some(rest), Some(home)) => home.join(rest),
            (None, Some(home)) => home.join(folder),
            (_, None) => PathBuf::from(folder),
        }
    };
    let mut all = vec![view.join("bin")];
    all.extend(folders.iter().map(below_home));
    let inherited = Var::SearchPath.raw().unwrap_or_default();
    all.extend(std::env::split_paths(&inherited));
    // A folder with a colon in its name cannot be told; the manifest's own check refuses it.
    std::env::join_paths(&all).unwrap_or(inherited)
}

fn in_words(ended: Ended, limit: Option<Duration>) -> String {
    match ended {
        Ended::Exit(code) => format!("exit {code}"),
        Ended::Signal(number) => format!("ended by signal {number}"),
        Ended::NotFound => "there is no such command".to_owned(),
        Ended::TooLong => {
            let limit = limit.unwrap_or_default();
            format!("no answer after {}", humantime::format_duration(limit))
        }
    }
}

/// The last lines of what a command printed, as far as they are text.
fn last_lines(path: &Path) -> Vec<String> {
    use std::io::Read;
    use std::io::Seek;
    let tail = || -> std::io::Result<Vec<u8>> {
        let mut file = fs::File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(std::io::SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut bytes = Vec::new();
        file.take(TAIL).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    // It is only a help for people: what cannot be read is not told.
    let bytes = tail().unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes);
    let clean = |line: &str| line.chars().filter(|c| !c.is_control()).collect();
    let lines: Vec<String> = text.lines().map(clean).collect();
    lines[lines.len().saturating_sub(LINES)..].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_views_programs_come_first_and_the_home_is_the_commands_own() {
        let folders = ["~/bin", "tools", "/opt/x"].map(str::to_owned);
        let path = search_path(Path::new("/v"), &folders, Some(Path::new("/h")));
        let all: Vec<PathBuf> = std::env::split_paths(&path).take(4).collect();
        assert_eq!(
            all,
            ["/v/bin", "/h/bin", "/h/tools", "/opt/x"].map(PathBuf::from)
        );
    }

    #[test]
    fn the_last_lines_are_told_without_what_would_paint_the_terminal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("output");
        let text: String = (0..100).map(|n| format!("\u{1b}[31mline {n}\n")).collect();
        durable::write_new(&path, text.as_bytes(), 0o644).unwrap();
        let lines = last_lines(&path);
        assert_eq!(lines.len(), LINES);
        assert_eq!(lines[LINES - 1], "[31mline 99");
        assert!(last_lines(Path::new("/nowhere")).is_empty());
    }
}
