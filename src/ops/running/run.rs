//! `dgmo run`, `exec` and `shell`: what is started, and with what around it.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::name::PackageName;
use dgmo_schema::nearest::nearest;
use dgmo_schema::report::running::RunReport;
use dgmo_store::Store;

use super::super::Engine;
use super::super::OpError;
use super::super::Result;
use super::super::begin;
use super::super::shown;
use super::inside;
use super::inside::Inside;
use super::programs;
use crate::env::Var;
use crate::generation::Generations;
use crate::generation::HeldGeneration;
use crate::process;
use crate::process::Program;

/// Why a program cannot be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("there is no program `{name}` in generation {generation} or on the search path")]
    Unknown {
        name: String,
        generation: GenerationNumber,
        nearest: Option<String>,
        /// The generation that is current, where we live in another one.
        outside: Option<GenerationNumber>,
    },
    #[error("generation {generation} has no package and no program `{name}`")]
    NoPackage {
        name: String,
        generation: GenerationNumber,
        nearest: Option<String>,
        outside: Option<GenerationNumber>,
    },
    #[error("package `{package}` has no program `{program}`")]
    NoSuchProgram {
        package: PackageName,
        program: String,
        there: Vec<String>,
    },
    #[error("package `{package}` has several programs: {}", there.join(", "))]
    Several {
        package: PackageName,
        there: Vec<String>,
    },
    #[error("package `{package}` has no programs")]
    None { package: PackageName },
    #[error("cannot start `{}`", path.display())]
    NotStarted { path: PathBuf, source: io::Error },
}

impl Diagnose for StartError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown { .. } | Self::NoPackage { .. } | Self::NoSuchProgram { .. } => {
                Code::ProgramUnknown
            }
            Self::Several { .. } => Code::ProgramAmbiguous,
            Self::None { .. } => Code::ProgramNone,
            Self::NotStarted { .. } => Code::ProgramNotStarted,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Unknown {
                nearest, outside, ..
            }
            | Self::NoPackage {
                nearest, outside, ..
            } => match (nearest, outside) {
                (Some(name), _) => Hint::Do(format!("did you mean `{name}`?")),
                (None, Some(current)) => Hint::Do(format!(
                    "generation {current} is current, but not here: `--at current` looks there"
                )),
                (None, None) => Hint::Run("dgmo tree".to_owned()),
            },
            Self::NoSuchProgram { there, .. } => {
                Hint::Do(format!("name one of its programs: {}", there.join(", ")))
            }
            Self::Several { package, there } => {
                let first = there.first().map_or("NAME", String::as_str);
                Hint::Do(format!(
                    "say which one, as in `dgmo run {package} --bin {first}`"
                ))
            }
            Self::None { package } => Hint::Do(format!(
                "see what `{package}` holds with `dgmo tree` and `dgmo store ls`"
            )),
            Self::NotStarted { path, .. } if std::fs::symlink_metadata(path).is_err() => {
                Hint::Run("dgmo switch".to_owned())
            }
            Self::NotStarted { source, .. } if source.kind() == io::ErrorKind::NotFound => {
                Hint::Do(
                    "make sure that what runs it is there: the interpreter in its first line, or its loader"
                        .to_owned(),
                )
            }
            Self::NotStarted { .. } => Hint::Do(
                "make sure that it is a program for this machine, with `file` and `ls -l`"
                    .to_owned(),
            ),
        })
    }
}

/// A program of a package.
#[derive(Debug)]
pub struct RunRequest {
    /// The generation; nothing for the one we live in, else the current one.
    pub at: Option<String>,
    /// The package, or one of the programs that the generation shows.
    pub package: String,
    /// Which of its programs; nothing for its main one.
    pub program: Option<String>,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// Any program.
#[derive(Debug)]
pub struct ExecRequest {
    /// The generation; nothing for the one we live in, else the current one.
    pub at: Option<String>,
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// A program that is ready to be started, and its generation, which is held.
#[derive(Debug)]
pub struct Prepared {
    /// What would be started.
    pub report: RunReport,
    program: Program,
    held: HeldGeneration,
}

impl Prepared {
    /// Becomes the program, which keeps the hold; gives its exit code where the system cannot do that.
    pub fn start(self) -> Result<u8> {
        // Without the hold, all still runs; what runs is found when somebody collects.
        drop(self.held.outlive_this_program());
        process::become_program(&self.program).map_err(|source| {
            let path = self.program.path;
            StartError::NotStarted { path, source }.into()
        })
    }
}

/// Makes a package's program ready.
pub fn run(engine: &Engine<'_>, request: &RunRequest) -> Result<Prepared> {
    let store = begin::look(engine)?;
    let inside = inside::enter(engine, request.at.as_deref())?;
    let Some(package) = find_package(engine, &inside, &request.package)? else {
        return run_shown(engine, inside, request);
    };
    let found = Found::of(&store, engine, &inside, &package)?;
    let path = found.choose(request.program.as_deref())?;
    let file = store.tree_path(found.tree).join(&path);
    // What the package's programs start by name is its own first, whoever wins a clash in the view.
    let own: Vec<PathBuf> = file.parent().map(Path::to_owned).into_iter().collect();
    let program = Program {
        name: file.clone().into(),
        path: file,
        arguments: request.arguments.clone(),
        variables: surroundings(engine, &inside, &own)?,
    };
    Ok(prepared(engine, inside, Some(package), program))
}

/// A program the generation shows, named by itself and not by its package.
fn run_shown(engine: &Engine<'_>, inside: Inside, request: &RunRequest) -> Result<Prepared> {
    let bin = inside.folder.join("view").join("bin");
    let name = OsStr::new(&request.package);
    let is_plain = Path::new(name).components().count() == 1;
    let found = is_plain
        .then(|| process::find_program(name, std::slice::from_ref(&bin)))
        .flatten()
        .filter(|_| request.program.is_none());
    let Some(path) = found else {
        let packages = inside.record.packages.keys().map(PackageName::as_str);
        let shown = names_in(&bin);
        let known = packages.chain(shown.iter().map(String::as_str));
        return Err(StartError::NoPackage {
            nearest: nearest(&request.package, known).map(ToOwned::to_owned),
            outside: outside(engine, inside.number),
            generation: inside.number,
            name: request.package.clone(),
        }
        .into());
    };
    let program = Program {
        path,
        name: name.to_owned(),
        arguments: request.arguments.clone(),
        variables: surroundings(engine, &inside, &[])?,
    };
    Ok(prepared(engine, inside, None, program))
}

/// Makes any program ready.
pub fn exec(engine: &Engine<'_>, request: &ExecRequest) -> Result<Prepared> {
    begin::look(engine)?;
    let inside = inside::enter(engine, request.at.as_deref())?;
    let folders = inside.search_path(engine, &[]);
    let Some(path) = process::find_program(&request.program, &folders) else {
        let name = request.program.to_string_lossy().into_owned();
        let known = names_in(&inside.folder.join("view").join("bin"));
        return Err(StartError::Unknown {
            nearest: nearest(&name, known.iter().map(String::as_str)).map(ToOwned::to_owned),
            outside: outside(engine, inside.number),
            generation: inside.number,
            name,
        }
        .into());
    };
    let program = Program {
        path,
        name: request.program.clone(),
        arguments: request.arguments.clone(),
        variables: surroundings(engine, &inside, &[])?,
    };
    Ok(prepared(engine, inside, None, program))
}

/// Makes the user's shell ready, or the one that is named.
pub fn shell(engine: &Engine<'_>, at: Option<String>, shell: Option<OsString>) -> Result<Prepared> {
    let program = shell
        .or_else(|| Var::Shell.raw())
        .unwrap_or_else(|| "/bin/sh".into());
    let request = ExecRequest {
        at,
        program,
        arguments: Vec::new(),
    };
    exec(engine, &request)
}

fn find_package(engine: &Engine<'_>, inside: &Inside, words: &str) -> Result<Option<PackageName>> {
    let generation = Generations::of(&engine.profile).load(inside.number)?;
    let found = generation
        .packages
        .keys()
        .find(|name| name.as_str() == words);
    Ok(found.cloned())
}

/// The programs of a package of a generation.
struct Found {
    package: PackageName,
    tree: dgmo_schema::id::TreeId,
    /// In the order of `bin:`, where the manifest has one.
    named: Vec<String>,
    shown: std::collections::BTreeMap<String, PathBuf>,
    all: std::collections::BTreeMap<String, PathBuf>,
}

impl Found {
    fn of(
        store: &Store,
        engine: &Engine<'_>,
        inside: &Inside,
        package: &PackageName,
    ) -> Result<Self> {
        let generation = Generations::of(&engine.profile).load(inside.number)?;
        let tree = generation.packages[package].tree;
        let recorded = inside.record.packages.get(package);
        let all = programs::all_in(store, tree)?;
        let shown = match recorded {
            Some(recorded) => programs::shown_by(store, recorded, tree)?,
            None => all.clone(),
        };
        Ok(Self {
            package: package.clone(),
            tree,
            named: recorded
                .map(|recorded| recorded.bin.clone())
                .unwrap_or_default(),
            shown,
            all,
        })
    }

    /// The path of the program in the tree: the one asked for; else the one called as the package is, the only one, or
    /// the first that `bin:` names.
    fn choose(&self, program: Option<&str>) -> Result<PathBuf> {
        if let Some(program) = program {
            let found = self.shown.get(program).or_else(|| self.all.get(program));
            return Ok(found.cloned().ok_or_else(|| StartError::NoSuchProgram {
                package: self.package.clone(),
                program: program.to_owned(),
                there: self.all.keys().cloned().collect(),
            })?);
        }
        if let Some(path) = self.shown.get(self.package.as_str()) {
            return Ok(path.clone());
        }
        let mut paths = self.shown.values();
        let package = self.package.clone();
        match (paths.next(), paths.next()) {
            (None, _) => Err(StartError::None { package }.into()),
            (Some(only), None) => Ok(only.clone()),
            _ => {
                let first = self.named.first().and_then(|first| {
                    let name = Path::new(first).file_name()?.to_str()?;
                    self.shown.get(name).cloned()
                });
                let there = self.shown.keys().cloned().collect();
                Ok(first.ok_or(StartError::Several { package, there })?)
            }
        }
    }
}

/// Variables, and the search path as one of them.
fn surroundings(
    engine: &Engine<'_>,
    inside: &Inside,
    first: &[PathBuf],
) -> Result<Vec<(OsString, OsString)>> {
    let folders = inside.search_path(engine, first);
    let joined = std::env::join_paths(folders)
        .map_err(|error| OpError::io("search", engine.profile.folder())(io::Error::other(error)))?;
    let mut variables = inside.variables();
    variables.push((Var::SearchPath.name().into(), joined));
    Ok(variables)
}

fn prepared(
    engine: &Engine<'_>,
    inside: Inside,
    package: Option<PackageName>,
    program: Program,
) -> Prepared {
    let text = |words: &OsString| words.to_string_lossy().into_owned();
    let report = RunReport {
        profile: engine.profile.name().clone(),
        generation: inside.number,
        package,
        program: shown(&program.path),
        arguments: program.arguments.iter().map(text).collect(),
        variables: program
            .variables
            .iter()
            .map(|(name, value)| (text(name), text(value)))
            .collect(),
    };
    Prepared {
        report,
        program,
        held: inside.held,
    }
}

/// The generation that is current, where `number` is another one.
pub(super) fn outside(engine: &Engine<'_>, number: GenerationNumber) -> Option<GenerationNumber> {
    let current = Generations::of(&engine.profile).current().ok()?;
    (current != number).then_some(current)
}

/// The names in a folder, for suggestions.
pub(super) fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort();
    names
}
