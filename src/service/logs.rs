//! What services said: the files a supervisor writes, read again.

use std::collections::VecDeque;
use std::fs;
use std::fs::File;
use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use dgmo_schema::name::ServiceName;

use crate::home::Profile;

/// A line longer than this is told in pieces.
const LONGEST_LINE: u64 = 16 << 10;

/// The newest file of a service.
pub(super) fn path(profile: &Profile, name: &ServiceName) -> PathBuf {
    profile.services().join(format!("{name}.log"))
}

/// The next line, without its end.
pub(super) fn next_line(reader: &mut impl BufRead) -> Option<String> {
    let mut bytes = Vec::new();
    match reader.take(LONGEST_LINE).read_until(b'\n', &mut bytes) {
        Ok(0) | Err(_) => None,
        Ok(_) => {
            let line = String::from_utf8_lossy(&bytes);
            Some(line.trim_end_matches(['\n', '\r']).to_owned())
        }
    }
}

/// The last lines of a service, oldest first.
pub fn last_lines(profile: &Profile, name: &ServiceName, count: usize) -> io::Result<Vec<String>> {
    let newest = path(profile, name);
    let mut before = newest.clone().into_os_string();
    before.push(".1");
    let mut lines = VecDeque::new();
    for path in [PathBuf::from(before), newest] {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let mut reader = BufReader::new(file);
        while let Some(line) = next_line(&mut reader) {
            lines.push_back(line);
            if lines.len() > count {
                lines.pop_front();
            }
        }
    }
    Ok(lines.into())
}

/// Between two looks at a file that others write to; the system tells nobody without a watch of its own.
const BETWEEN_LOOKS: Duration = Duration::from_millis(250);

/// Tells each line that is added to the logs of services from now on; `tell` ends it by returning `false`.
pub fn follow(
    profile: &Profile,
    names: &[ServiceName],
    tell: &mut dyn FnMut(&ServiceName, &str) -> bool,
) -> io::Result<()> {
    let end = |path: &Path| fs::metadata(path).map_or(0, |metadata| metadata.len());
    let mut ends: Vec<(PathBuf, u64)> = names
        .iter()
        .map(|name| path(profile, name))
        .map(|path| (path.clone(), end(&path)))
        .collect();
    loop {
        for (name, (path, at)) in names.iter().zip(&mut ends) {
            let size = end(path);
            if size < *at {
                // A new one has begun.
                *at = 0;
            }
            if size == *at {
                continue;
            }
            let mut file = File::open(&*path)?;
            file.seek(SeekFrom::Start(*at))?;
            let mut text = Vec::new();
            file.read_to_end(&mut text)?;
            // The last line may not be whole yet.
            let whole = text
                .iter()
                .rposition(|byte| *byte == b'\n')
                .map_or(0, |at| at + 1);
            *at += whole as u64;
            for line in String::from_utf8_lossy(&text[..whole]).lines() {
                if !tell(name, line) {
                    return Ok(());
                }
            }
        }
        std::thread::sleep(BETWEEN_LOOKS);
    }
}
