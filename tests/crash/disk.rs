//! A simulated disk: what would be there if the power went now.
//!
//! Every file and folder has two states, the one processes see and the one on disk. Syncing a file makes its bytes and
//! mode durable, syncing a folder the names in it, syncing the file system everything. This is harsher than real file
//! systems are: a rename between two folders of which one was synced leaves both names, or none.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::fs::File;
use std::fs::FileTimes;
use std::fs::Permissions;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::SystemTime;

use crate::steps::Step;

type Id = usize;
type Names = BTreeMap<OsString, Id>;

/// What a power cut takes of that which was not synced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// Names and bytes.
    Everything,
    /// Names only: bytes happened to be written.
    Names,
    /// Bytes only: names happened to be written.
    Bytes,
}

/// What processes see, and what is on disk.
#[derive(Debug, Clone, Default)]
struct Both<T> {
    now: T,
    kept: T,
}

impl<T: Clone> Both<T> {
    fn sync(&mut self) {
        self.kept = self.now.clone();
    }

    fn after(&self, lost: bool) -> &T {
        if lost { &self.kept } else { &self.now }
    }
}

#[derive(Debug)]
enum Kind {
    File(Both<Rc<Vec<u8>>>, Option<SystemTime>),
    Folder(Both<Names>),
    Link(PathBuf),
}

#[derive(Debug)]
struct Inode {
    kind: Kind,
    mode: Both<u32>,
}

/// A simulated disk that holds the folder `root`.
#[derive(Debug)]
pub(crate) struct Disk {
    root: PathBuf,
    inodes: Vec<Inode>,
    /// Open files and folders are known by the path they had when they were opened.
    opened_as: HashMap<PathBuf, Id>,
}

impl Disk {
    /// A disk that holds what is in `fixture`, durably, and shows it at `root`.
    pub(crate) fn load(fixture: &Path, root: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            inodes: Vec::new(),
            opened_as: HashMap::new(),
        };
        disk.load_one(fixture, &mut HashMap::new());
        disk.sync_all();
        disk
    }

    fn load_one(&mut self, path: &Path, known: &mut HashMap<u64, Id>) -> Id {
        let metadata = fs::symlink_metadata(path).unwrap();
        if let Some(id) = known.get(&metadata.ino()) {
            return *id;
        }
        let kind = if metadata.is_symlink() {
            Kind::Link(fs::read_link(path).unwrap())
        } else if metadata.is_dir() {
            Kind::Folder(Both::default())
        } else {
            let bytes = Rc::new(fs::read(path).unwrap());
            let both = Both {
                now: bytes,
                kept: Rc::default(),
            };
            Kind::File(both, metadata.modified().ok())
        };
        let id = self.add(kind, metadata.mode() & 0o7777);
        known.insert(metadata.ino(), id);
        if metadata.is_dir() {
            for entry in fs::read_dir(path).unwrap() {
                let entry = entry.unwrap();
                let child = self.load_one(&entry.path(), known);
                self.names(id).insert(entry.file_name(), child);
            }
        }
        id
    }

    fn add(&mut self, kind: Kind, mode: u32) -> Id {
        let mode = Both {
            now: mode,
            kept: mode,
        };
        self.inodes.push(Inode { kind, mode });
        self.inodes.len() - 1
    }

    /// Does a step as a process would see it. Steps outside of `root` are not ours.
    pub(crate) fn apply(&mut self, step: &Step) {
        match step {
            Step::MakeFolder(path) => self.make(path, Kind::Folder(Both::default()), 0o755),
            Step::Create(path, mode) => self.make(path, Kind::File(Both::default(), None), *mode),
            Step::Write(path, bytes) => self.write(path, bytes),
            Step::WriteSecret(path, length) => self.write(path, &vec![b's'; *length]),
            Step::Copy { from, to, mode } => self.copy(from, to, *mode),
            Step::Symlink { target, path } => self.make(path, Kind::Link(target.clone()), 0o777),
            Step::HardLink { from, to } => {
                let id = self.at(from);
                self.put(to, id);
            }
            Step::Rename { from, to } => {
                let id = self.take(from);
                self.put(to, id);
                // Whoever has it open goes on saying the old path.
                self.opened_as.insert(from.clone(), id);
            }
            Step::SetMode(path, mode) => {
                let id = self.at(path);
                self.inodes[id].mode.now = *mode;
            }
            Step::RemoveFile(path) | Step::RemoveFolder(path) => {
                self.take(path);
            }
            Step::SyncFile(path) | Step::SyncFolder(path) => {
                let id = self.at(path);
                self.sync(id);
            }
            Step::SyncFileSystem => self.sync_all(),
            Step::Failed | Step::OnPurpose(_) => {}
        }
    }

    fn make(&mut self, path: &Path, kind: Kind, mode: u32) {
        let id = self.add(kind, mode);
        self.put(path, id);
        self.opened_as.insert(path.to_owned(), id);
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) {
        let id = self.at(path);
        let Kind::File(content, modified) = &mut self.inodes[id].kind else {
            panic!("{} is written to and is no file", path.display());
        };
        Rc::make_mut(&mut content.now).extend(bytes);
        *modified = None;
    }

    fn copy(&mut self, from: &Path, to: &Path, mode: u32) {
        let from = self.at(from);
        let Kind::File(content, _) = &self.inodes[from].kind else {
            panic!("only files are copied");
        };
        let content = Both {
            now: Rc::clone(&content.now),
            kept: Rc::default(),
        };
        self.make(to, Kind::File(content, None), mode);
    }

    fn put(&mut self, path: &Path, id: Id) {
        let folder = self.at(path.parent().expect("a step is about a name in a folder"));
        self.names(folder).insert(name_of(path).to_owned(), id);
    }

    fn take(&mut self, path: &Path) -> Id {
        let folder = self.at(path.parent().expect("a step is about a name in a folder"));
        let taken = self.names(folder).remove(name_of(path));
        taken.unwrap_or_else(|| panic!("{} is moved and is not there", path.display()))
    }

    fn names(&mut self, id: Id) -> &mut Names {
        match &mut self.inodes[id].kind {
            Kind::Folder(names) => &mut names.now,
            _ => panic!("a name in what is no folder"),
        }
    }

    fn sync(&mut self, id: Id) {
        let inode = &mut self.inodes[id];
        inode.mode.sync();
        match &mut inode.kind {
            Kind::File(content, _) => content.sync(),
            Kind::Folder(names) => names.sync(),
            Kind::Link(_) => {}
        }
    }

    fn sync_all(&mut self) {
        for id in 0..self.inodes.len() {
            self.sync(id);
        }
    }

    /// What a process means by `path`: what is there, else what it opened when it was called that.
    fn at(&self, path: &Path) -> Id {
        if let Some(id) = self.find(path) {
            return id;
        }
        let opened = path
            .ancestors()
            .find_map(|above| Some((above, *self.opened_as.get(above)?)));
        let (above, id) = opened.unwrap_or_else(|| panic!("nothing at {}", path.display()));
        let below = path.strip_prefix(above).expect("it is above");
        self.find_below(id, below)
            .unwrap_or_else(|| panic!("nothing at {}", path.display()))
    }

    fn find(&self, path: &Path) -> Option<Id> {
        let below = path
            .strip_prefix(&self.root)
            .unwrap_or_else(|_| panic!("{} is outside of the world", path.display()));
        self.find_below(0, below)
    }

    fn find_below(&self, id: Id, below: &Path) -> Option<Id> {
        below
            .components()
            .try_fold(id, |id, name| match &self.inodes[id].kind {
                Kind::Folder(names) => names.now.get(name.as_os_str()).copied(),
                _ => None,
            })
    }

    /// Writes what is left after a power cut now to `root`, where nothing may be.
    pub(crate) fn write_what_is_left(&self, loss: Loss) {
        let writer = Writer { disk: self, loss };
        writer.write(0, &self.root, &mut HashMap::new());
    }
}

fn name_of(path: &Path) -> &OsStr {
    path.file_name().expect("a step is about a name")
}

struct Writer<'a> {
    disk: &'a Disk,
    loss: Loss,
}

impl Writer<'_> {
    fn write(&self, id: Id, path: &Path, written: &mut HashMap<Id, PathBuf>) {
        let inode = &self.disk.inodes[id];
        let mode = *inode.mode.after(self.loss != Loss::Names);
        match &inode.kind {
            Kind::Link(target) => symlink(target, path).unwrap(),
            Kind::Folder(names) => {
                fs::create_dir(path).unwrap();
                for (name, child) in names.after(self.loss != Loss::Bytes) {
                    self.write(*child, &path.join(name), written);
                }
                fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
            }
            Kind::File(content, modified) => {
                if let Some(first) = written.get(&id) {
                    fs::hard_link(first, path).unwrap();
                    return;
                }
                fs::write(path, &**content.after(self.loss != Loss::Names)).unwrap();
                fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
                if let Some(modified) = modified {
                    let times = FileTimes::new().set_modified(*modified);
                    File::open(path).unwrap().set_times(times).unwrap();
                }
                written.insert(id, path.to_owned());
            }
        }
    }
}
