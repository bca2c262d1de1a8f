//! The target folder brought in order, after what was known of it was lost.

use dgmo_schema::code::Code;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::name::ProfileName;
use dgmo_schema::name::TargetPath;
use dgmo_schema::report::generation::HistoryEvent;
use dgmo_store::Store;
use dgmo_store::durable;

use super::Healer;
use super::is_there;
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
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::assemble;
use crate::ops::begin;
use crate::ops::secrets::Fetching;
use crate::ops::secrets::Secrets;
use crate::ops::secrets::SecretsHow;
use crate::ops::target;
use crate::ops::write_history;

impl Healer<'_> {
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
        // What is damaged is lost, and told; what cannot be read may have put something there that nobody else knows of.
        let record = match generations.record(number) {
            Err(error) if error.is_no_answer() => return Err(error.into()),
            Err(_) => continue,
            Ok(record) => record,
        };
        let desired = match assemble::desired(&record, engine, &read, &Desired::new()) {
            Err(failure) if is_lost(failure.code()) => continue,
            desired => desired?,
        };
        for (path, image) in desired {
            claim(&mut footprint, path, image)?;
        }
    }
    Ok(footprint)
}

/// Takes what is at `path` for ours if nobody else can have put it there, and what is set aside beside it.
fn claim(footprint: &mut Footprint, path: TargetPath, image: Image) -> Result<()> {
    let at = footprint.target.join(path.as_str());
    let is_ours = Live::at(&at).and_then(|live| image.is_at(&at, &live, &Seal::default()));
    let is_ours = is_ours.map_err(OpError::io("look at", &at))?;
    if is_ours && !footprint.entries.contains_key(&path) {
        footprint.entries.insert(path.clone(), image);
    }
    let aside = format!("{path}.before-dgmo").parse::<TargetPath>();
    if let Ok(aside) = aside
        && !footprint.aside.contains_key(&path)
        && is_there(&footprint.target.join(aside.as_str()))?
    {
        footprint.aside.insert(path, aside);
    }
    Ok(())
}

/// Whether an object is gone for good, which is told with the objects.
fn is_lost(code: Code) -> bool {
    matches!(
        code,
        Code::ObjectMissing | Code::ObjectDamaged | Code::ObjectNotATree
    )
}
