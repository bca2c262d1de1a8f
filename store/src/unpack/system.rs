//! Parts of a whole system, such as packages of Debian, as folders of their own.
//!
//! Since systems have one folder for `/bin` and `/usr/bin`, what is in either is in `bin` here. A link is led on to where
//! its target then is: an absolute one begins at the top of the archive, as it would at the top of the system.

use super::entry::EntryPath;
use crate::tree::EntryName;

/// What of all paths is left out.
const LEFT_OUT: &[u8] = b"usr";

/// Leaves `usr` out of a path.
pub(super) fn leave_out(path: &mut EntryPath) {
    if path
        .first()
        .is_some_and(|first| first.as_bytes() == LEFT_OUT)
    {
        path.remove(0);
    }
}

/// The target of the link at `path` when all paths are without `usr`; none where it would lead to itself.
pub(super) fn target(mut path: EntryPath, target: &[u8]) -> Option<Vec<u8>> {
    let mut whole: Vec<Vec<u8>> = Vec::new();
    if !target.starts_with(b"/") {
        let above = &path[..path.len().saturating_sub(1)];
        whole.extend(above.iter().map(|name| name.as_bytes().to_vec()));
    }
    for part in target.split(|byte| *byte == b'/') {
        match part {
            b"" | b"." => {}
            // Above the top of a system there is the top.
            b".." => drop(whole.pop()),
            part => whole.push(part.to_vec()),
        }
    }
    if whole.first().is_some_and(|first| first == LEFT_OUT) {
        whole.remove(0);
    }
    leave_out(&mut path);
    let own: Vec<&[u8]> = path.iter().map(EntryName::as_bytes).collect();
    if own.len() == whole.len() && own.iter().zip(&whole).all(|(one, other)| one == other) {
        return None;
    }
    let above = &own[..own.len().saturating_sub(1)];
    let shared = above
        .iter()
        .zip(&whole)
        .take_while(|(one, other)| *one == other)
        .count();
    let ups = std::iter::repeat_n(&b".."[..], above.len() - shared);
    let downs = whole[shared..].iter().map(Vec::as_slice);
    let parts: Vec<&[u8]> = ups.chain(downs).collect();
    Some(if parts.is_empty() {
        b".".to_vec()
    } else {
        parts.join(&b'/')
    })
}

#[cfg(test)]
mod tests {
    use super::super::entry::path_of;
    use super::super::limit::Limits;
    use super::*;

    #[test]
    fn a_link_leads_to_the_same_when_usr_is_left_out() {
        for (path, to, expected) in [
            ("usr/bin/a", "b", Some("b")),
            ("usr/bin/a", "../lib/a/a", Some("../lib/a/a")),
            (
                "usr/bin/a",
                "/etc/alternatives/a",
                Some("../etc/alternatives/a"),
            ),
            (
                "lib64/ld.so",
                "/lib/x86_64/ld.so",
                Some("../lib/x86_64/ld.so"),
            ),
            ("usr/lib/x.so", "/lib/x/x.so.1", Some("x/x.so.1")),
            ("etc/a", "../usr/share/a", Some("../share/a")),
            ("usr/share/a", "../../../../../etc/a", Some("../etc/a")),
            ("bin", "usr/bin", None),
            ("usr/share/top", "/", Some("..")),
            ("a", "/usr", Some(".")),
        ] {
            let found = target(
                path_of(path.as_bytes(), &Limits::default()).unwrap(),
                to.as_bytes(),
            );
            let found = found.map(|found| String::from_utf8(found).unwrap());
            assert_eq!(found.as_deref(), expected, "{path} -> {to}");
        }
    }
}
