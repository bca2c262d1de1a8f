//! Many trees in, one merged tree out, and who wins a clash.
//!
//! Of each package the view shows the standard folders ([`SHOWN`]); a folder that only one package has is one link,
//! however much is in it. What a package has beside them (a licence, a read-me) stays in its tree.

mod environment;
mod merge;

pub use environment::Assignment;
pub use environment::Environment;
pub use environment::ShellKind;
pub use environment::quote;
pub use environment::spell;
pub use merge::Member;
pub use merge::SHOWN;
pub use merge::Shown;
pub use merge::Shows;
pub use merge::View;
pub use merge::merge;

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::name::PackageName;
use dgmo_store::durable::Folder;

use crate::home;

/// Why a view could not be assembled.
#[derive(Debug, thiserror::Error)]
pub enum ViewError {
    #[error("{}", list(.0))]
    Clashes(Vec<Clash>),
    #[error("package `{package}` has no program `{program}`")]
    NoProgram {
        package: PackageName,
        program: String,
        there: Vec<String>,
    },
    #[error("cannot read the trees of the packages")]
    Store(#[source] dgmo_store::ReadError),
    #[error("cannot write the view in `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
}

/// One path that several packages want, differently, with the same priority.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clash {
    /// The path in the view.
    pub path: PathBuf,
    /// Who wants it.
    pub packages: Vec<PackageName>,
}

impl Diagnose for ViewError {
    fn code(&self) -> Code {
        match self {
            Self::Clashes(_) => Code::PackagesClash,
            Self::NoProgram { .. } => Code::NoSuchProgram,
            Self::Store(error) => error.code(),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Code::DiskFull
            }
            Self::Io { .. } => Code::ProfileUnusable,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Clashes(clashes) => {
                let first = clashes.first().and_then(|clash| clash.packages.first())?;
                Some(Hint::Do(format!(
                    "give the package that shall win a higher priority: `{first}: {{…, priority: 1}}`, or list \
                     with `bin:` the programs each shall show"
                )))
            }
            Self::NoProgram { package, there, .. } => Some(Hint::Do(if there.is_empty() {
                format!("take `bin:` out of `{package}`: it has no programs")
            } else {
                format!("name one of its programs in `bin:`: {}", there.join(", "))
            })),
            Self::Store(error) => error.deepest_hint(),
            Self::Io { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Some(Hint::Run("dgmo gc".to_owned()))
            }
            Self::Io { .. } => Some(Hint::Do(home::MEND_CAUSE.to_owned())),
        }
    }
}

fn list(clashes: &[Clash]) -> String {
    let lines: Vec<String> = clashes
        .iter()
        .map(|clash| {
            let names: Vec<String> = clash
                .packages
                .iter()
                .map(|name| format!("`{name}`"))
                .collect();
            format!("\n  `{}`: {}", clash.path.display(), names.join(" and "))
        })
        .collect();
    format!(
        "packages have different files at the same place:{}",
        lines.concat()
    )
}

/// How many folders `profiles/NAME/generations/N/view` lies below the home.
const DEPTH: usize = 5;

impl View {
    /// Writes the view into the empty folder `view`, which will be the `view` of a generation.
    pub fn write(&self, view: &Path) -> Result<(), ViewError> {
        let failed = |source| ViewError::Io {
            path: view.to_owned(),
            source,
        };
        let folder = Folder::open(view).map_err(failed)?;
        write_shows(&self.root, &folder, DEPTH).map_err(failed)
    }
}

impl View {
    /// Whether the folder `view` is what [`Self::write`] writes.
    pub fn is_shown_at(&self, view: &Path) -> bool {
        shows_at(&self.root, view, DEPTH)
    }
}

fn shows_at(shows: &Shows, folder: &Path, depth: usize) -> bool {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return false;
    };
    let mut names: Vec<_> = entries.flatten().map(|entry| entry.file_name()).collect();
    names.sort();
    names.iter().eq(shows.keys())
        && shows.iter().all(|(name, shown)| {
            let place = folder.join(name);
            match shown {
                Shown::Link { tree, path, .. } => {
                    std::fs::read_link(place).is_ok_and(|to| to == target_of(*tree, path, depth))
                }
                Shown::Folder(children) => {
                    !place.is_symlink() && shows_at(children, &place, depth + 1)
                }
            }
        })
}

fn target_of(tree: dgmo_schema::id::TreeId, path: &Path, depth: usize) -> PathBuf {
    let mut target: PathBuf = std::iter::repeat_n("..", depth).collect();
    target.extend([
        OsStr::new("store"),
        OsStr::new("trees"),
        OsStr::new(&tree.hex()),
    ]);
    target.push(path);
    target
}

fn write_shows(shows: &Shows, folder: &Folder, depth: usize) -> io::Result<()> {
    for (name, shown) in shows {
        match shown {
            Shown::Link { tree, path, .. } => {
                folder.symlink(&target_of(*tree, path, depth), name)?;
            }
            Shown::Folder(children) => {
                folder.make_folder(name)?;
                write_shows(children, &folder.open_folder(name)?, depth + 1)?;
            }
        }
    }
    Ok(())
}
