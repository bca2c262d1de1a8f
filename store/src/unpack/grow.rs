//! The tree while the archive is read: names in memory, contents with the sink already.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;

use super::Sink;
use super::Unpack;
use super::UnpackError;
use super::Unpacked;
use super::entry;
use super::entry::EntryPath;
use super::entry::shown;
use super::entry::shown_path;
use super::layer;
use super::layer::Role;
use super::limit::Budget;
use super::links;
use super::system;
use crate::insert::Escaping;
use crate::tree::Alike;
use crate::tree::Entry;
use crate::tree::EntryName;
use crate::tree::LinkTarget;
use crate::tree::Node;
use crate::tree::Tree;

/// More warnings than a person reads are counted instead.
const MOST_WARNINGS: usize = 50;

/// What a name stands for so far.
#[derive(Debug, Clone)]
pub(super) enum Growth {
    File(GrownFile),
    Link(LinkTarget),
    Folder(Folder),
}

/// A file whose bytes the sink has.
#[derive(Debug, Clone, Copy)]
pub(super) struct GrownFile {
    pub(super) id: BlobId,
    pub(super) executable: bool,
    pub(super) size: u64,
}

/// A folder so far.
#[derive(Debug, Clone, Default)]
pub(super) struct Folder(pub(super) BTreeMap<EntryName, Growth>);

impl Growth {
    fn kind(&self) -> &'static str {
        match self {
            Self::File(_) => "a file",
            Self::Link(_) => "a link",
            Self::Folder(_) => "a folder",
        }
    }
}

/// A tree under way.
pub(super) struct Growing<'a> {
    strip: usize,
    of_system: bool,
    links: Escaping,
    role: Role,
    budget: &'a Budget<'a>,
    root: Folder,
    /// What a layer takes away, to be put in its place once all else is there.
    gone: Vec<(EntryPath, GrownFile)>,
    top: BTreeSet<String>,
    warnings: Vec<String>,
    unsaid: usize,
}

impl<'a> Growing<'a> {
    pub(super) fn new(how: &Unpack, budget: &'a Budget<'a>) -> Self {
        Self {
            strip: usize::try_from(how.strip).unwrap_or(usize::MAX),
            of_system: how.of_system,
            links: how.links,
            role: how.role,
            budget,
            root: Folder::default(),
            gone: Vec::new(),
            top: BTreeSet::new(),
            warnings: Vec::new(),
            unsaid: 0,
        }
    }

    pub(super) fn role(&self) -> Role {
        self.role
    }

    pub(super) fn budget(&self) -> &'a Budget<'a> {
        self.budget
    }

    /// Counts the entry `name` and tells where it goes; `None` for what is stripped away.
    pub(super) fn place(&mut self, name: &[u8]) -> Result<Option<EntryPath>, UnpackError> {
        self.budget.entry(name)?;
        let path = entry::path_of(name, self.budget.limits())?;
        // A handful is enough to show; an archive may have a million.
        if let Some(first) = path.first()
            && self.top.len() < MOST_WARNINGS
        {
            self.top.insert(shown(first.as_bytes()));
        }
        Ok(self.stripped(path))
    }

    /// The path without its leading folders; `None` if nothing is left.
    fn stripped(&self, mut path: EntryPath) -> Option<EntryPath> {
        if path.len() <= self.strip {
            return None;
        }
        path.drain(..self.strip);
        if self.of_system {
            system::leave_out(&mut path);
        }
        (!path.is_empty()).then_some(path)
    }

    /// Where the link `name` leads in the tree that grows; `None` for one that leads to itself there.
    pub(super) fn target(
        &self,
        name: &[u8],
        target: Vec<u8>,
    ) -> Result<Option<Vec<u8>>, UnpackError> {
        if !self.of_system {
            return Ok(Some(target));
        }
        let path = entry::path_of(name, self.budget.limits())?;
        Ok(system::target(path, &target))
    }

    pub(super) fn folder(&mut self, path: &[EntryName]) -> Result<(), UnpackError> {
        let folder = self.folder_at(path, path)?;
        folder.0.remove(&layer::through().0);
        Ok(())
    }

    pub(super) fn file(&mut self, path: &[EntryName], file: GrownFile) -> Result<(), UnpackError> {
        let takes_away = |name: &EntryName| name.as_bytes().starts_with(layer::GONE);
        if self.role == Role::Layer && path.last().is_some_and(takes_away) {
            self.gone.push((path.to_vec(), file));
            return Ok(());
        }
        self.put(path, Growth::File(file))
    }

    pub(super) fn link(&mut self, path: &[EntryName], target: &[u8]) -> Result<(), UnpackError> {
        let inside = match self.role {
            Role::Layer if !target.is_empty() => layer::inside(target, path.len() - 1),
            _ => target.to_vec(),
        };
        let target = LinkTarget::new(&inside).map_err(|_| UnpackError::Link {
            name: shown_path(path),
            target: shown(target),
            why: "its target is empty, too long or holds a zero byte",
        })?;
        self.put(path, Growth::Link(target))
    }

    /// Gives `path` what the earlier entry `target` has, as a hard link would.
    pub(super) fn hard_link(
        &mut self,
        path: &[EntryName],
        target: &[u8],
    ) -> Result<(), UnpackError> {
        let refused = |why| UnpackError::Link {
            name: shown_path(path),
            target: shown(target),
            why,
        };
        let target_path = entry::path_of(target, self.budget.limits())
            .map_err(|_| refused("its target is not a name within the archive"))?;
        let target_path = self.stripped(target_path);
        let found = target_path.as_ref().and_then(|it| self.find(it));
        match (found, target_path) {
            (Some(Growth::Folder(_)), _) => Err(refused("it is a hard link to a folder")),
            (Some(found), _) => {
                let copy = found.clone();
                self.put(path, copy)
            }
            (None, Some(target_path)) if self.role == Role::Layer => {
                self.same_below(path, &target_path)
            }
            (None, _) => Err(refused(
                "it is a hard link to an entry that is not before it",
            )),
        }
    }

    /// Keeps a hard link to what only the layers below can have.
    fn same_below(&mut self, path: &[EntryName], target: &[EntryName]) -> Result<(), UnpackError> {
        let parts: Vec<&[u8]> = target.iter().map(EntryName::as_bytes).collect();
        let text = parts.join(&b'/');
        let (last, above) = path.split_last().expect("an entry has a name");
        let (Some(name), Ok(target)) = (layer::same(last), LinkTarget::new(&text)) else {
            return Err(layer::unkept(path, &text));
        };
        let folder = self.folder_at(above, path)?;
        folder.0.insert(name, Growth::Link(target));
        Ok(())
    }

    fn find(&self, path: &[EntryName]) -> Option<&Growth> {
        let (last, above) = path.split_last()?;
        let mut folder = &self.root;
        for name in above {
            match folder.0.get(name)? {
                Growth::Folder(below) => folder = below,
                Growth::File(_) | Growth::Link(_) => return None,
            }
        }
        folder.0.get(last)
    }

    fn put(&mut self, path: &[EntryName], growth: Growth) -> Result<(), UnpackError> {
        let (last, above) = path.split_last().expect("an entry has a name");
        let folder = self.folder_at(above, path)?;
        let now = growth.kind();
        let Some(before) = folder.0.insert(last.clone(), growth) else {
            return Ok(());
        };
        if before.kind() != now {
            return Err(UnpackError::Clash {
                name: shown_path(path),
                before: before.kind(),
                now,
            });
        }
        self.warn(|| format!("`{}` comes twice; the last one counts", shown_path(path)));
        Ok(())
    }

    /// The folder at `path`, made with those above it; `whole` is the entry that needs it.
    fn folder_at(
        &mut self,
        path: &[EntryName],
        whole: &[EntryName],
    ) -> Result<&mut Folder, UnpackError> {
        let role = self.role;
        let mut folder = &mut self.root;
        for (index, name) in path.iter().enumerate() {
            let growth = folder.0.entry(name.clone()).or_insert_with(|| {
                let through = (role == Role::Layer).then(layer::through);
                Growth::Folder(Folder(through.into_iter().collect()))
            });
            match growth {
                Growth::Folder(below) => folder = below,
                other if index + 1 == whole.len() => {
                    return Err(UnpackError::Clash {
                        name: shown_path(whole),
                        before: other.kind(),
                        now: "a folder",
                    });
                }
                other => {
                    return Err(UnpackError::Below {
                        name: shown_path(whole),
                        above: shown_path(&path[..=index]),
                        what: other.kind(),
                    });
                }
            }
        }
        Ok(folder)
    }

    pub(super) fn warn(&mut self, text: impl FnOnce() -> String) {
        if self.warnings.len() < MOST_WARNINGS {
            self.warnings.push(text());
        } else {
            self.unsaid += 1;
        }
    }

    /// Checks what can only be checked at the end, and hands the tree objects to the sink, children first.
    pub(super) fn finish(mut self, sink: &dyn Sink) -> Result<Unpacked, UnpackError> {
        if self.strip > 0 && self.root.0.is_empty() {
            return Err(UnpackError::StrippedAway {
                strip: u32::try_from(self.strip).unwrap_or(u32::MAX),
                top: self.top.into_iter().collect(),
            });
        }
        for (path, file) in std::mem::take(&mut self.gone) {
            // Below what has become a file nothing is left to be taken away, and some writers take it away all the same.
            match self.put(&path, Growth::File(file)) {
                Err(UnpackError::Below { .. }) => {}
                result => result?,
            }
        }
        if self.role == Role::Whole {
            links::check(&self.root, self.links)?;
        }
        let root = std::mem::take(&mut self.root);
        let mut counted = Counted::default();
        let tree = self.plant(root, &mut Vec::new(), &mut counted, sink)?;
        if self.unsaid > 0 {
            let unsaid = self.unsaid;
            self.warnings
                .push(format!("and {unsaid} more warnings of this kind"));
        }
        Ok(Unpacked {
            tree,
            files: counted.files,
            bytes: counted.bytes,
            warnings: self.warnings,
        })
    }

    fn plant(
        &mut self,
        folder: Folder,
        path: &mut Vec<EntryName>,
        counted: &mut Counted,
        sink: &dyn Sink,
    ) -> Result<TreeId, UnpackError> {
        let mut entries = Vec::with_capacity(folder.0.len());
        for (name, growth) in folder.0 {
            let node = match growth {
                Growth::File(file) => {
                    counted.files += 1;
                    counted.bytes += file.size;
                    if file.executable {
                        Node::Executable(file.id)
                    } else {
                        Node::File(file.id)
                    }
                }
                Growth::Link(target) => Node::Link(target),
                Growth::Folder(below) => {
                    path.push(name.clone());
                    let id = self.plant(below, path, counted, sink)?;
                    path.pop();
                    Node::Folder(id)
                }
            };
            entries.push(Entry { name, node });
        }
        let tree = Tree::new(entries).expect("a map has each name once");
        for (one, other, why) in tree.collisions() {
            let (one, other) = (shown(one.as_bytes()), shown(other.as_bytes()));
            let place = if path.is_empty() {
                "at the top".to_owned()
            } else {
                format!("in `{}`", shown_path(path))
            };
            let what = match why {
                Alike::Case => "case",
                Alike::Form => "how letters with marks are written",
            };
            self.warn(|| format!("`{one}` and `{other}` {place} differ only in {what}"));
        }
        Ok(sink.tree(&tree)?)
    }
}

#[derive(Debug, Default)]
struct Counted {
    files: u64,
    bytes: u64,
}
