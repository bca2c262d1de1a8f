//! `dgmo outdated`

use std::path::PathBuf;

use dgmo_schema::name::PackageName;
use dgmo_schema::report::catalogue::OutdatedReport;

use super::Global;
use super::age::Age;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_path;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;
use crate::ui::Table;

/// Tell which packages have newer versions
///
/// Asks the catalogues and changes nothing. `update` is what `dgmo update` would take; `newest` is what `version:` in the
/// manifest keeps out. Exit 3 if there is any.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo outdated                 all packages of catalogues
  dgmo outdated gh typescript   these two
  dgmo outdated --json | jq -r '.outdated[].name'")]
pub(super) struct Args {
    /// Which packages [default: all]
    #[arg(value_name = "PKG")]
    packages: Vec<PackageName>,
    /// The manifest [default: dgmo.yaml here or above, else ~/.config/dgmo/dgmo.yaml]
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Never open a socket: tell what is known from earlier answers
    #[arg(long)]
    offline: bool,
    #[command(flatten)]
    age: Age,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        offline: args.offline,
        manifest: args.file.clone(),
        age: args.age.clone(),
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let only = args.packages.iter().cloned().collect();
    let report = ops::outdated(&engine, &manifest_path(args.file.clone())?, &only)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::found(!report.outdated.is_empty()))
}

fn in_words(report: &OutdatedReport, style: Style) -> String {
    let mut text = String::new();
    if report.outdated.is_empty() && report.failed.is_empty() {
        return match report.asked {
            0 => "no package of the manifest comes from a catalogue\n".to_owned(),
            _ => "every package is as new as it can be\n".to_owned(),
        };
    }
    if !report.outdated.is_empty() {
        let mut table = Table::with_heading(&["PACKAGE", "LOCKED", "UPDATE", "NEWEST", "FROM"]);
        for package in &report.outdated {
            let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            table.row(vec![
                package.name.to_string(),
                or_dash(&package.locked),
                or_dash(&package.fits),
                or_dash(&package.newest),
                package.of.to_string(),
            ]);
        }
        text.push_str(&table.render());
    }
    for package in &report.outdated {
        if let Some(why) = &package.withdrawn {
            let locked = package.locked.as_deref().unwrap_or_default();
            let line = format!(
                "{} {} {locked} was withdrawn: {why}\n",
                style.odd("!"),
                package.name
            );
            text.push_str(&line);
        }
    }
    for failed in &report.failed {
        text.push_str(&format!(
            "{} {}: {}\n",
            style.odd("!"),
            failed.name,
            failed.why
        ));
    }
    text
}
