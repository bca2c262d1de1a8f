//! What a profile writes down about itself: journal, footprint, policy, history, the pointer; and pins.

use std::fs;
use std::io;
use std::path::Path;

use dgmo_schema::code::Code;
use dgmo_schema::name::ProfileName;
use dgmo_schema::report::generation::HistoryEntry;
use dgmo_store::Layout;
use dgmo_store::RootError;
use dgmo_store::durable;
use dgmo_store::look;
use dgmo_store::repair::move_to_found;

use super::Healer;
use super::is_there;
use super::names_in;
use super::store_if_whole;
use crate::activate;
use crate::activate::Footprint;
use crate::generation::Generations;
use crate::generation::Policy;
use crate::generation::ReadError;
use crate::health::Finding;
use crate::home::Profile;
use crate::home::ProfileGuard;
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::begin;
use crate::ops::rollback;

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
        let mut doubtful = self.doubt(profile)?;
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
    fn doubt(&mut self, profile: &Profile) -> Result<bool> {
        let path = profile.doubt();
        if !is_there(&path)? {
            return Ok(false);
        }
        let message = format!(
            "a repair of the profile `{}` was interrupted",
            profile.name()
        );
        let finding = Finding::new(Code::Unfinished, message).at(&path);
        self.mended(finding, "it is brought to an end");
        Ok(true)
    }

    /// From here on what is in the target folder has to be told anew, also by one who comes after a crash.
    fn begin_doubt(&self, profile: &Profile) -> Result<()> {
        let path = profile.doubt();
        if self.dry_run || is_there(&path)? {
            return Ok(());
        }
        durable::replace_file(&path, b"", 0o644).map_err(OpError::io("write", &path))?;
        Ok(())
    }

    /// Whatever is in the journal is a JSON document; one that is not cannot tell what to undo.
    fn journal(&mut self, profile: &Profile) -> Result<bool> {
        let mut doubtful = false;
        let folder = profile.journal();
        for name in names_in(&folder)? {
            let path = folder.join(&name);
            if name.as_encoded_bytes().starts_with(b".") || is_document(&path)? {
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
        match Footprint::load(profile) {
            Err(activate::ActivateError::Damaged { .. }) => {}
            loaded => return Ok(loaded.map(|_| false)?),
        }
        let path = profile.footprint();
        let message = format!("`{}` is damaged", path.display());
        let finding = Finding::new(Code::JournalDamaged, message).at(&path);
        self.begin_doubt(profile)?;
        self.away(finding, &path, "it is made again from the generations")?;
        Ok(true)
    }

    fn policy(&mut self, profile: &Profile) -> Result<()> {
        match Policy::load(profile) {
            Err(crate::generation::PolicyError::Damaged { .. }) => {}
            loaded => return Ok(loaded.map(drop)?),
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
        let bytes = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            bytes => bytes.map_err(OpError::io("read", &path))?,
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
        let is_link = match fs::symlink_metadata(profile.current()) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            there => Some(
                there
                    .map_err(OpError::io("look at", &profile.current()))?
                    .is_symlink(),
            ),
        };
        let message = match generations.current() {
            Ok(number) if generations.has(number)? => return Ok(false),
            Ok(number) => format!(
                "`{}` names generation {number}, which is not there",
                profile.current().display()
            ),
            Err(error @ ReadError::Pointer { .. }) => error.to_string(),
            // Something that is no link at all has the place of the pointer.
            Err(error @ ReadError::Io { .. }) if is_link == Some(false) => error.to_string(),
            Err(ReadError::NoProfile { .. }) => return Ok(false),
            Err(error) => return Err(error.into()),
        };
        let to = rollback::last_known(engine)?;
        if !generations.has(to)? {
            return Ok(false);
        }
        if !self.dry_run {
            self.begin_doubt(profile)?;
            if is_link == Some(false) {
                move_to_found(&Layout::new(engine.home.root()), &profile.current())?;
            }
            let target = Path::new("generations").join(to.to_string());
            durable::point(&profile.current(), &target)
                .map_err(OpError::io("make the pointer", &profile.current()))?;
        }
        let finding = Finding::new(Code::PointerDamaged, message).at(&profile.current());
        self.mended(finding, format!("it names generation {to} again"));
        Ok(true)
    }

    /// A pin that cannot be read keeps `dgmo gc` from deleting anything.
    fn pins(&mut self) -> Result<()> {
        let Some(store) = store_if_whole(self.engine)? else {
            return Ok(());
        };
        loop {
            let path = match store.pins() {
                Err(RootError::DamagedPin { path, .. } | RootError::DamagedLease { path, .. }) => {
                    path
                }
                pins => return Ok(pins.map(drop)?),
            };
            let message = format!("`{}` is damaged", path.display());
            let finding = Finding::new(Code::RootDamaged, message).at(&path);
            self.away(finding, &path, "what it kept is kept no longer")?;
            if self.dry_run {
                return Ok(());
            }
        }
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
}

/// One that cannot be read may tell what to undo: it stays where the next command looks for it.
fn is_document(path: &Path) -> Result<bool> {
    match fs::read(path) {
        Ok(bytes) => Ok(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok()),
        Err(error) if error.kind() == io::ErrorKind::IsADirectory || look::leads_round(&error) => {
            Ok(false)
        }
        // Its command came to its end.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(OpError::io("read", path)(error).into()),
    }
}

/// Whether the last one who held the guard died with it.
fn is_left_locked(profile: &Profile) -> bool {
    let Ok(lock) = fs::File::open(profile.lock()) else {
        return false;
    };
    let named = fs::metadata(profile.lock()).is_ok_and(|metadata| metadata.len() > 0);
    named && lock.try_lock().is_ok()
}
