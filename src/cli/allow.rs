//! `dgmo allow` and `dgmo deny`

use std::path::PathBuf;

use dgmo_schema::report::running::ProjectReport;
use dgmo_schema::report::running::ProjectsReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_above;
use crate::home::Consent;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::running::ConsentRequest;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;
use crate::ui::Table;

/// Let shells take the environment of a folder by themselves
///
/// From then on the folder is a project: its `dgmo.yaml` has a profile of its own, which every command in the folder and
/// below it works on. What is allowed are the bytes of the manifest and of all it includes: when somebody else changes
/// them, `dgmo hook` says so and waits for you. A `dgmo switch` of yours in the folder allows what it switched to.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo allow                this folder, or the nearest above it with a manifest
  dgmo allow ~/src/app
  dgmo allow --list         what was decided so far")]
pub(super) struct Args {
    /// The folder [default: this one, or the nearest above it with a manifest]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// List the folders somebody decided about
    #[arg(long, conflicts_with_all = ["folder", "dry_run"])]
    list: bool,
    /// Show what would be allowed, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// Keep shells from taking the environment of a folder, without asking again
///
/// The environment stays, and so does its profile: `dgmo shell` in the folder still enters it.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo deny                 this folder, or the nearest above it with a manifest
  dgmo deny --forget        the folder is no project any more; the hook asks again")]
pub(super) struct DenyArgs {
    /// The folder [default: this one, or the nearest above it with a manifest]
    #[arg(value_name = "DIR")]
    folder: Option<PathBuf>,
    /// Forget every decision about it: commands there work on the default profile again
    #[arg(long)]
    forget: bool,
    /// Show what would be decided, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    if args.list {
        let renderer = Renderer::new(printer);
        let engine = global.engine(Special::default(), &renderer)?;
        let report = ops::running::projects(&engine)?;
        printer
            .report(&report, list_in_words)
            .map_err(OpError::stdout)?;
        return Ok(Exit::Done);
    }
    let request = ConsentRequest {
        manifest: manifest_above(args.folder.as_deref())?,
        consent: Some(Consent::Allowed),
        dry_run: args.dry_run,
    };
    decide(&request, global, printer)
}

pub(super) fn deny(args: &DenyArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let request = ConsentRequest {
        manifest: manifest_above(args.folder.as_deref())?,
        consent: (!args.forget).then_some(Consent::Denied),
        dry_run: args.dry_run,
    };
    decide(&request, global, printer)
}

fn decide(request: &ConsentRequest, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine_of_default(Special::default(), &renderer)?;
    let report = ops::running::consent(&engine, request)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    if let Some(next) = &report.next {
        printer.say(&format!(
            "next: `{next}` in {} makes its environment",
            report.folder
        ));
    }
    Ok(Exit::Done)
}

fn in_words(report: &ProjectReport, style: Style) -> String {
    let how = match (report.dry_run, report.unchanged) {
        (_, true) => "is already",
        (true, false) => "would be",
        (false, false) => "is now",
    };
    let mut text = format!(
        "{} {how} {} (profile {})\n",
        report.folder,
        style.strong(&report.consent),
        report.profile
    );
    for file in &report.files {
        text.push_str(&format!("  {file}\n"));
    }
    text
}

fn list_in_words(report: &ProjectsReport, _: Style) -> String {
    if report.projects.is_empty() {
        return "nothing was allowed or denied yet\n".to_owned();
    }
    let mut table = Table::with_heading(&["DECIDED", "FOLDER", "PROFILE"]);
    for project in &report.projects {
        table.row(vec![
            project.consent.clone(),
            project.folder.clone(),
            project.profile.to_string(),
        ]);
    }
    table.render()
}
