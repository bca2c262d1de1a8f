//! The chores of the house: `cargo xtask check`, and what it is made of.
//!
//! Never shipped. It may print, start programs and write files as it likes, but reads no standard input.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a tool for the people who work here: the rules about the terminal and the disk are for dgmo"
)]

mod budget;
mod check;
mod cross;
mod dist;
mod generate;
mod licences;
mod root;
mod run;
mod test;
mod tools;
mod words;

use std::process::ExitCode;

use anyhow::Result;
use anyhow::bail;

const HELP: &str = "\
The chores of the house.

Usage: cargo xtask <CHORE>

  check [--no-tests]    everything CI looks at, and then the tests
  test [ARGS…]          install what the tests need, then run them; ARGS go to the test runner
  crash                 the full crash sweep: every durable step of every command
  generate              write the generated files anew
  dist                  the static release program, and its archive, in target/dist
  bench [ARGS…]         the benchmarks: dgmo against its floors; `bench --help` tells the arguments
  words                 only the check for words that have no business here
  cross                 only the checks for Windows and macOS

The program must compile for machines that are not at hand, so `check` and `test` install Debian packages
(as root) and Rust targets (through rustup) where they are missing. What cannot be had is skipped, and said so.";

fn main() -> ExitCode {
    match chore() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn chore() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (chore, rest) = arguments
        .split_first()
        .map_or(("help", &[][..]), |(chore, rest)| (chore.as_str(), rest));
    std::env::set_current_dir(root::root())?;
    match (chore, rest) {
        ("check", []) => check::all(check::Tests::Run),
        ("check", [flag]) if flag == "--no-tests" => check::all(check::Tests::Leave),
        ("test", rest) => test::all(rest),
        ("bench", rest) => test::bench(rest),
        ("crash", []) => test::crash(),
        ("generate", []) => generate::write(),
        ("dist", []) => dist::release(),
        ("words", []) => words::check().map(drop),
        ("cross", []) => cross::check_all(),
        ("help" | "--help" | "-h", _) => {
            println!("{HELP}");
            Ok(())
        }
        _ => bail!(
            "there is no chore `{}`; see `cargo xtask help`",
            arguments.join(" ")
        ),
    }
}
