//! Floors that no program on the machine gives, and parts of dgmo that no command shows alone.
//!
//! Most are run as a process of their own, by this same program, so that they are measured as all others are.

use std::collections::VecDeque;
use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Instant;

use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_store::Store;

use crate::Result;
use crate::program::Program;
use crate::wait::Usage;

/// The word that makes this program one of its own floors.
pub(crate) const WORD: &str = "--floor";

/// This program, as the floor `what`.
pub(crate) fn program(what: &str, desk: &Path) -> Result<Program> {
    Ok(Program::new(std::env::current_exe()?, desk)
        .arg(WORD)
        .arg(what))
}

/// What a process started by [`program`] does.
pub(crate) fn run(words: &[String]) -> Result<()> {
    match words {
        [what, folder] if what == "hash" => hash(Path::new(folder)),
        [what, home, tree] if what == "lay-out" => lay_out(Path::new(home), tree),
        _ => Err(format!("there is no floor {words:?}").into()),
    }
}

/// Hashes every file below `folder` on all cores, as nothing that reads all bytes can do quicker.
fn hash(folder: &Path) -> Result<()> {
    let mut files = VecDeque::new();
    find(folder, &mut files)?;
    let queue = Mutex::new(files);
    let cores = std::thread::available_parallelism()?.get();
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores)
            .map(|_| scope.spawn(|| hash_from(&queue)))
            .collect();
        for worker in workers {
            worker.join().expect("a worker does not panic")?;
        }
        Ok(())
    })
}

fn hash_from(queue: &Mutex<VecDeque<PathBuf>>) -> std::io::Result<()> {
    let mut buffer = vec![0; 128 * 1024];
    loop {
        let next = queue.lock().expect("a worker does not panic").pop_front();
        let Some(path) = next else { return Ok(()) };
        let mut file = File::open(path)?;
        let mut hasher = blake3::Hasher::new();
        loop {
            let length = file.read(&mut buffer)?;
            if length == 0 {
                break;
            }
            hasher.update(&buffer[..length]);
        }
        std::hint::black_box(hasher.finalize());
    }
}

fn find(folder: &Path, files: &mut VecDeque<PathBuf>) -> Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            find(&entry.path(), files)?;
        } else if kind.is_file() {
            files.push_back(entry.path());
        }
    }
    Ok(())
}

/// Lays one tree out: the part of a switch that `cp -al` is the floor of.
fn lay_out(home: &Path, tree: &str) -> Result<()> {
    let store = Store::open(home)?;
    let insertion = store.begin(&Silent)?;
    insertion.lay_out(tree.parse()?)?;
    insertion.commit()?;
    Ok(())
}

/// One who is told and says nothing.
pub(crate) struct Silent;

impl Observer for Silent {
    fn observe(&self, _event: Event) {}
}

/// A link made, renamed over another, and the folder synced: what moving a pointer costs on this disk.
pub(crate) fn point(folder: &Path) -> Result<Usage> {
    let (link, staged) = (folder.join("current"), folder.join("staged"));
    let opened = File::open(folder)?;
    let target = format!("generations/{}", Instant::now().elapsed().as_nanos());
    let start = Instant::now();
    std::os::unix::fs::symlink(target, &staged)?;
    fs::rename(&staged, &link)?;
    opened.sync_all()?;
    Ok(Usage {
        wall: start.elapsed(),
        ..Usage::default()
    })
}
