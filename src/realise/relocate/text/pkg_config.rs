//! Files of `pkg-config`.

/// The line of a file of `pkg-config` that all its others stand on.
const PREFIX: &str = "prefix=";

/// A file of `pkg-config` that finds its package from where it is, `up` from there to the top of the package; nothing
/// where it does so already.
pub(super) fn led(text: &str, up: &str) -> Option<String> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_pkg_config_finds_its_package_from_where_it_is() {
        let text = "prefix=/opt/foo\nlibdir=${prefix}/lib\n";
        let new = led(text, "../..").unwrap();
        assert_eq!(new, "prefix=${pcfiledir}/../..\nlibdir=${prefix}/lib\n");
        assert_eq!(led(&new, "../.."), None);
        assert_eq!(led("prefix=/usr\n", "../.."), None);
    }
}
