//! Programs and libraries for Linux: what is to be changed for them to find their loader and libraries wherever they are.

use super::Verdict;
use super::inside::Inside;
use super::inside::folder_of;
use super::inside::is_of_system;
use super::inside::way;
use crate::realise::elf::Change;
use crate::realise::elf::Elf;

/// The loaders that systems have, by processor: name, and folder.
const LOADERS: &[(u16, &str, &str)] = &[
    (62, "ld-linux-x86-64.so.2", "/lib64"),
    (62, "ld-musl-x86_64.so.1", "/lib"),
    (183, "ld-linux-aarch64.so.1", "/lib"),
    (183, "ld-musl-aarch64.so.1", "/lib"),
    (243, "ld-linux-riscv64-lp64d.so.1", "/lib"),
    (243, "ld-musl-riscv64.so.1", "/lib"),
    (21, "ld64.so.2", "/lib64"),
    (3, "ld-linux.so.2", "/lib"),
    (3, "ld-musl-i386.so.1", "/lib"),
    (40, "ld-linux-armhf.so.3", "/lib"),
    (40, "ld-musl-armhf.so.1", "/lib"),
];

/// The library that a loader belongs to.
const C_LIBRARY: &str = "libc.so.6";

/// Folders of machines that build, which on others anybody may fill.
const OF_BUILDERS: &[&str] = &["/tmp/", "/var/tmp/", "/build/", "/builds/", "/__w/"];

/// What is to be changed of the program at `path`.
pub(super) fn verdict(path: &str, elf: &Elf, inside: &Inside) -> Verdict<Change> {
    let mut verdict = Verdict::default();
    let folders = folders(path, elf, inside, &mut verdict);
    let is_elsewhere = |folder: &String| folder.starts_with('/') && !is_of_system(folder);
    let has_others = folders.iter().any(is_elsewhere);
    let mut change = Change::default();
    if folders != elf.folders {
        change.folders = Some(folders.join(":"));
    }
    for library in elf.needed.iter().filter(|it| it.starts_with('/')) {
        if let Some(own) = inside.own(library, path) {
            verdict.prefixes.insert(own.prefix);
            verdict.tied.push(format!(
                "`{path}` needs its library `{}` as `{library}`",
                own.path
            ));
        }
    }
    change.loader = loader(path, elf, inside, has_others, &mut verdict);
    if change != Change::default() {
        verdict.change = Some(change);
    }
    verdict
}

/// The folders it shall look for libraries in.
fn folders(path: &str, elf: &Elf, inside: &Inside, verdict: &mut Verdict<Change>) -> Vec<String> {
    let mut folders: Vec<String> = Vec::with_capacity(elf.folders.len());
    for folder in &elf.folders {
        let folder = if let Some(own) = inside.own_folder(folder) {
            let way = way(folder_of(path), &own.path);
            verdict.prefixes.insert(own.prefix);
            verdict.is_needed = true;
            if way.is_empty() {
                "$ORIGIN".to_owned()
            } else {
                format!("$ORIGIN/{way}")
            }
        } else if OF_BUILDERS.iter().any(|it| folder.starts_with(it)) {
            continue;
        } else {
            folder.clone()
        };
        if !folders.contains(&folder) || elf.folders.contains(&folder) {
            folders.push(folder);
        }
    }
    folders
}

/// The loader it shall have, where that is another one.
///
/// Libraries that stay in folders elsewhere may be those of that loader, such as where a store of another tool is: then
/// it stays, too.
fn loader(
    path: &str,
    elf: &Elf,
    inside: &Inside,
    has_others: bool,
    verdict: &mut Verdict<Change>,
) -> Option<String> {
    let loader = elf.loader.as_deref()?;
    if is_of_system(loader) || !loader.starts_with('/') {
        return None;
    }
    let own = inside.own(loader, path);
    if let Some(own) = own.filter(|_| inside.has_called(C_LIBRARY)) {
        verdict.prefixes.insert(own.prefix);
        verdict.tied.push(format!(
            "`{path}` is loaded by its own loader `{}` as `{loader}`",
            own.path
        ));
        return None;
    }
    let name = loader.rsplit('/').next()?;
    let known = LOADERS
        .iter()
        .find(|it| it.0 == elf.machine && it.1 == name)?;
    if has_others {
        return None;
    }
    verdict.is_needed = true;
    Some(format!("{}/{name}", known.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn elf(loader: Option<&str>, folders: &[&str]) -> Elf {
        Elf {
            machine: 62,
            loader: loader.map(str::to_owned),
            folders: folders.iter().map(|it| (*it).to_owned()).collect(),
            ..Elf::default()
        }
    }

    #[test]
    fn folders_of_the_package_are_named_from_where_the_program_is() {
        let inside = Inside::with(&["bin/tool", "lib/libx.so", "lib/plugins/y.so"]);
        for (path, before, after) in [
            ("bin/tool", "/opt/foo/lib", Some("$ORIGIN/../lib")),
            (
                "lib/libx.so",
                "/opt/foo/lib:/usr/lib",
                Some("$ORIGIN:/usr/lib"),
            ),
            (
                "bin/tool",
                "/opt/foo/lib:/opt/bar/lib",
                Some("$ORIGIN/../lib"),
            ),
            (
                "bin/tool",
                "/tmp/build-7/out:/opt/cuda/lib64",
                Some("/opt/cuda/lib64"),
            ),
            ("bin/tool", "/builds/x/out", Some("")),
            ("bin/tool", "$ORIGIN/../lib:/usr/lib:/opt/cuda/lib64", None),
            ("bin/tool", "/nix/store/0-glibc/lib64", None),
        ] {
            let before: Vec<&str> = before.split(':').collect();
            let verdict = verdict(path, &elf(None, &before), &inside);
            let folders = verdict.change.and_then(|it| it.folders);
            assert_eq!(folders.as_deref(), after, "{path} {before:?}");
        }
    }

    #[test]
    fn a_loader_elsewhere_becomes_that_of_the_system_if_it_is_the_same() {
        let inside = Inside::with(&["bin/tool", "lib/libx.so"]);
        let known = "/lib64/ld-linux-x86-64.so.2";
        for (before, folders, after) in [
            ("/opt/foo/lib/ld-linux-x86-64.so.2", &[][..], Some(known)),
            (
                "/home/me/ld-linux-x86-64.so.2",
                &["/opt/foo/lib"],
                Some(known),
            ),
            (
                "/nix/store/0-glibc/lib/ld-linux-x86-64.so.2",
                &["/nix/store/0-glibc/lib64"],
                None,
            ),
            ("/lib64/ld-linux-x86-64.so.2", &[], None),
            ("/usr/lib/ld-linux-x86-64.so.2", &[], None),
            ("/opt/foo/lib/ld-other.so", &[], None),
        ] {
            let verdict = verdict("bin/tool", &elf(Some(before), folders), &inside);
            let loader = verdict.change.and_then(|it| it.loader);
            assert_eq!(loader.as_deref(), after, "{before}");
        }
    }

    #[test]
    fn what_can_only_be_found_by_a_whole_path_ties_it() {
        let inside = Inside::with(&["bin/tool", "lib/libc.so.6", "lib/ld-linux-x86-64.so.2"]);
        let mut program = elf(Some("/opt/foo/lib/ld-linux-x86-64.so.2"), &[]);
        program.needed = vec![
            "/opt/foo/lib/libc.so.6".to_owned(),
            "/usr/lib/libz.so".to_owned(),
        ];
        let verdict = verdict("bin/tool", &program, &inside);
        assert_eq!(verdict.tied.len(), 2, "{:?}", verdict.tied);
        assert_eq!(verdict.change, None);
        assert!(verdict.prefixes.contains("/opt/foo"));
    }
}
