//! `dgmo restore`: home files are as the generation says again, and what was there is kept.

use std::collections::BTreeSet;

use dgmo_schema::generation::Record;
use dgmo_schema::name::TargetPath;
use dgmo_schema::report::drift::DriftKind;
use dgmo_schema::report::drift::RestoreReport;
use dgmo_schema::report::drift::Restored;

use super::Engine;
use super::OpError;
use super::Result;
use super::assemble;
use super::begin;
use super::managed::Managed;
use super::secrets::Fetching;
use super::secrets::Secrets;
use super::secrets::SecretsHow;
use crate::activate;
use crate::activate::Activation;
use crate::activate::InTheWay;
use crate::activate::Known;
use crate::activate::Op;
use crate::activate::Plan;
use crate::activate::Surroundings;

/// What a restoring is asked for.
#[derive(Debug)]
pub struct RestoreRequest {
    /// Which files.
    pub which: Which,
    /// Whether what was changed is deleted, in place of getting another name.
    pub discard: bool,
    /// Whether to look only.
    pub dry_run: bool,
}

/// Which files are meant.
#[derive(Debug, Clone)]
pub enum Which {
    /// All that are not as the generation says.
    All,
    /// Those named.
    These(Vec<String>),
}

/// Puts what the generation says back in place.
pub fn restore(engine: &Engine<'_>, request: &RestoreRequest) -> Result<RestoreReport> {
    if request.dry_run {
        let store = begin::look(engine)?;
        let managed = Managed::current(engine, &store)?;
        let chosen = choose(&managed, &request.which)?;
        let plan = plan(engine, &managed, &chosen, request)?;
        return Ok(report(engine, &managed, &chosen, &plan, request));
    }
    begin::look(engine)?;
    let held = begin::hold(engine)?;
    let managed = Managed::current(engine, &held.store)?;
    let chosen = choose(&managed, &request.which)?;
    let plan = plan(engine, &managed, &chosen, request)?;
    Activation::new(&engine.profile, &held.store, engine.observer, &held.guard).run(
        managed.number,
        managed.number,
        &plan,
    )?;
    Ok(report(engine, &managed, &chosen, &plan, request))
}

fn choose(managed: &Managed<'_>, which: &Which) -> Result<BTreeSet<TargetPath>> {
    let mut chosen = BTreeSet::new();
    match which {
        Which::All => {
            for path in managed.desired.keys() {
                chosen.extend(managed.drifted_at(path)?);
            }
        }
        Which::These(words) => {
            for words in words {
                let path = managed.find(words)?;
                let drifted = managed.drifted_at(&path)?;
                if drifted.is_empty() && managed.unknown()?.contains(&path) {
                    return Err(OpError::Usage {
                        what: format!(
                            "`{path}` is not of this generation: there is nothing to restore"
                        ),
                        hint: format!("adopt it with `dgmo adopt {path}`, or move it away"),
                    }
                    .into());
                }
                chosen.extend(drifted);
            }
        }
    }
    Ok(chosen)
}

fn plan(
    engine: &Engine<'_>,
    managed: &Managed<'_>,
    chosen: &BTreeSet<TargetPath>,
    request: &RestoreRequest,
) -> Result<Plan> {
    let mut known = Known::default();
    for path in chosen {
        let live = managed.live(path)?;
        if managed.difference(path, &live)? == Some(DriftKind::Editable) {
            managed.add_to_known(path, &mut known)?;
        }
    }
    let secrets = secrets_of(engine, managed, chosen, request)?;
    let read = |id| managed.store.read_tree(id);
    let desired = assemble::desired(&managed.record, engine, &read, &secrets.images)?;
    let around = Surroundings {
        others: &managed.others,
        in_the_way: if request.discard {
            InTheWay::Discard
        } else {
            InTheWay::SetAsideEdited
        },
        seal: &secrets.seal,
        known: &known,
    };
    let mut plan = activate::plan_some(&managed.footprint, &desired, chosen, around)?;
    plan.secrets = secrets.contents;
    if !plan.obstacles.is_empty() {
        return Err(activate::ActivateError::Obstacles(plan.obstacles).into());
    }
    Ok(plan)
}

/// The secrets that are to be restored, fetched anew.
fn secrets_of(
    engine: &Engine<'_>,
    managed: &Managed<'_>,
    chosen: &BTreeSet<TargetPath>,
    request: &RestoreRequest,
) -> Result<Secrets> {
    let mut record: Record = managed.record.clone();
    record.secrets.retain(|path, _| chosen.contains(path));
    let fetching = if request.dry_run {
        Fetching::No
    } else {
        Fetching::Yes
    };
    let how = (SecretsHow::Missing, fetching);
    Secrets::gather(engine, &record, &managed.footprint, how)
}

fn report(
    engine: &Engine<'_>,
    managed: &Managed<'_>,
    chosen: &BTreeSet<TargetPath>,
    plan: &Plan,
    request: &RestoreRequest,
) -> RestoreReport {
    let kept_as = |path: &TargetPath| {
        plan.before.iter().find_map(|op| match op {
            Op::SetAside { path: from, to } if from == path && !request.discard => {
                Some(to.to_string())
            }
            _ => None,
        })
    };
    RestoreReport {
        profile: engine.profile.name().clone(),
        generation: managed.number,
        restored: chosen
            .iter()
            .map(|path| Restored {
                path: path.to_string(),
                kept_as: kept_as(path),
            })
            .collect(),
        dry_run: request.dry_run,
    }
}
