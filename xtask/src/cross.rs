//! Does the program still compile for machines that are not at hand? Only `cargo check`: nothing is linked or run.

use std::process::Command;

use anyhow::Result;
use anyhow::bail;

use crate::run;
use crate::tools;
use crate::tools::Debian;

const WINDOWS: &str = "x86_64-pc-windows-gnu";
const MACOS: &str = "aarch64-apple-darwin";

/// Some crates compile C in their build scripts, even for `cargo check`.
const MINGW: Debian = Debian {
    program: "x86_64-w64-mingw32-gcc",
    package: "gcc-mingw-w64-x86-64",
};

/// What came of a check.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Crossed {
    Passed,
    /// It could not be tried, and why.
    Skipped(String),
}

/// Both, for who asks for nothing else.
pub(crate) fn check_all() -> Result<()> {
    for crossed in [windows()?, macos()?] {
        if let Crossed::Skipped(why) = crossed {
            println!("   skipped: {why}");
        }
    }
    Ok(())
}

pub(crate) fn windows() -> Result<Crossed> {
    if let Err(error) = tools::ensure_target(WINDOWS) {
        return Ok(Crossed::Skipped(format!("{error:#}")));
    }
    if !tools::ensure_programs(&[MINGW]).is_empty() {
        return Ok(Crossed::Skipped(format!(
            "a C compiler for Windows is missing; on Debian: apt-get install {}",
            MINGW.package
        )));
    }
    check(WINDOWS, &mut check_command(WINDOWS))
}

pub(crate) fn macos() -> Result<Crossed> {
    if let Err(error) = tools::ensure_target(MACOS) {
        return Ok(Crossed::Skipped(format!("{error:#}")));
    }
    let mut command = check_command(MACOS);
    if cfg!(not(target_os = "macos")) {
        match tools::ensure_mac_tools() {
            Ok(tools) => command
                .env("CC_aarch64_apple_darwin", tools.compiler)
                .env("AR_aarch64_apple_darwin", tools.archiver),
            Err(error) => return Ok(Crossed::Skipped(format!("{error:#}"))),
        };
    }
    check(MACOS, &mut command)
}

fn check_command(target: &str) -> Command {
    let arguments = ["check", "--quiet", "--workspace", "--exclude", "xtask"];
    let mut command = run::cargo(arguments);
    command.args(["--lib", "--bins", "--target", target]);
    command
}

fn check(target: &str, command: &mut Command) -> Result<Crossed> {
    if run::run(command).is_err() {
        bail!("does not compile for {target}");
    }
    Ok(Crossed::Passed)
}
