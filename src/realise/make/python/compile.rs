//! Bytecode, made once: by the Python that will read it, in a form it never looks at the source for.
//!
//! Python is given the sources as a list, and gives the bytecode back in one file, which does not depend on where
//! anything lies. Which file a code came from is set anew whenever Python loads it.

use std::fs;
use std::io::Read;
use std::num::NonZero;
use std::path::Path;
use std::path::PathBuf;
use std::thread::available_parallelism;
use std::time::Duration;

use dgmo_schema::event::Event;
use dgmo_schema::id::BlobId;
use dgmo_store::durable;

use super::super::Making;
use crate::env::Var;
use crate::process;
use crate::process::Run;
use crate::process::WhenInterrupted;
use crate::realise::PackageError;
use crate::source::in_parallel;

/// A source of Python in a wheel.
pub(super) struct Source {
    /// Which wheel.
    pub(super) wheel: usize,
    pub(super) blob: BlobId,
    /// Where in it.
    pub(super) path: String,
}

/// A Python that compiles.
pub(super) struct Compiler {
    python: PathBuf,
    /// Which it is: `3.12`.
    minor: String,
}

/// Reads a list of files and what each is called, a zero behind each of both, and writes, for each, four bytes of length and the bytecode; none for what is no
/// Python it understands, such as a template. The form is that of PEP 552: named by a hash that is not checked.
///
/// What it imports is what `importlib.util` is made of, which takes half as long as Python itself to load.
const PROGRAM: &str = r#"
import _imp, marshal, sys
from _frozen_importlib_external import MAGIC_NUMBER as magic
found = "%d.%d" % sys.version_info[:2]
if found != sys.argv[2]:
    sys.exit("it is " + found)
head = magic + (1).to_bytes(4, "little")
magic = int.from_bytes(magic, "little")
with open("list-" + sys.argv[1], "rb") as names:
    names = names.read().split(b"\0")
with open("out-" + sys.argv[1], "wb") as out:
    for name, path in zip(names[::2], names[1::2]):
        with open(name, "rb") as file:
            source = file.read()
        try:
            code = compile(source, path.decode(), "exec", dont_inherit=True, optimize=0)
            made = head + _imp.source_hash(magic, source) + marshal.dumps(code)
        except Exception:
            made = b""
        out.write(len(made).to_bytes(4, "little") + made)
"#;

/// The longest that all may take.
const LONGEST: Duration = Duration::from_mins(30);

/// Fewer sources are not worth another process.
const FEWEST: usize = 40;

impl Compiler {
    /// The Python `minor` of this machine, if it has one.
    pub(super) fn find(minor: &str) -> Option<Self> {
        let path = Var::SearchPath.raw()?;
        let folders: Vec<PathBuf> = std::env::split_paths(&path)
            .filter(|folder| folder.is_absolute())
            .collect();
        let named = format!("python{minor}");
        [named.as_str(), "python3"].iter().find_map(|name| {
            let found = Self {
                python: process::find_program(name.as_ref(), &folders)?,
                minor: minor.to_owned(),
            };
            if found.is_plainly_it() {
                return Some(found);
            }
            found.itself()
        })
    }

    /// Whether it is a program, not a script, and called by its version: then it need not be started to be asked.
    fn is_plainly_it(&self) -> bool {
        let is_called_so = |path: &Path| {
            let name = path.file_name().and_then(|name| name.to_str());
            name.and_then(|name| name.strip_prefix("python")) == Some(self.minor.as_str())
        };
        let mut start = [0; 4];
        let program = fs::canonicalize(&self.python).ok();
        program.is_some_and(|program| {
            let file = is_called_so(&program).then(|| fs::File::open(&program));
            let read =
                file.is_some_and(|file| file.and_then(|mut it| it.read_exact(&mut start)).is_ok());
            read && start == *b"\x7fELF"
        })
    }

    /// The program it is, if it is of that version: what is called `python3.12` may be a script that knows of no such
    /// Python, or takes longer to find it than that takes to compile.
    fn itself(self) -> Option<Self> {
        let text = "import sys; print(\"%d.%d\" % sys.version_info[:2]); print(sys.executable)";
        let ran = process::run(&self.run(text, &[], Path::new("/")), &|_| ()).ok()?;
        let said = ran.output.text();
        let (version, program) = said.split_once('\n')?;
        if !ran.ending.is_success() || version.trim() != self.minor {
            return None;
        }
        let program = PathBuf::from(program.trim_end_matches(['\r', '\n']));
        // One that does not know where it is can still be asked the way it was found.
        let python = if program.is_absolute() && program.is_file() {
            program
        } else {
            self.python
        };
        Some(Self {
            python,
            minor: self.minor,
        })
    }

    fn run(&self, program: &str, arguments: &[String], folder: &Path) -> Run {
        // Warnings of what others wrote are nobody's business here.
        let mut all: Vec<String> = ["-I", "-S", "-B", "-W", "ignore", "-c", program]
            .map(str::to_owned)
            .to_vec();
        all.extend_from_slice(arguments);
        Run {
            program: self.python.clone(),
            arguments: all,
            environment: Vec::new(),
            folder: folder.to_owned(),
            timeout: LONGEST,
            when_interrupted: WhenInterrupted::Ends,
        }
    }

    /// The bytecode of each source, nothing for what is none; nothing at all where Python failed, which is told.
    pub(super) fn compile(
        &self,
        making: &Making<'_>,
        sources: &[Source],
    ) -> Result<Option<Vec<Option<Vec<u8>>>>, PackageError> {
        if sources.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let folder = making
            .insertion
            .scratch(&format!("python-{}", making.name))?;
        let cores = available_parallelism().map_or(1, NonZero::get);
        let shares = cores.min(sources.len().div_ceil(FEWEST)).max(1);
        let share = sources.len().div_ceil(shares);
        let failed = |source| PackageError::Scratch {
            path: folder.clone(),
            source,
        };
        for (at, sources) in sources.chunks(share).enumerate() {
            let list = list(making, sources)?;
            durable::write_new(&folder.join(format!("list-{at}")), &list, 0o600).map_err(failed)?;
        }
        let shares = sources.len().div_ceil(share);
        let ran = in_parallel(&vec![None; shares], shares, shares, |at| {
            let arguments = [at.to_string(), self.minor.clone()];
            process::run(&self.run(PROGRAM, &arguments, &folder), &|_| ())
        });
        let mut bytecodes = Vec::with_capacity(sources.len());
        for (at, ran) in ran.into_iter().enumerate() {
            let ran = ran.map_err(failed)?;
            if !ran.ending.is_success() {
                let text = format!(
                    "package `{}`: Python cannot compile it, so it will start more slowly: {}: {}",
                    making.name,
                    ran.ending,
                    ran.output.text().lines().last().unwrap_or_default()
                );
                making.insertion.observer().observe(Event::Warning(text));
                return Ok(None);
            }
            let bytes = fs::read(folder.join(format!("out-{at}"))).map_err(failed)?;
            bytecodes.extend(frames(&bytes));
        }
        // Less is not what it was told to write.
        Ok((bytecodes.len() == sources.len()).then_some(bytecodes))
    }
}

/// Where each source is, and what it is called.
fn list(making: &Making<'_>, sources: &[Source]) -> Result<Vec<u8>, PackageError> {
    let mut list = Vec::new();
    for source in sources {
        let file = making.insertion.blob_path(source.blob)?;
        for field in [file.as_os_str().as_encoded_bytes(), source.path.as_bytes()] {
            list.extend_from_slice(field);
            list.push(0);
        }
    }
    Ok(list)
}

/// What was written in turn; an end in the middle of one is the end.
fn frames(bytes: &[u8]) -> Vec<Option<Vec<u8>>> {
    let mut frames = Vec::new();
    let mut rest = bytes;
    while let Some((head, after)) = rest.split_first_chunk::<4>() {
        let length = u32::from_le_bytes(*head) as usize;
        let Some((frame, after)) = after.split_at_checked(length) else {
            break;
        };
        frames.push((length > 0).then(|| frame.to_vec()));
        rest = after;
    }
    frames
}
