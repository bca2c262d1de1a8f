//! What every system has, or many packages share: who names it means no place of a package.

/// Folders and programs that every system has, or that packages share: who names these means no place of its own.
const OF_ALL: &[&str] = &[
    "bin/bash",
    "bin/env",
    "bin/sh",
    "etc/default",
    "etc/group",
    "etc/host.conf",
    "etc/hosts",
    "etc/init.d",
    "etc/ld.so.cache",
    "etc/ld.so.conf",
    "etc/localtime",
    "etc/mtab",
    "etc/nsswitch.conf",
    "etc/os-release",
    "etc/passwd",
    "etc/profile",
    "etc/profile.d",
    "etc/protocols",
    "etc/resolv.conf",
    "etc/services",
    "etc/shadow",
    "etc/shells",
    "etc/ssl",
    "etc/terminfo",
    "lib/cmake",
    "lib/locale",
    "lib/node_modules",
    "lib/pkgconfig",
    "lib/systemd",
    "lib/terminfo",
    "lib/udev",
    "share/applications",
    "share/bash-completion",
    "share/fish",
    "share/fonts",
    "share/icons",
    "share/metainfo",
    "share/mime",
    "share/pixmaps",
    "share/pkgconfig",
    "share/terminfo",
    "share/zoneinfo",
    "share/zsh",
    "var/cache",
    "var/lib",
    "var/log",
];

/// What nothing breaks without when it is not found, texts for people and for compilers, and what each machine has.
const NOT_MISSED: &[&str] = &[
    "dev",
    "include",
    "proc",
    "run",
    "share/doc",
    "share/info",
    "share/licenses",
    "share/lintian",
    "share/locale",
    "share/man",
    "src",
    "sys",
    "tmp",
];

/// Sources are named in what programs say of their own mistakes.
const SOURCES: &[&str] = &[
    ".c", ".cc", ".cpp", ".cxx", ".go", ".h", ".hpp", ".hs", ".m", ".mm", ".rs", ".s", ".S",
    ".swift", ".zig",
];

/// Whether what is at a path of a package is the package's alone, and missed where it is not found.
pub(super) fn is_its_own(path: &str) -> bool {
    let is_below = |folder: &&str| {
        let rest = path.strip_prefix(*folder);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let is_for_processor =
        path.starts_with("lib/") && path.ends_with("-linux-gnu") && path.matches('/').count() == 1;
    !is_for_processor
        && !OF_ALL.contains(&path)
        && !NOT_MISSED.iter().any(is_below)
        && !SOURCES.iter().any(|it| path.ends_with(it))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_a_packages_alone_is_told_from_what_all_have() {
        for (path, is_own) in [
            ("share/tool", true),
            ("lib/tool/plugin.so", true),
            ("lib/x86_64-linux-gnu/tool", true),
            ("lib/x86_64-linux-gnu", false),
            ("share/locale/de/tool.mo", false),
            ("share/zoneinfo", false),
            ("share/zoneinfo/mine", true),
            ("etc/hosts", false),
            ("dev/null", false),
            ("lib/tool/main.rs", false),
        ] {
            assert_eq!(is_its_own(path), is_own, "{path}");
        }
    }
}
