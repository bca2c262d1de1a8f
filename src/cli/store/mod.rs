//! `dgmo store`

mod add;
mod look;
mod pins;
mod transfer;
mod verify;

use clap::Subcommand;

use super::Global;
use super::exit::Exit;
use super::repair;
use crate::ops::Result;
use crate::ui::Printer;

/// Work with objects alone: add, look, verify, carry to another home
///
/// An object is named by the BLAKE3 of its content. Wherever an id is asked for, its first digits do, or the name of a
/// pin.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo store add ./tools/notes     print its id
  dgmo store ls b3:9f2c41d0        what is in it
  dgmo store verify                is everything still what it was?")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Add(add::Args),
    Path(look::PathArgs),
    Ls(look::ListArgs),
    Cat(look::CatArgs),
    Verify(verify::Args),
    Repair(repair::Args),
    Export(transfer::ExportArgs),
    Import(transfer::ImportArgs),
    Copy(transfer::CopyArgs),
    Pin(pins::PinArgs),
    Unpin(pins::UnpinArgs),
    Pins(pins::Args),
}

pub(super) fn run(args: Args, global: &Global, printer: Printer) -> Result<Exit> {
    match args.command {
        Command::Add(args) => add::run(args, global, printer),
        Command::Path(args) => look::path(&args, global, printer),
        Command::Ls(args) => look::list(&args, global, printer),
        Command::Cat(args) => look::cat(&args, global),
        Command::Verify(_) => verify::run(global, printer),
        Command::Repair(args) => repair::run(args, global, printer),
        Command::Export(args) => transfer::export(args, global, printer),
        Command::Import(args) => transfer::import(&args, global, printer),
        Command::Copy(args) => transfer::copy(&args, global, printer),
        Command::Pin(args) => pins::pin(args, global, printer),
        Command::Unpin(args) => pins::unpin(&args, global, printer),
        Command::Pins(_) => pins::list(global, printer),
    }
}
