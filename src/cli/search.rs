//! `dgmo search` and `dgmo info`

use std::path::PathBuf;

use dgmo_schema::report::catalogue::InfoReport;
use dgmo_schema::report::catalogue::SearchReport;

use super::Global;
use super::add;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_path;
use crate::ops;
use crate::ops::Asked;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;
use crate::ui::Table;

/// Look for a tool in the indexes
///
/// One index is part of dgmo: it knows some hundred tools by the names people type, and where each is published; others
/// are in `indexes:` of the manifest. What they do not know is added by its catalogue: `dgmo add npm:NAME`. Exit 3 if
/// nothing is found.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo search json
  dgmo search kubernetes log
  dgmo search rg --json | jq -r '.tools[].of'")]
pub(super) struct Args {
    /// Words of its name, or of what it is; all must be there
    #[arg(value_name = "WORD", required = true)]
    words: Vec<String>,
    /// The manifest [default: dgmo.yaml here or above, else ~/.config/dgmo/dgmo.yaml]
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Never open a socket: look into what came earlier
    #[arg(long)]
    offline: bool,
}

/// Tell what a catalogue has of a package: versions, dates, channels
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo info ripgrep               a package of the manifest, or a tool of the index
  dgmo info npm:typescript
  dgmo info github:cli/cli --json | jq -r '.versions[0].version'")]
pub(super) struct InfoArgs {
    /// A name, or `CATALOGUE:NAME`
    #[arg(value_name = "PKG")]
    package: String,
    /// The manifest [default: dgmo.yaml here or above, else ~/.config/dgmo/dgmo.yaml]
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    file: Option<PathBuf>,
    /// Never open a socket: tell what is known from earlier answers
    #[arg(long)]
    offline: bool,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        offline: args.offline,
        manifest: args.file.clone(),
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let manifest = manifest_if_any(args.file.as_ref())?;
    let report = ops::search(&engine, &args.words, manifest.as_deref())?;
    printer.report(&report, found).map_err(OpError::stdout)?;
    Ok(Exit::found(report.tools.is_empty()))
}

/// Without a manifest there is still something to ask.
fn manifest_if_any(file: Option<&PathBuf>) -> Result<Option<PathBuf>> {
    match file {
        Some(_) => Ok(Some(manifest_path(file.cloned())?)),
        None => Ok(manifest_path(None).ok()),
    }
}

fn found(report: &SearchReport, _: Style) -> String {
    if report.tools.is_empty() {
        return "no index has such a tool; `dgmo add CATALOGUE:NAME` takes any other\n".to_owned();
    }
    let mut table = Table::with_heading(&["NAME", "FROM", "WHAT IT IS"]);
    for tool in &report.tools {
        table.row(vec![
            tool.name.clone(),
            tool.of.to_string(),
            tool.about.clone(),
        ]);
    }
    table.render()
}

pub(super) fn info(args: &InfoArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        offline: args.offline,
        manifest: args.file.clone(),
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let manifest = manifest_if_any(args.file.as_ref())?;
    let asked = match add::named(&args.package) {
        Some(source) => Asked {
            name: add::name_in(&source.offer).parse()?,
            source: Some(source),
        },
        None => Asked {
            name: args.package.parse()?,
            source: None,
        },
    };
    let report = ops::info(&engine, asked, manifest.as_deref())?;
    printer.report(&report, told).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

/// How many versions are told to people; the document has all.
const MOST_TOLD: usize = 12;

fn told(report: &InfoReport, style: Style) -> String {
    let mut text = format!("{}  {}\n", style.strong(report.name.as_ref()), report.of);
    if let Some(about) = &report.about {
        text.push_str(&format!("  {about}\n"));
    }
    if let Some(wanted) = &report.wanted {
        text.push_str(&format!("  the manifest asks for {wanted}\n"));
    }
    if let Some(locked) = &report.locked {
        text.push_str(&format!("  locked: {locked}\n"));
    }
    for (channel, version) in &report.channels {
        text.push_str(&format!("  {channel}: {version}\n"));
    }
    let mut table = Table::with_heading(&["VERSION", "PUBLISHED", ""]);
    for version in report.versions.iter().take(MOST_TOLD) {
        let published = version.published.map(|it| it.to_string());
        let note = match (&version.withdrawn, version.prerelease) {
            (Some(why), _) => format!("withdrawn: {why}"),
            (None, true) => "prerelease".to_owned(),
            (None, false) => String::new(),
        };
        let day = published.and_then(|text| Some(text.split_once('T')?.0.to_owned()));
        table.row(vec![version.version.clone(), day.unwrap_or_default(), note]);
    }
    text.push_str(&table.render());
    if report.versions.len() > MOST_TOLD {
        let more = report.versions.len() - MOST_TOLD;
        text.push_str(&style.faint(&format!("… and {more} more\n")));
    }
    text
}
