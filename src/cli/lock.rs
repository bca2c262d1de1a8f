//! `dgmo lock` and `dgmo update`

use std::path::PathBuf;

use dgmo_schema::name::PackageName;
use dgmo_schema::report::profile::LockReport;

use super::Global;
use super::age::Age;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_path;
use super::switch;
use super::words;
use crate::ops;
use crate::ops::LockRequest;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::SwitchRequest;
use crate::resolve::Update;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Write down exactly what the manifest asks for, without switching to it
///
/// Also tells the id of the generation each system gets: the same lock gives the same id everywhere.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo lock             bring dgmo.lock up to date
  dgmo lock --check     look only; exit 3 if it does not fit the manifest")]
pub(super) struct Args {
    /// The manifest [default: dgmo.yaml here or above, else ~/.config/dgmo/dgmo.yaml]
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Look only; exit 3 if the lock would change
    #[arg(long)]
    check: bool,
    /// Never open a socket
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    age: Age,
}

/// Lock packages afresh and switch to them
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo update             every package
  dgmo update helix jq    these two
  dgmo update --minimum-release-age 7d   nothing that was published within a week
  dgmo update --dry-run   see what would change")]
pub(super) struct UpdateArgs {
    /// Which packages [default: all]
    #[arg(value_name = "PKG")]
    packages: Vec<PackageName>,
    #[command(flatten)]
    common: switch::Common,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        offline: args.offline,
        age: args.age.clone(),
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let request = LockRequest {
        manifest: manifest_path(args.file.clone())?,
        check: args.check,
        update: Update::Nothing,
    };
    let report = ops::lock(&engine, request)?;
    tell(&report, printer)?;
    Ok(Exit::found(args.check && report.changed))
}

pub(super) fn update(args: &UpdateArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(args.common.special(), &renderer)?;
    let update = if args.packages.is_empty() {
        Update::All
    } else {
        Update::Only(args.packages.iter().cloned().collect())
    };
    let request = SwitchRequest {
        update,
        ..args.common.request("update")?
    };
    let report = ops::switch(&engine, &request, &|plan| switch::show_plan(plan, printer))?;
    switch::tell(&report, printer)?;
    Ok(Exit::Done)
}

/// Says what the lock is now.
pub(super) fn tell(report: &LockReport, printer: Printer) -> Result<()> {
    printer.report(report, in_words).map_err(OpError::stdout)?;
    Ok(())
}

fn in_words(report: &LockReport, style: Style) -> String {
    let mut text = words::packages(&report.packages, style);
    let line = match (report.changed, report.written) {
        (false, _) => format!("{} is up to date\n", report.lock),
        (true, true) => format!("{} written\n", report.lock),
        (true, false) => format!("{} is out of date\n", report.lock),
    };
    text.push_str(&line);
    for (system, id) in &report.generations {
        text.push_str(&style.faint(&format!("  {system} {id}")));
        text.push('\n');
    }
    text
}
