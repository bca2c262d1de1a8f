//! Places of a package that its programs and scripts look into by the path these would have had.
//!
//! A program is full of paths: of sources, of the machine that built it, of systems. Most of them matter to nobody. One
//! that leads to what the package itself has under another root is where it would look for that.

use std::collections::BTreeMap;
use std::ffi::CStr;

use super::inside::Inside;
use super::inside::Own;

/// Longer ones are no paths.
const LONGEST: usize = 4096;

/// Shorter ones are no places of a package.
const SHORTEST: usize = "/a/b/c".len();

/// What was found of one root.
#[derive(Debug)]
struct Found {
    file: String,
    named: String,
    own: String,
    more: usize,
}

/// The places that were found, by the root they are named under.
#[derive(Debug, Default)]
pub(super) struct Places(BTreeMap<String, Found>);

impl Places {
    /// Takes note of a place that `file` names.
    fn note(&mut self, file: &str, named: &str, own: Own) {
        let found = self.0.entry(own.prefix).or_insert_with(|| Found {
            file: file.to_owned(),
            named: named.to_owned(),
            own: own.path.clone(),
            more: 0,
        });
        if found.named != named {
            found.more += 1;
        }
    }

    /// What breaks, one line for each root.
    pub(super) fn told(self) -> Vec<String> {
        let lines = self.0.into_values().map(|found| {
            let more = match found.more {
                0 => String::new(),
                1 => ", and one more place like this".to_owned(),
                more => format!(", and {more} more places like this"),
            };
            format!(
                "`{}` looks for `{}`, which the package has as `{}`: unless it looks there, too, it finds what the machine has or nothing{more}",
                found.file, found.named, found.own
            )
        });
        lines.collect()
    }

    /// Looks through the parts of a program that are loaded: only these it can use. What is known to be for the loader
    /// is looked at by others.
    pub(super) fn look_into_program(
        &mut self,
        (file, inside): (&str, &Inside),
        bytes: &[u8],
        loaded: &[(u64, u64)],
        is_for_loader: &dyn Fn(&str) -> bool,
    ) {
        let parts = loaded.iter().filter_map(|(offset, size)| {
            let begin = usize::try_from(*offset).ok()?;
            let end = usize::try_from(offset.checked_add(*size)?).ok()?;
            bytes.get(begin..end)
        });
        for text in parts.flat_map(whole_paths) {
            if !(SHORTEST..LONGEST).contains(&text.len()) {
                continue;
            }
            let Ok(text) = str::from_utf8(text) else {
                continue;
            };
            if text.contains(|c: char| c.is_whitespace() || c.is_control()) {
                continue;
            }
            let paths = text.split(':').filter(|it| !is_for_loader(it));
            for path in paths.filter(|it| !is_of_source(it, file)) {
                let path = without_holes(path);
                if let Some(own) = inside.named(path, file) {
                    self.note(file, path, own);
                }
            }
        }
    }

    /// Looks through the lines of a script but for its first and for comments.
    pub(super) fn look_into_script(&mut self, (file, inside): (&str, &Inside), text: &str) {
        let lines = text.lines().skip(1).map(str::trim_start);
        for line in lines.filter(|line| !line.starts_with('#')) {
            for path in paths(line) {
                if let Some(own) = inside.named(path, file) {
                    self.note(file, path, own);
                }
            }
        }
    }
}

/// What begins with `/` of what stands between zeros, also behind the last one.
///
/// Most of a program is no text: what has no `/` in it is passed over many bytes at a time.
fn whole_paths(part: &[u8]) -> impl Iterator<Item = &[u8]> {
    const AT_ONCE: usize = 64;
    let chunks = part.chunks(AT_ONCE).enumerate();
    let chunks = chunks.filter(|(_, chunk)| chunk.contains(&b'/'));
    let slashes = chunks.flat_map(|(count, chunk)| {
        let places = chunk.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        places.map(move |(at, _)| count * AT_ONCE + at)
    });
    let begins = slashes.filter(|at| *at == 0 || part[at - 1] == 0);
    begins.map(|at| {
        let rest = &part[at..];
        CStr::from_bytes_until_nul(rest).map_or(rest, CStr::to_bytes)
    })
}

/// `/usr/share/tool/%s.txt` as `/usr/share/tool/`.
fn without_holes(path: &str) -> &str {
    match path.split_once('%') {
        Some((path, _)) => &path[..path.rfind('/').map_or(0, |at| at + 1)],
        None => path,
    }
}

/// Whether a path is that of a source the program was compiled from: it is named in messages, and nobody looks there.
fn is_of_source(path: &str, program: &str) -> bool {
    const SOURCES: [&str; 14] = [
        "c", "cc", "cpp", "cxx", "f90", "go", "h", "hh", "hpp", "m", "ml", "pxd", "pyx", "rs",
    ];
    let name = path.rsplit('/').next().unwrap_or(path);
    match name.rsplit_once('.') {
        // Modules of Python are compiled, too; other programs may run a file of Python.
        Some((_, "py")) => program.strip_suffix(".so").is_some(),
        Some((_, ending)) => SOURCES.contains(&ending),
        None => false,
    }
}

/// Whether a path may have it that nobody has to quote.
pub(super) fn is_of_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "/._+-@~".contains(c)
}

/// The whole paths in a line.
fn paths(line: &str) -> impl Iterator<Item = &str> {
    let words = line.split(|c: char| !is_of_path(c));
    let is_whole = |word: &&str| word.starts_with('/') && !word.starts_with("//");
    let words = words.filter(is_whole);
    words.filter(|word| word.len() >= SHORTEST && is_alone(line, word))
}

/// Whether nothing before a word makes it the end of another path, such as `$HOME/x` or `$(pwd)/x`.
fn is_alone(line: &str, word: &str) -> bool {
    let at = word.as_ptr() as usize - line.as_ptr() as usize;
    !line[..at].ends_with(['}', ')', '$', '*', ']', '?'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn inside() -> Inside {
        Inside::with(&[
            "bin/tool",
            "share/tool/a.txt",
            "lib/tool/x.so",
            "etc/tool/b",
        ])
    }

    fn of_program(text: &[u8]) -> Vec<String> {
        let mut places = Places::default();
        let inside = inside();
        let loaded = [(2, text.len() as u64 - 4), (u64::MAX, 7), (0, u64::MAX)];
        let is_for_loader = |path: &str| path == "/opt/t/lib/tool";
        places.look_into_program(("bin/tool", &inside), text, &loaded, &is_for_loader);
        places.told()
    }

    #[test]
    fn only_what_leads_to_the_package_under_another_root_is_told() {
        for (text, count) in [
            (&b"..\0/usr/local/share/tool/%s.txt\0.."[..], 1),
            (b"..\0/opt/t/share/tool:/opt/t/etc/tool/b\0..", 1),
            (b"..\0/usr/share/tool\0/opt/t/share/tool\0..", 2),
            (b"..\0/opt/t/lib/tool\0..", 0),
            (b"..\0/build/tool/share/other/a\0..", 0),
            (b"..\0see /usr/share/tool for more\0..", 0),
            (b"..\0/usr/share/tool for more\0..", 0),
            (b"..\0/usr/bin/tool\0..", 0),
            (b"..\0/opt/t/share/tool/main.cc\0..", 0),
            (b"..\0/opt/t/share/tool/start.py\0..", 1),
            // Behind what is loaded.
            (b"..\0..\0/usr/share/tool", 0),
        ] {
            let told = of_program(text);
            assert_eq!(told.len(), count, "{told:?}");
        }
        let told = of_program(b"..\0/opt/t/share/tool:/opt/t/etc/tool/b\0..");
        assert!(
            told[0].starts_with(
                "`bin/tool` looks for `/opt/t/share/tool`, which the package has as `share/tool`"
            ) && told[0].ends_with("and one more place like this"),
            "{told:?}"
        );
    }

    #[test]
    fn what_a_module_was_compiled_from_is_no_place_it_looks_at() {
        for (path, program, is_source) in [
            ("/project/tool/a.py", "tool/a.cpython-312.so", true),
            ("/project/tool/a.py", "bin/tool", false),
            ("/arrow/src/a.cc", "bin/tool", true),
            ("/cargo/src/lib.rs", "bin/tool", true),
            ("/usr/share/tool/a.txt", "bin/tool", false),
            ("/usr/share/tool/c", "bin/tool", false),
            ("/usr/share/tool.c/a", "bin/tool", false),
        ] {
            assert_eq!(is_of_source(path, program), is_source, "{path}");
        }
    }

    #[test]
    fn a_script_names_places_outside_of_comments() {
        for (line, is_told) in [
            ("exec /usr/share/tool/a.txt \"$@\"", true),
            ("  . '/usr/share/tool/a.txt'", true),
            ("x = open(\"/usr/lib/tool/x.so\")", true),
            ("# see /usr/share/tool/a.txt", false),
            ("\"$HOME\"/usr/share/tool/a.txt", true),
            ("${HOME}/usr/share/tool/a.txt", false),
            ("$(pwd)/usr/share/tool/a.txt", false),
            ("https://example.org/usr/share/tool", false),
            ("cat /usr/share/others/a.txt", false),
        ] {
            let mut places = Places::default();
            let text = format!("#!/usr/share/tool/a.txt\n{line}\n");
            places.look_into_script(("bin/tool", &inside()), &text);
            assert_eq!(!places.told().is_empty(), is_told, "{line}");
        }
    }

    proptest! {
        #[test]
        fn each_text_that_begins_as_a_path_is_found(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(b'/')], 0..300),
        ) {
            let texts = bytes.split(|byte| *byte == 0);
            let expected: Vec<&[u8]> = texts.filter(|text| text.starts_with(b"/")).collect();
            prop_assert_eq!(whole_paths(&bytes).collect::<Vec<_>>(), expected);
        }

        #[test]
        fn whatever_is_in_a_program_breaks_nothing(
            bytes in prop::collection::vec(prop_oneof![any::<u8>(), Just(0), Just(b'/')], 4..200),
        ) {
            drop(of_program(&bytes));
            let text = String::from_utf8_lossy(&bytes);
            Places::default().look_into_script(("bin/tool", &inside()), &text);
        }
    }
}
