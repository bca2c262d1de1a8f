//! Running other programs, without a standard input.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::process::Output;
use std::process::Stdio;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

/// A program and its arguments, with no standard input.
pub(crate) fn program<I, S>(name: impl AsRef<OsStr>, arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let mut command = Command::new(name);
    command.args(arguments).stdin(Stdio::null());
    command
}

/// The cargo that runs us.
pub(crate) fn cargo<I, S>(arguments: I) -> Command
where
    I: IntoIterator<Item = S>,
    S: AsRef<OsStr>,
{
    let name = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    program(name, arguments)
}

/// Runs it to its end; anything but success is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start {}", spelled(command)))?;
    if !status.success() {
        bail!("{} ended with {status}", spelled(command));
    }
    Ok(())
}

/// Runs it and returns what it printed.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = quiet(command)?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Runs it without showing what it prints, unless it fails.
pub(crate) fn quiet(command: &mut Command) -> Result<Output> {
    let output = command
        .output()
        .with_context(|| format!("cannot start {}", spelled(command)))?;
    if !output.status.success() {
        bail!(
            "{} ended with {}\n{}{}",
            spelled(command),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output)
}

/// Whether a program of this name is on the search path.
pub(crate) fn is_installed(name: &str) -> bool {
    std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|folder| is_file(&folder.join(name))))
}

fn is_file(path: &Path) -> bool {
    path.is_file() || path.with_extension("exe").is_file()
}

fn spelled(command: &Command) -> String {
    let mut text = Path::new(command.get_program())
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    for argument in command.get_args() {
        text.push(' ');
        text.push_str(&argument.to_string_lossy());
    }
    format!("`{text}`")
}
