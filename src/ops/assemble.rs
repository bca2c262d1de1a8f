//! Puts the folder of a new generation together: view, home files, environment, documents.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::generation::Generation;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::generation::RecordedContent;
use dgmo_schema::generation::RecordedFile;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_schema::manifest::Method;
use dgmo_schema::manifest::Mode;
use dgmo_schema::name::PackageName;
use dgmo_schema::name::TargetPath;
use dgmo_store::Insertion;
use dgmo_store::Node;
use dgmo_store::ReadError;
use dgmo_store::Store;
use dgmo_store::Tree;
use dgmo_store::durable;
use dgmo_store::durable::Folder;
use dgmo_store::look;

use super::Engine;
use super::OpError;
use super::Result;
use super::services;
use super::services::Units;
use crate::activate::Desired;
use crate::activate::Image;
use crate::home::Profile;
use crate::service::UNITS;
use crate::view;
use crate::view::Environment;
use crate::view::Member;
use crate::view::ShellKind;
use crate::view::View;
use crate::view::ViewError;

/// How many folders `profiles/NAME/generations/N/files` lies below the home.
const DEPTH: usize = 5;

/// Writes `view/`, `files/`, `env` and `units/` into the empty folder `generation`, which will get `number`.
pub(super) fn write_parts(
    engine: &Engine<'_>,
    generation: &Path,
    insertion: &Insertion<'_>,
    (number, record): (GenerationNumber, &Record),
    trees: &BTreeMap<PackageName, TreeId>,
) -> Result<()> {
    let place = engine.profile.generation(number);
    let view = write_shown(generation, insertion, record, trees, &place)?;
    let units = Units {
        engine,
        number,
        record,
        view: &view,
        read: &|id| insertion.read_tree(id),
    };
    units.write(generation)
}

/// Writes `view/`, `files/` and `env` into the empty folder `generation`, which will be at `place`.
pub(super) fn write_shown(
    generation: &Path,
    insertion: &Insertion<'_>,
    record: &Record,
    trees: &BTreeMap<PackageName, TreeId>,
    place: &Path,
) -> Result<View> {
    let view = write_view(&generation.join("view"), insertion, record, trees)?;
    write_files(&generation.join("files"), insertion, record)?;
    let path = generation.join("env");
    let text = environment(record, place);
    durable::write_new(&path, text.as_bytes(), 0o444).map_err(OpError::io("write", &path))?;
    Ok(view)
}

/// What the file `env` of the generation at `place` says.
pub(super) fn environment(record: &Record, place: &Path) -> String {
    let environment = Environment {
        variables: &record.env,
        path: &record.path,
    };
    environment.render(ShellKind::Posix, &place.join("view"))
}

/// The view of a generation that is there.
pub(super) fn view_of(
    record: &Record,
    generation: &Generation,
    read: &dyn Fn(TreeId) -> std::result::Result<Tree, ReadError>,
) -> std::result::Result<View, ViewError> {
    let trees = generation
        .packages
        .iter()
        .map(|(name, package)| (name.clone(), package.tree))
        .collect();
    view::merge(&members(record, &trees), read)
}

fn write_view(
    folder: &Path,
    insertion: &Insertion<'_>,
    record: &Record,
    trees: &BTreeMap<PackageName, TreeId>,
) -> Result<View> {
    let view = view::merge(&members(record, trees), &|id| insertion.read_tree(id))?;
    durable::make_folder(folder).map_err(OpError::io("make the folder", folder))?;
    view.write(folder)?;
    Ok(view)
}

fn members<'a>(record: &'a Record, trees: &BTreeMap<PackageName, TreeId>) -> Vec<Member<'a>> {
    record
        .packages
        .iter()
        .filter_map(|(name, package)| {
            let tree = *trees.get(name)?;
            Some(Member {
                name,
                tree,
                bin: &package.bin,
                priority: package.priority,
            })
        })
        .collect()
}

/// Home files as they shall be: a file is one more name of its blob, a folder a link to its tree.
fn write_files(folder: &Path, insertion: &Insertion<'_>, record: &Record) -> Result<()> {
    durable::make_folder(folder).map_err(OpError::io("make the folder", folder))?;
    let own = own_paths(record);
    for (path, file) in &record.files {
        let place = folder.join(path.as_str());
        let above = place.parent().unwrap_or(folder);
        durable::make_folders(above).map_err(OpError::io("make the folder", above))?;
        match file.content {
            RecordedContent::Folder(tree) => {
                insertion.lay_out(tree)?;
                let laid_out = LaidOut {
                    own: &own,
                    insertion,
                    root: Path::new("store/trees").join(tree.hex()),
                };
                laid_out.show(folder, path, tree, Path::new(""))?;
            }
            RecordedContent::File(_) | RecordedContent::Executable(_) => {
                write_file(&place, file, insertion)?;
            }
        }
    }
    Ok(())
}

/// The paths of all entries of a record, secrets too.
fn own_paths(record: &Record) -> BTreeSet<&TargetPath> {
    record.files.keys().chain(record.secrets.keys()).collect()
}

/// Whether an entry of the manifest's own is at `path` or below it.
fn has_own_entry(own: &BTreeSet<&TargetPath>, path: &TargetPath) -> bool {
    own.contains(path) || own.iter().any(|other| other.is_below(path))
}

/// A laid-out tree that is shown in `files/`: as one link, or entry by entry where other entries lie in it.
struct LaidOut<'a> {
    own: &'a BTreeSet<&'a TargetPath>,
    insertion: &'a Insertion<'a>,
    /// The tree's folder, from the home.
    root: PathBuf,
}

impl LaidOut<'_> {
    fn show(&self, folder: &Path, path: &TargetPath, tree: TreeId, inside: &Path) -> Result<()> {
        if !self.own.iter().any(|other| other.is_below(path)) {
            return self.link(folder, path, inside);
        }
        let place = folder.join(path.as_str());
        durable::make_folders(&place).map_err(OpError::io("make the folder", &place))?;
        for entry in self.insertion.read_tree(tree)?.entries() {
            let below: TargetPath = format!("{path}/{}", entry.name).parse()?;
            let inside = inside.join(entry.name.to_string());
            match entry.node {
                _ if self.own.contains(&below) => {}
                Node::Folder(id) => self.show(folder, &below, id, &inside)?,
                _ if has_own_entry(self.own, &below) => {}
                _ => self.link(folder, &below, &inside)?,
            }
        }
        Ok(())
    }

    fn link(&self, folder: &Path, path: &TargetPath, inside: &Path) -> Result<()> {
        let place = folder.join(path.as_str());
        let depth = DEPTH + path.parents().count();
        let mut target: PathBuf = std::iter::repeat_n("..", depth).collect();
        target.push(&self.root);
        target.extend(inside);
        durable::symlink(&target, &place).map_err(OpError::io("make the link", &place))?;
        Ok(())
    }
}

fn write_file(place: &Path, file: &RecordedFile, insertion: &Insertion<'_>) -> Result<()> {
    let above = place.parent().expect("a home file is below `files`");
    let name = place.file_name().expect("a target path has a name");
    let blob = match file.content {
        RecordedContent::Folder(_) => return Ok(()),
        RecordedContent::File(blob) => (blob, false),
        RecordedContent::Executable(blob) => (blob, true),
    };
    let folder = Folder::open(above).map_err(OpError::io("open", above))?;
    place_blob(insertion, blob, file.mode, &folder, name)
}

/// A mode that no inode of the store has needs an inode of its own.
fn place_blob(
    insertion: &Insertion<'_>,
    (blob, executable): (BlobId, bool),
    mode: Option<Mode>,
    folder: &Folder,
    name: &OsStr,
) -> Result<()> {
    match mode {
        None | Some(Mode(0o444 | 0o555)) => insertion.place_blob(blob, executable, folder, name)?,
        Some(Mode(mode)) => insertion.place_copy(blob, mode, folder, name)?,
    }
    Ok(())
}

/// What the target folder shall hold for `record`, path by path.
pub(super) fn desired(
    record: &Record,
    engine: &Engine<'_>,
    read: &dyn Fn(TreeId) -> std::result::Result<Tree, ReadError>,
    secrets: &Desired,
) -> Result<Desired> {
    let files = engine.profile.current().join("files");
    let mut desired = desired_at(record, &files, read)?;
    desired.extend(secrets.clone());
    let units = services::links(engine, record).into_iter();
    desired.extend(units.map(|(path, to)| (path, Image::Link(to))));
    Ok(desired)
}

/// Its home files, where they lie in the folder `files`: no secrets, and no units of services.
pub(super) fn desired_at(
    record: &Record,
    files: &Path,
    read: &dyn Fn(TreeId) -> std::result::Result<Tree, ReadError>,
) -> Result<Desired> {
    // A list at first: a map is made of what is in order without comparing each path with many others.
    let mut desired = Vec::with_capacity(record.files.len());
    let own = own_paths(record);
    for (path, file) in &record.files {
        let link = || Image::Link(files.join(path.as_str()));
        match (file.content, file.method) {
            (RecordedContent::Folder(tree), Method::Links | Method::Copy) => {
                let spread = Spread {
                    file,
                    files,
                    own: &own,
                    read,
                };
                spread.folder(path, tree, &mut desired)?;
            }
            (_, Method::Link | Method::Links) => {
                desired.push((path.clone(), link()));
            }
            (RecordedContent::File(blob), Method::Copy) => {
                desired.push((path.clone(), copy(blob, file.mode, 0o644)));
            }
            (RecordedContent::Executable(blob), Method::Copy) => {
                desired.push((path.clone(), copy(blob, file.mode, 0o755)));
            }
        }
    }
    Ok(desired.into_iter().collect())
}

fn copy(blob: BlobId, mode: Option<Mode>, default: u32) -> Image {
    Image::Copy {
        blob,
        mode: mode.map_or(default, |mode| mode.0),
    }
}

/// A folder whose files are put in place one by one.
struct Spread<'a> {
    file: &'a RecordedFile,
    files: &'a Path,
    /// All entries of the record: one that lies in the folder goes before what the folder has there.
    own: &'a BTreeSet<&'a TargetPath>,
    read: &'a dyn Fn(TreeId) -> std::result::Result<Tree, ReadError>,
}

impl Spread<'_> {
    fn folder(
        &self,
        path: &TargetPath,
        tree: TreeId,
        desired: &mut Vec<(TargetPath, Image)>,
    ) -> Result<()> {
        for entry in (self.read)(tree)?.entries() {
            let below: TargetPath = format!("{path}/{}", entry.name).parse()?;
            let image = match (&entry.node, self.file.method) {
                _ if self.own.contains(&below) => continue,
                (Node::Folder(id), _) => {
                    self.folder(&below, *id, desired)?;
                    continue;
                }
                _ if has_own_entry(self.own, &below) => continue,
                (Node::Link(to), Method::Copy) => {
                    Image::Link(PathBuf::from(to.to_os().into_owned()))
                }
                (Node::File(blob), Method::Copy) => copy(*blob, self.file.mode, 0o644),
                (Node::Executable(blob), Method::Copy) => copy(*blob, self.file.mode, 0o755),
                _ => Image::Link(self.files.join(below.as_str())),
            };
            desired.push((below, image));
        }
        Ok(())
    }
}

/// What of the generation's own folder is not there, as told to people.
pub(super) fn missing_parts(
    profile: &Profile,
    number: GenerationNumber,
    record: &Record,
) -> Result<Vec<String>> {
    let folder = profile.generation(number);
    let parts = ["view", "files", "env"].map(|part| folder.join(part));
    let units = (!record.conduct.services.is_empty()).then(|| folder.join(UNITS));
    let mut paths: Vec<PathBuf> = parts.into_iter().chain(units).collect();
    let files = folder.join("files");
    for (above, names) in by_folder(record) {
        let above = files.join(above);
        let listed = match names.len() {
            0..FEWEST_LISTED => BTreeSet::new(),
            _ => look::names_in(&above).map_err(OpError::io("look at", &above))?,
        };
        let unlisted = names
            .iter()
            .filter(|name| !listed.contains(OsStr::new(name)));
        paths.extend(unlisted.map(|name| above.join(name)));
    }
    let mut missing = Vec::new();
    for path in paths {
        if !look::is_there(&path).map_err(OpError::io("look at", &path))? {
            missing.push(super::shown(&path));
        }
    }
    Ok(missing)
}

/// From this many names in one folder on, listing it costs less than looking at each.
const FEWEST_LISTED: usize = 4;

/// The home files of a record: folders, and the names in each.
fn by_folder(record: &Record) -> BTreeMap<&str, Vec<&str>> {
    let mut folders: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in record.files.keys() {
        let (above, name) = path
            .as_str()
            .rsplit_once('/')
            .unwrap_or(("", path.as_str()));
        folders.entry(above).or_default().push(name);
    }
    folders
}

/// Which trees of a generation are not laid out or have lost their object, as told to people.
pub(super) fn missing_trees(
    store: &Store,
    generation: &Generation,
    record: &Record,
) -> Result<Vec<String>> {
    let packages = generation
        .packages
        .iter()
        .map(|(name, package)| (package.tree, format!("package `{name}`")));
    let folders = folders(record).map(|(path, tree)| (tree, format!("home folder `{path}`")));
    let mut missing = Vec::new();
    for (tree, of) in packages.chain(folders) {
        if !store.is_laid_out(tree)? || !store.has_tree(tree)? {
            missing.push(format!("{} ({of})", super::shown(&store.tree_path(tree))));
        }
    }
    Ok(missing)
}

/// The trees a generation shows as folders of the store.
pub(super) fn trees<'a>(
    generation: &'a Generation,
    record: &'a Record,
) -> impl Iterator<Item = TreeId> + 'a {
    let packages = generation.packages.values().map(|package| package.tree);
    packages.chain(folders(record).map(|(_, tree)| tree))
}

/// The home files of a record that are folders.
pub(super) fn folders(record: &Record) -> impl Iterator<Item = (&TargetPath, TreeId)> {
    record
        .files
        .iter()
        .filter_map(|(path, file)| match file.content {
            RecordedContent::Folder(tree) => Some((path, tree)),
            RecordedContent::File(_) | RecordedContent::Executable(_) => None,
        })
}
