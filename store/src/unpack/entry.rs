//! Names of entries: which are taken, and as which path.

use super::UnpackError;
use super::limit::Limits;
use super::limit::Measure;
use super::limit::within;
use crate::tree::EntryName;
use crate::tree::NameProblem;

/// The path of an entry below the top of the archive: at least one name, each of them one a tree can hold.
pub(super) type EntryPath = Vec<EntryName>;

/// The path that `name` means, without its `.` parts; empty for the top itself.
pub(super) fn path_of(name: &[u8], limits: &Limits) -> Result<EntryPath, UnpackError> {
    let refused = |why| UnpackError::Name {
        name: shown(name),
        why,
    };
    if name.is_empty() {
        return Err(refused("it is empty"));
    }
    within(name.len() as u64, limits.name, Measure::Name, name)?;
    if name[0] == b'/' {
        return Err(refused("it is absolute"));
    }
    let mut path = Vec::new();
    // Several slashes in a row are one, as they are for everybody else who reads archives.
    for part in name.split(|byte| *byte == b'/') {
        if part.is_empty() || part == b"." {
            continue;
        }
        path.push(EntryName::new(part).map_err(|problem| refused(why(problem)))?);
    }
    within(path.len() as u64, limits.depth, Measure::Depth, name)?;
    Ok(path)
}

fn why(problem: NameProblem) -> &'static str {
    match problem {
        NameProblem::Dots => "`..` could lead anywhere",
        NameProblem::Zero => "it holds a zero byte",
        NameProblem::TooLong => "a part of it is longer than file systems allow",
        NameProblem::Empty | NameProblem::Slash | NameProblem::NotUnicode => "it is not a name",
    }
}

/// A name as it can be shown: control characters would act on a terminal.
pub(super) fn shown(name: &[u8]) -> String {
    String::from_utf8_lossy(name)
        .chars()
        .flat_map(|char| {
            let escape = char.is_control();
            let plain = (!escape).then_some(char);
            let escaped = escape.then(|| char.escape_default());
            plain.into_iter().chain(escaped.into_iter().flatten())
        })
        .collect()
}

/// A path as it can be shown.
pub(super) fn shown_path(path: &[EntryName]) -> String {
    let parts: Vec<&[u8]> = path.iter().map(EntryName::as_bytes).collect();
    shown(&parts.join(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_apart_and_a_dangerous_one_refused() {
        let limits = Limits::default();
        let parts = |name: &[u8]| path_of(name, &limits).map(|path| shown_path(&path)).ok();
        assert_eq!(parts(b"a/b"), Some("a/b".to_owned()));
        assert_eq!(parts(b"./a//b/./c/"), Some("a/b/c".to_owned()));
        assert_eq!(parts(b"./"), Some(String::new()));
        assert!(parts(b"\xff\xfe/x").is_some());
        for bad in [
            &b""[..],
            b"/a",
            b"//a",
            b"../a",
            b"a/..",
            b"a/../b",
            b"a\0b",
            &[b'n'; 256],
        ] {
            assert_eq!(parts(bad), None, "{bad:?}");
        }
        assert!(parts(&b"d/".repeat(255)).is_some());
        assert!(parts(&b"d/".repeat(257)).is_none());
    }

    #[test]
    fn a_name_cannot_act_on_a_terminal() {
        assert_eq!(shown(b"a\x1b[2Jb\n"), "a\\u{1b}[2Jb\\n");
    }
}
