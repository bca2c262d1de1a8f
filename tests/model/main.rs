//! Random histories against a small model of what the target folder, the pointer and the numbers must be.
//!
//! In this process, through `dgmo::ops`: a case is a new home, a user's folder with some files in it, and a list of
//! steps. After each step the model and the disk must agree; at the end generation 0 gives back what was there.
#![cfg(unix)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "plays the user, who may write and delete anything"
)]

mod machine;
mod model;
#[path = "../support/snapshot.rs"]
mod snapshot;

use std::time::Duration;
use std::time::Instant;

use proptest::prelude::*;
use proptest::test_runner::Config;
use proptest::test_runner::TestCaseError;
use proptest::test_runner::TestRunner;

use machine::Machine;
use model::Shape;
use snapshot::Snapshot;

/// What happens to the machine, by the user or by a command.
#[derive(Debug, Clone)]
enum Step {
    Switch {
        shapes: Vec<Shape>,
        backup: bool,
    },
    /// A switch whose check fails.
    Fail {
        shapes: Vec<Shape>,
        backup: bool,
    },
    Rollback {
        choice: usize,
        backup: bool,
    },
    Prune {
        last: u32,
    },
    Pin {
        choice: usize,
    },
    Unpin {
        choice: usize,
    },
    Label {
        choice: usize,
        name: usize,
    },
    Collect,
    UserWrites {
        path: usize,
    },
    UserRemoves {
        path: usize,
    },
    LinkIsLost {
        path: usize,
    },
    TreesAreLost,
    Edit {
        path: usize,
    },
    Restore,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (prop::collection::vec(model::shape(), 0..5), any::<bool>())
            .prop_map(|(shapes, backup)| Step::Switch { shapes, backup }),
        2 => (prop::collection::vec(model::shape(), 0..5), any::<bool>())
            .prop_map(|(shapes, backup)| Step::Fail { shapes, backup }),
        3 => (any::<usize>(), any::<bool>())
            .prop_map(|(choice, backup)| Step::Rollback { choice, backup }),
        1 => (0_u32..4).prop_map(|last| Step::Prune { last }),
        1 => any::<usize>().prop_map(|choice| Step::Pin { choice }),
        1 => any::<usize>().prop_map(|choice| Step::Unpin { choice }),
        1 => (any::<usize>(), 0_usize..3).prop_map(|(choice, name)| Step::Label { choice, name }),
        1 => Just(Step::Collect),
        2 => (0..model::PATHS.len()).prop_map(|path| Step::UserWrites { path }),
        1 => (0..model::PATHS.len()).prop_map(|path| Step::UserRemoves { path }),
        1 => (0..model::PATHS.len()).prop_map(|path| Step::LinkIsLost { path }),
        1 => Just(Step::TreesAreLost),
        1 => (0..model::PATHS.len()).prop_map(|path| Step::Edit { path }),
        1 => Just(Step::Restore),
    ];
    prop::collection::vec(step, 1..14)
}

fn user_files() -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..model::PATHS.len(), 0..4)
}

/// Runs cases until the time is up, so that a slow machine tries fewer and does not hold up the rest.
fn within<S: Strategy>(
    time: Duration,
    strategy: &S,
    test: impl Fn(S::Value) -> Result<(), TestCaseError>,
) {
    let started = Instant::now();
    let mut cases = 0;
    while started.elapsed() < time {
        let config = Config {
            cases: 8,
            failure_persistence: None,
            max_shrink_time: 60_000,
            ..Config::default()
        };
        TestRunner::new(config).run(strategy, &test).unwrap();
        cases += 8;
    }
    println!("{cases} histories in {:.0?}", started.elapsed());
}

#[test]
fn every_history_is_as_the_model_says_and_loses_nothing_of_the_user() {
    within(
        Duration::from_secs(25),
        &(user_files(), steps()),
        |(files, steps)| {
            let mut machine = Machine::new(&files);
            for step in &steps {
                machine.take(step);
            }
            machine.back_to_zero();
            Ok(())
        },
    );
}

#[test]
fn without_the_user_generation_0_is_exactly_what_was_there() {
    within(
        Duration::from_secs(20),
        &(user_files(), steps()),
        |(files, steps)| {
            let mut machine = Machine::new(&files);
            let before = Snapshot::of(&machine.target());
            let by_the_user = |step: &Step| {
                matches!(
                    step,
                    Step::UserWrites { .. } | Step::UserRemoves { .. } | Step::Edit { .. }
                )
            };
            for step in steps.iter().filter(|step| !by_the_user(step)) {
                machine.take(step);
            }
            machine.back_to_zero();
            before.assert_same(
                &Snapshot::of(&machine.target()),
                "generation 0 is not what was there",
            );
            Ok(())
        },
    );
}
