//! What is measured, row by row.

mod downloads;
mod generations;
mod objects;
mod packages;
mod program;
mod solving;
mod switching;

use crate::Result;
use crate::desk::Desk;
use crate::table::Row;

/// One thing that is set up once and gives one or more rows.
pub(crate) type Case = fn(&Desk) -> Result<Vec<Row>>;

/// All of them, by the names that filters look at, the quick ones first.
pub(crate) const ALL: &[(&str, Case)] = &[
    ("start-up", program::start_up),
    ("size of the program", program::size),
    ("rollback, 10 and 1,000 generations", generations::moving),
    ("generations list", generations::listing),
    ("switch that changes nothing", switching::nothing),
    ("switch, one package of 100 changed", switching::one_of_many),
    ("view of 95 packages", switching::view),
    ("store add small", |desk| objects::add(desk.small()?, desk)),
    ("store add large", |desk| objects::add(desk.large()?, desk)),
    ("lay out a tree", objects::lay_out),
    ("store verify", objects::verify),
    ("gc", objects::collect),
    ("store copy", objects::copy),
    ("downloads", downloads::both),
    ("wheels", packages::wheels),
    ("npm", packages::npm),
    ("solving 2,000 packages", solving::all),
];
