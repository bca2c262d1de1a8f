//! No crash, no lost write and no failing disk leaves anything between the old and the new.
//!
//! Real processes are stopped before each durable step, recorded steps are replayed without what was not synced yet,
//! and each step is made to fail. After each, the next command must find exactly the old or the new generation, and
//! running the same command again must finish the job. `DGMO_CRASH=full` tries every step; else the long scenarios are
//! sampled evenly.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "sets worlds up, breaks them and looks at the pieces: what dgmo may not do itself"
)]

mod check;
mod copy;
mod disk;
mod drifting;
mod finding;
mod listing;
mod mending;
mod modes;
mod offering;
mod reading;
mod scenarios;
mod serving;
mod state;
mod steps;
mod sweep;
#[path = "../support/server.rs"]
#[expect(dead_code, reason = "what catalogues need besides")]
mod server;
mod world;

/// So many points are tried at least, also where not every step is.
const AT_LEAST: usize = 5_000;

/// So many calls that read are made to fail at least.
const READ_AT_LEAST: usize = 250;

#[test]
fn whatever_stops_a_command_the_next_one_finds_the_old_or_the_new() {
    let tried = sweep::run(&scenarios::all(), modes::MODES);
    assert!(
        tried >= AT_LEAST || sweep::is_part(),
        "only {tried} points were tried"
    );
}

#[test]
fn whatever_cannot_be_read_nothing_is_lost_and_nothing_untrue_is_said() {
    if let Some(why) = reading::why_not() {
        println!("skipped: {why}");
        return;
    }
    let mut scenarios = scenarios::all();
    scenarios.extend(scenarios::looking());
    for scenario in &mut scenarios {
        // Going to a named generation works also where nobody can read that the current one is on trial.
        scenario.may_forget_why = scenario.name == "a change nobody confirmed";
    }
    let tried = sweep::run(&scenarios, &[reading::MODE]);
    assert!(
        tried >= READ_AT_LEAST || sweep::is_part(),
        "only {tried} points were tried"
    );
}
