//! Who uses a generation: programs started in it and shells that set it; pruning leaves it alone.
//!
//! ```text
//! generations/N/record.json   locked by programs, and by all they start, for as long as they live
//! shells/PID                  `N` and a mark of the process: a shell cannot hold a lock for its programs
//! ```
//!
//! Who begins to use a generation holds its record first, whoever drops one owns the record: so neither misses the other.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use dgmo_schema::generation::GenerationNumber;
use dgmo_store::Hold;
use dgmo_store::Owned;
use dgmo_store::durable;
use dgmo_store::look;
use dgmo_store::mark_of_process;

use super::Generations;
use super::ReadError;

/// A generation that is held.
#[derive(Debug)]
pub struct HeldGeneration {
    /// Its number.
    pub number: GenerationNumber,
    hold: Hold,
}

/// Whether a generation may be dropped.
#[derive(Debug)]
pub enum Use {
    /// Nobody uses it; nobody begins to while this lives. A generation that lost its record cannot be begun to use.
    None(Option<Hold>),
    /// These do.
    By(Vec<String>),
}

/// So many times the pointer may move between reading it and holding what it names.
const MOST_TRIES: usize = 100;

impl HeldGeneration {
    /// Hands the hold on to the program that will replace this one.
    pub fn outlive_this_program(self) -> io::Result<()> {
        self.hold.outlive_this_program()
    }
}

impl Generations<'_> {
    /// Holds a generation until the value is dropped.
    pub fn hold(self, number: GenerationNumber) -> Result<HeldGeneration, ReadError> {
        let path = self.profile().generation(number).join("record.json");
        match Hold::share(&path) {
            Ok(hold) => Ok(HeldGeneration { number, hold }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(ReadError::Missing {
                profile: self.profile().name().to_string(),
                number,
            }),
            Err(source) => Err(ReadError::Io { path, source }),
        }
    }

    /// Holds the generation that is current at one moment during the call.
    pub fn hold_current(self) -> Result<HeldGeneration, ReadError> {
        let mut number = self.current()?;
        for _ in 0..MOST_TRIES {
            match self.hold(number) {
                Err(ReadError::Missing { .. }) => number = self.current()?,
                held => return held,
            }
        }
        self.hold(number)
    }

    /// Writes down that the process `shell` lives in a generation that is held.
    ///
    /// Nothing is synced: it means nothing after a crash of the machine.
    pub fn note_shell(self, held: &HeldGeneration, shell: u32) -> io::Result<()> {
        let Some(mark) = mark_of_process(shell)? else {
            return Ok(());
        };
        let folder = self.profile().shells();
        let path = folder.join(shell.to_string());
        let line = format!("{} {mark}\n", held.number);
        if fs::read_to_string(&path).is_ok_and(|there| there == line) {
            return Ok(());
        }
        durable::make_folders(&folder)?;
        let staged = folder.join(format!("{shell}.new"));
        match durable::remove_file(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        durable::write_new(&staged, line.as_bytes(), 0o644)?;
        durable::rename(&staged, &path)
    }

    /// The living shells that have set a generation, by process. Where that cannot be told it is an error: a generation
    /// that one of them lives in must stay.
    pub fn shells(self) -> io::Result<Vec<(u32, GenerationNumber)>> {
        let folder = self.profile().shells();
        let mut living = Vec::new();
        for name in look::names_in(&folder)? {
            if let Some(process) = process_of(&name)
                && let Some(number) = set_by(process, &folder.join(&name))?
            {
                living.push((process, number));
            }
        }
        Ok(living)
    }

    /// Takes away what shells that ended have left. What stays means nothing, and goes next time.
    pub fn sweep_shells(self) {
        let folder = self.profile().shells();
        for name in look::names_in(&folder).unwrap_or_default() {
            let note = folder.join(&name);
            // One of whom it cannot be told may live.
            let has_ended =
                process_of(&name).is_none_or(|process| matches!(set_by(process, &note), Ok(None)));
            if has_ended {
                drop(durable::remove_file(&note));
            }
        }
    }

    /// Who uses a generation now.
    pub fn use_of(self, number: GenerationNumber) -> Result<Use, ReadError> {
        let path = self.profile().generation(number).join("record.json");
        let own = match Hold::own(&path) {
            Ok(Owned::Free(own)) => Some(own),
            Ok(Owned::Used(by)) => return Ok(Use::By(by)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(source) => return Err(ReadError::Io { path, source }),
        };
        let shells = self.shells().map_err(|source| ReadError::Io {
            path: self.profile().shells(),
            source,
        })?;
        let by: Vec<String> = shells
            .into_iter()
            .filter(|(_, set)| *set == number)
            .map(|(process, _)| format!("a shell (process {process})"))
            .collect();
        Ok(if by.is_empty() {
            Use::None(own)
        } else {
            Use::By(by)
        })
    }
}

/// The process that a note is of, by its name.
fn process_of(name: &OsStr) -> Option<u32> {
    name.to_str()?.parse().ok()
}

/// The generation that the process has set, by its note; nothing where that process has ended.
fn set_by(process: u32, note: &Path) -> io::Result<Option<GenerationNumber>> {
    let text = match fs::read(note) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        text => String::from_utf8_lossy(&text?).into_owned(),
    };
    let Some((number, mark)) = text.trim_end().split_once(' ') else {
        return Ok(None);
    };
    let lives = mark_of_process(process)?.is_some_and(|now| now == mark);
    Ok(number.parse().ok().filter(|_| lives))
}
