//! Who uses a generation: programs started in it and shells that set it; pruning leaves it alone.
//!
//! ```text
//! generations/N/record.json   locked by programs, and by all they start, for as long as they live
//! shells/PID                  `N` and a mark of the process: a shell cannot hold a lock for its programs
//! ```
//!
//! Who begins to use a generation holds its record first, whoever drops one owns the record: so neither misses the other.

use std::fs;
use std::io;

use dgmo_schema::generation::GenerationNumber;
use dgmo_store::Hold;
use dgmo_store::Owned;
use dgmo_store::durable;
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
        let Some(mark) = mark_of_process(shell) else {
            return Ok(());
        };
        let folder = self.profile().shells();
        let path = folder.join(shell.to_string());
        let line = format!("{} {mark}\n", held.number);
        if fs::read_to_string(&path).is_ok_and(|there| there == line) {
            return Ok(());
        }
        if !folder.is_dir() {
            durable::make_folders(&folder)?;
        }
        let staged = folder.join(format!("{shell}.new"));
        match durable::remove_file(&staged) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        durable::write_new(&staged, line.as_bytes(), 0o644)?;
        durable::rename(&staged, &path)
    }

    /// The living shells that have set a generation, by process.
    pub fn shells(self) -> Vec<(u32, GenerationNumber)> {
        let Ok(entries) = fs::read_dir(self.profile().shells()) else {
            return Vec::new();
        };
        let living = entries.flatten().filter_map(|entry| {
            let process: u32 = entry.file_name().to_str()?.parse().ok()?;
            let text = fs::read_to_string(entry.path()).ok()?;
            let (number, mark) = text.trim_end().split_once(' ')?;
            let is_alive = mark_of_process(process)? == mark;
            is_alive.then_some((process, number.parse().ok()?))
        });
        living.collect()
    }

    /// Takes away what shells that ended have left.
    pub fn sweep_shells(self) {
        let living = self.shells();
        for entry in fs::read_dir(self.profile().shells())
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = entry.file_name();
            let process: Option<u32> = name.to_str().and_then(|name| name.parse().ok());
            if !living.iter().any(|(living, _)| Some(*living) == process) {
                // What stays means nothing, and goes next time.
                drop(durable::remove_file(&entry.path()));
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
        let shells = self.shells().into_iter();
        let by: Vec<String> = shells
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
