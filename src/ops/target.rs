//! What a record wants of the target folder, as a plan.

use dgmo_schema::generation::Record;
use dgmo_schema::id::TreeId;
use dgmo_store::ReadError;
use dgmo_store::Tree;

use super::Engine;
use super::Result;
use super::assemble;
use super::begin;
use super::same;
use super::secrets::Secrets;
use crate::activate;
use crate::activate::Footprint;
use crate::activate::InTheWay;
use crate::activate::Known;
use crate::activate::Plan;
use crate::activate::Surroundings;

/// How a record gets to the target folder.
#[derive(Clone, Copy)]
pub(super) struct How<'a> {
    /// What to do with files in the way.
    pub in_the_way: InTheWay,
    /// The secrets, fetched.
    pub secrets: &'a Secrets,
    /// What may be replaced because it is kept elsewhere.
    pub known: &'a Known,
}

/// Plans the way from what `footprint` says to what `record` says.
pub(super) fn plan(
    engine: &Engine<'_>,
    footprint: &Footprint,
    record: &Record,
    read: &dyn Fn(TreeId) -> std::result::Result<Tree, ReadError>,
    how: How<'_>,
) -> Result<Plan> {
    let desired = assemble::desired(record, engine, read, &how.secrets.images)?;
    let others = begin::other_footprints(engine)?;
    let around = Surroundings {
        others: &others,
        in_the_way: how.in_the_way,
        seal: &how.secrets.seal,
        known: how.known,
    };
    let shows_the_same = same::as_in(record, read);
    let mut plan = activate::plan(footprint, &desired, around, &shows_the_same)?;
    plan.secrets = how.secrets.contents.clone();
    Ok(plan)
}
