//! Measures dgmo in ratios: whole processes in turn with a floor or a peer, on packages made for the occasion.
//!
//! `cargo xtask bench` runs it; `docs/performance.md` says how to read what it prints. Nothing here fails because
//! something is slow: a machine that is busy must not turn a figure into an error.
#![cfg_attr(
    unix,
    expect(
        clippy::print_stdout,
        clippy::print_stderr,
        clippy::disallowed_methods,
        reason = "a tool for the people who work here: the rules about the terminal and the disk are for dgmo"
    )
)]

#[cfg(unix)]
mod cases;
#[cfg(unix)]
mod contest;
#[cfg(unix)]
mod corpus;
#[cfg(unix)]
mod desk;
#[cfg(unix)]
mod floor;
#[cfg(unix)]
mod nginx;
#[cfg(unix)]
mod options;
#[cfg(unix)]
mod program;
#[cfg(unix)]
mod table;
#[cfg(unix)]
#[path = "../../tests/support/universe.rs"]
mod universe;
#[cfg(unix)]
mod wait;

/// What goes wrong is told to a person, and that is all.
#[cfg(unix)]
type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The floors are programs of Unix.
#[cfg(not(unix))]
fn main() {}

#[cfg(unix)]
fn main() -> std::process::ExitCode {
    match go() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            std::process::ExitCode::FAILURE
        }
    }
}

#[cfg(unix)]
fn go() -> Result<()> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let Some((floor::WORD, rest)) = words
        .split_first()
        .map(|(word, rest)| (word.as_str(), rest))
    {
        return floor::run(rest);
    }
    let Some(options) = options::Options::read(words)? else {
        println!("{}", options::HELP);
        return Ok(());
    };
    let desk = desk::Desk::new(options.asked)?;
    let mut rows = Vec::new();
    if !options.json {
        println!("{}", table::HEAD);
    }
    for (name, case) in cases::ALL {
        if !options.filters.is_empty() && !options.filters.iter().any(|part| name.contains(part)) {
            continue;
        }
        let measured =
            case(&desk).unwrap_or_else(|error| vec![table::Row::cannot(*name, error.to_string())]);
        if !options.json {
            for row in &measured {
                println!("{}", table::line(row));
            }
        }
        rows.extend(measured);
    }
    if options.json {
        println!("{}", serde_json::to_string_pretty(&rows)?);
    }
    if !options.keep {
        desk.clear()?;
    }
    Ok(())
}
