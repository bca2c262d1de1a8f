//! Reads a manifest and what it includes from disk.

use std::collections::HashMap;
use std::io;
use std::io::Read;
use std::path::Component;
use std::path::Path;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::code::Place;
use dgmo_schema::id::Digest;
use dgmo_schema::manifest::Manifest;
use dgmo_schema::manifest::Part;
use dgmo_schema::manifest::Placed;
use dgmo_schema::manifest::Places;
use dgmo_schema::manifest::Problem;
use dgmo_schema::manifest::SourceText;
use dgmo_schema::manifest::Span;
use dgmo_schema::manifest::read_part;
use fs_err::File;

use super::yaml;

/// How many files a manifest may be made of.
const MOST_FILES: usize = 256;

/// A manifest with all it includes, and where its entries were written.
#[derive(Debug, Clone)]
pub struct LoadedManifest {
    /// What it says.
    pub manifest: Manifest,
    /// The file, as it was named.
    pub path: PathBuf,
    /// The folder of the file, where the lock lies too.
    pub folder: PathBuf,
    /// Of the bytes of all its files, so that it changes when any of them does.
    pub digest: Digest,
    /// Where its entries were written.
    pub places: Places,
    /// The files it was made of, itself first.
    pub files: Vec<PathBuf>,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error("there is no manifest `{}`", path.display())]
    Missing { path: PathBuf },
    #[error("cannot read the manifest `{}`", path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{}", summary(problems))]
    Problems { problems: Vec<Problem> },
}

impl LoadError {
    /// What is wrong in the manifest's files, in their order; empty where they could not be looked into.
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Problems { problems } => problems,
            Self::Missing { .. } | Self::Unreadable { .. } => &[],
        }
    }
}

impl Diagnose for LoadError {
    fn code(&self) -> Code {
        match self {
            Self::Missing { .. } => Code::ManifestMissing,
            Self::Unreadable { .. } => Code::ManifestUnreadable,
            Self::Problems { problems } => problems
                .first()
                .map_or(Code::ManifestValue, |first| first.code),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Missing { .. } => Some(Hint::Run("dgmo init".to_owned())),
            Self::Unreadable { path, .. } => Some(Hint::Do(format!(
                "see to it that `{}` is a file you may read",
                path.display()
            ))),
            Self::Problems { .. } => None,
        }
    }

    fn place(&self) -> Option<&Place> {
        self.problems().first().and_then(Diagnose::place)
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        self.problems().first().map(|first| first as &dyn Diagnose)
    }

    fn others(&self) -> Vec<&dyn Diagnose> {
        self.problems()
            .iter()
            .skip(1)
            .map(|problem| problem as &dyn Diagnose)
            .collect()
    }
}

fn summary(problems: &[Problem]) -> String {
    match problems {
        [] => "the manifest cannot be used".to_owned(),
        [only] => only.to_string(),
        [first, ..] => first.to_string(),
    }
}

/// Loads the manifest at `path` with all it includes.
pub fn load(path: &Path) -> Result<LoadedManifest, LoadError> {
    let bytes = read(path).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => LoadError::Missing {
            path: path.to_owned(),
        },
        _ => LoadError::Unreadable {
            path: path.to_owned(),
            source,
        },
    })?;
    load_bytes(path, &bytes)
}

/// Loads a manifest that is not on disk yet: `text` is what the file at `path` will hold.
pub fn load_text(path: &Path, text: &str) -> Result<LoadedManifest, LoadError> {
    load_bytes(path, text.as_bytes())
}

fn load_bytes(path: &Path, bytes: &[u8]) -> Result<LoadedManifest, LoadError> {
    let mut loader = Loader::default();
    let part = loader.part(path, bytes).unwrap_or_default();
    let (manifest, places) = match Rc::unwrap_or_clone(part).finish() {
        Ok(finished) if loader.problems.is_empty() => finished,
        finished => {
            let mut problems = loader.problems;
            problems.extend(finished.err().unwrap_or_default());
            return Err(LoadError::Problems { problems });
        }
    };
    Ok(LoadedManifest {
        manifest,
        places,
        path: path.to_owned(),
        folder: folder_of(path),
        digest: Digest::of(&loader.digests),
        files: loader.files,
    })
}

#[derive(Default)]
struct Loader {
    problems: Vec<Problem>,
    /// The files being read, outermost first, by real path and by the name shown.
    chain: Vec<(PathBuf, String)>,
    /// What is read already: a file that two others include is read once.
    done: HashMap<PathBuf, Option<Rc<Part>>>,
    files: Vec<PathBuf>,
    /// The digests of the files' bytes, in the order they were read.
    digests: Vec<u8>,
}

impl Loader {
    /// One file and what it includes, merged.
    fn part(&mut self, path: &Path, bytes: &[u8]) -> Option<Rc<Part>> {
        let real = real_path(path);
        self.files.push(path.to_owned());
        self.digests.extend(Digest::of(bytes).as_bytes());
        let shown = path.display().to_string();
        let part = self.own_part(path, &shown, bytes).map(|mut part| {
            self.chain.push((real.clone(), shown));
            // The last one wins over those before it.
            for included in part.include().to_vec().iter().rev() {
                if let Some(below) = self.included(path, included) {
                    part.merge_under(&below);
                }
            }
            self.chain.pop();
            Rc::new(part)
        });
        self.done.insert(real, part.clone());
        part
    }

    fn own_part(&mut self, path: &Path, shown: &str, bytes: &[u8]) -> Option<Part> {
        if bytes.len() > yaml::MOST_BYTES {
            let nothing = SourceText::new(shown, "");
            self.problems.push(yaml::too_large(
                &nothing,
                Span::default(),
                "is larger than 1 MiB",
            ));
            return None;
        }
        let source = match std::str::from_utf8(bytes) {
            Ok(text) => Arc::new(SourceText::new(shown, text)),
            Err(error) => {
                self.problems
                    .push(not_text(shown, bytes, error.valid_up_to()));
                return None;
            }
        };
        match yaml::parse(&source) {
            Ok(root) => {
                let (part, problems) = read_part(source, &root, &folder_of(path));
                self.problems.extend(problems);
                Some(part)
            }
            Err(problems) => {
                self.problems.extend(problems);
                None
            }
        }
    }

    fn included(&mut self, from: &Path, include: &Placed<String>) -> Option<Rc<Part>> {
        let path = plain_join(&folder_of(from), Path::new(&include.value));
        let real = real_path(&path);
        if let Some(start) = self.chain.iter().position(|(file, _)| *file == real) {
            self.note_cycle(start, include);
            return None;
        }
        if let Some(part) = self.done.get(&real) {
            return part.clone();
        }
        if self.files.len() >= MOST_FILES {
            let message = format!("the manifest is made of more than {MOST_FILES} files");
            self.note(
                Code::ManifestTooLarge,
                message,
                include,
                "join some of them",
            );
            return None;
        }
        match read(&path) {
            Ok(bytes) => self.part(&path, &bytes),
            Err(error) => {
                let message = format!("cannot include `{}`: {}", path.display(), plainly(&error));
                self.note(
                    Code::ManifestIncludeMissing,
                    message,
                    include,
                    "correct the path; it starts from the folder of this file",
                );
                self.done.insert(real, None);
                None
            }
        }
    }

    fn note_cycle(&mut self, start: usize, include: &Placed<String>) {
        let mut names: Vec<&str> = self.chain[start..]
            .iter()
            .map(|(_, shown)| shown.as_str())
            .collect();
        names.push(names[0]);
        let message = format!(
            "manifests include each other in a circle: {}",
            names.join(" → ")
        );
        self.note(
            Code::ManifestIncludeCycle,
            message,
            include,
            "remove one `include` of the circle",
        );
    }

    fn note(&mut self, code: Code, message: String, include: &Placed<String>, hint: &str) {
        self.problems
            .push(Problem::new(code, message, include.at.place()).with_hint(hint));
    }
}

/// The bytes of a file; one byte more than allowed is enough to know that it is too large.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::from(io::ErrorKind::IsADirectory));
    }
    let mut bytes = Vec::new();
    file.take(yaml::MOST_BYTES as u64 + 1)
        .read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn plainly(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "there is no such file",
        io::ErrorKind::PermissionDenied => "it may not be read",
        io::ErrorKind::IsADirectory => "it is a folder",
        _ => "it cannot be read",
    }
}

pub(super) fn not_text(shown: &str, bytes: &[u8], valid_up_to: usize) -> Problem {
    let text = String::from_utf8_lossy(bytes);
    // What comes before the first bad byte is the same in both.
    let span = Span {
        start: valid_up_to,
        end: valid_up_to + 1,
    };
    let place = SourceText::new(shown, text).place(span);
    Problem::new(Code::ManifestSyntax, "the file is not UTF-8 text", place)
        .with_hint("save the file as UTF-8")
}

fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

/// `folder` and `path` joined, without the `./` people write and we add.
fn plain_join(folder: &Path, path: &Path) -> PathBuf {
    let joined = folder.join(path);
    let plain: PathBuf = joined
        .components()
        .filter(|part| !matches!(part, Component::CurDir))
        .collect();
    plain
}

/// What tells one file from another, over links and detours; the path itself where there is no file.
fn real_path(path: &Path) -> PathBuf {
    fs_err::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}
