//! What a Python remembers of how it was built: whatever compiles for it reads that.

use super::super::inside::Inside;
use super::super::places::is_of_path;

/// The line of the folder all of it was built for.
const PREFIX: &str = "'prefix': '";

/// The text with a few lines that put the place this Python is in into the place of the old one; nothing where it does
/// not name one, or no folder of the package below it.
pub(super) fn led(text: &str, inside: &Inside) -> Option<String> {
    let (_, rest) = text.split_once(PREFIX)?;
    let (prefix, _) = rest.split_once('\'')?;
    let is_plain = prefix.starts_with('/') && prefix.chars().all(is_of_path);
    let own = inside.own_folder(&format!("{prefix}/lib"))?;
    if !is_plain || own.prefix != prefix || text.contains(ADDED) {
        return None;
    }
    Some(format!(
        "{text}\n{ADDED}\nimport sys\nbuild_time_vars = {{\n    name: (value + '/').replace('{prefix}/', sys.base_prefix + '/')[:-1] if isinstance(value, str) else value\n    for name, value in build_time_vars.items()\n}}\n"
    ))
}

const ADDED: &str = "# Added by dgmo: this Python is not where it was built for.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_python_that_was_built_for_another_place_is_told_its_own() {
        let inside = Inside::with(&["bin/python3", "lib/python3.12/os.py"]);
        let text = "build_time_vars = {'LIBDIR': '/install/lib',\n 'prefix': '/install'}\n";
        let new = led(text, &inside).unwrap();
        assert!(new.starts_with(text) && new.contains("replace('/install/', sys.base_prefix"));
        assert_eq!(led(&new, &inside), None);
        for text in [
            "{'prefix': '/usr'}",
            "{'prefix': '/a'b'}",
            "{'prefix': 'install'}",
            "{'prefix': '/x\\'",
            "",
        ] {
            let found = led(text, &inside);
            assert!(found.is_none_or(|it| it.contains("'/a/'")), "{text}");
        }
        assert_eq!(led(text, &Inside::with(&["bin/python3"])), None);
    }
}
