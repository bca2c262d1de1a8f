//! `switch`: what it costs when nothing or little has changed, and what assembling a view costs.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Instant;

use dgmo::view;
use dgmo::view::Member;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::PackageName;
use dgmo_store::Store;

use crate::Result;
use crate::contest::Contender;
use crate::contest::in_turn;
use crate::corpus;
use crate::desk::Corpus;
use crate::desk::Desk;
use crate::program::Program;
use crate::table::Look;
use crate::table::Row;
use crate::table::Target;
use crate::wait::Usage;

const PACKAGES: usize = 100;
const FILES: usize = 500;

/// A manifest with 100 packages and 500 home files, all from folders beside it.
struct Project {
    folder: PathBuf,
    home: PathBuf,
    target: PathBuf,
}

impl Project {
    fn make(desk: &Desk, name: &str, home_files: usize) -> Result<Self> {
        let folder = desk.at(name);
        let mut manifest = String::from("dgmo: 1\nname: bench\npackages:\n");
        for number in 0..PACKAGES {
            let package = folder.join(format!("packages/p-{number:03}"));
            corpus::package(&package, 5, number)?;
            writeln!(
                manifest,
                "  p-{number:03}: {{path: packages/p-{number:03}}}"
            )?;
        }
        if home_files > 0 {
            manifest.push_str("files:\n");
        }
        for number in 0..home_files {
            let path = format!("files/f{number:03}");
            fs::create_dir_all(folder.join("files"))?;
            fs::write(folder.join(&path), format!("setting = {number}\n"))?;
            writeln!(
                manifest,
                "  .config/app-{}/f{number:03}: {{source: {path}}}",
                number / 20
            )?;
        }
        fs::write(folder.join("dgmo.yaml"), manifest)?;
        let project = Self {
            home: desk.at(&format!("homes/{name}")),
            target: folder.join("target"),
            folder,
        };
        fs::create_dir_all(&project.target)?;
        Ok(project)
    }

    fn switch(&self, desk: &Desk) -> Program {
        desk.dgmo(&self.home, &["switch", "-q", "--target"])
            .arg(&self.target)
            .arg("-f")
            .arg(self.folder.join("dgmo.yaml"))
    }
}

/// Everything is looked at and nothing is done.
pub(crate) fn nothing(desk: &Desk) -> Result<Vec<Row>> {
    let project = Project::make(desk, "nothing", FILES)?;
    project.switch(desk).run()?;
    wait_until_settled();
    project.switch(desk).run()?;
    let list = r#"find "$0" -ls"#;
    let [ours, floor] = in_turn(
        desk.asked.quick,
        &[
            Contender::of(project.switch(desk)),
            Contender::of(desk.program("sh").args(["-c", list]).arg(&project.folder)),
        ],
    )?;
    Ok(vec![Row::new(
        "`switch` that changes nothing, 100 packages, 500 files",
        Look::Cpu,
        &ours,
        ("`find -ls` of the same", &floor),
        Target::Millis(10.0),
    )])
}

/// One package with 500 files is another one than before.
pub(crate) fn one_of_many(desk: &Desk) -> Result<Vec<Row>> {
    let project = Project::make(desk, "one", 0)?;
    let package = project.folder.join("packages/p-050");
    let copy = desk.at("one-copy");
    project.switch(desk).run()?;
    wait_until_settled();
    project.switch(desk).run()?;
    let seed = std::cell::Cell::new(1000);
    let change = || {
        seed.set(seed.get() + 1);
        corpus::package(&package, FILES, seed.get())?;
        desk.sync(&package).run().map(drop)
    };
    let known = || {
        desk.dgmo(&project.home, &["store", "add", "-q"])
            .arg(&package)
    };
    let linked = desk.program("cp").arg("-al").arg(&package).arg(&copy);
    let [fresh, copied, present, linked] = in_turn(
        desk.asked.quick,
        &[
            Contender::of(project.switch(desk)).after_own(change),
            desk.copy(&package, &copy),
            Contender::of(project.switch(desk))
                .after_own(change)
                .after(known())
                .after(desk.sync(&package)),
            Contender::of(linked)
                .then(desk.sync(&package))
                .after(desk.remove(&copy))
                .after(desk.sync(&package)),
        ],
    )?;
    let against = ("`cp -a` and sync of that package", &copied);
    let work = "`switch`, one package of 100 changed: 500 new files";
    let laid = ("`cp -al` and sync of that package", &linked);
    let laid_work = "the same, its files in the store already";
    Ok(vec![
        Row::new(work, Look::Wall, &fresh, against, Target::Millis(15.0)),
        Row::new(work, Look::Cpu, &fresh, against, Target::Millis(15.0)),
        Row::new(laid_work, Look::Wall, &present, laid, Target::Millis(15.0)),
        Row::new(laid_work, Look::Cpu, &present, laid, Target::Millis(15.0)),
    ])
}

/// Only the view: 95 trees in, folders and links out, nothing synced.
pub(crate) fn view(desk: &Desk) -> Result<Vec<Row>> {
    let corpus = desk.small()?;
    let home = desk.at("homes/view");
    let trees = add(desk, &home, corpus)?;
    let store = Store::open(&home)?;
    let members: Vec<Member<'_>> = trees
        .iter()
        .map(|(name, tree)| Member {
            name,
            tree: *tree,
            bin: &[],
            priority: 0,
        })
        .collect();
    let place = desk.at("view");
    let assemble = || {
        let start = Instant::now();
        fs::create_dir_all(&place)?;
        let view = view::merge(&members, &|id| store.read_tree(id))?;
        view.write(&place)?;
        let wall = start.elapsed();
        Ok(Usage {
            wall,
            ..Usage::default()
        })
    };
    assemble()?;
    let again = desk.at("view-again");
    desk.remove(&again).run()?;
    fs::rename(&place, &again)?;
    let links = links(&again, Path::new(""))?;
    let count = links.iter().filter(|(_, to)| to.is_some()).count();
    let link = || {
        let start = Instant::now();
        fs::create_dir_all(&place)?;
        for (path, to) in &links {
            match to {
                None => fs::create_dir(place.join(path))?,
                Some(to) => std::os::unix::fs::symlink(to, place.join(path))?,
            }
        }
        let wall = start.elapsed();
        Ok(Usage {
            wall,
            ..Usage::default()
        })
    };
    let [ours, floor] = in_turn(
        desk.asked.quick,
        &[
            Contender::own(assemble).after(desk.remove(&place)),
            Contender::own(link).after(desk.remove(&place)),
        ],
    )?;
    Ok(vec![Row::new(
        format!("a view of 95 packages, {count} links"),
        Look::Wall,
        &ours,
        ("the same links, in process", &floor),
        Target::Millis(10.0),
    )])
}

fn add(desk: &Desk, home: &Path, corpus: &Corpus) -> Result<Vec<(PackageName, TreeId)>> {
    let mut trees = Vec::new();
    let ids = desk.add(home, &corpus.packages)?;
    for (package, id) in corpus.packages.iter().zip(ids) {
        let name = package.file_name().unwrap_or_default().to_string_lossy();
        trees.push((name.parse()?, id.parse()?));
    }
    Ok(trees)
}

/// Folders (without a target) and links below `folder`, parents first.
fn links(folder: &Path, below: &Path) -> Result<Vec<(PathBuf, Option<PathBuf>)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = below.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            found.push((path.clone(), None));
            found.extend(links(&entry.path(), &path)?);
        } else {
            found.push((path, Some(fs::read_link(entry.path())?)));
        }
    }
    Ok(found)
}

/// Files that changed less than two seconds ago are read again, whatever a cache says.
fn wait_until_settled() {
    std::thread::sleep(std::time::Duration::from_millis(2200));
}
