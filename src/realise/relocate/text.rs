//! Texts and strings that name the folder a package was built for.

/// The line of a file of `pkg-config` that all its others stand on.
const PREFIX: &str = "prefix=";

/// A file of `pkg-config` that finds its package from where it is, `up` from there to the top of the package; nothing
/// where it does so already.
pub(super) fn found_from_here(text: &str, up: &str) -> Option<String> {
    let mut is_changed = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let prefix = line.strip_prefix(PREFIX).map(str::trim);
        let is_elsewhere = prefix.is_some_and(|it| it.starts_with('/') && it != "/usr");
        if !is_elsewhere {
            return line.to_owned();
        }
        is_changed = true;
        format!("{PREFIX}${{pcfiledir}}/{up}\n")
    });
    let text: String = lines.collect();
    is_changed.then_some(text)
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
    fn a_file_of_pkg_config_finds_its_package_from_where_it_is() {
        let text = "prefix=/opt/foo\nlibdir=${prefix}/lib\n";
        let new = found_from_here(text, "../..").unwrap();
        assert_eq!(new, "prefix=${pcfiledir}/../..\nlibdir=${prefix}/lib\n");
        assert_eq!(found_from_here(&new, "../.."), None);
        assert_eq!(found_from_here("prefix=/usr\n", "../.."), None);
    }

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
}
