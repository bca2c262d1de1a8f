//! Laid-out trees: they show what their tree objects say, and nothing else.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::sync::Arc;

use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use super::Finding;
use super::VerifyError;
use super::Verifying;
use super::hash;
use super::look_failed;
use crate::durable::Folder;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::parallel;
use crate::parallel::Queue;
use crate::platform;
use crate::platform::FileKind;
use crate::read::ReadError;
use crate::tree::Entry;
use crate::tree::Node;
use crate::tree::Tree;

/// One folder to look at.
struct Job {
    /// The tree that is laid out, and the one that this folder of it shows.
    top: TreeId,
    id: TreeId,
    place: Place,
}

enum Place {
    Top(Folder),
    Within(Arc<Folder>, OsString),
}

/// Looks at all that are laid out; how many they are.
pub(super) fn verify(verifying: &Verifying<'_>) -> Result<u64, VerifyError> {
    let path = verifying.store.layout().trees();
    let mut jobs = Vec::new();
    let looked = Folder::open(&path).and_then(|folder| {
        platform::scan(&folder, |name, kind| {
            let id = Digest::from_hex(name).map(TreeId);
            let path = path.join(platform::to_os(name));
            match id.filter(|_| kind == FileKind::Folder) {
                Some(id) => match Folder::open(&path) {
                    Ok(folder) => jobs.push(Job {
                        top: id,
                        id,
                        place: Place::Top(folder),
                    }),
                    Err(error) => unreadable(verifying, &path, &error),
                },
                None => verifying.found(Finding::Foreign { path }),
            }
        })
    });
    looked.map_err(look_failed(path.clone()))?;
    let count = jobs.len() as u64;
    run(verifying, jobs);
    Ok(count)
}

/// Looks at some that are laid out.
pub(super) fn verify_some(verifying: &Verifying<'_>, trees: &[TreeId]) {
    let mut jobs = Vec::new();
    for id in trees {
        let path = verifying.store.tree_path(*id);
        match Folder::open(&path) {
            Ok(folder) => jobs.push(Job {
                top: *id,
                id: *id,
                place: Place::Top(folder),
            }),
            Err(error) => unreadable(verifying, &path, &error),
        }
    }
    run(verifying, jobs);
}

fn run(verifying: &Verifying<'_>, jobs: Vec<Job>) {
    parallel::run(jobs, hash::buffer, |buffer, queue, job| {
        job.verify(verifying, buffer, queue);
        Ok::<(), std::convert::Infallible>(())
    })
    .unwrap_or_else(|never| match never {});
}

impl Job {
    fn verify(
        self,
        verifying: &Verifying<'_>,
        buffer: &mut [u8],
        queue: &Queue<Self, std::convert::Infallible>,
    ) {
        let is_top = matches!(self.place, Place::Top(_));
        let folder = match self.place {
            Place::Top(folder) => Ok(folder),
            Place::Within(above, name) => above.open_folder(&name),
        };
        let folder = match folder {
            Ok(folder) => Arc::new(folder),
            Err(error) => {
                let path = verifying.store.tree_path(self.top);
                return unreadable(verifying, &path, &error);
            }
        };
        let look = Look {
            verifying,
            top: self.top,
            folder: &folder,
        };
        look.check_mode(is_top);
        let tree = match verifying.store.read_tree(self.id) {
            Ok(tree) => tree,
            Err(ReadError::Missing { .. }) if is_top => {
                return look.tell(None, "has no tree object");
            }
            Err(ReadError::Io { path, source }) => return unreadable(verifying, &path, &source),
            // What is wrong with the object is told where the objects are verified.
            Err(_) => return,
        };
        if is_top && let Err(error) = look.check_anchor(&tree) {
            return unreadable(verifying, &verifying.store.layout().anchors(), &error);
        }
        let names = match look.names() {
            Ok(names) => names,
            Err(error) => return unreadable(verifying, folder.path(), &error),
        };
        look.compare(&tree, names, buffer);
        for entry in tree.entries() {
            if let Node::Folder(id) = entry.node {
                let name = entry.name.to_os().into_owned();
                queue.push([Self {
                    top: self.top,
                    id,
                    place: Place::Within(Arc::clone(&folder), name),
                }]);
            }
        }
    }
}

/// One folder being looked at.
struct Look<'a> {
    verifying: &'a Verifying<'a>,
    top: TreeId,
    folder: &'a Folder,
}

impl Look<'_> {
    fn tell(&self, name: Option<&OsStr>, what: &'static str) {
        let folder = self.folder.path();
        self.verifying.found(Finding::LaidOut {
            path: name.map_or_else(|| folder.to_owned(), |name| folder.join(name)),
            tree: self.top,
            what,
        });
    }

    /// The top may be writable: it becomes read-only only after it got its place, and a crash may come between.
    fn check_mode(&self, is_top: bool) {
        let expected = 0o555;
        let mode = match platform::mode_of_folder(self.folder) {
            Ok(mode) => mode,
            Err(error) => return unreadable(self.verifying, self.folder.path(), &error),
        };
        if let Some(mode) = mode
            && mode != expected
            && !(is_top && mode & !0o200 == expected)
        {
            self.verifying.found(Finding::WrongMode {
                path: self.folder.path().to_owned(),
                mode,
                expected,
            });
        }
    }

    /// Files that name a place must be found there.
    fn check_anchor(&self, tree: &Tree) -> io::Result<()> {
        let store = self.verifying.store;
        let anchor = match store.anchor_of(tree) {
            Ok(Some(anchor)) => anchor,
            Err(ReadError::Io { source, .. }) => return Err(source),
            // What is wrong with its mark is told where the objects are verified.
            Ok(None) | Err(_) => return Ok(()),
        };
        if !store.has_place_for(&anchor)? {
            self.tell(
                None,
                "was made for another place; its files look for each other there",
            );
        } else if !anchor.leads_to(self.top)? {
            self.verifying.found(Finding::LaidOut {
                path: anchor.path().to_owned(),
                tree: self.top,
                what: "does not lead to it, and its files look for each other there",
            });
        }
        Ok(())
    }

    fn names(&self) -> io::Result<BTreeMap<Vec<u8>, FileKind>> {
        let mut names = BTreeMap::new();
        platform::scan(self.folder, |name, kind| {
            names.insert(name.to_owned(), kind);
        })?;
        Ok(names)
    }

    fn compare(&self, tree: &Tree, mut names: BTreeMap<Vec<u8>, FileKind>, buffer: &mut [u8]) {
        for entry in tree.entries() {
            let name = entry.name.to_os();
            match names.remove(platform::from_os(&name).unwrap_or_default()) {
                None => self.tell(Some(&name), "is missing"),
                Some(kind) => match self.is_as_it_should(entry, kind, buffer) {
                    Ok(None) => {}
                    Ok(Some(what)) => self.tell(Some(&name), what),
                    Err(error) => {
                        let path = self.folder.path().join(&name);
                        unreadable(self.verifying, &path, &error);
                    }
                },
            }
        }
        for name in names.keys() {
            self.tell(Some(&platform::to_os(name)), "does not belong there");
        }
    }

    fn is_as_it_should(
        &self,
        entry: &Entry,
        kind: FileKind,
        buffer: &mut [u8],
    ) -> io::Result<Option<&'static str>> {
        let name = entry.name.to_os();
        match (&entry.node, kind) {
            (Node::File(id), FileKind::File) => {
                self.is_file(&name, ObjectName::blob(*id, Inode::Plain), buffer)
            }
            (Node::Executable(id), FileKind::File) => {
                self.is_file(&name, ObjectName::blob(*id, Inode::Executable), buffer)
            }
            (Node::Link(target), FileKind::Link) => {
                let found = platform::read_link_in(self.folder, &name)?;
                let same = found == target.as_bytes();
                Ok((!same).then_some("links to something else"))
            }
            (Node::Folder(_), FileKind::Folder) => Ok(None),
            _ => Ok(Some("is of another kind")),
        }
    }

    /// A file is the object's own inode, which was verified with the objects; or else it has its bytes and mode.
    fn is_file(
        &self,
        name: &OsStr,
        object: ObjectName,
        buffer: &mut [u8],
    ) -> io::Result<Option<&'static str>> {
        let ours = platform::state_in(self.folder, name)?;
        let shard = self.verifying.store.objects().shard(&object)?;
        let theirs = shard.and_then(|shard| platform::state_in(shard, object.file_name()).ok());
        if ours.inode != 0
            && theirs
                .is_some_and(|theirs| (theirs.device, theirs.inode) == (ours.device, ours.inode))
        {
            return Ok(None);
        }
        let file = platform::open_in(self.folder, name)?;
        let (_, size, mode) = platform::kind_size_and_mode(&file)?;
        let (found, _) = hash::small(&file, size, buffer)?;
        if found != object.digest() {
            return Ok(Some("has other bytes than it should"));
        }
        let expected = object.inode().mode();
        if let Some(mode) = mode.filter(|mode| *mode != expected) {
            self.verifying.found(Finding::WrongMode {
                path: self.folder.path().join(name),
                mode,
                expected,
            });
        }
        Ok(None)
    }
}

fn unreadable(verifying: &Verifying<'_>, path: &std::path::Path, error: &io::Error) {
    if error.kind() != io::ErrorKind::NotFound {
        verifying.found(Finding::Unreadable {
            path: path.to_owned(),
            why: error.to_string(),
        });
    }
}
