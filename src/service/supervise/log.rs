//! What services say: to a file each, kept short by rotation, and to whoever started the supervisor.
//!
//! ```text
//! profiles/P/services/NAME.log      the newest; each line has its time in front
//! profiles/P/services/NAME.log.1    the one before, and so on to `.3`
//! ```

use std::fs;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::path::PathBuf;
use std::process::Child;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::mpsc::Sender;

use dgmo_schema::name::ServiceName;
use dgmo_store::durable;
use dgmo_store::durable::NewFile;

use super::super::logs;
use super::World;
use crate::clock::Clock;

/// A file longer than this makes room for the next.
const LONGEST: u64 = 4 << 20;

/// So many before the newest are kept.
const KEPT: u32 = 3;

struct Log {
    path: PathBuf,
    file: Option<NewFile>,
    size: u64,
    clock: Clock,
}

impl Log {
    fn write(&mut self, line: &str) -> io::Result<()> {
        let text = format!("{} {line}\n", self.clock.now());
        if self.size > LONGEST {
            self.rotate()?;
        }
        let file = if let Some(file) = &mut self.file {
            file
        } else {
            self.size = fs::metadata(&self.path).map_or(0, |metadata| metadata.len());
            self.file.insert(durable::append(&self.path, b"", 0o600)?)
        };
        file.write_all(text.as_bytes())?;
        self.size += text.len() as u64;
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        let numbered = |number: u32| {
            let mut name = self.path.clone().into_os_string();
            if number > 0 {
                name.push(format!(".{number}"));
            }
            PathBuf::from(name)
        };
        for number in (0..KEPT).rev() {
            match durable::rename(&numbered(number), &numbered(number + 1)) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                moved => moved?,
            }
        }
        self.file = None;
        self.size = 0;
        Ok(())
    }
}

/// Takes both streams of a service that was started, each on a thread of its own, until nobody writes to them. Each
/// has its `reading` for as long.
pub(super) fn take(name: &ServiceName, child: &mut Child, world: &World, reading: &Sender<()>) {
    let log = Arc::new(Mutex::new(Log {
        path: logs::path(&world.profile, name),
        file: None,
        size: 0,
        clock: world.clock,
    }));
    let streams: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|stream| Box::new(stream) as _),
        child.stderr.take().map(|stream| Box::new(stream) as _),
    ];
    for stream in streams.into_iter().flatten() {
        let (name, log, say) = (name.to_string(), Arc::clone(&log), Arc::clone(&world.say));
        let reading = reading.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(stream);
            while let Some(line) = logs::next_line(&mut reader) {
                say(&name, &line);
                let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
                // A full disk must not stop the service: it would block on a pipe nobody reads.
                drop(log.write(&line));
            }
            drop(reading);
        });
    }
}
