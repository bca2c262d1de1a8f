//! The program itself: how soon it is there, how large it is.

use crate::Result;
use crate::contest::Contender;
use crate::contest::in_turn;
use crate::desk::Desk;
use crate::table::Look;
use crate::table::Row;
use crate::table::Target;

/// Against the program that does nothing.
pub(crate) fn start_up(desk: &Desk) -> Result<Vec<Row>> {
    let [ours, floor] = in_turn(
        desk.asked.quick * 2,
        &[
            Contender::of(desk.program_of_ours().arg("--version")),
            Contender::of(desk.program("true")),
        ],
    )?;
    let work = "`dgmo --version`";
    Ok(vec![
        Row::new(
            work,
            Look::Wall,
            &ours,
            ("`true`", &floor),
            Target::Ratio(2.0),
        ),
        Row::memory(format!("{work}, memory"), &ours, 5.0),
    ])
}

/// The file as it is; what is shipped is built against musl, and has its own test: 10,000,000 bytes.
pub(crate) fn size(desk: &Desk) -> Result<Vec<Row>> {
    let bytes = std::fs::metadata(&desk.asked.dgmo)?.len();
    Ok(vec![Row::of_size("the stripped program", bytes, 9.53)])
}
