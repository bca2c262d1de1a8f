//! What processes use, as Linux tells it in `/proc`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Tells `each` every path that a process runs, stands in, has open or has mapped, with the process's number. What we may not look at, and what
/// ends while we look, is left out.
pub(super) fn each_path(each: &mut dyn FnMut(u32, &Path)) {
    let Ok(processes) = fs::read_dir("/proc") else {
        return;
    };
    for process in processes.flatten() {
        let name = process.file_name();
        if let Some(number) = name.to_str().and_then(|name| name.parse().ok()) {
            process_paths(&process.path(), &mut |path| each(number, path));
        }
    }
}

fn process_paths(process: &Path, each: &mut dyn FnMut(&Path)) {
    for name in ["exe", "cwd", "root"] {
        link(&process.join(name), each);
    }
    for entry in fs::read_dir(process.join("fd"))
        .into_iter()
        .flatten()
        .flatten()
    {
        link(&entry.path(), each);
    }
    let Ok(maps) = fs::read(process.join("maps")) else {
        return;
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
}

fn link(path: &Path, each: &mut dyn FnMut(&Path)) {
    if let Ok(target) = fs::read_link(path) {
        each(&target);
    }
}

/// What a process calls itself.
pub(super) fn name_of(process: u32) -> Option<String> {
    let name = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
    Some(name.trim_end().to_owned())
}
