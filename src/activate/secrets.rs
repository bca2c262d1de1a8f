//! Secrets on their way to their places: what was fetched, and how what they replace is kept until that is certain.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::Path;

use dgmo_schema::id::Digest;
use dgmo_schema::name::TargetPath;
use dgmo_store::durable;
use dgmo_store::durable::Renamed;
use dgmo_store::look;
use serde::Deserialize;
use serde::Serialize;
use zeroize::Zeroizing;

use super::Image;
use super::Live;
use super::Op;
use super::Plan;
use super::Seal;
use crate::files::SecretText;

/// The contents this process fetched, by what they are known by.
#[derive(Debug, Clone, Default)]
pub struct Contents(BTreeMap<Digest, SecretText>);

impl Contents {
    /// Adds one.
    pub fn add(&mut self, seal: Digest, text: SecretText) {
        self.0.insert(seal, text);
    }

    pub(super) fn get(&self, seal: &Digest) -> Option<&SecretText> {
        self.0.get(seal)
    }
}

/// Equal plans do the same; what they hold of secrets is told by the images in them.
impl PartialEq for Contents {
    fn eq(&self, other: &Self) -> bool {
        self.0.keys().eq(other.0.keys())
    }
}

impl Eq for Contents {}

/// Has each secret that is replaced before the pointer moves kept beside it until the pointer has moved.
///
/// After a crash nobody has its content any more, so undoing needs the file itself.
pub(super) fn keep_replaced(before: Vec<Op>, after: &mut Vec<Op>) -> Vec<Op> {
    let is_secret = |op: &Op| {
        matches!(
            op,
            Op::Put {
                before: Some(Image::Secret { .. }),
                ..
            }
        )
    };
    if !before.iter().any(is_secret) {
        return before;
    }
    let folders_gone: BTreeSet<TargetPath> = before
        .iter()
        .filter(|op| matches!(op, Op::RemoveFolder { .. } | Op::SetAside { .. }))
        .map(|op| op.path().clone())
        .collect();
    let mut ops = Vec::new();
    let mut forgotten = Vec::new();
    for op in before {
        if let Op::Put {
            path,
            before: Some(image @ Image::Secret { .. }),
            ..
        } = &op
            && let Some(at) = place_beside(path, &folders_gone)
        {
            ops.push(Op::Keep {
                path: path.clone(),
                image: image.clone(),
                at: at.clone(),
            });
            forgotten.push(Op::Delete { path: at });
        }
        ops.push(op);
    }
    after.splice(0..0, forgotten);
    ops
}

/// A secret that a change replaces or removes, kept beside its place until the change is proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptSecret {
    /// Whose content it is.
    pub path: TargetPath,
    /// What it is known by.
    pub image: Image,
    /// Where it is kept.
    pub at: TargetPath,
}

impl KeptSecret {
    /// Its content, if it is still what was kept.
    pub fn read(&self, target: &Path, seal: &Seal) -> io::Result<Option<SecretText>> {
        let at = target.join(self.at.as_str());
        let live = Live::at(&at)?;
        let is_it = Image::private(&self.image).is_at(&at, &live, seal)?;
        Ok(if is_it {
            Some(SecretText::new(Zeroizing::new(fs::read(&at)?)))
        } else {
            None
        })
    }

    /// Deletes it: nobody goes back any more.
    pub fn forget(&self, target: &Path) -> io::Result<()> {
        let at = target.join(self.at.as_str());
        durable::remove_all(&at)?;
        match at.parent() {
            Some(folder) if look::is_folder(folder)? => durable::sync_folder(folder),
            _ => Ok(()),
        }
    }
}

/// Has the secrets that a plan replaces or removes kept beyond its end, under names that no other plan uses.
pub(super) fn keep_until_the_verdict(plan: &mut Plan) -> Vec<KeptSecret> {
    let mut kept = Vec::new();
    for op in &mut plan.before {
        let Op::Keep { path, image, at } = op else {
            continue;
        };
        let Some(longer) = longer(at) else { continue };
        plan.after
            .retain(|op| !matches!(op, Op::Delete { path } if path == at));
        *at = longer;
        kept.push((path.clone(), image.clone(), at.clone()));
    }
    let folders_gone: BTreeSet<TargetPath> = plan
        .after
        .iter()
        .filter(|op| matches!(op, Op::RemoveFolder { .. }))
        .map(|op| op.path().clone())
        .collect();
    let removed = plan.after.iter().filter_map(|op| match op {
        Op::Put {
            path,
            before: Some(image @ Image::Secret { .. }),
            after: None,
        } => Some((path.clone(), image.clone())),
        _ => None,
    });
    let removed: Vec<_> = removed
        .filter_map(|(path, image)| {
            let at = longer(&place_beside(&path, &folders_gone)?)?;
            Some((path, image, at))
        })
        .collect();
    for (path, image, at) in removed {
        kept.push((path.clone(), image.clone(), at.clone()));
        plan.before.insert(0, Op::Keep { path, image, at });
    }
    kept.into_iter()
        .map(|(path, image, at)| KeptSecret { path, image, at })
        .collect()
}

fn longer(at: &TargetPath) -> Option<TargetPath> {
    let name = at.as_str().strip_suffix("kept")?;
    format!("{name}before").parse().ok()
}

/// A name in the nearest folder that stays. It is short, so that there is room for it where there was for the file.
fn place_beside(path: &TargetPath, folders_gone: &BTreeSet<TargetPath>) -> Option<TargetPath> {
    let outermost = path
        .parents()
        .find(|parent| folders_gone.contains(*parent))
        .unwrap_or(path.as_str());
    let digest = Digest::of(path.as_str().as_bytes()).hex();
    let name = format!(".{}.dgmo-kept", &digest[..16]);
    let beside = match outermost.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{name}"),
        None => name,
    };
    beside.parse().ok()
}

/// Copies the secret at `path` to `at`, unless that is done. Nobody but its owner may read the copy.
pub(super) fn keep(path: &Path, image: &Image, at: &Path, seal: &Seal) -> io::Result<()> {
    if !image.is_at(path, &Live::at(path)?, seal)? {
        return Ok(());
    }
    durable::remove_all(at)?;
    let content = Zeroizing::new(fs::read(path)?);
    let mut file = durable::write_new(at, b"", 0o600)?;
    file.write_secret(&content)?;
    file.sync()
}

/// Gives the secret kept at `at` its name back, unless it has it.
pub(super) fn put_back(path: &Path, image: &Image, at: &Path, seal: &Seal) -> io::Result<()> {
    if Live::at(at)? == Live::Absent {
        return Ok(());
    }
    let mode = match image {
        Image::Secret { mode, .. } => *mode,
        Image::Link(_) | Image::Copy { .. } => 0o600,
    };
    let live = Live::at(at)?;
    // An earlier attempt may have got as far as giving it its mode.
    let has_its_mode = image.is_at(at, &live, seal)?;
    let is_kept = has_its_mode || Image::private(image).is_at(at, &live, seal)?;
    if Live::at(path)? == Live::Absent && is_kept {
        if !has_its_mode {
            durable::set_mode(at, mode)?;
        }
        if durable::rename_no_replace(at, path)? == Renamed::Done {
            return Ok(());
        }
    }
    durable::remove_all(at)
}
