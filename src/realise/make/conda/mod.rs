//! Packages of conda's as one environment: each laid over the others, and the place they were built for exchanged for the
//! one they are in.
//!
//! ```text
//! bin/cmake          a link to each program of the package itself: ../env/bin/cmake
//! share/man/…        what the package itself has for people and shells
//! env/…              all packages, as conda lays them out
//! .anchor            the place files in it name, where any do: env/ is found there
//! ```
//!
//! No script of a package is run, and nothing in it is ever written again.

mod about;
mod left;
mod packed;
mod prefix;
mod script;
mod unpack;

use std::collections::BTreeMap;

use dgmo_schema::event::Event;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::lock::Piece;
use dgmo_store::Anchor;
use dgmo_store::LinkTarget;
use dgmo_store::Store;
use dgmo_store::anchor::MARK;
use dgmo_store::tree::Node;

use super::Making;
use super::python::entry_points;
use crate::realise::PackageError;
use crate::realise::graft::Graft;
use about::Link;
use about::Mode;
use about::Placed;
pub(super) use unpack::unpack;

/// Part of what an environment is remembered by: another number where packages become something else.
const MADE_BY: u32 = 1;

/// The folder with all packages.
const ENV: &str = "env";

/// What the package itself shows besides programs.
const SHOWN: &[&str] = &[
    "share/man",
    "share/info",
    "share/bash-completion",
    "share/zsh",
    "share/fish",
    "share/applications",
    "share/icons",
    "share/metainfo",
];

/// Where files that name a place find their environment. It follows from the lock and not from what comes of it.
fn anchor(store: &Store, locked: &LockedPieces) -> Result<Anchor, PackageError> {
    let name = format!("conda\n{MADE_BY}\n{}\n", locked.identity());
    let name = Digest::of(name.as_bytes()).hex();
    store
        .anchor(&name[..20])
        .map_err(|source| PackageError::Scratch {
            path: store.layout().anchors(),
            source,
        })
}

/// What an environment is remembered by: its pieces, and the place they would name.
pub(super) fn asked(store: &Store, locked: &LockedPieces) -> Result<Digest, PackageError> {
    let anchor = anchor(store, locked)?;
    let text = format!(
        "conda\n{MADE_BY}\n{}\n{}\n",
        locked.identity(),
        anchor.path().display()
    );
    Ok(Digest::of(text.as_bytes()))
}

/// What the packages, unpacked as `trees` in the order of the lock, become together.
pub(super) fn join(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    if cfg!(windows) {
        return Err(PackageError::Put {
            path: making.locked.of.to_string(),
            why: "packages of conda's are not laid out on Windows yet".to_owned(),
        });
    }
    let mut joining = Joining::new(making, trees)?;
    let mut graft = Graft::new(making.insertion);
    let mut own = None;
    // Of what several have, that of the package itself counts: it is laid last.
    for (piece, tree) in making.locked.pieces.iter().zip(trees).rev() {
        let installed = joining.install(piece, *tree)?;
        for path in graft.lay(ENV, installed)? {
            joining.warn(&format!(
                "`{path}` is in two of its packages, also in `{}`",
                piece.name
            ));
        }
        own = Some(installed);
    }
    if let Some(own) = own {
        show(making, &mut graft, own)?;
    }
    if joining.names_a_place {
        let mark = joining.anchor.mark();
        let mark = mark.expect("a place that files name is a text");
        let blob = making.insertion.add_bytes(mark.as_bytes(), false)?;
        graft.put(MARK, Node::File(blob))?;
    }
    graft.finish()
}

/// Shows what the package itself has.
fn show(making: &Making<'_>, graft: &mut Graft<'_>, own: TreeId) -> Result<(), PackageError> {
    let own = Graft::of(making.insertion, own)?;
    for (name, node) in own.list("bin")? {
        if name.starts_with('.') || !matches!(node, Some(Node::Executable(_) | Node::Link(_))) {
            continue;
        }
        let target = LinkTarget::new(format!("../{ENV}/bin/{name}").as_bytes());
        let target = target.expect("a name of a tree makes a target");
        graft.put(&format!("bin/{name}"), Node::Link(target))?;
    }
    for path in SHOWN {
        if let Some(node @ Node::Folder(_)) = own.get(path)? {
            graft.put(path, node)?;
        }
    }
    Ok(())
}

/// An environment under way.
struct Joining<'a> {
    making: &'a Making<'a>,
    anchor: Anchor,
    /// Where the environment will be, as files name it.
    prefix: String,
    /// Where the Python of the environment has its modules; none where it has no Python.
    site: Option<String>,
    /// Whether any file names a place.
    names_a_place: bool,
}

impl<'a> Joining<'a> {
    fn new(making: &'a Making<'a>, trees: &[TreeId]) -> Result<Self, PackageError> {
        let anchor = anchor(making.insertion.store(), making.locked)?;
        let prefix = anchor.path().join(ENV);
        let Some(prefix) = prefix.to_str().filter(|_| anchor.mark().is_some()) else {
            return Err(PackageError::Put {
                path: anchor.path().display().to_string(),
                why: "packages cannot name a place whose name is no text".to_owned(),
            });
        };
        let prefix = prefix.to_owned();
        let mut joining = Self {
            making,
            anchor,
            prefix,
            site: None,
            names_a_place: false,
        };
        let mut both = making.locked.pieces.iter().zip(trees);
        if let Some((python, tree)) = both.find(|(piece, _)| piece.name == "python") {
            joining.site = Some(joining.site_of(python, *tree)?);
        }
        Ok(joining)
    }

    fn site_of(&self, python: &Piece, tree: TreeId) -> Result<String, PackageError> {
        let about = Graft::of(self.making.insertion, tree)?;
        if let Some(said) = about::site_packages(&self.text(&about, "info/index.json")?) {
            return Ok(said);
        }
        let numbers: Vec<&str> = python.version.splitn(3, '.').take(2).collect();
        Ok(format!("lib/python{}/site-packages", numbers.join(".")))
    }

    /// A file of a package; nothing where it has none of that name.
    fn text(&self, package: &Graft<'_>, path: &str) -> Result<Vec<u8>, PackageError> {
        match package.get(path)?.and_then(|node| node.blob()) {
            Some((blob, _)) => Ok(self.making.insertion.read_blob(blob)?),
            None => Ok(Vec::new()),
        }
    }

    fn warn(&self, what: &str) {
        let text = format!("package `{}`: {what}", self.making.name);
        self.making
            .insertion
            .observer()
            .observe(Event::Warning(text));
    }

    /// One package as it is in the environment.
    fn install(&mut self, piece: &Piece, tree: TreeId) -> Result<TreeId, PackageError> {
        let mut package = Graft::of(self.making.insertion, tree)?;
        let link = about::link(
            &self.text(&package, "info/link.json")?,
            &self.text(&package, "info/index.json")?,
        );
        let all_placed = self.placed(piece, &package)?;
        for placed in &all_placed {
            self.replace(piece, &mut package, placed)?;
        }
        self.warn_of_left(piece, tree, &all_placed)?;
        self.warn_of_scripts(piece, &package)?;
        package.remove("info")?;
        let tree = package.finish()?;
        if !link.is_for_python {
            return Ok(tree);
        }
        let mut package = Graft::of(self.making.insertion, tree)?;
        self.for_python(piece, &mut package, &link)?;
        package.finish()
    }

    /// The files of a package that name the place it was built for.
    fn placed(&self, piece: &Piece, package: &Graft<'_>) -> Result<Vec<Placed>, PackageError> {
        let paths = self.text(package, "info/paths.json")?;
        if paths.is_empty() {
            let lines = self.text(package, "info/has_prefix")?;
            return Ok(about::placed_by_lines(&String::from_utf8_lossy(&lines)));
        }
        about::placed_by_paths(&paths).map_err(|why| PackageError::Put {
            path: format!("info/paths.json of {}", piece.file),
            why,
        })
    }

    /// Exchanges the place in one file.
    fn replace(
        &mut self,
        piece: &Piece,
        package: &mut Graft<'_>,
        placed: &Placed,
    ) -> Result<(), PackageError> {
        let insertion = self.making.insertion;
        let node = package.get(&placed.path)?;
        let Some((blob, is_executable)) = node.and_then(|node| node.blob()) else {
            return Ok(());
        };
        let bytes = insertion.read_blob(blob)?;
        let (old, new) = (placed.placeholder.as_bytes(), self.prefix.as_bytes());
        let replaced = match placed.mode {
            Mode::Text => prefix::in_text(&bytes, old, new).map(script::with_short_first_line),
            Mode::Binary => prefix::in_binary(&bytes, old, new).map_err(|prefix::TooLong| {
                PackageError::NoRoom {
                    path: placed.path.clone(),
                    piece: piece.file.clone(),
                    room: old.len(),
                    prefix: self.prefix.clone(),
                }
            })?,
        };
        let Some(replaced) = replaced else {
            return Ok(());
        };
        self.names_a_place = true;
        let blob = insertion.add_bytes(&replaced, is_executable)?;
        let node = if is_executable {
            Node::Executable(blob)
        } else {
            Node::File(blob)
        };
        package.put(&placed.path, node)
    }

    /// Moves what is for whatever Python is there to where that Python looks, and makes its programs.
    fn for_python(
        &mut self,
        piece: &Piece,
        package: &mut Graft<'_>,
        link: &Link,
    ) -> Result<(), PackageError> {
        let Some(site) = self.site.clone() else {
            return Err(PackageError::Put {
                path: piece.file.clone(),
                why: "it is for a Python, and none is locked with it".to_owned(),
            });
        };
        for (from, to) in [("site-packages", site.as_str()), ("python-scripts", "bin")] {
            if let Some(Node::Folder(inside)) = package.get(from)? {
                package.remove(from)?;
                package.lay(to, inside)?;
            }
        }
        let lines = format!("[console_scripts]\n{}\n", link.entry_points.join("\n"));
        let points = entry_points::read(&lines).map_err(|why| PackageError::Put {
            path: format!("info/link.json of {}", piece.file),
            why,
        })?;
        for point in points {
            self.names_a_place = true;
            let text = script::of_entry_point(&point, &self.prefix);
            let blob = self.making.insertion.add_bytes(text.as_bytes(), true)?;
            package.put(&format!("bin/{}", point.program), Node::Executable(blob))?;
        }
        Ok(())
    }

    /// What names the place it was built for, and is not said to.
    fn warn_of_left(
        &self,
        piece: &Piece,
        tree: TreeId,
        placed: &[Placed],
    ) -> Result<(), PackageError> {
        let told = placed.iter().map(|it| it.path.as_str()).collect();
        let left = left::files(self.making.insertion, tree, &told)?;
        let Some(first) = left.first() else {
            return Ok(());
        };
        let more = match left.len() - 1 {
            0 => String::new(),
            more => format!(", and {more} more of its files do"),
        };
        self.warn(&format!(
            "`{first}` of `{}` names the folder it was built in, which its package does not tell of: what it looks for there it does not find{more}",
            piece.name
        ));
        Ok(())
    }

    /// What conda would run is told of, and not run.
    fn warn_of_scripts(&self, piece: &Piece, package: &Graft<'_>) -> Result<(), PackageError> {
        let kinds = BTreeMap::from([
            ("-post-link.sh", "when it is installed"),
            ("-pre-link.sh", "before it is installed"),
        ]);
        for (ending, when) in kinds {
            let path = format!("bin/.{}{ending}", piece.name);
            if package.get(&path)?.is_some() {
                self.warn(&format!(
                    "`{}` would run a script {when}; dgmo runs none, and something of it may be missing",
                    piece.name
                ));
            }
        }
        if !package.list("etc/conda/activate.d")?.is_empty() {
            self.warn(&format!(
                "`{}` would set variables when its environment is activated; set those you need under `env:`",
                piece.name
            ));
        }
        Ok(())
    }
}
