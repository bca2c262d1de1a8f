//! Whether a link that is in the way shows what shall be there anyway: then nothing of the user's is lost with it.

use std::path::Path;

use dgmo_schema::generation::Record;
use dgmo_schema::generation::RecordedContent;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::TargetPath;
use dgmo_store::AddOptions;
use dgmo_store::Content;
use dgmo_store::Node;
use dgmo_store::ReadError;
use dgmo_store::Tree;

/// How trees are read.
type Read<'a> = dyn Fn(TreeId) -> Result<Tree, ReadError> + 'a;

/// Compares with what `record` has at a path. What cannot be read or told is not the same.
pub(super) fn as_in<'a>(
    record: &'a Record,
    read: &'a Read<'a>,
) -> impl Fn(&TargetPath, &Path) -> bool + 'a {
    move |path, place| {
        let Some(wanted) = content_at(record, path, read) else {
            return false;
        };
        let found = dgmo_store::hash_path(place, &AddOptions::default());
        match (wanted, found.map(|added| added.content)) {
            (RecordedContent::File(wanted), Ok(Content::File(found)))
            | (RecordedContent::Executable(wanted), Ok(Content::Executable(found))) => {
                wanted == found
            }
            (RecordedContent::Folder(wanted), Ok(Content::Folder(found))) => wanted == found,
            _ => false,
        }
    }
}

/// What the record has at `path`: an entry of its own, or what a folder above it has there.
fn content_at(record: &Record, path: &TargetPath, read: &Read<'_>) -> Option<RecordedContent> {
    if let Some(file) = record.files.get(path) {
        return Some(file.content);
    }
    let above = path.parents().filter_map(|parent| {
        let parent: TargetPath = parent.parse().ok()?;
        match record.files.get(&parent)?.content {
            RecordedContent::Folder(tree) => Some((parent, tree)),
            _ => None,
        }
    });
    // The nearest one is the one that shows it.
    let (folder, mut tree) = above.last()?;
    let rest = path.as_str().strip_prefix(folder.as_str())?;
    let mut names = rest.trim_start_matches('/').split('/').peekable();
    while let Some(name) = names.next() {
        let found = read(tree).ok()?;
        let entry = found
            .entries()
            .iter()
            .find(|entry| entry.name.as_bytes() == name.as_bytes())?;
        match (&entry.node, names.peek()) {
            (Node::Folder(id), Some(_)) => tree = *id,
            (Node::Folder(id), None) => return Some(RecordedContent::Folder(*id)),
            (Node::File(id), None) => return Some(RecordedContent::File(*id)),
            (Node::Executable(id), None) => return Some(RecordedContent::Executable(*id)),
            _ => return None,
        }
    }
    None
}
