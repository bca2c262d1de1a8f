//! `dgmo env`

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::hook::Shell;
use crate::env::Var;
use crate::ops;
use crate::ops::EnvironmentRequest;
use crate::ops::OpError;
use crate::ops::Result;
use crate::process;
use crate::ui::Format;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::view::ShellKind;

/// Print what a shell runs to live in a generation
///
/// The pointer is resolved once, so what starts from that shell sees one generation, whatever is switched to later.
/// With `--follow` the search path goes through the pointer instead. In what `dgmo shell`, `exec` and `run` started it
/// is the generation of those, unless `--at` names one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  eval \"$(dgmo env)\"                      in sh, bash or zsh
  dgmo env --shell fish | source          in fish
  eval \"$(dgmo env --at 12)\"              as it was in generation 12")]
pub(super) struct Args {
    /// In whose spelling [default: that of $SHELL, else sh]
    #[arg(long, value_name = "SHELL")]
    shell: Option<Shell>,
    /// Of this generation: a number or a label [default: the current one]
    #[arg(long, value_name = "N")]
    at: Option<String>,
    /// Follow later switches
    #[arg(long, conflicts_with = "at")]
    follow: bool,
    /// The shell that sets it, by its process: while it lives, the generation is not pruned [default: who runs this]
    #[arg(long, value_name = "PID")]
    process: Option<u32>,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let of_user = || {
        Var::Shell
            .text()
            .and_then(|path| ShellKind::of_program(&path))
    };
    let shell = args
        .shell
        .map(Shell::kind)
        .or_else(of_user)
        .unwrap_or(ShellKind::Posix);
    // A document is for a program that may end at once.
    let caller = || (printer.format == Format::Text).then(process::parent)?;
    let request = EnvironmentRequest {
        at: args.at.clone(),
        follow: args.follow,
        shell,
        process: args.process.or_else(caller),
    };
    let (report, lines) = ops::environment(&engine, &request)?;
    let printed = match printer.format {
        Format::Json => printer.report(&report, |_, _| String::new()),
        Format::Text => printer.out(&lines),
    };
    printed.map_err(OpError::stdout)?;
    Ok(Exit::Done)
}
