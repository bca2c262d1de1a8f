//! What processes use, as Linux tells it in `/proc`.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use rustix::io::Errno;

/// Tells `each` every path that a process runs, stands in, has open or has mapped, with the process's number. What we may
/// not look at, and what ends while we look, is left out; where there is no `/proc` nobody can be asked.
pub(super) fn each_path(each: &mut dyn FnMut(u32, &Path)) -> io::Result<()> {
    let Some(processes) = seen(fs::read_dir("/proc"))? else {
        return Ok(());
    };
    for process in processes {
        let Some(process) = seen(process)? else {
            continue;
        };
        let name = process.file_name();
        if let Some(number) = name.to_str().and_then(|name| name.parse().ok()) {
            process_paths(&process.path(), &mut |path| each(number, path))?;
        }
    }
    Ok(())
}

fn process_paths(process: &Path, each: &mut dyn FnMut(&Path)) -> io::Result<()> {
    for name in ["exe", "cwd", "root"] {
        link(&process.join(name), each)?;
    }
    if let Some(files) = seen(fs::read_dir(process.join("fd")))? {
        for file in files {
            if let Some(file) = seen(file)? {
                link(&file.path(), each)?;
            }
        }
    }
    let Some(maps) = seen(fs::read(process.join("maps")))? else {
        return Ok(());
    };
    let mut before: &[u8] = b"";
    for line in maps.split(|byte| *byte == b'\n') {
        // The path is the sixth word and may hold spaces; libraries have several lines in a row.
        let Some(start) = line.iter().position(|byte| *byte == b'/') else {
            continue;
        };
        let path = &line[start..];
        if path != before {
            each(Path::new(OsStr::from_bytes(path)));
            before = path;
        }
    }
    Ok(())
}

fn link(path: &Path, each: &mut dyn FnMut(&Path)) -> io::Result<()> {
    if let Some(target) = seen(fs::read_link(path))? {
        each(&target);
    }
    Ok(())
}

/// What is not ours to see, or gone, is nothing; the system has several words for both.
fn seen<T>(looked: io::Result<T>) -> io::Result<Option<T>> {
    match looked {
        Ok(found) => Ok(Some(found)),
        Err(error) => match Errno::from_io_error(&error) {
            Some(Errno::NOENT | Errno::SRCH | Errno::ACCESS | Errno::PERM | Errno::NOTDIR) => {
                Ok(None)
            }
            _ => Err(error),
        },
    }
}

/// What a process calls itself.
pub(super) fn name_of(process: u32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}
