//! What this machine has for programs that were built elsewhere.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::sync::OnceLock;

/// Folders that loaders look into without being told.
const ALWAYS: &[&str] = &[
    "/lib",
    "/usr/lib",
    "/lib64",
    "/usr/lib64",
    "/usr/local/lib",
    "/usr/local/lib64",
];

/// Includes in includes end somewhere.
const DEEPEST: usize = 4;

/// Whether a loader finds a library, in folders that its program names by their whole path or in those of the machine.
pub(super) fn has_library(name: &str, folders: &[String]) -> bool {
    let own = folders.iter().filter(|it| it.starts_with('/'));
    let mut own = own.map(|folder| Path::new(folder).join(name));
    own.any(|path| path.exists()) || system().iter().any(|it| it.join(name).exists())
}

/// The folders of the machine.
fn system() -> &'static [PathBuf] {
    static FOLDERS: OnceLock<Vec<PathBuf>> = OnceLock::new();
    FOLDERS.get_or_init(|| {
        let mut folders: Vec<PathBuf> = ALWAYS.iter().map(PathBuf::from).collect();
        // Where Debian has libraries of one processor.
        let triplet = format!("{}-linux-gnu", std::env::consts::ARCH);
        folders.extend(["/lib", "/usr/lib"].map(|above| Path::new(above).join(&triplet)));
        add(Path::new("/etc/ld.so.conf"), 0, &mut folders);
        let musl = format!("/etc/ld-musl-{}.path", std::env::consts::ARCH);
        let musl = fs::read_to_string(musl).unwrap_or_default();
        let names = musl.split([':', '\n']).map(str::trim);
        folders.extend(names.filter(|it| it.starts_with('/')).map(PathBuf::from));
        folders
    })
}

/// Adds what a file of the loader's settings names. One that cannot be read names nothing.
fn add(path: &Path, depth: usize, folders: &mut Vec<PathBuf>) {
    let text = fs::read_to_string(path).unwrap_or_default();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if line.starts_with('/') {
            folders.push(PathBuf::from(line));
        } else if let Some(pattern) = line.strip_prefix("include ")
            && depth < DEEPEST
        {
            for path in included(pattern.trim()) {
                add(&path, depth + 1, folders);
            }
        }
    }
}

/// The files of `/etc/ld.so.conf.d/*.conf`; no other pattern is in use.
fn included(pattern: &str) -> Vec<PathBuf> {
    let pattern = Path::new("/etc").join(pattern);
    let name = pattern.file_name().and_then(|name| name.to_str());
    let Some((start, end)) = name.and_then(|name| name.split_once('*')) else {
        return vec![pattern];
    };
    let above = pattern.parent().unwrap_or(&pattern);
    let entries = fs::read_dir(above).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.retain(|path| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with(start) && name.ends_with(end))
    });
    paths.sort();
    paths
}

#[cfg(test)]
#[cfg(all(target_os = "linux", target_env = "gnu"))]
mod tests {
    use super::*;

    #[test]
    fn the_library_of_all_programs_is_there() {
        assert!(has_library("libc.so.6", &[]));
        assert!(!has_library(
            "libnobody-has-it.so.1",
            &["/nowhere".to_owned()]
        ));
    }
}
