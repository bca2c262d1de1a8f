//! Where links lead: none may leave its tree, by its text or by way of other links.

use super::UnpackError;
use super::entry::shown;
use super::entry::shown_path;
use super::grow::Folder;
use super::grow::Growth;
use super::limit::Measure;
use super::limit::too_much;
use crate::insert::Escaping;
use crate::tree::EntryName;
use crate::tree::LinkTarget;

/// As many links as systems follow in one path.
const MOST_HOPS: usize = 40;

/// What following all links of an archive may cost, in folders entered: an honest one needs a handful a link.
const MOST_STEPS: u64 = 20_000_000;

/// Refuses a tree with a link that leads out of it.
///
/// The text alone does not tell: with `d -> a/b`, the link `d/../../x` climbs from `a`, not from the top. So each
/// link is also followed the way the system would. One that leads to nothing, or round in circles, leads nowhere
/// outside and is fine. Where whole paths are let pass, so are those that lead on over one: it is judged where it
/// stands, by whoever lets it pass.
pub(super) fn check(root: &Folder, escaping: Escaping) -> Result<(), UnpackError> {
    let mut walk = Walk {
        absolute: escaping != Escaping::Refuse,
        above: vec![root],
        path: Vec::new(),
        steps: 0,
    };
    walk.folder(root)
}

struct Walk<'a> {
    /// Whether a whole path is let pass.
    absolute: bool,
    /// The folders from the top to where we are.
    above: Vec<&'a Folder>,
    path: Vec<EntryName>,
    steps: u64,
}

impl<'a> Walk<'a> {
    fn folder(&mut self, folder: &'a Folder) -> Result<(), UnpackError> {
        for (name, growth) in &folder.0 {
            match growth {
                Growth::File(_) => {}
                Growth::Link(target) => self.link(name, target)?,
                Growth::Folder(below) => {
                    self.above.push(below);
                    self.path.push(name.clone());
                    self.folder(below)?;
                    self.path.pop();
                    self.above.pop();
                }
            }
        }
        Ok(())
    }

    fn link(&mut self, name: &EntryName, target: &'a LinkTarget) -> Result<(), UnpackError> {
        if self.absolute && target.is_absolute() {
            return Ok(());
        }
        let stays = !target.leaves_tree(self.path.len()) && self.stays_inside(target);
        self.path.push(name.clone());
        if self.steps > MOST_STEPS {
            let name = shown_path(&self.path);
            return Err(too_much(Measure::LinkSteps, MOST_STEPS, name.as_bytes()));
        }
        if !stays {
            return Err(UnpackError::Link {
                name: shown_path(&self.path),
                target: shown(target.as_bytes()),
                why: "it leads out of the tree",
            });
        }
        self.path.pop();
        Ok(())
    }

    /// Follows `target` from here, through every link on its way.
    fn stays_inside(&mut self, target: &'a LinkTarget) -> bool {
        let mut place = self.above.clone();
        // Folders below `place` that are not in the tree: nothing is there to be a link.
        let mut missing = 0_usize;
        let mut hops = 0;
        let mut ahead = vec![parts_of(target)];
        while let Some(parts) = ahead.last_mut() {
            let Some(part) = parts.next() else {
                ahead.pop();
                continue;
            };
            self.steps += 1;
            match part {
                b"" | b"." => {}
                b".." if missing > 0 => missing -= 1,
                b".." => {
                    place.pop();
                    if place.is_empty() {
                        return false;
                    }
                }
                _ if missing > 0 => missing += 1,
                name => match find(place.last().expect("it was not empty"), name) {
                    Some(Growth::Folder(below)) => place.push(below),
                    Some(Growth::Link(next)) => {
                        hops += 1;
                        if hops > MOST_HOPS || self.steps > MOST_STEPS {
                            return true;
                        }
                        // An absolute one is refused where it stands, or let pass there.
                        if self.absolute && next.is_absolute() {
                            return true;
                        }
                        ahead.push(parts_of(next));
                    }
                    Some(Growth::File(_)) | None => missing += 1,
                },
            }
        }
        true
    }
}

fn parts_of(target: &LinkTarget) -> std::slice::Split<'_, u8, fn(&u8) -> bool> {
    target.as_bytes().split(|byte| *byte == b'/')
}

fn find<'a>(folder: &'a Folder, name: &[u8]) -> Option<&'a Growth> {
    let name = EntryName::new(name).ok()?;
    folder.0.get(&name)
}
