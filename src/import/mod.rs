//! Manifests written from what other tools keep: what they declare, and the files they have put in place.
//!
//! One module for each tool reads what that tool wrote and says it in our words ([`Found`]); what has no words here is
//! said as well, with its line and the reason. [`write`](mod@write) makes a manifest of it. Nothing is guessed: a program becomes a
//! package only where it is a real folder of this machine that can be taken as it is.

mod brewfile;
mod chezmoi;
mod each_file;
mod glob;
mod home_manager;
mod kind;
mod local;
mod mise;
mod nix;
mod pixi;
mod stow;
mod text;
#[cfg(test)]
mod tests;
mod walk;
mod write;
#[cfg(unix)]
#[path = "unix.rs"]
mod platform;
#[cfg(windows)]
#[path = "windows.rs"]
mod platform;

pub use each_file::each_file;
pub use kind::Kind;
pub use kind::detect;
pub(crate) use text::toml_as_json;
pub use write::COPIES;
pub use write::manifest;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::manifest::Method;
use dgmo_schema::manifest::Mode;
use dgmo_schema::name::PackageName;
use dgmo_schema::name::TargetPath;
use dgmo_schema::name::VariableName;

/// A file of a tool is never as large as this.
const LARGEST: u64 = 4 << 20;

/// Nobody has so many files to be put in place.
const MOST_ENTRIES: usize = 100_000;

/// Folders within folders.
const DEEPEST: usize = 64;

/// What surrounds an import.
#[derive(Debug, Clone)]
pub struct Around {
    /// Where home files go: what is there now tells how they got there.
    pub target: PathBuf,
    /// The user's home folder.
    pub home: PathBuf,
    /// Where tools keep programs, the first wins.
    pub places: Places,
}

/// Where tools keep the programs they have installed.
#[derive(Debug, Clone, Default)]
pub struct Places {
    /// Homebrew's own folder: kegs are below its `opt`.
    pub homebrew: Vec<PathBuf>,
    /// Folders with `TOOL/VERSION`, as mise and asdf have them.
    pub installs: Vec<PathBuf>,
}

/// What a tool's files say, in our words.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Found {
    /// Programs that can be taken from a folder of this machine.
    pub packages: BTreeMap<PackageName, Package>,
    /// Home files.
    pub files: BTreeMap<TargetPath, HomeFile>,
    /// Variables.
    pub env: BTreeMap<VariableName, String>,
    /// Folders on the search path.
    pub path: Vec<String>,
    /// What has no words here.
    pub not_mapped: Vec<NotMapped>,
}

/// A program that can be taken from a folder of this machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Where it is, whatever links lead there.
    pub folder: PathBuf,
    /// The version, where it is told.
    pub version: Option<String>,
    /// Who wins where two have the same file.
    pub priority: i32,
    /// What it still needs of the tool it is from.
    pub needs: Option<&'static str>,
}

/// A home file, or a folder of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HomeFile {
    /// Where its content is now.
    pub source: PathBuf,
    /// Whether the content has to be copied beside the manifest, because where it is now belongs to the tool.
    pub copied: bool,
    /// How it gets to its place.
    pub method: Method,
    /// Its permission bits, where they matter.
    pub mode: Option<Mode>,
}

/// Something that has no words here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotMapped {
    /// What it is, as the tool calls it.
    pub what: String,
    /// Its line in the tool's file.
    pub line: Option<usize>,
    /// Why.
    pub why: String,
}

impl Found {
    fn leave(&mut self, what: impl Into<String>, line: Option<usize>, why: impl Into<String>) {
        self.not_mapped.push(NotMapped {
            what: what.into(),
            line,
            why: why.into(),
        });
    }
}

/// Why nothing could be imported.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    #[error("it is not known what `{}` is from", path.display())]
    Unknown { path: PathBuf },
    #[error("cannot read `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("`{}` is not {expected}", path.display())]
    Kind {
        path: PathBuf,
        expected: &'static str,
    },
    #[error("`{}` cannot be understood: {why}", path.display())]
    Syntax { path: PathBuf, why: String },
    #[error("`{}` is too large: {why}", path.display())]
    TooLarge { path: PathBuf, why: &'static str },
}

impl Diagnose for ImportError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown { .. } => Code::ImportUnknown,
            _ => Code::ImportUnreadable,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(Hint::Do(match self {
            Self::Unknown { .. } => format!(
                "say what it is in front of the path: one of {}",
                Kind::words().join(", ")
            ),
            Self::Io { .. } => "name a file or folder that can be read".to_owned(),
            Self::Kind { expected, .. } => format!("name {expected}, or leave the kind out"),
            Self::Syntax { .. } => "look at it with the tool it is from".to_owned(),
            Self::TooLarge { .. } => "name the file or folder of the tool itself".to_owned(),
        }))
    }
}

/// Reads what a tool of this kind keeps at `path`.
pub fn read(kind: Kind, path: &Path, around: &Around) -> Result<Found, ImportError> {
    let mut found = match kind {
        Kind::Brewfile => brewfile::read(&text_of(path)?, around),
        Kind::Mise => mise::read(path, &text_of(path)?, around)?,
        Kind::ToolVersions => mise::read_tool_versions(&text_of(path)?, around),
        Kind::Pixi => pixi::read(path, &text_of(path)?)?,
        Kind::Nix => {
            let path = nix::manifest_in(path);
            nix::read(&path, &text_of(&path)?)?
        }
        Kind::HomeManager => home_manager::read(path, around)?,
        Kind::Chezmoi => chezmoi::read(path, around)?,
        Kind::Stow => stow::read(path, around)?,
    };
    local::rank(&mut found.packages);
    write::leave_room(&mut found);
    Ok(found)
}

/// The text of a file of a tool.
fn text_of(path: &Path) -> Result<String, ImportError> {
    let io = |source| ImportError::Io {
        path: path.to_owned(),
        source,
    };
    let mut file = File::open(path).map_err(io)?;
    // A pipe or a device could keep us waiting for ever.
    if !file.metadata().map_err(io)?.is_file() {
        return Err(ImportError::Kind {
            path: path.to_owned(),
            expected: "a file",
        });
    }
    let mut bytes = Vec::new();
    Read::by_ref(&mut file)
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(io)?;
    if bytes.len() as u64 > LARGEST {
        return Err(ImportError::TooLarge {
            path: path.to_owned(),
            why: "it has more than 4 MiB",
        });
    }
    String::from_utf8(bytes).map_err(|_| ImportError::Syntax {
        path: path.to_owned(),
        why: "it is not text".to_owned(),
    })
}
