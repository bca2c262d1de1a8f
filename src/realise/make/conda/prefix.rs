//! The place a package was built for, exchanged for the place it is in.
//!
//! Builds stand in a folder with a very long name, the *placeholder*. In texts each is replaced. In binaries it is part of
//! strings that end with a zero and whose room cannot grow: what follows the place moves up, and the room that is left
//! becomes zeros. Nothing else in a binary moves.

/// Why a binary cannot name its place.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// What stands between two paths of one text: those of a list, such as `a/lib:a/lib64`, count as one string.
const END: u8 = 0;

/// A text with each placeholder replaced; nothing where it has none.
pub(super) fn in_text(bytes: &[u8], placeholder: &[u8], prefix: &[u8]) -> Option<Vec<u8>> {
    let mut replaced = Vec::new();
    let mut rest = bytes;
    while let Some(at) = find(rest, placeholder) {
        replaced.extend_from_slice(&rest[..at]);
        replaced.extend_from_slice(prefix);
        rest = &rest[at + placeholder.len()..];
    }
    if rest.len() == bytes.len() {
        return None;
    }
    replaced.extend_from_slice(rest);
    Some(replaced)
}

/// A binary with each placeholder replaced, as long as it was; nothing where it has none.
pub(super) fn in_binary(
    bytes: &[u8],
    placeholder: &[u8],
    prefix: &[u8],
) -> Result<Option<Vec<u8>>, TooLong> {
    if find(bytes, placeholder).is_none() {
        return Ok(None);
    }
    if prefix.len() > placeholder.len() {
        return Err(TooLong);
    }
    let mut replaced = Vec::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(at) = find(rest, placeholder) {
        replaced.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let end = rest.iter().position(|byte| *byte == END);
        let (string, after) = rest.split_at(end.unwrap_or(rest.len()));
        let length = replaced.len() + string.len();
        if let Some(string) = in_text(string, placeholder, prefix) {
            replaced.extend_from_slice(&string);
        }
        replaced.resize(length, END);
        rest = after;
    }
    replaced.extend_from_slice(rest);
    Ok(Some(replaced))
}

/// Where `wanted` is first; nowhere if it is empty.
pub(super) fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    let (first, more) = wanted.split_first()?;
    let mut from = 0;
    while let Some(at) = bytes[from..].iter().position(|byte| byte == first) {
        let at = from + at;
        if bytes[at + 1..].starts_with(more) {
            return Some(at);
        }
        from = at + 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_place_in_a_text_is_replaced() {
        let text = in_text(b"#!/ph/bin/sh\nX=/ph:/ph/lib\n", b"/ph", b"/new/place");
        assert_eq!(
            text.unwrap(),
            b"#!/new/place/bin/sh\nX=/new/place:/new/place/lib\n"
        );
        assert_eq!(in_text(b"nothing", b"/ph", b"/x"), None);
        assert_eq!(in_text(b"nothing", b"", b"/x"), None);
    }

    #[test]
    fn a_binary_keeps_its_length_and_what_is_around() {
        let binary = b"\x01a\0/placehold/lib:/placehold/x\0\0b\0-L/placehold\0end";
        let new = in_binary(binary, b"/placehold", b"/p").unwrap().unwrap();
        assert_eq!(
            new,
            b"\x01a\0/p/lib:/p/x\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0b\0-L/p\0\0\0\0\0\0\0\0\0end"
        );
        let open = in_binary(b"x/placehold", b"/placehold", b"/p").unwrap();
        assert_eq!(open.unwrap(), b"x/p\0\0\0\0\0\0\0\0");
    }

    #[test]
    fn a_place_without_room_is_refused_where_there_is_one() {
        assert_eq!(in_binary(b"a/ph\0", b"/ph", b"/longer"), Err(TooLong));
        assert_eq!(in_binary(b"a/xx\0", b"/ph", b"/longer"), Ok(None));
        let same = in_binary(b"a/ph\0b", b"/ph", b"/hp").unwrap();
        assert_eq!(same.unwrap(), b"a/hp\0b");
    }

    proptest! {
        #[test]
        fn a_binary_is_the_same_outside_of_strings_with_the_place(
            parts in prop::collection::vec(prop_oneof![
                prop::collection::vec(any::<u8>(), 0..6),
                Just(b"/placeholder".to_vec()),
                Just(vec![0]),
            ], 0..20),
            prefix in "/[a-z]{0,11}",
        ) {
            let bytes = parts.concat();
            let new = in_binary(&bytes, b"/placeholder", prefix.as_bytes()).unwrap();
            let Some(new) = new else { return Ok(()) };
            prop_assert_eq!(new.len(), bytes.len());
            let strings = bytes.split(|byte| *byte == 0);
            let mut at = 0;
            for string in strings {
                let end = at + string.len();
                match find(string, b"/placeholder") {
                    None => prop_assert_eq!(&new[at..end], string),
                    Some(start) => {
                        prop_assert_eq!(&new[at..at + start], &string[..start]);
                        let text = in_text(string, b"/placeholder", prefix.as_bytes()).unwrap();
                        let (said, room) = new[at..end].split_at(text.len());
                        prop_assert_eq!(said, text.as_slice());
                        prop_assert!(room.iter().all(|byte| *byte == 0));
                    }
                }
                if end < new.len() {
                    prop_assert_eq!(new[end], 0);
                }
                at = end + 1;
            }
        }
    }
}
