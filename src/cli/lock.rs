//! `dgmo lock` and `dgmo update`

use std::path::PathBuf;

use dgmo_schema::name::PackageName;
use dgmo_schema::report::activation::SwitchOutcome;
use dgmo_schema::report::profile::LockReport;

use super::Global;
use super::add;
use super::age::Age;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_path;
use super::switch;
use super::words;
use crate::ops;
use crate::ops::Engine;
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
  dgmo update helix --to 25.1     this version, or the newest of its line that `version:` lets in
  dgmo update helix --to 24 --edit   and have the manifest ask for it from now on
  dgmo update --minimum-release-age 7d   nothing that was published within a week
  dgmo update --dry-run   see what would change")]
pub(super) struct UpdateArgs {
    /// Which packages [default: all]
    #[arg(value_name = "PKG")]
    packages: Vec<PackageName>,
    /// The version to lock, of one package: `14.1.1`, or `14` for the newest of its line
    ///
    /// It stays until `dgmo update` is asked for this package, or for all, again.
    #[arg(long, value_name = "VERSION", requires = "packages")]
    to: Option<String>,
    /// Write the version into the manifest as well, so that later updates keep to it
    #[arg(long, requires = "to")]
    edit: bool,
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
    if let Some(to) = &args.to {
        return update_to(args, to, &engine, printer);
    }
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

/// One package, to the version somebody names.
fn update_to(args: &UpdateArgs, to: &str, engine: &Engine<'_>, printer: Printer) -> Result<Exit> {
    let [package] = &args.packages[..] else {
        return Err(OpError::Usage {
            what: "`--to` goes with one package".to_owned(),
            hint: "update the others with a command of their own".to_owned(),
        }
        .into());
    };
    let request = args.common.request("update")?;
    let show = |plan: &_| switch::show_plan(plan, printer);
    let asked = (package, to.trim());
    if args.edit {
        let edited = ops::update_to(engine, request, asked, &show)?;
        return add::tell(&edited, printer);
    }
    let report = ops::lock_to(engine, request, asked, &show)?;
    switch::tell(&report, printer)?;
    if report.outcome == SwitchOutcome::Switched {
        printer.say(&format!(
            "the next `dgmo update` takes the newest that `version:` lets in; `--edit` keeps `{package}` at {to}"
        ));
    }
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
