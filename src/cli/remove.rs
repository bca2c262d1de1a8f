//! `dgmo remove`

use dgmo_schema::name::PackageName;

use super::Global;
use super::add;
use super::exit::Exit;
use super::switch;
use crate::ops;
use crate::ops::Follow;
use crate::ops::Result;
use crate::ui::Printer;
use crate::ui::Renderer;

/// Take packages out of the manifest and switch to what is left
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo remove helix
  dgmo remove jq notes --no-switch")]
pub(super) struct Args {
    /// Which packages
    #[arg(value_name = "PKG", required = true)]
    packages: Vec<PackageName>,
    /// Edit the manifest and the lock only
    #[arg(long)]
    no_switch: bool,
    #[command(flatten)]
    common: switch::Common,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(args.common.special(), &renderer)?;
    let request = args.common.request("remove")?;
    let follow = if args.no_switch {
        Follow::Lock
    } else {
        Follow::Switch
    };
    let show = |plan: &_| switch::show_plan(plan, printer);
    let edited = ops::remove(&engine, request, &args.packages, (follow, &show))?;
    add::tell(&edited, printer)
}
