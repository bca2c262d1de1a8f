//! What a commit has: names, kinds and ids, as `git ls-tree -rz` prints them.

/// One entry of a tree, by its whole path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) kind: Kind,
    pub(super) id: String,
    pub(super) path: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    File,
    Program,
    Link,
    /// A submodule: the id is of a commit of another repository.
    Submodule,
}

/// Reads a listing; else says what of it is not understood.
pub(super) fn parse(bytes: &[u8]) -> Result<Vec<Entry>, String> {
    let lines = bytes
        .split(|byte| *byte == 0)
        .filter(|line| !line.is_empty());
    lines.map(entry).collect()
}

fn entry(line: &[u8]) -> Result<Entry, String> {
    let not_understood = || format!("`{}` in its listing", String::from_utf8_lossy(line));
    let tab = line.iter().position(|byte| *byte == b'\t');
    let tab = tab.ok_or_else(not_understood)?;
    let about = std::str::from_utf8(&line[..tab]).map_err(|_| not_understood())?;
    let mut words = about.split(' ');
    let (Some(mode), Some(_), Some(id), None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(not_understood());
    };
    let kind = match mode {
        "100755" => Kind::Program,
        // Very old repositories have other permissions; git takes them for this one too.
        "100644" | "100664" => Kind::File,
        "120000" => Kind::Link,
        "160000" => Kind::Submodule,
        _ => return Err(not_understood()),
    };
    if !super::refs::is_commit(id) {
        return Err(not_understood());
    }
    Ok(Entry {
        kind,
        id: id.to_owned(),
        path: line[tab + 1..].to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn entries_are_read_whatever_their_names_hold() {
        let id = "a".repeat(40);
        let text =
            format!("100755 blob {id}\tbin/a b\n\tc\0120000 blob {id}\tl\0160000 commit {id}\tm\0");
        let entries = parse(text.as_bytes()).unwrap();
        let kinds: Vec<_> = entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [Kind::Program, Kind::Link, Kind::Submodule]);
        assert_eq!(entries[0].path, b"bin/a b\n\tc");
        for wrong in [
            "100644 blob\tx\0",
            "100644 blob zz\tx\0",
            "040000 tree aa\tx\0",
            "x\0",
        ] {
            assert!(parse(wrong.as_bytes()).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn no_listing_makes_it_panic(bytes: Vec<u8>) {
            drop(parse(&bytes));
        }
    }
}
