//! The bytes of a tree object.

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;

use super::Entry;
use super::EntryName;
use super::LinkTarget;
use super::NameProblem;
use super::Node;
use super::Tree;

const MAGIC: &[u8] = b"dgmo tree 1\n";

/// Why bytes are not a tree.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    #[error("it does not begin as a tree object of a known version")]
    Magic,
    #[error("it ends in the middle of an entry")]
    Short,
    #[error("it holds an entry of the unknown kind {0:#04x}")]
    Kind(u8),
    #[error("it holds a name that cannot be one")]
    Name(#[source] NameProblem),
    #[error("it holds a link target that cannot be one")]
    Target(#[source] NameProblem),
    #[error("its names are not in order")]
    Order,
}

impl Tree {
    /// The canonical bytes.
    pub fn encode(&self) -> Vec<u8> {
        let size = self.entries.iter().map(size_of_entry).sum::<usize>();
        let mut bytes = Vec::with_capacity(MAGIC.len() + size);
        bytes.extend_from_slice(MAGIC);
        for entry in &self.entries {
            encode_entry(entry, &mut bytes);
        }
        bytes
    }

    /// Reads canonical bytes, and nothing else.
    pub fn decode(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut rest = bytes.strip_prefix(MAGIC).ok_or(DecodeError::Magic)?;
        let mut entries: Vec<Entry> = Vec::new();
        while !rest.is_empty() {
            let entry = decode_entry(&mut rest)?;
            if entries.last().is_some_and(|last| last.name >= entry.name) {
                return Err(DecodeError::Order);
            }
            entries.push(entry);
        }
        Ok(Self { entries })
    }
}

fn size_of_entry(entry: &Entry) -> usize {
    let payload = match &entry.node {
        Node::Link(target) => 4 + target.as_bytes().len(),
        _ => 32,
    };
    3 + entry.name.as_bytes().len() + payload
}

fn encode_entry(entry: &Entry, bytes: &mut Vec<u8>) {
    let name = entry.name.as_bytes();
    let kind = match entry.node {
        Node::File(_) => b'f',
        Node::Executable(_) => b'x',
        Node::Link(_) => b'l',
        Node::Folder(_) => b'd',
    };
    let length = u16::try_from(name.len()).expect("a name has at most 255 bytes");
    bytes.push(kind);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(name);
    match &entry.node {
        Node::File(id) | Node::Executable(id) => bytes.extend_from_slice(id.0.as_bytes()),
        Node::Folder(id) => bytes.extend_from_slice(id.0.as_bytes()),
        Node::Link(target) => {
            let target = target.as_bytes();
            let length = u32::try_from(target.len()).expect("a target has at most 4,095 bytes");
            bytes.extend_from_slice(&length.to_le_bytes());
            bytes.extend_from_slice(target);
        }
    }
}

fn decode_entry(rest: &mut &[u8]) -> Result<Entry, DecodeError> {
    let [kind] = take_array(rest)?;
    let length = u16::from_le_bytes(take_array(rest)?);
    let name = EntryName::new(take(rest, usize::from(length))?).map_err(DecodeError::Name)?;
    let node = match kind {
        b'f' => Node::File(BlobId(Digest::from_bytes(take_array(rest)?))),
        b'x' => Node::Executable(BlobId(Digest::from_bytes(take_array(rest)?))),
        b'd' => Node::Folder(TreeId(Digest::from_bytes(take_array(rest)?))),
        b'l' => Node::Link(decode_target(rest)?),
        other => return Err(DecodeError::Kind(other)),
    };
    Ok(Entry { name, node })
}

fn decode_target(rest: &mut &[u8]) -> Result<LinkTarget, DecodeError> {
    let length = u32::from_le_bytes(take_array(rest)?);
    let length = usize::try_from(length).map_err(|_| DecodeError::Short)?;
    LinkTarget::new(take(rest, length)?).map_err(DecodeError::Target)
}

fn take<'a>(rest: &mut &'a [u8], length: usize) -> Result<&'a [u8], DecodeError> {
    let (taken, left) = rest.split_at_checked(length).ok_or(DecodeError::Short)?;
    *rest = left;
    Ok(taken)
}

fn take_array<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], DecodeError> {
    let (taken, left) = rest.split_first_chunk().ok_or(DecodeError::Short)?;
    *rest = left;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn name() -> impl Strategy<Value = EntryName> {
        prop::collection::vec(any::<u8>(), 1..12)
            .prop_filter_map("not a name", |bytes| EntryName::new(&bytes).ok())
    }

    fn node() -> impl Strategy<Value = Node> {
        let target = prop::collection::vec(1..=255u8, 1..20)
            .prop_map(|bytes| Node::Link(LinkTarget::new(&bytes).unwrap()));
        let digest = any::<[u8; 32]>().prop_map(Digest::from_bytes);
        prop_oneof![
            digest.clone().prop_map(|id| Node::File(BlobId(id))),
            digest.clone().prop_map(|id| Node::Executable(BlobId(id))),
            digest.prop_map(|id| Node::Folder(TreeId(id))),
            target,
        ]
    }

    fn tree() -> impl Strategy<Value = Tree> {
        prop::collection::btree_map(name(), node(), 0..20).prop_map(|entries| {
            let entries = entries.into_iter().rev();
            Tree::new(entries.map(|(name, node)| Entry { name, node }).collect()).unwrap()
        })
    }

    proptest! {
        #[test]
        fn a_tree_reads_back(tree in tree()) {
            prop_assert_eq!(Tree::decode(&tree.encode()), Ok(tree));
        }

        #[test]
        fn bytes_that_decode_are_the_only_encoding(tree in tree(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = tree.encode();
            let at = at.index(bytes.len());
            bytes[at] = byte;
            if let Ok(decoded) = Tree::decode(&bytes) {
                prop_assert_eq!(decoded.encode(), bytes);
            }
        }

        #[test]
        fn a_tree_cut_short_is_another_tree_or_none(tree in tree(), at in any::<prop::sample::Index>()) {
            let bytes = tree.encode();
            let cut = &bytes[..at.index(bytes.len())];
            if let Ok(decoded) = Tree::decode(cut) {
                prop_assert!(decoded.entries().len() < tree.entries().len());
                prop_assert_eq!(decoded.encode(), cut);
            }
        }

        #[test]
        fn any_bytes_are_survived(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let bytes = [MAGIC, &bytes].concat();
            if let Ok(decoded) = Tree::decode(&bytes) {
                prop_assert_eq!(decoded.encode(), bytes);
            }
        }
    }

    #[test]
    fn names_twice_or_out_of_order_are_refused() {
        let entry = |name: &[u8]| Entry {
            name: EntryName::new(name).unwrap(),
            node: Node::Folder(TreeId(Digest::of(b""))),
        };
        assert!(Tree::new(vec![entry(b"a"), entry(b"a")]).is_err());
        for names in [[b"b", b"a"], [b"a", b"a"]] {
            let mut bytes = MAGIC.to_vec();
            for name in names {
                encode_entry(&entry(name), &mut bytes);
            }
            assert_eq!(Tree::decode(&bytes), Err(DecodeError::Order));
        }
    }

    #[test]
    fn the_id_of_a_tree_never_changes() {
        let entry = |name: &[u8], node| Entry {
            name: EntryName::new(name).unwrap(),
            node,
        };
        let blob = BlobId(Digest::of(b"hello\n"));
        let tree = Tree::new(vec![
            entry(b"run", Node::Executable(blob)),
            entry(b"read me", Node::File(blob)),
            entry(b"link", Node::Link(LinkTarget::new(b"run").unwrap())),
            entry(b"empty", Node::Folder(Tree::default().id())),
        ])
        .unwrap();
        assert_eq!(
            Tree::default().id().hex(),
            "2041a1a4cf708f52463458113c2b1d0008dded428361dafe303a2f68c7e960a4"
        );
        assert_eq!(
            tree.id().hex(),
            "3c16fd28b0bd042ef6552208af99eb36becab7c177af8c534b8e6a240aac099a"
        );
    }
}
