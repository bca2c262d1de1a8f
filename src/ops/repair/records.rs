//! What a profile writes down about itself: journal, footprint, policy, history, the pointer; and pins.

use std::fs;
use std::path::Path;

use dgmo_schema::code::Code;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::name::ProfileName;
use dgmo_schema::name::TargetPath;
use dgmo_schema::report::generation::HistoryEntry;
use dgmo_schema::report::generation::HistoryEvent;
use dgmo_store::Layout;
use dgmo_store::RootError;
use dgmo_store::Store;
use dgmo_store::durable;
use dgmo_store::repair::move_to_found;

use super::Healer;
use crate::activate;
use crate::activate::Activation;
use crate::activate::Desired;
use crate::activate::Footprint;
use crate::activate::Image;
use crate::activate::InTheWay;
use crate::activate::Known;
use crate::activate::Live;
use crate::activate::Seal;
use crate::generation::Generations;
use crate::generation::History;
use crate::generation::Policy;
use crate::generation::ReadError;
use crate::health::Finding;
use crate::home::Profile;
use crate::home::ProfileGuard;
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::assemble;
use crate::ops::begin;
use crate::ops::rollback;
use crate::ops::secrets::Fetching;
use crate::ops::secrets::Secrets;
use crate::ops::secrets::SecretsHow;
use crate::ops::target;
use crate::ops::write_history;

impl Healer<'_> {
    /// Looks at the records of a profile. Whether one was lost without which nobody knows what is in the target folder.
    pub(super) fn records(&mut self, name: &ProfileName) -> Result<bool> {
        let engine = self.for_profile(name);
        let profile = &engine.profile;
        let guard = if self.dry_run {
            None
        } else {
            for folder in [profile.generations(), profile.journal(), profile.trash()] {
                durable::make_folders(&folder).map_err(OpError::io("make the folder", &folder))?;
            }
            let (wait, now) = (engine.wait, engine.clock.now());
            Some(ProfileGuard::take(profile, wait, now, engine.observer)?)
        };
        // First of all: a generation whose document is gone would not be there for the pointer.
        self.documents_back(profile)?;
        let mut doubtful = self.doubt(profile);
        doubtful |= self.journal(profile)?;
        doubtful |= self.footprint(profile)?;
        self.policy(profile)?;
        self.history(profile)?;
        doubtful |= self.pointer(&engine)?;
        self.pins()?;
        let after_a_crash = guard.as_ref().is_some_and(|guard| guard.after_a_crash);
        if after_a_crash {
            // What that one did may be seen and not be on disk; nobody else will know once we give the guard back.
            let home = engine.home.root();
            durable::sync_file_system(home).map_err(OpError::io("sync", home))?;
        }
        drop(guard);
        if after_a_crash || (self.dry_run && is_left_locked(profile)) {
            let message = format!("a command that changed the profile `{name}` died");
            let finding = Finding::new(Code::Unfinished, message).at(&profile.lock());
            self.mended(finding, "what it left is brought to an end");
        }
        if !self.dry_run && !doubtful {
            // Ends what a crash interrupted.
            drop(begin::hold(&engine)?);
        }
        Ok(doubtful)
    }

    /// A repair that was stopped after it had moved a record away has to be gone through again.
    fn doubt(&mut self, profile: &Profile) -> bool {
        let path = profile.doubt();
        if fs::symlink_metadata(&path).is_err() {
            return false;
        }
        let message = format!(
            "a repair of the profile `{}` was interrupted",
            profile.name()
        );
        let finding = Finding::new(Code::Unfinished, message).at(&path);
        self.mended(finding, "it is brought to an end");
        true
    }

    /// From here on what is in the target folder has to be told anew, also by one who comes after a crash.
    fn begin_doubt(&self, profile: &Profile) -> Result<()> {
        let path = profile.doubt();
        if self.dry_run || fs::symlink_metadata(&path).is_ok() {
            return Ok(());
        }
        durable::replace_file(&path, b"", 0o644).map_err(OpError::io("write", &path))?;
        Ok(())
    }

    /// Whatever is in the journal is a JSON document; one that is not cannot tell what to undo.
    fn journal(&mut self, profile: &Profile) -> Result<bool> {
        let mut doubtful = false;
        let entries = fs::read_dir(profile.journal()).into_iter().flatten();
        for entry in entries.flatten() {
            let path = entry.path();
            if entry.file_name().as_encoded_bytes().starts_with(b".") || is_document(&path) {
                continue;
            }
            let message = format!("`{}` is damaged", path.display());
            let finding = Finding::new(Code::JournalDamaged, message).at(&path);
            self.begin_doubt(profile)?;
            self.away(finding, &path, "the target folder is brought in order")?;
            doubtful = true;
        }
        Ok(doubtful)
    }

    fn footprint(&mut self, profile: &Profile) -> Result<bool> {
        if !matches!(
            Footprint::load(profile),
            Err(activate::ActivateError::Damaged { .. })
        ) {
            return Ok(false);
        }
        let path = profile.footprint();
        let message = format!("`{}` is damaged", path.display());
        let finding = Finding::new(Code::JournalDamaged, message).at(&path);
        self.begin_doubt(profile)?;
        self.away(finding, &path, "it is made again from the generations")?;
        Ok(true)
    }

    fn policy(&mut self, profile: &Profile) -> Result<()> {
        if !matches!(
            Policy::load(profile),
            Err(crate::generation::PolicyError::Damaged { .. })
        ) {
            return Ok(());
        }
        let path = profile.policy();
        let message = format!("`{}` is damaged", path.display());
        let finding = Finding::new(Code::GenerationDamaged, message).at(&path);
        self.away(
            finding,
            &path,
            "the rule comes back with the next switch; pins of generations are forgotten",
        )
    }

    fn history(&mut self, profile: &Profile) -> Result<()> {
        let path = profile.history();
        let Ok(bytes) = fs::read(&path) else {
            return Ok(());
        };
        let text = String::from_utf8_lossy(&bytes);
        let is_whole = |line: &str| serde_json::from_str::<HistoryEntry>(line).is_ok();
        let torn = text.lines().filter(|line| !is_whole(line)).count();
        if torn == 0 {
            return Ok(());
        }
        let message = format!("{torn} of the lines in `{}` cannot be read", path.display());
        if !self.dry_run {
            let whole: String = text
                .lines()
                .filter(|line| is_whole(line))
                .map(|line| format!("{line}\n"))
                .collect();
            let kept = Layout::new(self.engine.home.root()).home().join("found");
            durable::make_folders(&kept).map_err(OpError::io("make the folder", &kept))?;
            let copy = kept.join(format!("history-of-{}.jsonl", profile.name()));
            durable::remove_all(&copy).map_err(OpError::io("replace", &copy))?;
            durable::copy_file(&path, &copy, 0o644).map_err(OpError::io("write", &copy))?;
            durable::replace_file(&path, whole.as_bytes(), 0o644)
                .map_err(OpError::io("write", &path))?;
        }
        let finding = Finding::new(Code::HistoryTorn, message).at(&path);
        self.mended(finding, "taken out; the old file is in `found/`");
        Ok(())
    }

    fn pointer(&mut self, engine: &Engine<'_>) -> Result<bool> {
        let profile = &engine.profile;
        let generations = Generations::of(profile);
        let (finding, is_there) = match generations.current() {
            Ok(number) if generations.has(number)? => return Ok(false),
            Ok(number) => {
                let message = format!(
                    "`{}` names generation {number}, which is not there",
                    profile.current().display()
                );
                (Finding::new(Code::PointerDamaged, message), true)
            }
            Err(error @ ReadError::Pointer { .. }) => {
                let is_there = fs::symlink_metadata(profile.current()).is_ok();
                (
                    Finding::new(Code::PointerDamaged, error.to_string()),
                    is_there,
                )
            }
            // Something that is no link at all has the place of the pointer.
            Err(error @ ReadError::Io { .. })
                if fs::symlink_metadata(profile.current())
                    .is_ok_and(|there| !there.is_symlink()) =>
            {
                (Finding::new(Code::PointerDamaged, error.to_string()), true)
            }
            Err(_) => return Ok(false),
        };
        let to = rollback::last_known(engine)?;
        if !generations.has(to)? {
            return Ok(false);
        }
        if !self.dry_run {
            self.begin_doubt(profile)?;
            if is_there && !fs::symlink_metadata(profile.current()).is_ok_and(|it| it.is_symlink())
            {
                move_to_found(&Layout::new(engine.home.root()), &profile.current())?;
            }
            let target = Path::new("generations").join(to.to_string());
            durable::point(&profile.current(), &target)
                .map_err(OpError::io("make the pointer", &profile.current()))?;
        }
        let finding = finding.at(&profile.current());
        self.mended(finding, format!("it names generation {to} again"));
        Ok(true)
    }

    /// A pin that cannot be read keeps `dgmo gc` from deleting anything.
    fn pins(&mut self) -> Result<()> {
        let Ok(store) = Store::open(self.engine.home.root()) else {
            return Ok(());
        };
        while let Err(RootError::DamagedPin { path, .. } | RootError::DamagedLease { path, .. }) =
            store.pins().map(drop)
        {
            let message = format!("`{}` is damaged", path.display());
            let finding = Finding::new(Code::RootDamaged, message).at(&path);
            self.away(finding, &path, "what it kept is kept no longer")?;
            if self.dry_run {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Moves a record that cannot be read out of the way.
    fn away(&mut self, finding: Finding, path: &Path, and: &str) -> Result<()> {
        let mut how = "moved to `found/`".to_owned();
        if !self.dry_run
            && let Some((_, to)) = move_to_found(&Layout::new(self.engine.home.root()), path)?
        {
            how = format!("moved to `{}`", to.display());
        }
        self.mended(finding, format!("{how}; {and}"));
        Ok(())
    }

    /// Brings the target folder in order after a record of it was lost: what the current generation wants is put there,
    /// and what another one of the profile put there is taken away.
    pub(super) fn realign(&mut self, name: &ProfileName) -> Result<()> {
        if self.dry_run {
            return Ok(());
        }
        let engine = self.for_profile(name);
        let held = begin::hold(&engine)?;
        let generations = Generations::of(&engine.profile);
        let current = generations.current()?;
        let footprint = known_footprint(&engine, &held.store)?;
        let record = generations.record(current)?;
        let read = |id| held.store.read_tree(id);
        let how = (SecretsHow::LeaveOut, Fetching::No);
        let secrets = Secrets::gather(&engine, &record, &footprint, how)?;
        let how = target::How {
            in_the_way: InTheWay::SetAside,
            secrets: &secrets,
            known: &Known::default(),
        };
        let plan = target::plan(&engine, &footprint, &record, &read, how)?;
        if plan.is_empty() {
            plan.footprint.save(&engine.profile)?;
        } else {
            let activation =
                Activation::new(&engine.profile, &held.store, engine.observer, &held.guard);
            activation.run(current, current, &plan)?;
        }
        if History::of(&engine.profile).last_pointed()? != Some(current) {
            write_history(&engine, HistoryEvent::Found, current, None, None);
        }
        let doubt = engine.profile.doubt();
        durable::remove_file(&doubt).map_err(OpError::io("remove", &doubt))?;
        let folder = engine.profile.folder();
        durable::sync_folder(folder).map_err(OpError::io("sync", folder))?;
        Ok(())
    }
}

fn is_document(path: &Path) -> bool {
    let bytes = fs::read(path);
    bytes.is_ok_and(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).is_ok())
}

/// Whether the last one who held the guard died with it.
fn is_left_locked(profile: &Profile) -> bool {
    let Ok(lock) = fs::File::open(profile.lock()) else {
        return false;
    };
    let named = fs::metadata(profile.lock()).is_ok_and(|metadata| metadata.len() > 0);
    named && lock.try_lock().is_ok()
}

/// What the profile holds, and what any generation of it could have put there and is there: a switch that was
/// interrupted may have put it there, and its journal is lost.
fn known_footprint(engine: &Engine<'_>, store: &Store) -> Result<Footprint> {
    let mut footprint = begin::footprint(engine)?;
    let generations = Generations::of(&engine.profile);
    let read = |id| store.read_tree(id);
    for number in generations.numbers()?.into_iter().rev() {
        if number == GenerationNumber::ZERO {
            continue;
        }
        let Ok(record) = generations.record(number) else {
            continue;
        };
        let Ok(desired) = assemble::desired(&record, engine, &read, &Desired::new()) else {
            continue;
        };
        for (path, image) in desired {
            claim(&mut footprint, path, image);
        }
    }
    Ok(footprint)
}

/// Takes what is at `path` for ours if nobody else can have put it there, and what is set aside beside it.
fn claim(footprint: &mut Footprint, path: TargetPath, image: Image) {
    let at = footprint.target.join(path.as_str());
    let seal = Seal::default();
    let is_there = Live::at(&at).is_ok_and(|live| image.is_at(&at, &live, &seal).unwrap_or(false));
    if is_there && !footprint.entries.contains_key(&path) {
        footprint.entries.insert(path.clone(), image);
    }
    let aside = format!("{path}.before-dgmo").parse::<TargetPath>();
    if let Ok(aside) = aside
        && !footprint.aside.contains_key(&path)
        && fs::symlink_metadata(footprint.target.join(aside.as_str())).is_ok()
    {
        footprint.aside.insert(path, aside);
    }
}
