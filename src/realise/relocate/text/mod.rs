//! Texts that name the folder a package was built for, by the kinds of which it is known how they find a place themselves.

mod cmake;
mod pkg_config;
mod python;
mod shell;

use std::collections::BTreeSet;

use super::inside::Inside;
use super::inside::folder_of;
use super::inside::way;

/// A kind of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    PkgConfig,
    Cmake,
    /// What a Python remembers of how it was built.
    Sysconfig,
    Libtool,
    /// A script of the shell that people start.
    Shell,
}

impl Kind {
    /// What a file is by its path.
    pub(super) fn of(path: &str) -> Option<Self> {
        let name = path.rsplit('/').next().unwrap_or(path);
        let ends_with = |ending: &str| name.strip_suffix(ending).is_some();
        if ends_with(".pc") && path.contains("pkgconfig/") {
            Some(Self::PkgConfig)
        } else if ends_with(".cmake") {
            Some(Self::Cmake)
        } else if name.starts_with("_sysconfigdata_") && ends_with(".py") {
            Some(Self::Sysconfig)
        } else if ends_with(".la") {
            Some(Self::Libtool)
        } else {
            None
        }
    }

    /// The text as it finds its package from where it is; nothing where it does so already or cannot be made to.
    pub(super) fn led(
        self,
        (path, text): (&str, &str),
        inside: &Inside,
        prefixes: &BTreeSet<String>,
    ) -> Option<String> {
        match self {
            Self::PkgConfig => {
                let folder = folder_of(path);
                pkg_config::led(text, &way(folder, top_of_pkg_config(folder)))
            }
            Self::Cmake => cmake::led(path, text, inside, prefixes),
            Self::Sysconfig => python::led(text, inside),
            // It has no way to find itself.
            Self::Libtool => None,
            Self::Shell => shell::led(path, text, inside, prefixes),
        }
    }
}

/// The folder whose `lib` or `share` a folder of `pkg-config` is in: what lies deeper in a package is laid out like one.
fn top_of_pkg_config(folder: &str) -> &str {
    let mut top = folder;
    while let Some((above, name)) = top.rsplit_once('/') {
        if matches!(name, "lib" | "lib32" | "lib64" | "share") {
            return above;
        }
        top = above;
    }
    ""
}

/// The folder that a file of libtool was built for.
pub(super) fn prefix_of_libtool(text: &str, inside: &Inside) -> Option<String> {
    let folder = text
        .lines()
        .find_map(|line| line.strip_prefix("libdir='"))?;
    let own = inside.own_folder(folder.strip_suffix('\'')?)?;
    Some(own.prefix)
}

/// Whether something below a folder is named. A longer name that begins like it does not count.
pub(super) fn names(bytes: &[u8], folder: &str) -> bool {
    let folder = folder.as_bytes();
    let Some(first) = folder.first() else {
        return false;
    };
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        let at = from + at;
        if bytes[at..].starts_with(folder) && bytes.get(at + folder.len()) == Some(&b'/') {
            return true;
        }
        from = at + 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_is_named_with_what_is_below_it() {
        for (text, expected) in [
            (&b"x\0/opt/foo/etc"[..], true),
            (b"/opt/foobar/etc", false),
            (b"/opt/fo/opt/foo/", true),
            (b"/opt/foo", false),
            (b"", false),
        ] {
            assert_eq!(names(text, "/opt/foo"), expected);
        }
    }

    #[test]
    fn a_file_of_pkg_config_is_for_what_is_around_its_lib() {
        for (folder, top) in [
            ("lib/pkgconfig", ""),
            ("lib/x86_64-linux-gnu/pkgconfig", ""),
            ("tool/share/pkgconfig", "tool"),
            ("lib/tool/lib64/pkgconfig", "lib/tool"),
            ("tool/pkgconfig", ""),
        ] {
            assert_eq!(top_of_pkg_config(folder), top, "{folder}");
        }
    }

    #[test]
    fn a_kind_is_known_by_its_path() {
        for (path, kind) in [
            ("lib/pkgconfig/x.pc", Some(Kind::PkgConfig)),
            ("x.pc", None),
            ("lib/cmake/X/XConfig.cmake", Some(Kind::Cmake)),
            ("lib/libx.la", Some(Kind::Libtool)),
            (
                "lib/python3.12/_sysconfigdata__linux_.py",
                Some(Kind::Sysconfig),
            ),
            ("bin/x-config", None),
        ] {
            assert_eq!(Kind::of(path), kind, "{path}");
        }
    }

    #[test]
    fn a_file_of_libtool_tells_its_folder() {
        let inside = Inside::with(&["lib/libx.la"]);
        let of = |text: &str| prefix_of_libtool(text, &inside);
        assert_eq!(
            of("# x\nlibdir='/opt/foo/lib'\n").as_deref(),
            Some("/opt/foo")
        );
        for text in [
            "libdir='/usr/lib'\n",
            "libdir='/opt/foo/lib\n",
            "libdir=''",
            "",
        ] {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
