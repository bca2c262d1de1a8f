//! `dgmo generations`

use clap::Subcommand;
use dgmo_schema::name::Label;
use dgmo_schema::report::generation::GenerationListReport;
use dgmo_schema::report::generation::GenerationReport;
use dgmo_schema::report::profile::GenerationsChangedReport;

use super::Global;
use super::diff;
use super::exit::Exit;
use super::global::Special;
use super::keep::KeepArgs;
use super::rollback;
use crate::ops;
use crate::ops::OpError;
use crate::ops::PruneRequest;
use crate::ops::Result;
use crate::ui;
#[cfg(feature = "tui")]
use crate::ui::Format;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;
use crate::ui::Table;

/// Look at generations, go to one, keep some and drop others
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo generations                     list them; on a terminal, look through them
  dgmo generations list --contains ripgrep@14
  dgmo generations show 12             what is in it
  dgmo generations label 12 works      find it again as `works`
  dgmo generations prune --dry-run     what the rule of the manifest would drop
  dgmo generations prune --keep 'last 3, 7 days'")]
pub(super) struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List them, oldest first
    List {
        /// Only those with this package, and where a version is named with that or one that begins with it
        #[arg(long, value_name = "PKG[@VERSION]")]
        contains: Option<String>,
    },
    /// Look through them on the whole screen: compare, switch, label, pin
    Browse,
    /// Show one: packages, files, variables
    Show {
        /// A number or a label [default: the current one]
        #[arg(value_name = "N")]
        at: Option<String>,
    },
    Diff(diff::Args),
    /// Make one current
    Switch {
        /// A number or a label
        #[arg(value_name = "N")]
        to: String,
        #[command(flatten)]
        common: rollback::Common,
    },
    Rollback(rollback::Args),
    /// Give one a name to find it again, or take the name away
    Label {
        /// A number or a label
        #[arg(value_name = "N")]
        at: String,
        /// The new label [default: none]
        #[arg(value_name = "LABEL")]
        label: Option<Label>,
    },
    /// Keep one whatever the rule for pruning says
    Pin {
        /// A number or a label
        #[arg(value_name = "N")]
        at: String,
    },
    /// Let the rule decide again
    Unpin {
        /// A number or a label
        #[arg(value_name = "N")]
        at: String,
    },
    /// Drop those named, or those the rule does not keep; never the current one and the one before it
    Prune {
        /// Which ones [default: those the rule drops]
        #[arg(value_name = "N", conflicts_with = "keep")]
        generations: Vec<String>,
        #[command(flatten)]
        keep: KeepArgs,
        /// Show what would be dropped, and do nothing
        #[arg(short = 'n', long)]
        dry_run: bool,
    },
}

pub(super) fn run(args: Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = || global.engine(Special::default(), &renderer);
    let changed = |report: &GenerationsChangedReport| -> Result<Exit> {
        printer
            .report(report, changed_in_words)
            .map_err(OpError::stdout)?;
        Ok(Exit::Done)
    };
    match args.command.unwrap_or_else(|| default_command(printer)) {
        Command::Browse => return browse(global, printer),
        Command::List { contains } => {
            let report = ops::list_containing(&engine()?, contains.as_deref())?;
            printer
                .report(&report, list_in_words)
                .map_err(OpError::stdout)?;
        }
        Command::Show { at } => {
            let report = ops::show(&engine()?, at.as_deref())?;
            printer
                .report(&report, one_in_words)
                .map_err(OpError::stdout)?;
        }
        Command::Diff(args) => return diff::run(&args, global, printer),
        Command::Switch { to, common } => {
            return rollback::go(Some(to), common, global, printer);
        }
        Command::Rollback(args) => return rollback::run(args, global, printer),
        Command::Label { at, label } => {
            return changed(&ops::label(&engine()?, &at, label.as_ref())?);
        }
        Command::Pin { at } => return changed(&ops::pin(&engine()?, &at)?),
        Command::Unpin { at } => return changed(&ops::unpin(&engine()?, &at)?),
        Command::Prune {
            generations,
            keep,
            dry_run,
        } => {
            let mut request = PruneRequest {
                generations,
                keep: keep.rule(),
                dry_run: true,
            };
            let engine = engine()?;
            let planned = ops::prune(&engine, &request)?;
            if dry_run || planned.generations.is_empty() {
                return changed(&GenerationsChangedReport { dry_run, ..planned });
            }
            global.agree(&question(&planned), printer)?;
            request.dry_run = false;
            return changed(&ops::prune(&engine, &request)?);
        }
    }
    Ok(Exit::Done)
}

/// Alone on a terminal it is the browser, where there is one.
#[cfg(feature = "tui")]
fn default_command(printer: Printer) -> Command {
    if printer.format == Format::Text && crate::ui::can_browse() {
        return Command::Browse;
    }
    Command::List { contains: None }
}

#[cfg(not(feature = "tui"))]
fn default_command(_: Printer) -> Command {
    Command::List { contains: None }
}

#[cfg(feature = "tui")]
fn browse(global: &Global, printer: Printer) -> Result<Exit> {
    if printer.format == Format::Json {
        return Err(crate::ui::BrowseError::NoTerminal.into());
    }
    super::browse::run(global)
}

#[cfg(not(feature = "tui"))]
fn browse(_: &Global, _: Printer) -> Result<Exit> {
    Err(OpError::NoBrowser.into())
}

/// What a prune is about to do.
fn question(planned: &GenerationsChangedReport) -> String {
    let numbers: Vec<String> = planned
        .generations
        .iter()
        .map(ToString::to_string)
        .collect();
    format!(
        "drop {} for good: {}?",
        ui::count(numbers.len() as u64, "generation"),
        numbers.join(", ")
    )
}

fn list_in_words(report: &GenerationListReport, style: Style) -> String {
    if report.generations.is_empty() {
        return "no generation has that\n".to_owned();
    }
    let mut table = Table::with_heading(&["", "N", "MADE", "PACKAGES", "FILES", "LABEL", "NOTE"]);
    for listed in &report.generations {
        let summary = &listed.summary;
        let mark = [
            (listed.current, "*"),
            (listed.pinned, "^"),
            (summary.failed.is_some(), "!"),
        ];
        let mark = mark.into_iter().filter(|(is, _)| *is);
        table.row(vec![
            mark.map(|(_, sign)| sign).collect(),
            summary.number.to_string(),
            summary.made_at.to_string(),
            summary.package_count.to_string(),
            summary.file_count.to_string(),
            summary
                .label
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            match &summary.failed {
                Some(why) => format!("failed: {}", first_line(why)),
                None => summary.note.clone().unwrap_or_default(),
            },
        ]);
    }
    table.render() + &style.faint("* current  ^ pinned  ! failed") + "\n"
}

/// A reason may go on with what a program printed.
fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}

fn one_in_words(report: &GenerationReport, style: Style) -> String {
    let summary = &report.summary;
    let state = if report.current { " (current)" } else { "" };
    let mut text = format!(
        "{}{state}\n",
        style.strong(&format!("generation {}", summary.number))
    );
    let mut facts = Table::default();
    let mut fact = |name: &str, value: String| {
        if !value.is_empty() {
            facts.row(vec![format!("  {name}"), value]);
        }
    };
    fact("id", summary.id.to_string());
    fact(
        "made",
        format!("{} by `{}`", summary.made_at, summary.made_from),
    );
    fact("from", summary.parent.to_string());
    fact(
        "label",
        summary
            .label
            .as_ref()
            .map(ToString::to_string)
            .unwrap_or_default(),
    );
    fact("note", summary.note.clone().unwrap_or_default());
    fact("failed", summary.failed.clone().unwrap_or_default());
    fact("manifest", report.manifest.clone().unwrap_or_default());
    fact("folder", report.folder.clone());
    text.push_str(&facts.render());
    let packages = report.packages.iter().map(|(name, package)| {
        let version = package.version.clone().unwrap_or_default();
        vec![format!("  {name}"), version, package.tree.short()]
    });
    let files = report
        .files
        .iter()
        .map(|(path, how)| vec![format!("  {path}"), how.clone()]);
    let env = report
        .env
        .iter()
        .map(|(name, value)| vec![format!("  {name}"), value.clone()]);
    section(&mut text, "packages", packages);
    section(&mut text, "home files", files);
    section(&mut text, "environment", env);
    text
}

fn section(text: &mut String, title: &str, rows: impl Iterator<Item = Vec<String>>) {
    let mut table = Table::default();
    rows.for_each(|row| table.row(row));
    let lines = table.render();
    if !lines.is_empty() {
        text.push_str(&format!("{title}\n{lines}"));
    }
}

fn changed_in_words(report: &GenerationsChangedReport, _: Style) -> String {
    let numbers: Vec<String> = report.generations.iter().map(ToString::to_string).collect();
    let rule = match &report.rule {
        Some(rule) => format!(" (kept: {rule})"),
        None => String::new(),
    };
    match (&numbers[..], report.dry_run) {
        ([], _) => format!("no generation to drop{rule}\n"),
        (_, true) => format!("would be {}: {}{rule}\n", report.what, numbers.join(", ")),
        (_, false) => format!("{}: {}{rule}\n", report.what, numbers.join(", ")),
    }
}
