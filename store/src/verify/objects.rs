//! The objects: each hashed, each tree understood, each child there.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;

use super::Finding;
use super::VerifyError;
use super::Verifying;
use super::hash;
use super::hash::Large;
use super::look_failed;
use crate::durable::Folder;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::parallel;
use crate::parallel::Queue;
use crate::platform;
use crate::platform::FileKind;
use crate::tree::Node;
use crate::tree::Tree;

/// What a thread can do next.
enum Job {
    Shard(OsString),
    Piece(Arc<Large>, usize),
}

pub(super) fn verify(verifying: &Verifying<'_>) -> Result<(), VerifyError> {
    let path = verifying.store.layout().objects();
    let mut shards = Vec::new();
    let looked = Folder::open(&path).and_then(|folder| {
        platform::scan(&folder, |name, kind| {
            let name = platform::to_os(name).into_owned();
            if kind == FileKind::Folder && is_shard(&name) {
                shards.push(name);
            } else {
                let path = path.join(name);
                verifying.found(Finding::Foreign { path });
            }
        })
    });
    looked.map_err(look_failed(path.clone()))?;
    let there = Present::list(verifying, &path, &shards);
    verifying.task.resize(there.count);
    let jobs = shards.into_iter().map(Job::Shard);
    parallel::run(jobs, hash::buffer, |buffer, queue, job| {
        match job {
            Job::Shard(shard) => verify_shard(verifying, &there, &shard, buffer, queue),
            Job::Piece(large, index) => verify_piece(verifying, &large, index, buffer),
        }
        Ok::<(), std::convert::Infallible>(())
    })
    .unwrap_or_else(|never| match never {});
    Ok(())
}

/// Hashes only these.
pub(super) fn verify_some(verifying: &Verifying<'_>, names: &[ObjectName]) {
    let chunks: Vec<&[ObjectName]> = names.chunks(32).collect();
    parallel::run(chunks, hash::buffer, |buffer, _, chunk| {
        for name in chunk {
            verify_one(verifying, name, buffer);
        }
        Ok::<(), std::convert::Infallible>(())
    })
    .unwrap_or_else(|never| match never {});
}

fn verify_one(verifying: &Verifying<'_>, name: &ObjectName, buffer: &mut [u8]) {
    let path = verifying.store.objects().path_of(name);
    let looked = File::open(&path).and_then(|file| {
        let Some(size) = check_mode(verifying, &file, &path, *name)? else {
            return Ok(());
        };
        let (found, total) = hash::small(&file, size, buffer)?;
        verifying.hashed(total);
        if found != name.digest() {
            damaged(verifying, name, found);
        }
        Ok(())
    });
    if let Err(error) = looked {
        // What is gone now was there a moment ago.
        verifying.found(Finding::Unreadable {
            path,
            why: error.to_string(),
        });
    }
}

fn is_shard(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    name.len() == 2 && name.iter().all(is_digit)
}

/// What was listed, by the first bytes of its digest: enough to tell what is missing, in little memory. Two that
/// begin alike could hide that one is missing; that takes 2^64 objects, or somebody who wants to fool himself.
struct Present {
    trees: HashSet<u64>,
    blobs: HashSet<u64>,
    count: u64,
}

impl Present {
    fn list(verifying: &Verifying<'_>, objects: &Path, shards: &[OsString]) -> Self {
        let mut present = Self {
            trees: HashSet::new(),
            blobs: HashSet::new(),
            count: 0,
        };
        for shard in shards {
            let path = objects.join(shard);
            let listed = Folder::open(&path).and_then(|folder| {
                platform::scan(&folder, |name, _| {
                    if let Some(name) = ObjectName::parse(shard, &platform::to_os(name)) {
                        present.add(&name);
                    }
                })
            });
            if let Err(error) = listed {
                unreadable(verifying, &path, &error);
            }
        }
        present
    }

    fn add(&mut self, name: &ObjectName) {
        self.count += 1;
        let set = match name.inode() {
            Inode::Tree => &mut self.trees,
            Inode::Plain | Inode::Executable => &mut self.blobs,
        };
        set.insert(first_bytes(name.digest().as_bytes()));
    }

    fn has(&self, node: &Node) -> bool {
        match node {
            Node::File(id) | Node::Executable(id) => {
                self.blobs.contains(&first_bytes(id.0.as_bytes()))
            }
            Node::Folder(id) => self.trees.contains(&first_bytes(id.0.as_bytes())),
            Node::Link(_) => true,
        }
    }
}

fn first_bytes(digest: &[u8; 32]) -> u64 {
    let first = digest.first_chunk().copied();
    u64::from_le_bytes(first.expect("a digest has more than 8 bytes"))
}

fn verify_shard(
    verifying: &Verifying<'_>,
    there: &Present,
    shard: &OsStr,
    buffer: &mut [u8],
    queue: &Queue<Job, std::convert::Infallible>,
) {
    let path = verifying.store.layout().objects().join(shard);
    let mut names = Vec::new();
    let folder = Folder::open(&path).and_then(|folder| {
        platform::scan(&folder, |name, _| {
            let name = platform::to_os(name);
            match ObjectName::parse(shard, &name) {
                Some(name) => names.push(name),
                None => verifying.found(Finding::Foreign {
                    path: path.join(name),
                }),
            }
        })?;
        Ok(folder)
    });
    let folder = match folder {
        Ok(folder) => folder,
        Err(error) => return unreadable(verifying, &path, &error),
    };
    for name in names {
        match verify_object(verifying, there, &folder, name, buffer) {
            Ok(None) => {}
            Ok(Some(large)) => {
                let large = Arc::new(large);
                let pieces = 0..large.pieces();
                queue.push(pieces.map(|index| Job::Piece(Arc::clone(&large), index)));
            }
            Err(error) => unreadable(verifying, &path.join(name.file_name()), &error),
        }
    }
}

/// Verifies an object, or tells that it is a large one.
fn verify_object(
    verifying: &Verifying<'_>,
    there: &Present,
    folder: &Folder,
    name: ObjectName,
    buffer: &mut [u8],
) -> io::Result<Option<Large>> {
    let file = platform::open_in(folder, name.file_name())?;
    let size = check_mode(
        verifying,
        &file,
        &folder.path().join(name.file_name()),
        name,
    )?;
    let Some(size) = size else {
        return Ok(None);
    };
    if hash::is_large(size) {
        return Ok(Some(Large::new(name, file, size)));
    }
    let (found, total) = hash::small(&file, size, buffer)?;
    verifying.hashed(total);
    if found != name.digest() {
        damaged(verifying, &name, found);
    } else if name.inode() == Inode::Tree {
        let id = TreeId(name.digest());
        match usize::try_from(total)
            .ok()
            .and_then(|total| buffer.get(..total))
        {
            Some(bytes) => verify_tree(verifying, there, id, bytes),
            None => verify_tree(verifying, there, id, &read_again(&file, total)?),
        }
    }
    Ok(None)
}

/// The size; none for what is no file at all.
fn check_mode(
    verifying: &Verifying<'_>,
    file: &File,
    path: &Path,
    name: ObjectName,
) -> io::Result<Option<u64>> {
    let (kind, size, mode) = platform::kind_size_and_mode(file)?;
    if kind != FileKind::File {
        let path = path.to_owned();
        verifying.found(Finding::Foreign { path });
        return Ok(None);
    }
    let expected = name.inode().mode();
    if let Some(mode) = mode.filter(|mode| *mode != expected) {
        verifying.found(Finding::WrongMode {
            path: path.to_owned(),
            mode,
            expected,
        });
    }
    Ok(Some(size))
}

/// A tree object larger than the buffer: a folder with thousands of entries.
fn read_again(file: &File, size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; usize::try_from(size).unwrap_or(usize::MAX)];
    let mut filled = 0;
    while filled < bytes.len() {
        match platform::read_at(file, &mut bytes[filled..], filled as u64)? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            count => filled += count,
        }
    }
    Ok(bytes)
}

fn verify_tree(verifying: &Verifying<'_>, there: &Present, id: TreeId, bytes: &[u8]) {
    match Tree::decode(bytes) {
        Ok(tree) => {
            for entry in tree.entries() {
                if there.has(&entry.node) {
                    continue;
                }
                let id_of_child = match &entry.node {
                    Node::File(id) | Node::Executable(id) => ObjectId::from(*id),
                    Node::Folder(id) => ObjectId::from(*id),
                    Node::Link(_) => continue,
                };
                verifying.found(Finding::Missing {
                    id: id_of_child,
                    named_by: id,
                });
            }
        }
        Err(error) => {
            let name = ObjectName::tree(id);
            verifying.found(Finding::Malformed {
                path: verifying.store.objects().path_of(&name),
                id,
                why: error.to_string(),
            });
        }
    }
}

fn verify_piece(verifying: &Verifying<'_>, large: &Large, index: usize, buffer: &mut [u8]) {
    match large.piece(index, buffer) {
        Ok(None) => {}
        Ok(Some(found)) => {
            verifying.hashed(large.size);
            if found != large.name.digest() {
                damaged(verifying, &large.name, found);
            } else if large.name.inode() == Inode::Tree {
                // No folder has that many entries; but whoever made it shall not have it pass unseen.
                let path = verifying.store.objects().path_of(&large.name);
                let why = "it is too large".to_owned();
                let id = TreeId(found);
                verifying.found(Finding::Malformed { path, id, why });
            }
        }
        Err(error) => {
            let path = verifying.store.objects().path_of(&large.name);
            unreadable(verifying, &path, &error);
        }
    }
}

fn damaged(verifying: &Verifying<'_>, name: &ObjectName, found: dgmo_schema::id::Digest) {
    verifying.found(Finding::Damaged {
        path: verifying.store.objects().path_of(name),
        id: ObjectId(name.digest()),
        found: ObjectId(found),
    });
}

/// Tells what could not be read, unless it is gone: then it was collected, or whoever names it misses it.
fn unreadable(verifying: &Verifying<'_>, path: &Path, error: &io::Error) {
    if error.kind() != io::ErrorKind::NotFound {
        verifying.found(Finding::Unreadable {
            path: path.to_owned(),
            why: error.to_string(),
        });
    }
}
