//! The way from a root down to an object: why it is kept.

use std::collections::HashMap;
use std::collections::VecDeque;

use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;

use crate::closure::ClosureError;
use crate::roots::Root;
use crate::store::Store;
use crate::tree::EntryName;
use crate::tree::Node;

/// One step down: the name in the tree above, and the object it leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChainStep {
    pub name: EntryName,
    pub id: ObjectId,
}

impl Store {
    /// The shortest way from `root` down to `object`; empty where it is the root itself, none where there is no way.
    ///
    /// A tree and a blob may have the same bytes and so the same id: what is looked for is the one that `object` says.
    pub fn chain(&self, root: Root, object: Root) -> Result<Option<Vec<ChainStep>>, ClosureError> {
        if root == object {
            return Ok(Some(Vec::new()));
        }
        let Root::Tree(top) = root else {
            return Ok(None);
        };
        let closure = self.closure(&[root])?;
        let is_below = match object {
            Root::Tree(id) => closure.has_tree(id),
            Root::Blob(id) => closure.has_blob(id),
        };
        if !is_below {
            return Ok(None);
        }
        self.descend(top, object)
    }

    /// Level after level, so that the first way found is a shortest one.
    fn descend(&self, top: TreeId, object: Root) -> Result<Option<Vec<ChainStep>>, ClosureError> {
        let mut above: HashMap<TreeId, (TreeId, EntryName)> = HashMap::new();
        let mut ahead = VecDeque::from([top]);
        while let Some(id) = ahead.pop_front() {
            let tree = self
                .read_tree(id)
                .map_err(|source| ClosureError { root: top, source })?;
            for entry in tree.entries() {
                let below = match entry.node {
                    Node::File(blob) | Node::Executable(blob) => Root::Blob(blob),
                    Node::Folder(tree) => Root::Tree(tree),
                    Node::Link(_) => continue,
                };
                if below == object {
                    let last = ChainStep {
                        name: entry.name.clone(),
                        id: object.id(),
                    };
                    return Ok(Some(way_down(&above, id, last)));
                }
                if let Root::Tree(tree) = below
                    && tree != top
                    && !above.contains_key(&tree)
                {
                    above.insert(tree, (id, entry.name.clone()));
                    ahead.push_back(tree);
                }
            }
        }
        Ok(None)
    }
}

fn way_down(
    above: &HashMap<TreeId, (TreeId, EntryName)>,
    from: TreeId,
    last: ChainStep,
) -> Vec<ChainStep> {
    let mut steps = vec![last];
    let mut id = from;
    while let Some((parent, name)) = above.get(&id) {
        steps.push(ChainStep {
            name: name.clone(),
            id: id.into(),
        });
        id = *parent;
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use dgmo_schema::event::Silent;
    use dgmo_schema::id::BlobId;
    use dgmo_schema::id::Digest;

    use super::*;
    use crate::durable;
    use crate::insert::AddOptions;
    use crate::insert::Content;

    #[test]
    fn the_shortest_way_down_is_told_by_names() {
        let home = tempfile::tempdir().unwrap();
        let files = tempfile::tempdir().unwrap();
        let store = Store::open_or_create(home.path()).unwrap();
        durable::make_folders(&files.path().join("a/b/c")).unwrap();
        durable::make_folders(&files.path().join("z")).unwrap();
        for place in ["a/b/c/deep", "z/deep"] {
            durable::write_new(&files.path().join(place), b"same", 0o644).unwrap();
        }
        let insertion = store.begin(&Silent).unwrap();
        let added = insertion.add_path(files.path(), &AddOptions::default());
        let Content::Folder(top) = added.unwrap().content else {
            panic!("a folder was added")
        };
        drop(insertion.commit().unwrap());

        let blob = Root::Blob(BlobId(Digest::of(b"same")));
        let steps = store.chain(Root::Tree(top), blob).unwrap().unwrap();
        let names: Vec<String> = steps.iter().map(|step| step.name.to_string()).collect();
        assert_eq!(names, ["z", "deep"]);
        assert_eq!(steps[1].id, blob.id());

        let itself = store.chain(Root::Tree(top), Root::Tree(top)).unwrap();
        assert_eq!(itself, Some(vec![]));
        let other = Root::Blob(BlobId(Digest::of(b"other")));
        assert_eq!(store.chain(Root::Tree(top), other).unwrap(), None);
        assert_eq!(store.chain(blob, Root::Tree(top)).unwrap(), None);
    }
}
