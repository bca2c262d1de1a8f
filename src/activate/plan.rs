//! What a change of the target folder would do: a value, made by looking only.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use dgmo_schema::name::TargetPath;

use super::ActivateError;
use super::Contents;
use super::Footprint;
use super::Image;
use super::InTheWay;
use super::KeptSecret;
use super::Live;
use super::Obstacle;
use super::Op;
use super::Reason;
use super::ShowsTheSame;
use super::Surroundings;
use super::secrets;

/// What shall be in the target folder, by path.
pub type Desired = BTreeMap<TargetPath, Image>;

/// What a change of the target folder would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// Done before the pointer moves, in order: everything that adds.
    pub before: Vec<Op>,
    /// Done after: everything that takes away.
    pub after: Vec<Op>,
    /// What the profile holds then.
    pub footprint: Footprint,
    /// What is in the way; with any of these the plan must not be carried out.
    pub obstacles: Vec<Obstacle>,
    /// What will be left as it is, though it once was ours.
    pub left_alone: Vec<TargetPath>,
    /// The contents of the secrets it puts in place.
    pub secrets: Contents,
    /// Whether what the profile holds then is what is written of it already.
    pub recorded: bool,
}

impl Plan {
    /// Whether the target folder stays as it is, and what is known of it too: somebody may have made a file what it
    /// shall be before we did.
    pub fn is_empty(&self) -> bool {
        self.before.is_empty() && self.after.is_empty() && self.recorded
    }

    /// Has the secrets it replaces or removes kept beyond its end, for whoever may have to go back.
    pub fn keep_secrets_until_the_verdict(&mut self) -> Vec<KeptSecret> {
        secrets::keep_until_the_verdict(self)
    }
}

/// Plans the way from what `held` says to `desired`.
///
/// A link of somebody else that shows the same as what shall be there, such as one that another tool for home files
/// made, is not in the way: it is replaced, and comes back when the path is given up.
pub fn plan(
    held: &Footprint,
    desired: &Desired,
    around: Surroundings<'_>,
    shows_the_same: &ShowsTheSame<'_>,
) -> Result<Plan, ActivateError> {
    let mut planner = Planner::new(held, desired, around, shows_the_same);
    planner.next.entries.clone_from(desired);
    for (path, image) in desired {
        planner.plan_at(path, image)?;
    }
    planner.plan_removals()?;
    planner.plan_folders()?;
    planner.plan_put_backs()?;
    planner.plan_links_back()?;
    Ok(planner.finish())
}

/// Plans the way to what `desired` says at the paths in `chosen`; all else stays as it is.
pub fn plan_some(
    held: &Footprint,
    desired: &Desired,
    chosen: &BTreeSet<TargetPath>,
    around: Surroundings<'_>,
) -> Result<Plan, ActivateError> {
    // Somebody put it there after us: it is nothing to come back.
    let mut planner = Planner::new(held, desired, around, &|_, _| false);
    for (path, image) in desired.iter().filter(|(path, _)| chosen.contains(*path)) {
        planner.next.entries.insert(path.clone(), image.clone());
        planner.plan_at(path, image)?;
    }
    Ok(planner.finish())
}

/// Which paths other profiles hold in the same folder.
fn claims_of<'a>(
    held: &Footprint,
    others: &'a [(String, Footprint)],
) -> BTreeMap<&'a TargetPath, &'a str> {
    let in_the_same = others
        .iter()
        .filter(|(_, other)| other.target == held.target);
    in_the_same
        .flat_map(|(name, other)| other.entries.keys().map(move |path| (path, name.as_str())))
        .collect()
}

struct Planner<'a> {
    held: &'a Footprint,
    desired: &'a Desired,
    around: Surroundings<'a>,
    shows_the_same: &'a ShowsTheSame<'a>,
    claims: BTreeMap<&'a TargetPath, &'a str>,
    before: Vec<Op>,
    after: Vec<Op>,
    next: Footprint,
    obstacles: Vec<Obstacle>,
    left_alone: Vec<TargetPath>,
    /// Folders already looked at: there, or made by an op of this plan.
    folders_seen: BTreeSet<String>,
    /// Paths of ours that an op of this plan takes away.
    gone: BTreeSet<TargetPath>,
    /// Names this plan gives to what it sets aside.
    reserved: BTreeSet<TargetPath>,
}

impl<'a> Planner<'a> {
    fn new(
        held: &'a Footprint,
        desired: &'a Desired,
        around: Surroundings<'a>,
        shows_the_same: &'a ShowsTheSame<'a>,
    ) -> Self {
        Self {
            held,
            desired,
            around,
            shows_the_same,
            claims: claims_of(held, around.others),
            before: Vec::new(),
            after: Vec::new(),
            next: held.clone(),
            obstacles: Vec::new(),
            left_alone: Vec::new(),
            folders_seen: BTreeSet::new(),
            gone: BTreeSet::new(),
            reserved: BTreeSet::new(),
        }
    }

    fn at(&self, path: &str) -> PathBuf {
        self.held.target.join(path)
    }

    /// What is at `path` once all that is planned so far is done.
    fn look(&self, path: &str) -> Result<Live, ActivateError> {
        if self.is_gone(path) {
            return Ok(Live::Absent);
        }
        let path = self.at(path);
        Live::at(&path).map_err(|source| ActivateError::io("look at", &path, source))
    }

    /// Whether the plan takes `path` away, or a folder or link it lies below.
    fn is_gone(&self, path: &str) -> bool {
        if self.gone.is_empty() {
            return false;
        }
        let path: TargetPath = path.parse().expect("a part of a path is a path");
        self.gone.contains(&path) || path.parents().any(|parent| self.gone.contains(parent))
    }

    /// Whether all that is above `path` is real folders, or not there: else what is done to it is done elsewhere.
    fn is_reached(&mut self, path: &TargetPath) -> Result<bool, ActivateError> {
        for parent in path.parents() {
            if self.folders_seen.contains(parent) {
                continue;
            }
            match self.look(parent)? {
                Live::Folder => self.folders_seen.insert(parent.to_owned()),
                live => return Ok(live == Live::Absent),
            };
        }
        Ok(true)
    }

    fn holds(&self, path: &TargetPath, image: &Image, live: &Live) -> Result<bool, ActivateError> {
        let at = self.at(path.as_str());
        image
            .is_at(&at, live, self.around.seal)
            .map_err(|source| ActivateError::io("read", &at, source))
    }

    /// What is at `path`, if it is what we put there or what we know to be kept elsewhere.
    fn ours(&self, path: &TargetPath, live: &Live) -> Result<Option<Image>, ActivateError> {
        let held = self.held.entries.get(path);
        let held = held.filter(|_| !self.held.found.contains(path));
        for image in held.into_iter().chain(self.around.known.images.get(path)) {
            if self.holds(path, image, live)? {
                return Ok(Some(image.clone()));
            }
        }
        Ok(None)
    }

    fn plan_at(&mut self, path: &TargetPath, image: &Image) -> Result<(), ActivateError> {
        if let Some(profile) = self.claimant(path) {
            let profile = profile.to_owned();
            self.obstruct(path, Reason::OtherProfile { profile });
            return Ok(());
        }
        let obstacles = self.obstacles.len();
        if self.clear_parents(path)? {
            self.plan_addition(path, image)?;
        } else if self.stays(path, image) {
            self.obstacles.truncate(obstacles);
        }
        Ok(())
    }

    /// Whether `path` is left as it is because nothing new is wanted there.
    fn stays(&self, path: &TargetPath, image: &Image) -> bool {
        self.around.known.others_stay && self.held.entries.get(path) == Some(image)
    }

    /// The other profile that holds `path`, something below it, or something it lies below.
    fn claimant(&self, path: &TargetPath) -> Option<&str> {
        let claim = self
            .claims
            .iter()
            .find(|(claim, _)| **claim == path || claim.is_below(path) || path.is_below(claim));
        claim.map(|(_, profile)| *profile)
    }

    /// Makes sure that every folder above `path` is or will be a real folder; false if something is in the way.
    fn clear_parents(&mut self, path: &TargetPath) -> Result<bool, ActivateError> {
        for parent in path.parents() {
            if self.folders_seen.contains(parent) {
                continue;
            }
            let parent_path: TargetPath = parent.parse().expect("a part of a path is a path");
            let live = self.look(parent)?;
            let ours = self.ours(&parent_path, &live)?;
            match live {
                Live::Folder => self.share(&parent_path),
                Live::Absent => self.will_make(parent_path),
                _ if ours.is_some() && !self.desired.contains_key(&parent_path) => {
                    // What was one link becomes a folder with links in it.
                    self.take_away_first(parent_path.clone(), ours);
                    self.will_make(parent_path);
                }
                Live::Link(to) => {
                    let reason = Reason::ParentLink {
                        parent: parent.to_owned(),
                        to,
                    };
                    self.obstruct(path, reason);
                    return Ok(false);
                }
                live => match self.around.in_the_way {
                    InTheWay::Refuse => {
                        self.obstruct(&parent_path, Reason::of(live, false));
                        return Ok(false);
                    }
                    InTheWay::SetAside | InTheWay::SetAsideEdited | InTheWay::Discard => {
                        self.set_aside(&parent_path)?;
                        self.will_make(parent_path);
                    }
                },
            }
            self.folders_seen.insert(parent.to_owned());
        }
        Ok(true)
    }

    /// A folder another profile made is ours as well: whoever is the last to leave removes it.
    fn share(&mut self, path: &TargetPath) {
        if self.is_made_by_another(path) {
            self.next.folders.insert(path.clone());
        }
    }

    fn is_made_by_another(&self, path: &TargetPath) -> bool {
        let same = |other: &Footprint| other.target == self.held.target;
        let mut others = self.around.others.iter();
        others.any(|(_, other)| same(other) && other.folders.contains(path))
    }

    fn will_make(&mut self, path: TargetPath) {
        self.next.folders.insert(path.clone());
        self.before.push(Op::MakeFolder { path });
    }

    fn take_away_first(&mut self, path: TargetPath, before: Option<Image>) {
        self.gone.insert(path.clone());
        self.before.push(Op::Put {
            path,
            before,
            after: None,
        });
    }

    fn plan_addition(&mut self, path: &TargetPath, image: &Image) -> Result<(), ActivateError> {
        let live = self.look(path.as_str())?;
        let put = |before| Op::Put {
            path: path.clone(),
            before,
            after: Some(image.clone()),
        };
        if self.holds(path, image, &live)? {
            if live == Live::File && !self.held.entries.contains_key(path) {
                self.next.found.insert(path.clone());
            }
            return Ok(());
        }
        self.next.found.remove(path);
        if live == Live::Absent {
            self.before.push(put(None));
            return Ok(());
        }
        if let Some(before) = self.ours(path, &live)? {
            self.before.push(put(Some(before)));
            return Ok(());
        }
        if live == Live::Folder && self.take_away_own_folder(path)? {
            self.before.push(put(None));
            return Ok(());
        }
        if self.stays(path, image) {
            self.left_alone.push(path.clone());
            return Ok(());
        }
        if let Live::Link(to) = &live
            && (self.shows_the_same)(path, &self.at(path.as_str()))
        {
            let taken = self.next.taken.entry(path.clone());
            taken.or_insert_with(|| to.clone());
            self.before.push(put(Some(Image::Link(to.clone()))));
            return Ok(());
        }
        let was_ours = self.held.entries.contains_key(path) && !self.held.found.contains(path);
        match self.around.in_the_way {
            InTheWay::Refuse => self.obstruct(path, Reason::of(live, was_ours)),
            InTheWay::SetAside | InTheWay::SetAsideEdited | InTheWay::Discard => {
                self.set_aside(path)?;
                self.before.push(put(None));
            }
        }
        Ok(())
    }

    /// A folder we made, with nothing in it but what we put there, gives way to a link. False if it is not one.
    fn take_away_own_folder(&mut self, path: &TargetPath) -> Result<bool, ActivateError> {
        if !self.is_own_folder(path) {
            return Ok(false);
        }
        let mut ops = Vec::new();
        if !self.own_content_of(path, &mut ops)? {
            return Ok(false);
        }
        for op in &ops {
            self.gone.insert(op.path().clone());
            self.next.folders.remove(op.path());
        }
        self.before.extend(ops);
        Ok(true)
    }

    fn is_own_folder(&self, path: &TargetPath) -> bool {
        self.held.folders.contains(path) || self.around.known.folders.contains(path)
    }

    fn own_content_of(&self, path: &TargetPath, ops: &mut Vec<Op>) -> Result<bool, ActivateError> {
        for child in self.children(path.as_str())? {
            let Some(child) = child else { return Ok(false) };
            let live = self.look(child.as_str())?;
            if let Some(before) = self.ours(&child, &live)? {
                ops.push(Op::Put {
                    path: child,
                    before: Some(before),
                    after: None,
                });
            } else if live == Live::Folder && self.is_own_folder(&child) {
                if !self.own_content_of(&child, ops)? {
                    return Ok(false);
                }
            } else {
                return Ok(false);
            }
        }
        ops.push(Op::RemoveFolder { path: path.clone() });
        Ok(true)
    }

    /// The paths in a folder; `None` for a name that cannot be one of ours.
    fn children(&self, path: &str) -> Result<Vec<Option<TargetPath>>, ActivateError> {
        let folder = self.at(path);
        let failed = |source| ActivateError::io("read", &folder, source);
        let mut children = Vec::new();
        for entry in fs::read_dir(&folder).map_err(failed)? {
            let name = entry.map_err(failed)?.file_name();
            children.push(
                name.to_str()
                    .and_then(|name| format!("{path}/{name}").parse().ok()),
            );
        }
        children.sort();
        Ok(children)
    }

    fn set_aside(&mut self, path: &TargetPath) -> Result<(), ActivateError> {
        let to = self.free_name_beside(path)?;
        self.take_away_own_below(path)?;
        self.reserved.insert(to.clone());
        match self.around.in_the_way {
            InTheWay::SetAsideEdited => {}
            InTheWay::Discard => self.after.push(Op::Delete { path: to.clone() }),
            InTheWay::Refuse | InTheWay::SetAside => {
                // What was set aside first is what was there before dgmo; it keeps its claim to the name.
                let aside = self.next.aside.entry(path.clone());
                aside.or_insert_with(|| to.clone());
            }
        }
        self.gone.insert(path.clone());
        self.before.push(Op::SetAside {
            path: path.clone(),
            to,
        });
        Ok(())
    }

    /// What is set aside is the user's alone: what we put into a folder of theirs does not go with it.
    fn take_away_own_below(&mut self, path: &TargetPath) -> Result<(), ActivateError> {
        let held = self.held;
        for (below, image) in &held.entries {
            if below.is_below(path) {
                let live = self.look(below.as_str())?;
                if self.ours(below, &live)?.as_ref() == Some(image) {
                    self.take_away_first(below.clone(), Some(image.clone()));
                }
            }
        }
        for below in held.folders.iter().rev() {
            if below.is_below(path) && self.will_be_empty(below)? {
                self.next.folders.remove(below);
                self.gone.insert(below.clone());
                self.before.push(Op::RemoveFolder {
                    path: below.clone(),
                });
            }
        }
        Ok(())
    }

    /// `NAME.before-dgmo` (or another ending), or the first `NAME.before-dgmo.2`, `.3`, … that nothing has or had.
    fn free_name_beside(&self, path: &TargetPath) -> Result<TargetPath, ActivateError> {
        let known: BTreeSet<&TargetPath> = self.next.aside.values().chain(&self.reserved).collect();
        let ending = self.around.in_the_way.ending();
        for count in 1_u64.. {
            let name = match count {
                1 => format!("{path}.{ending}"),
                _ => format!("{path}.{ending}.{count}"),
            };
            let Ok(name) = name.parse::<TargetPath>() else {
                break;
            };
            let free = self.look(name.as_str())? == Live::Absent;
            if free && !known.contains(&name) && !self.desired.contains_key(&name) {
                return Ok(name);
            }
        }
        Err(ActivateError::NoNameAside {
            path: self.at(path.as_str()),
        })
    }

    fn plan_removals(&mut self) -> Result<(), ActivateError> {
        let held = self.held;
        for (path, image) in &held.entries {
            if self.desired.contains_key(path) || self.next.found.remove(path) {
                continue;
            }
            let live = self.look(path.as_str())?;
            if live == Live::Absent {
                continue;
            }
            if !self.is_reached(path)? || !self.holds(path, image, &live)? {
                self.left_alone.push(path.clone());
                continue;
            }
            self.after.push(Op::Put {
                path: path.clone(),
                before: Some(image.clone()),
                after: None,
            });
            self.gone.insert(path.clone());
        }
        Ok(())
    }

    /// Folders we made and that nothing needs any more go, the deepest first, once they are empty.
    fn plan_folders(&mut self) -> Result<(), ActivateError> {
        let held = self.held;
        for path in held.folders.iter().rev() {
            let needed = self.desired.keys().any(|other| other.is_below(path));
            if needed || self.gone.contains(path) || !self.next.folders.contains(path) {
                continue;
            }
            if !self.is_reached(path)? || self.look(path.as_str())? != Live::Folder {
                self.next.folders.remove(path);
            } else if self.will_be_empty(path)? {
                self.next.folders.remove(path);
                self.gone.insert(path.clone());
                self.after.push(Op::RemoveFolder { path: path.clone() });
            } else if self.is_made_by_another(path) {
                self.next.folders.remove(path);
            }
        }
        Ok(())
    }

    /// Whether `path` is a folder with nothing in it but what the plan takes away.
    fn will_be_empty(&self, path: &TargetPath) -> Result<bool, ActivateError> {
        if self.look(path.as_str())? != Live::Folder {
            return Ok(false);
        }
        let children = self.children(path.as_str())?;
        Ok(children
            .iter()
            .all(|child| child.as_ref().is_some_and(|c| self.gone.contains(c))))
    }

    /// What was in the way comes back with its old name where we give that up: folders before what is in them.
    fn plan_put_backs(&mut self) -> Result<(), ActivateError> {
        for (path, from) in self.next.aside.clone() {
            let wanted = self
                .desired
                .keys()
                .any(|other| *other == path || other.is_below(&path) || path.is_below(other));
            if wanted {
                continue;
            }
            self.next.aside.remove(&path);
            if self.look(path.as_str())? == Live::Absent && self.is_reached(&path)? {
                self.after.push(Op::PutBack { path, from });
            } else if !self.left_alone.contains(&path) {
                self.left_alone.push(path);
            }
        }
        Ok(())
    }

    /// Links that were taken over come back where we give the path up.
    fn plan_links_back(&mut self) -> Result<(), ActivateError> {
        for (path, to) in self.next.taken.clone() {
            let mut wanted = self.desired.keys();
            if wanted.any(|other| *other == path || other.is_below(&path) || path.is_below(other)) {
                continue;
            }
            self.next.taken.remove(&path);
            if self.look(path.as_str())? == Live::Absent && self.is_reached(&path)? {
                self.after.push(Op::Put {
                    path,
                    before: None,
                    after: Some(Image::Link(to)),
                });
            } else if !self.left_alone.contains(&path) {
                self.left_alone.push(path);
            }
        }
        Ok(())
    }

    fn obstruct(&mut self, path: &TargetPath, reason: Reason) {
        let path = self.at(path.as_str());
        // What lies above several paths is in the way once.
        if self.obstacles.iter().all(|known| known.path != path) {
            self.obstacles.push(Obstacle { path, reason });
        }
    }

    fn finish(mut self) -> Plan {
        Plan {
            before: secrets::keep_replaced(self.before, &mut self.after),
            after: self.after,
            recorded: self.next == *self.held,
            footprint: self.next,
            obstacles: self.obstacles,
            left_alone: self.left_alone,
            secrets: Contents::default(),
        }
    }
}
