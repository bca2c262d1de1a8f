//! Every scenario in every mode, on as many threads as there are cores.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::time::Instant;

use crate::modes::Mode;
use crate::modes::Stage;
use crate::scenarios::Scenario;
use crate::world::World;
use crate::world::folder_for_worlds;

/// What came of one scenario in one mode.
struct Tally {
    scenario: &'static str,
    mode: &'static str,
    tried: usize,
    failures: Vec<String>,
}

impl Tally {
    fn tell(&self) {
        let (scenario, mode, tried) = (self.scenario, self.mode, self.tried);
        // Who waits for the full sweep wants to see that it goes on.
        if is_full() {
            println!("crash points tried: {tried:5} in `{scenario}`, {mode}");
        }
        for failure in self.failures.iter().take(FAILURES_TOLD) {
            println!("FAILED in `{scenario}`, {mode}, {failure}\n");
        }
    }
}

/// So many failures of one scenario in one mode are told; the rest will be alike.
const FAILURES_TOLD: usize = 8;

/// Runs everything, says how many points were tried, and returns that; panics where one of them failed.
pub(crate) fn run(scenarios: &[Scenario], modes: &[Mode]) -> usize {
    let started = Instant::now();
    let folder = folder_for_worlds();
    let mut jobs: Vec<(usize, &Scenario, &Mode)> = Vec::new();
    for scenario in scenarios.iter().filter(|scenario| is_wanted(scenario.name)) {
        for mode in modes.iter().filter(|mode| is_wanted_mode(mode.name)) {
            jobs.push((jobs.len(), scenario, mode));
        }
    }
    jobs.reverse();
    let jobs = Mutex::new(jobs);
    let tallies = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..threads() {
            scope.spawn(|| {
                loop {
                    let Some((number, scenario, mode)) = jobs.lock().unwrap().pop() else {
                        return;
                    };
                    let world = World::new(folder.path().join(number.to_string()));
                    let (tried, failures) = match Stage::set(&world, scenario) {
                        Ok(stage) => mode.run(&stage),
                        Err(why) => (0, vec![why]),
                    };
                    let tally = Tally {
                        scenario: scenario.name,
                        mode: mode.name,
                        tried,
                        failures,
                    };
                    tally.tell();
                    tallies.lock().unwrap().push(tally);
                }
            });
        }
    });
    let tallies = tallies.into_inner().unwrap();
    tell(&tallies, started);
    tallies.iter().map(|tally| tally.tried).sum()
}

/// Whether every step is tried.
pub(crate) fn is_full() -> bool {
    std::env::var_os("DGMO_CRASH").is_some_and(|how| how == "full")
}

/// Whether only a part was asked for.
pub(crate) fn is_part() -> bool {
    ["DGMO_CRASH_ONLY", "DGMO_CRASH_MODE"]
        .iter()
        .any(|name| std::env::var_os(name).is_some())
}

/// `DGMO_CRASH_ONLY=NAME` looks at the scenarios with that in their name.
fn is_wanted(name: &str) -> bool {
    std::env::var("DGMO_CRASH_ONLY").map_or(true, |only| name.contains(&only))
}

/// `DGMO_CRASH_MODE=NAME` looks at the modes with that in their name.
fn is_wanted_mode(name: &str) -> bool {
    std::env::var("DGMO_CRASH_MODE").map_or(true, |only| name.contains(&only))
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(2, |cores| cores.get().clamp(2, 8))
}

fn tell(tallies: &[Tally], started: Instant) {
    let mut scenarios: BTreeMap<&str, usize> = BTreeMap::new();
    for tally in tallies {
        *scenarios.entry(tally.scenario).or_default() += tally.tried;
    }
    for (scenario, tried) in scenarios {
        println!("crash points tried: {tried:5} in `{scenario}`");
    }
    let tried: usize = tallies.iter().map(|tally| tally.tried).sum();
    println!("crash points tried: {tried} in {:.0?}", started.elapsed());
    let failed: usize = tallies.iter().map(|tally| tally.failures.len()).sum();
    assert_eq!(failed, 0, "so many points failed; see above");
}
