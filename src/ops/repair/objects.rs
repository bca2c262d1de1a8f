//! The objects of the store, and the trees laid out from them.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use dgmo_schema::code::Code;
use dgmo_schema::code::Hint;
use dgmo_schema::id::ObjectId;
use dgmo_schema::id::TreeId;
use dgmo_schema::name::ProfileName;
use dgmo_store::Finding as Seen;
use dgmo_store::LaidOutMended;
use dgmo_store::Layout;
use dgmo_store::Mended;
use dgmo_store::Mending;
use dgmo_store::Root;
use dgmo_store::Store;
use dgmo_store::Verified;

use super::Healer;
use super::needs;
use super::needs::Generated;
use super::needs::Needed;
use super::offers::Fetches;
use super::offers::From;
use crate::generation::Generations;
use crate::health::Finding;
use crate::ops::Result;
use crate::ops::assemble;
use crate::ops::want;

impl Healer<'_> {
    /// Verifies the store and brings back what is lost of it.
    pub(super) fn objects(
        &mut self,
        store: &Store,
        from: &[From],
        here: Option<&Path>,
    ) -> Result<Verified> {
        let verified = store.verify(self.engine.observer)?;
        let generated = self.generated()?;
        let needs = needs::of_all(store, &generated);
        let roots: Vec<Root> = needs.iter().map(|needed| needed.root).collect();
        let lost = store.lost(&verified.findings, &roots);
        let needed: BTreeSet<TreeId> = generated.iter().flat_map(Generated::trees).collect();
        let mut absent: Vec<TreeId> = Vec::new();
        for tree in needed {
            if !store.is_laid_out(tree)? {
                absent.push(tree);
            }
        }
        if verified.findings.is_empty() && lost.is_empty() && absent.is_empty() {
            return Ok(verified);
        }
        let mut laid_out = LaidOutMended::default();
        if !self.dry_run {
            // A folder that has the place of an object would be in the way of it.
            store.move_foreign(&verified.findings, &mut laid_out)?;
        }
        let sick = store.without(&lost);
        let mut mending = Mending::begin(&sick, lost, self.engine.observer)?;
        if let Some(known) = want::stat_cache(self.engine) {
            mending = mending.knowing(known);
        }
        let fetches = self.offer(&mut mending, &generated, from, here)?;
        let mended = if self.dry_run {
            mending.give_up()
        } else {
            mending.commit()?
        };
        if !self.dry_run {
            let mut more =
                store.mend_laid_out(&verified.findings, &mended, &absent, self.engine.observer)?;
            laid_out.moved.append(&mut more.moved);
            laid_out.trees.append(&mut more.trees);
            laid_out.left = more.left;
        }
        self.tell_objects(store, &verified, &mended);
        self.tell_left(store, &mended, &needs, &fetches);
        self.tell_files(&verified, &absent, &mended, &laid_out);
        Ok(verified)
    }

    fn tell_objects(&mut self, store: &Store, verified: &Verified, mended: &Mended) {
        let back: Vec<(ObjectId, String)> = mended
            .origin
            .iter()
            .map(|(id, how)| (*id, how.clone()))
            .collect();
        for (id, how) in back {
            let seen = verified
                .findings
                .iter()
                .find(|seen| seen.object() == Some(id) && !matches!(seen, Seen::LaidOut { .. }));
            let finding = if let Some(seen) = seen {
                finding_of(seen)
            } else {
                let path = store.layout().objects();
                let message = format!("object {id} is missing");
                Finding::new(Code::ObjectMissing, message).at(&path)
            };
            self.mended(finding.of(Some(id)), format!("taken from {how}"));
        }
    }

    /// What nobody has: with the one who needs it, and what would bring it.
    fn tell_left(&mut self, store: &Store, mended: &Mended, needs: &[Needed], fetches: &Fetches) {
        let left: BTreeSet<ObjectId> = mended.left.ids().collect();
        if left.is_empty() {
            return;
        }
        let needed = needs::who_needs(store, needs, &left);
        let untried = below(store, fetches.untried.iter().map(|(tree, _)| *tree), &left);
        let tried = below(store, fetches.failed.keys().copied(), &left);
        // Below a tree that is lost may be anything.
        let closed = mended
            .left
            .trees()
            .find(|tree| needed.contains_key(&ObjectId::from(*tree)));
        for id in left {
            let fetched = untried
                .get(&id)
                .or(untried.values().next().filter(|_| closed.is_some()));
            if let Some(place) = fetched {
                let message = format!("object {id} is damaged or missing");
                let finding = Finding::new(Code::ObjectLost, message).of(Some(id));
                self.mended(
                    finding,
                    format!("fetched from `{}`", fetches.untried[*place].1),
                );
                continue;
            }
            let who = match (needed.get(&id), closed) {
                (Some(place), _) => format!("{} needs it", needs[*place].by),
                (None, Some(tree)) => {
                    format!("who needs it cannot be told while tree {tree} is lost")
                }
                (None, None) => {
                    let message =
                        format!("object {id} is damaged or missing, and nothing needs it");
                    let finding = Finding::new(Code::ObjectUseless, message).of(Some(id));
                    let remedy = Hint::Run("dgmo gc --keep-generations".to_owned());
                    self.left(finding.remedy(remedy));
                    continue;
                }
            };
            let message = format!("object {id} is lost; {who}");
            let finding = Finding::new(Code::ObjectLost, message).of(Some(id));
            // An address that did not answer, or not with the same bytes, may the next time.
            let remedy = if tried.contains_key(&id) {
                Hint::Run("dgmo repair".to_owned())
            } else {
                let words = "run `dgmo repair --from OTHER` with a home or an archive that has it";
                Hint::Do(words.to_owned())
            };
            self.left(finding.remedy(remedy));
        }
    }

    fn tell_files(
        &mut self,
        verified: &Verified,
        absent: &[TreeId],
        mended: &Mended,
        laid_out: &LaidOutMended,
    ) {
        let lost: BTreeSet<ObjectId> = mended.left.ids().collect();
        for seen in &verified.findings {
            let is_object = matches!(
                seen,
                Seen::Damaged { .. } | Seen::Missing { .. } | Seen::Unreadable { .. }
            );
            let is_known = seen
                .object()
                .is_some_and(|id| lost.contains(&id) || mended.origin.contains_key(&id));
            if is_object && is_known {
                continue;
            }
            let is_left = laid_out.left.contains(seen);
            let finding = finding_of(seen);
            match seen {
                Seen::Malformed { .. } => self.left(finding.remedy(Hint::Do(
                    "use the newest dgmo that uses this home".to_owned(),
                ))),
                Seen::Foreign { path } => {
                    let to = laid_out.moved.iter().find(|(from, _)| from == path);
                    let to = to.map_or_else(
                        || "moved to `found/`".to_owned(),
                        |(_, to)| format!("moved to `{}`", to.display()),
                    );
                    self.mended(finding, to);
                }
                _ if is_left => self.left(finding),
                // What of a laid-out tree could not be read was looked at again; nobody did so with a folder of objects.
                Seen::Unreadable { path, .. } if !self.is_laid_out(path) => self.left(finding),
                _ => self.mended(finding, "put in order"),
            }
        }
        for tree in absent {
            let message = format!("tree {tree} is not laid out");
            let finding = Finding::new(Code::LaidOutDiffers, message).of(Some((*tree).into()));
            // One that lacks something is told with that.
            if self.dry_run || laid_out.trees.contains(tree) {
                self.mended(finding, "laid out again");
            }
        }
        for left in &laid_out.left {
            let is_told = verified.findings.contains(left);
            if !is_told && lost.is_empty() {
                self.left(finding_of(left));
            }
        }
    }

    fn is_laid_out(&self, path: &Path) -> bool {
        let trees = Layout::new(self.engine.home.root()).trees();
        path != trees && path.starts_with(trees)
    }

    /// For one who does not read everything: whether what the current generation shows is there at all.
    pub(super) fn presence(&mut self, store: &Store, name: &ProfileName) {
        let profile = self.engine.home.profile(name.clone());
        let generations = Generations::of(&profile);
        let Ok(current) = generations.current() else {
            return;
        };
        let (Ok(generation), Ok(record)) = (generations.load(current), generations.record(current))
        else {
            return;
        };
        let missing = match assemble::missing_trees(store, &generation, &record) {
            Ok(missing) => missing,
            Err(failure) => {
                let message = failure.error().to_string();
                return self.left(Finding::new(failure.code(), message));
            }
        };
        for missing in missing {
            let message = format!("{missing} is missing");
            self.left(Finding::new(Code::ObjectMissing, message));
        }
    }
}

/// Which of `objects` are below which of `trees`, by place.
fn below(
    store: &Store,
    trees: impl Iterator<Item = TreeId>,
    objects: &BTreeSet<ObjectId>,
) -> BTreeMap<ObjectId, usize> {
    let needs: Vec<Needed> = trees
        .map(|tree| Needed {
            by: String::new(),
            root: Root::Tree(tree),
        })
        .collect();
    needs::who_needs(store, &needs, objects)
}

fn finding_of(seen: &Seen) -> Finding {
    let code = match seen {
        Seen::Damaged { .. } => Code::ObjectDamaged,
        Seen::Malformed { .. } => Code::ObjectNotATree,
        Seen::Missing { .. } => Code::ObjectMissing,
        Seen::Unreadable { .. } => Code::StoreNotRead,
        Seen::Foreign { .. } => Code::StoreForeign,
        Seen::WrongMode { .. } => Code::StoreMode,
        Seen::LaidOut { .. } => Code::LaidOutDiffers,
    };
    let finding = Finding::new(code, seen.to_string()).of(seen.object());
    match seen.path() {
        Some(path) => finding.at(path),
        None => finding,
    }
}
