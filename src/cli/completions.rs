//! `dgmo completions`

use clap::CommandFactory;
use clap_complete::Shell;

use super::Cli;
use super::exit::Exit;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Printer;

/// Print the completion script of a shell
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo completions bash > ~/.local/share/bash-completion/completions/dgmo
  dgmo completions fish > ~/.config/fish/completions/dgmo.fish")]
pub(super) struct Args {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

pub(super) fn run(args: &Args, printer: Printer) -> Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "dgmo", &mut script);
    printer
        .out(&String::from_utf8_lossy(&script))
        .map_err(OpError::stdout)?;
    Ok(Exit::Done)
}
