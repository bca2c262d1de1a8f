//! The merging itself: pure, over whatever can read trees.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::TreeId;
use dgmo_schema::name::PackageName;
use dgmo_store::ReadError;
use dgmo_store::tree::Node;
use dgmo_store::tree::Tree;

use super::Clash;
use super::ViewError;

/// The folders of a package that the view shows.
pub const SHOWN: &[&str] = &[
    "bin", "etc", "include", "info", "lib", "lib32", "lib64", "libexec", "man", "opt", "sbin",
    "share",
];

/// A package that takes part.
#[derive(Debug, Clone)]
pub struct Member<'a> {
    /// Its name.
    pub name: &'a PackageName,
    /// Its tree.
    pub tree: TreeId,
    /// The programs it shows; empty: all.
    pub bin: &'a [String],
    /// Who wins a clash: the higher.
    pub priority: i32,
}

/// What a folder of a view shows, by name.
pub type Shows = BTreeMap<OsString, Shown>;

/// What one name in a view stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// A link to what one package has.
    Link {
        /// Whose it is.
        package: PackageName,
        /// Its tree.
        tree: TreeId,
        /// Where in the tree.
        path: PathBuf,
    },
    /// A folder with what several packages have.
    Folder(Shows),
}

/// A merged tree.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct View {
    /// Its uppermost folder.
    pub root: Shows,
}

impl View {
    /// How many links it has.
    pub fn link_count(&self) -> usize {
        fn count(shows: &Shows) -> usize {
            let links = shows.values().map(|shown| match shown {
                Shown::Link { .. } => 1,
                Shown::Folder(children) => count(children),
            });
            links.sum()
        }
        count(&self.root)
    }
}

/// Reads trees for a merge.
type Read<'a> = &'a dyn Fn(TreeId) -> Result<Tree, ReadError>;

/// Merges what `members` have. All clashes are found, not only the first.
pub fn merge(members: &[Member<'_>], read: Read<'_>) -> Result<View, ViewError> {
    let mut merger = Merger {
        read,
        clashes: Vec::new(),
    };
    let mut offers: BTreeMap<OsString, Vec<Offer<'_>>> = BTreeMap::new();
    for member in members {
        for (name, offer) in merger.offers_of(member)? {
            offers.entry(name).or_default().push(offer);
        }
    }
    let root = merger.settle(offers, Path::new(""))?;
    if merger.clashes.is_empty() {
        return Ok(View { root });
    }
    Err(ViewError::Clashes(merger.clashes))
}

/// What a package has under a name.
#[derive(Debug, Clone)]
struct Offer<'a> {
    member: &'a Member<'a>,
    what: What,
    /// Where in the package's tree; for made-up folders where its entries are is in themselves.
    path: PathBuf,
}

#[derive(Debug, Clone)]
enum What {
    /// An entry of a tree object.
    Entry(Node),
    /// A folder that no tree has: the programs a package shows.
    Programs(Vec<(OsString, Node, PathBuf)>),
}

struct Merger<'a> {
    read: Read<'a>,
    clashes: Vec<Clash>,
}

impl Merger<'_> {
    fn tree(&self, id: TreeId) -> Result<Tree, ViewError> {
        (self.read)(id).map_err(ViewError::Store)
    }

    /// What a package shows at the top: its standard folders, and `bin` by its own rule.
    fn offers_of<'m>(
        &self,
        member: &'m Member<'m>,
    ) -> Result<Vec<(OsString, Offer<'m>)>, ViewError> {
        let tree = self.tree(member.tree)?;
        let mut offers = Vec::new();
        let mut has_bin = false;
        for entry in tree.entries() {
            let shown = SHOWN
                .iter()
                .copied()
                .find(|name| name.as_bytes() == entry.name.as_bytes());
            let Some(name) = shown else { continue };
            if name == "bin" {
                has_bin = true;
                if !member.bin.is_empty() {
                    continue;
                }
            }
            let what = What::Entry(entry.node.clone());
            offers.push((
                name.into(),
                Offer {
                    member,
                    what,
                    path: name.into(),
                },
            ));
        }
        let programs = if !member.bin.is_empty() {
            self.chosen_programs(member, &tree)?
        } else if has_bin {
            Vec::new()
        } else {
            executables_in(&tree)
        };
        if !programs.is_empty() {
            let what = What::Programs(programs);
            offers.push((
                "bin".into(),
                Offer {
                    member,
                    what,
                    path: PathBuf::new(),
                },
            ));
        }
        Ok(offers)
    }

    fn chosen_programs(
        &self,
        member: &Member<'_>,
        tree: &Tree,
    ) -> Result<Vec<(OsString, Node, PathBuf)>, ViewError> {
        let mut chosen = Vec::new();
        for program in member.bin {
            let direct = PathBuf::from(program);
            let in_bin = Path::new("bin").join(program);
            let mut found = None;
            for path in [direct, in_bin] {
                if let Some(kind) = self.find(tree, &path)?.filter(|kind| !is_folder(kind)) {
                    found = Some((kind, path));
                    break;
                }
            }
            let Some((kind, path)) = found else {
                return Err(ViewError::NoProgram {
                    package: member.name.clone(),
                    program: program.clone(),
                    there: self.programs_in(tree)?,
                });
            };
            let name = path.file_name().unwrap_or_default().to_owned();
            chosen.push((name, kind, path));
        }
        Ok(chosen)
    }

    /// The entry at a path inside a tree.
    fn find(&self, tree: &Tree, path: &Path) -> Result<Option<Node>, ViewError> {
        let mut here = tree.clone();
        let mut parts = path.iter().peekable();
        while let Some(part) = parts.next() {
            let Some(node) = here.get(part.as_encoded_bytes()) else {
                return Ok(None);
            };
            match (node, parts.peek()) {
                (node, None) => return Ok(Some(node.clone())),
                (Node::Folder(id), Some(_)) => here = self.tree(*id)?,
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The programs a message can suggest.
    fn programs_in(&self, tree: &Tree) -> Result<Vec<String>, ViewError> {
        let mut names: Vec<String> = executables_in(tree)
            .into_iter()
            .map(|(name, ..)| name.to_string_lossy().into_owned())
            .collect();
        if let Some(Node::Folder(id)) = self.find(tree, Path::new("bin"))? {
            let inside = self.tree(id)?;
            names.extend(inside.entries().iter().map(|entry| entry.name.to_string()));
        }
        names.truncate(10);
        Ok(names)
    }

    /// Decides each name of a folder.
    fn settle(
        &mut self,
        offers: BTreeMap<OsString, Vec<Offer<'_>>>,
        at: &Path,
    ) -> Result<Shows, ViewError> {
        let mut shows = Shows::new();
        for (name, offers) in offers {
            let path = at.join(&name);
            if let Some(shown) = self.settle_one(offers, &path)? {
                shows.insert(name, shown);
            }
        }
        Ok(shows)
    }

    fn settle_one(
        &mut self,
        mut offers: Vec<Offer<'_>>,
        at: &Path,
    ) -> Result<Option<Shown>, ViewError> {
        if let [only] = &offers[..]
            && matches!(only.what, What::Entry(_))
        {
            return Ok(Some(link(only)));
        }
        if offers.iter().all(Offer::is_folder) {
            return self.merge_folders(&offers, at).map(Some);
        }
        let highest = offers
            .iter()
            .map(|offer| offer.member.priority)
            .max()
            .unwrap_or_default();
        offers.retain(|offer| offer.member.priority == highest);
        if offers.iter().all(Offer::is_folder) {
            return self.merge_folders(&offers, at).map(Some);
        }
        if !all_same(&offers) {
            self.clashes.push(Clash {
                path: at.to_owned(),
                packages: offers
                    .iter()
                    .map(|offer| offer.member.name.clone())
                    .collect(),
            });
            return Ok(None);
        }
        Ok(offers.first().map(link))
    }

    fn merge_folders(&mut self, offers: &[Offer<'_>], at: &Path) -> Result<Shown, ViewError> {
        if all_same(offers)
            && let Some(first) = offers.first()
            && matches!(first.what, What::Entry(_))
        {
            return Ok(link(first));
        }
        let mut inside: BTreeMap<OsString, Vec<Offer<'_>>> = BTreeMap::new();
        for offer in offers {
            for (name, child) in self.children(offer)? {
                inside.entry(name).or_default().push(child);
            }
        }
        Ok(Shown::Folder(self.settle(inside, at)?))
    }

    fn children<'m>(&self, offer: &Offer<'m>) -> Result<Vec<(OsString, Offer<'m>)>, ViewError> {
        let member = offer.member;
        let children = match &offer.what {
            What::Programs(programs) => programs
                .iter()
                .map(|(name, kind, path)| {
                    let what = What::Entry(kind.clone());
                    (
                        name.clone(),
                        Offer {
                            member,
                            what,
                            path: path.clone(),
                        },
                    )
                })
                .collect(),
            What::Entry(Node::Folder(id)) => self
                .tree(*id)?
                .into_entries()
                .into_iter()
                .map(|entry| {
                    let name = entry.name.to_os().into_owned();
                    let path = offer.path.join(&name);
                    (
                        name,
                        Offer {
                            member,
                            what: What::Entry(entry.node),
                            path,
                        },
                    )
                })
                .collect(),
            What::Entry(_) => Vec::new(),
        };
        Ok(children)
    }
}

impl Offer<'_> {
    fn is_folder(&self) -> bool {
        match &self.what {
            What::Entry(kind) => is_folder(kind),
            What::Programs(_) => true,
        }
    }
}

fn is_folder(node: &Node) -> bool {
    matches!(node, Node::Folder(_))
}

/// Whether all offer the same content, so that it does not matter whose is taken.
fn all_same(offers: &[Offer<'_>]) -> bool {
    offers
        .windows(2)
        .all(|pair| match (&pair[0].what, &pair[1].what) {
            // The same relative link in two trees names two things.
            (What::Entry(Node::Link(_)), _) => false,
            (What::Entry(one), What::Entry(other)) => one == other,
            _ => false,
        })
}

fn link(offer: &Offer<'_>) -> Shown {
    Shown::Link {
        package: offer.member.name.clone(),
        tree: offer.member.tree,
        path: offer.path.clone(),
    }
}

fn executables_in(tree: &Tree) -> Vec<(OsString, Node, PathBuf)> {
    let executable = tree
        .entries()
        .iter()
        .filter(|e| matches!(e.node, Node::Executable(_)));
    let program = executable.map(|entry| {
        let name = entry.name.to_os().into_owned();
        (name.clone(), entry.node.clone(), name.into())
    });
    program.collect()
}
