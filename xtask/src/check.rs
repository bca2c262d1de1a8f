//! The one command before a change travels; CI runs the same.

use std::time::Instant;

use anyhow::Result;
use anyhow::bail;

use crate::budget;
use crate::cross;
use crate::cross::Crossed;
use crate::generate;
use crate::licences;
use crate::run;
use crate::test;
use crate::tools;
use crate::words;

/// Whether the tests follow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tests {
    Run,
    Leave,
}

/// What a step has to say when nothing is wrong.
enum Said {
    Nothing,
    This(String),
    Skipped(String),
}

/// A step's name, and what it does.
type Step = (&'static str, fn() -> Result<Said>);

const STEPS: &[Step] = &[
    ("format", format),
    ("words", forbidden_words),
    ("packages", packages),
    ("licences", accepted_licences),
    ("cargo-deny", deny),
    ("clippy", || clippy(&[])),
    // Both features at once: no code asks for one without the other, so a third look would see nothing new.
    ("clippy with faults and browser", || {
        clippy(&["--features", "fault-injection,tui"])
    }),
    ("documents", documents),
    ("generated files", generated),
    ("flake", flake),
    ("Windows", || cross::windows().map(said)),
    ("macOS", || cross::macos().map(said)),
];

/// Takes every step, even after one has failed: a person wants to see all that is wrong at once.
pub(crate) fn all(tests: Tests) -> Result<()> {
    let mut failed: Vec<&str> = STEPS.iter().filter_map(take).collect();
    if tests == Tests::Run {
        println!("== tests");
        if let Err(error) = test::all(&[]) {
            eprintln!("{error:#}");
            failed.push("tests");
        }
    }
    if !failed.is_empty() {
        bail!("these steps failed: {}", failed.join(", "));
    }
    Ok(())
}

/// Takes one step and returns its name if it failed.
fn take((name, step): &Step) -> Option<&'static str> {
    println!("== {name}");
    let start = Instant::now();
    let said = step();
    let seconds = start.elapsed().as_secs_f32();
    match said {
        Ok(Said::Nothing) => println!("   fine ({seconds:.1} s)"),
        Ok(Said::This(text)) => println!("   fine: {text} ({seconds:.1} s)"),
        Ok(Said::Skipped(why)) => println!("   SKIPPED: {why}"),
        Err(error) => {
            println!("   FAILED: {error:#}");
            return Some(name);
        }
    }
    None
}

fn said(crossed: Crossed) -> Said {
    match crossed {
        Crossed::Passed => Said::Nothing,
        Crossed::Skipped(why) => Said::Skipped(why),
    }
}

fn format() -> Result<Said> {
    if let Err(error) = tools::ensure_component("rustfmt", "fmt") {
        return Ok(Said::Skipped(format!("{error:#}")));
    }
    run::run(&mut run::cargo(["fmt", "--all", "--check"]))?;
    Ok(Said::Nothing)
}

fn clippy(features: &[&str]) -> Result<Said> {
    if let Err(error) = tools::ensure_component("clippy", "clippy") {
        return Ok(Said::Skipped(format!("{error:#}")));
    }
    let mut command = run::cargo(["clippy", "--quiet", "--workspace", "--all-targets"]);
    run::run(command.args(features).args(["--", "-D", "warnings"]))?;
    Ok(Said::Nothing)
}

fn documents() -> Result<Said> {
    let mut command = run::cargo(["doc", "--quiet", "--workspace", "--no-deps"]);
    // Our documents are for those who work here: they may speak of what is private.
    command.args([
        "--document-private-items",
        "--features",
        "fault-injection,tui",
    ]);
    let flags = "-D warnings -A rustdoc::private_intra_doc_links";
    run::run(command.env("RUSTDOCFLAGS", flags))?;
    Ok(Said::Nothing)
}

fn forbidden_words() -> Result<Said> {
    if !run::is_installed("git") || !std::path::Path::new(".git").exists() {
        return Ok(Said::Skipped("not a git checkout".to_owned()));
    }
    Ok(Said::This(format!("{} files", words::check()?)))
}

fn packages() -> Result<Said> {
    Ok(Said::This(format!("{} packages", budget::check()?)))
}

fn accepted_licences() -> Result<Said> {
    Ok(Said::This(format!("{} packages", licences::check()?)))
}

/// Its advisories need the network and change without us: they are for `cargo deny check` by hand.
fn deny() -> Result<Said> {
    if !run::is_installed("cargo-deny") {
        return Ok(Said::Skipped("cargo-deny is not installed".to_owned()));
    }
    let arguments = [
        "deny",
        "--all-features",
        "check",
        "bans",
        "licenses",
        "sources",
    ];
    run::run(&mut run::cargo(arguments))?;
    Ok(Said::Nothing)
}

fn generated() -> Result<Said> {
    Ok(match generate::check()? {
        0 => Said::Skipped("nothing is generated yet".to_owned()),
        count => Said::This(format!("{count} kinds")),
    })
}

/// Only evaluated: what it exports is built from published archives.
fn flake() -> Result<Said> {
    if !run::is_installed("nix-instantiate") {
        return Ok(Said::Skipped("nix is not installed".to_owned()));
    }
    let outputs = "builtins.attrNames ((import ./flake.nix).outputs { self = { }; })";
    let arguments = ["--store", "dummy://", "--eval", "--strict", "-E", outputs];
    run::quiet(&mut run::program("nix-instantiate", arguments))?;
    Ok(Said::Nothing)
}
