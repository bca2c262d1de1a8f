//! `dgmo run`, `dgmo exec` and `dgmo shell`

use std::ffi::OsString;

use dgmo_schema::report::running::RunReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use crate::ops;
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::running::ExecRequest;
use crate::ops::running::Prepared;
use crate::ops::running::RunRequest;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Run a program of a package, as one generation has it
///
/// The package's own program runs, also where another package shows one of the same name. It and all it starts see that
/// generation until they end, whatever is switched to meanwhile, and neither `prune` nor `gc` takes it away from them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo run ripgrep -- --files
  dgmo run --at 12 helix notes.md     as it was in generation 12
  dgmo run helix --bin hx             of several programs this one
  dgmo run rg                         by the name of a program the generation shows")]
pub(super) struct RunArgs {
    /// In this generation: a number or a label [default: the current one]
    #[arg(long, value_name = "N")]
    at: Option<String>,
    /// Which of its programs [default: the one called as the package is, or the only one, or the first of its `bin:`]
    #[arg(long, value_name = "NAME")]
    bin: Option<String>,
    /// Show what would be started, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// The package
    #[arg(value_name = "PKG")]
    package: String,
    /// What the program is told; put `--` in front where it begins with `-`
    #[arg(
        value_name = "ARGS",
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    arguments: Vec<OsString>,
}

/// Run any program with the environment of a generation
///
/// It takes the place of dgmo: its exit code, its signals and its terminal are its own. It and all it starts see that
/// generation until they end, and neither `prune` nor `gc` takes it away from them.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo exec -- make test
  dgmo exec --at before-upgrade -- sh -c 'rg --version'")]
pub(super) struct ExecArgs {
    /// In this generation: a number or a label [default: the current one]
    #[arg(long, value_name = "N")]
    at: Option<String>,
    /// Show what would be started, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// The program and what it is told
    #[arg(
        value_name = "COMMAND",
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true
    )]
    command: Vec<OsString>,
}

/// Start a shell that lives in a generation
///
/// In a project's folder it is the project's environment. `exit` leaves it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo shell
  dgmo shell --at 12
  dgmo shell --shell zsh")]
pub(super) struct ShellArgs {
    /// In this generation: a number or a label [default: the current one]
    #[arg(long, value_name = "N")]
    at: Option<String>,
    /// Which shell [default: $SHELL, else /bin/sh]
    #[arg(long, value_name = "PROGRAM")]
    shell: Option<OsString>,
    /// Show what would be started, and do nothing
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: RunArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let request = RunRequest {
        at: args.at,
        package: args.package,
        program: args.bin,
        arguments: args.arguments,
    };
    start(args.dry_run, global, printer, |engine| {
        ops::running::run(engine, &request)
    })
}

pub(super) fn exec(args: ExecArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let mut words = args.command.into_iter();
    let request = ExecRequest {
        at: args.at,
        program: words.next().unwrap_or_default(),
        arguments: words.collect(),
    };
    start(args.dry_run, global, printer, |engine| {
        ops::running::exec(engine, &request)
    })
}

pub(super) fn shell(args: ShellArgs, global: &Global, printer: Printer) -> Result<Exit> {
    start(args.dry_run, global, printer, |engine| {
        let prepared = ops::running::shell(engine, args.at, args.shell)?;
        if !args.dry_run {
            let number = prepared.report.generation;
            printer.say(&format!("a shell in generation {number}; `exit` leaves it"));
        }
        Ok(prepared)
    })
}

fn start(
    dry_run: bool,
    global: &Global,
    printer: Printer,
    prepare: impl FnOnce(&Engine<'_>) -> Result<Prepared>,
) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let prepared = prepare(&engine)?;
    if dry_run {
        printer
            .report(&prepared.report, in_words)
            .map_err(OpError::stdout)?;
        return Ok(Exit::Done);
    }
    Ok(Exit::Other(prepared.start()?))
}

fn in_words(report: &RunReport, style: Style) -> String {
    let number = style.strong(&format!("generation {}", report.generation));
    let mut text = format!("{number} would run {}", report.program);
    for word in &report.arguments {
        text.push(' ');
        text.push_str(word);
    }
    text.push('\n');
    for (name, value) in &report.variables {
        text.push_str(&format!("  {name}={value}\n"));
    }
    text
}
