//! Laid-out trees, mended where they are: programs that run from them are not disturbed.
//!
//! Each file is replaced by one rename, so that its name always stands for the old bytes or the new. A crash leaves
//! folders that may be written and a name that ends in `.dgmo-new`; the next repair sees both.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;

use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use super::Mended;
use super::RepairError;
use super::plan::Fix;
use super::plan::Fixes;
use super::plan::Planner;
use super::plan::Scope;
use crate::durable;
use crate::durable::Folder;
use crate::failure::WriteError;
use crate::insert::LayOutError;
use crate::layout::Layout;
use crate::letting_go::LettingGo;
use crate::look;
use crate::object::Inode;
use crate::object::ObjectName;
use crate::parallel;
use crate::parallel::held;
use crate::platform;
use crate::read::ReadError;
use crate::store::Store;
use crate::tree::Entry;
use crate::tree::Node;
use crate::verify::Finding;

/// Where things were, and are now.
type Moved = Vec<(PathBuf, PathBuf)>;

/// What a mending of the files of a store did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LaidOutMended {
    /// Trees that were mended where they are laid out, or laid out again.
    pub trees: BTreeSet<TreeId>,
    /// What belonged nowhere, and where it is now.
    pub moved: Vec<(PathBuf, PathBuf)>,
    /// What is wrong after all.
    pub left: Vec<Finding>,
}

impl Store {
    /// Mends everything below `objects/` and `trees/` but the bytes of objects, which are mended already: trees that
    /// link what was replaced, or do not show what they should; `needed` trees that are not laid out; and modes. Then
    /// looks again at all that was touched.
    pub fn mend_laid_out(
        &self,
        findings: &[Finding],
        mended: &Mended,
        needed: &[TreeId],
        observer: &dyn Observer,
    ) -> Result<LaidOutMended, RepairError> {
        let mut result = LaidOutMended::default();
        mend_modes(findings)?;
        let tops = self.tops_with(findings);
        let mut planner = Planner::new(self, mended);
        let showing = planner.tops()?;
        let count = (tops.len() + showing.len() + needed.len()) as u64;
        let task = Task::start(observer, "mending laid-out trees", Some(count), Unit::Items);
        let mut fixes = Fixes::default();
        for top in &tops {
            planner.look(*top, Scope::All, &mut fixes)?;
        }
        for top in showing.difference(&tops) {
            planner.look(*top, Scope::Replaced, &mut fixes)?;
        }
        self.prepare(&fixes, needed, &mut result, observer)?;
        let moved = Mutex::default();
        let mend = |(): &mut (), _: &_, folders: &Vec<_>| self.carry_out(folders, &moved);
        parallel::run(&fixes.trees, || (), mend)?;
        self.sync_all(&fixes)?;
        for top in &tops {
            self.mend_anchor(*top)?;
        }
        task.advance(count);
        result.moved = moved.into_inner().unwrap_or_else(PoisonError::into_inner);
        result.moved.sort();
        result.trees.extend(tops);
        let names: Vec<ObjectName> = mended
            .names
            .iter()
            .map(|(digest, inode)| ObjectName::new(*digest, *inode))
            .collect();
        let trees: Vec<TreeId> = result.trees.iter().copied().collect();
        let again = self.verify_again(&names, &trees, observer);
        result.left.extend(again);
        result.left.sort();
        result.left.dedup();
        self.look_again(&planner, showing, &mut result, observer)?;
        Ok(result)
    }

    /// Trees that only linked what was replaced need to be looked at there only: all else was verified before. What is
    /// no link, since there can be no more of them, is read.
    fn look_again(
        &self,
        planner: &Planner<'_>,
        showing: BTreeSet<TreeId>,
        result: &mut LaidOutMended,
        observer: &dyn Observer,
    ) -> Result<(), RepairError> {
        let mut doubtful = Vec::new();
        for top in showing {
            let mut fixes = Fixes::default();
            planner.look(top, Scope::Replaced, &mut fixes)?;
            if !fixes.trees.is_empty() {
                doubtful.push(top);
            }
            result.trees.insert(top);
        }
        result
            .left
            .extend(self.verify_again(&[], &doubtful, observer));
        Ok(())
    }

    /// Makes the anchor of a tree lead to it, where it has one.
    fn mend_anchor(&self, top: TreeId) -> Result<(), RepairError> {
        let read = |source| RepairError::Read {
            path: self.layout().anchors(),
            source,
        };
        let anchor = self.read_tree(top).and_then(|tree| self.anchor_of(&tree));
        // What cannot be read is told by whoever looks again.
        let Ok(Some(anchor)) = anchor else {
            return Ok(());
        };
        if self.has_place_for(&anchor).map_err(read)? && !anchor.leads_to(top).map_err(read)? {
            self.set_anchor(&anchor, top)?;
        }
        Ok(())
    }

    /// Moves what is no object out of the folders of objects and trees. What it was is not for us to say, so it is kept.
    ///
    /// It comes before anything is put back: a folder may have the place of an object.
    pub fn move_foreign(
        &self,
        findings: &[Finding],
        result: &mut LaidOutMended,
    ) -> Result<(), RepairError> {
        for finding in findings {
            let Finding::Foreign { path } = finding else {
                continue;
            };
            result.moved.extend(move_to_found(self.layout(), path)?);
        }
        Ok(())
    }

    /// Trees of which something was found.
    fn tops_with(&self, findings: &[Finding]) -> BTreeSet<TreeId> {
        let trees = self.layout().trees();
        findings
            .iter()
            .filter_map(|finding| match finding {
                Finding::LaidOut { tree, .. } => Some(*tree),
                Finding::WrongMode { path, .. } | Finding::Unreadable { path, .. } => {
                    top_of(&trees, path)
                }
                _ => None,
            })
            .collect()
    }

    /// Everything that files will be linked to, on disk before the first name is replaced.
    fn prepare(
        &self,
        fixes: &Fixes,
        needed: &[TreeId],
        result: &mut LaidOutMended,
        observer: &dyn Observer,
    ) -> Result<(), RepairError> {
        let insertion = self.begin(observer)?;
        for (id, executable) in &fixes.blobs {
            if self.has_blob(*id).map_err(LayOutError::from)? {
                insertion.ensure_inode(*id, *executable)?;
            }
        }
        for id in needed {
            // One that is not whole cannot be laid out; what it lacks is told.
            let laid_out = self.is_laid_out(*id).map_err(LayOutError::from)?;
            if laid_out {
                continue;
            }
            match self.has_whole(*id) {
                Ok(true) => {
                    insertion.lay_out(*id)?;
                    result.trees.insert(*id);
                }
                Err(ReadError::Io { path, source }) => {
                    let why = source.to_string();
                    result.left.push(Finding::Unreadable { path, why });
                }
                _ => {}
            }
        }
        insertion.commit()?;
        Ok(())
    }

    /// Mends one tree.
    fn carry_out(
        &self,
        folders: &[(PathBuf, Fix)],
        moved: &Mutex<Moved>,
    ) -> Result<(), RepairError> {
        let mut replaced = LettingGo::default();
        for (path, fix) in folders {
            // The folder above may have made it a moment ago.
            durable::set_mode(path, 0o755).map_err(WriteError::at(path))?;
            for name in &fix.foreign {
                let stray = path.join(name);
                if is_staged(name) {
                    durable::remove_all(&stray).map_err(WriteError::at(&stray))?;
                } else {
                    held(moved).extend(move_to_found(self.layout(), &stray)?);
                }
            }
            let folder = Folder::open(path).map_err(WriteError::at(path))?;
            for entry in &fix.entries {
                replaced.hold(&folder, &entry.name.to_os());
                self.put(path, &folder, entry, moved)?;
            }
            folder.set_mode(0o555).map_err(WriteError::at(path))?;
        }
        Ok(())
    }

    fn sync_all(&self, fixes: &Fixes) -> Result<(), RepairError> {
        if fixes.folders().count() > FOLDERS_SYNCED_ONE_BY_ONE {
            let home = self.home();
            return Ok(durable::sync_file_system(home).map_err(WriteError::at(home))?);
        }
        for folder in fixes.folders() {
            durable::sync_folder(folder).map_err(WriteError::at(folder))?;
        }
        Ok(())
    }

    fn put(
        &self,
        path: &Path,
        folder: &Folder,
        entry: &Entry,
        moved: &Mutex<Moved>,
    ) -> Result<(), RepairError> {
        let name = entry.name.to_os();
        let place = path.join(&name);
        let failed = |error| WriteError::new(&place, error);
        let is_folder = fs::symlink_metadata(&place)
            .ok()
            .map(|there| there.is_dir());
        let shall_be_folder = matches!(entry.node, Node::Folder(_));
        // What no rename can replace has to go first.
        if is_folder.is_some_and(|is_folder| is_folder || shall_be_folder) {
            if is_folder == Some(true) && shall_be_folder {
                return Ok(());
            }
            held(moved).extend(move_to_found(self.layout(), &place)?);
        }
        let staged = staged_name(&name);
        match &entry.node {
            Node::Folder(_) => return Ok(folder.make_folder(&name).map_err(failed)?),
            Node::Link(target) => folder
                .symlink(Path::new(&target.to_os()), &staged)
                .map_err(failed)?,
            Node::File(id) => {
                if !self.link(*id, Inode::Plain, folder, &staged)? {
                    return Ok(());
                }
            }
            Node::Executable(id) => {
                if !self.link(*id, Inode::Executable, folder, &staged)? {
                    return Ok(());
                }
            }
        }
        Ok(folder.rename(&staged, folder, &name).map_err(failed)?)
    }

    /// One more name for the object's file, or a copy where there can be no more. False if there is no object.
    fn link(
        &self,
        id: BlobId,
        inode: Inode,
        folder: &Folder,
        name: &OsStr,
    ) -> Result<bool, RepairError> {
        let object = ObjectName::blob(id, inode);
        let from = self.objects().path_of(&object);
        let to = folder.path().join(name);
        let linked = match self.objects().shard(&object) {
            Ok(Some(shard)) => folder.hard_link(shard, object.file_name(), name),
            Ok(None) => Err(io::ErrorKind::NotFound.into()),
            Err(error) => Err(error),
        };
        match linked {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) if platform::failed_for_lack_of_links(&error) => {
                durable::copy_file(&from, &to, inode.mode()).map_err(WriteError::at(&to))?;
                durable::sync_file(&to).map_err(WriteError::at(&to))?;
                Ok(true)
            }
            Err(error) => Err(WriteError::new(to, error).into()),
        }
    }
}

fn mend_modes(findings: &[Finding]) -> Result<(), RepairError> {
    for finding in findings {
        if let Finding::WrongMode { path, expected, .. } = finding {
            match durable::set_mode(path, *expected) {
                // A folder that is mended below gets its mode there.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => result.map_err(WriteError::at(path))?,
            }
        }
    }
    Ok(())
}

/// From this many folders on, one sync of the file system is cheaper than one for each.
const FOLDERS_SYNCED_ONE_BY_ONE: usize = 8;

const STAGED: &str = ".dgmo-new";

fn staged_name(name: &OsStr) -> OsString {
    let mut staged = OsString::from(".");
    if name.len() > 240 {
        staged.push(&*Digest::of(name.as_encoded_bytes()).to_string());
    } else {
        staged.push(name);
    }
    staged.push(STAGED);
    staged
}

fn is_staged(name: &OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") && name.ends_with(STAGED.as_bytes())
}

pub(super) fn id_of(name: &OsStr) -> Option<TreeId> {
    Digest::from_hex(name.as_encoded_bytes()).map(TreeId)
}

fn top_of(trees: &Path, path: &Path) -> Option<TreeId> {
    let top = path.strip_prefix(trees).ok()?.components().next()?;
    id_of(top.as_os_str())
}

/// Moves what does not belong where it is to `found/`, under a free name. None if it is gone.
pub fn move_to_found(
    layout: &Layout,
    path: &Path,
) -> Result<Option<(PathBuf, PathBuf)>, WriteError> {
    let metadata = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        metadata => metadata.map_err(WriteError::at(path))?,
    };
    let found = layout.home().join("found");
    if !look::is_folder(&found).map_err(WriteError::at(&found))? {
        durable::make_folders(&found).map_err(WriteError::at(&found))?;
        durable::sync_folder(layout.home()).map_err(WriteError::at(layout.home()))?;
    }
    if metadata.is_dir() {
        // A folder that may not be written cannot be moved.
        durable::set_mode(path, 0o755).map_err(WriteError::at(path))?;
    }
    let name = path.file_name().unwrap_or(OsStr::new("unnamed"));
    for count in 1_u64.. {
        let mut free = name.to_owned();
        if count > 1 {
            free.push(format!(".{count}"));
        }
        let to = found.join(free);
        let moved = durable::rename_no_replace(path, &to).map_err(WriteError::at(&to))?;
        if moved == durable::Renamed::Done {
            // Whoever comes next sees it gone, and does not look whether that is on disk. A crash in between may leave it
            // in both places, never in none.
            for folder in [Some(found.as_path()), path.parent()].into_iter().flatten() {
                durable::sync_folder(folder).map_err(WriteError::at(folder))?;
            }
            return Ok(Some((path.to_owned(), to)));
        }
    }
    Ok(None)
}
