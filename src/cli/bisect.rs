//! `dgmo bisect`

use std::ffi::OsString;
use std::time::Duration;

use dgmo_schema::report::bisect::BisectReport;
use dgmo_schema::report::bisect::Culprit;
use dgmo_schema::report::bisect::CulpritKind;
use dgmo_schema::report::generation::Change;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use crate::ops;
use crate::ops::BisectRequest;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Find what breaks a command: the generation, and in it the fewest changes
///
/// The command is run in throw-away copies of generations, and then in mixtures of the last good and the first bad one:
/// with their programs first on the search path, their variables, and a home folder that holds nothing but their home
/// files. What is current is not touched. The command says how it went: exit 0 is good, 125 cannot tell, all else is
/// bad. Its output is kept to itself; the end of it is shown with the result.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo bisect -- ./tests/smoke.sh              since when, and why, does it fail?
  dgmo bisect --good 12 -- make check          it worked in generation 12
  dgmo bisect --good works --bad 40 -- git --version
  dgmo bisect --timeout 30s -- editor --headless +quit
  dgmo bisect -- sh -c 'tool --help | grep -q colour'")]
pub(super) struct Args {
    /// A generation in which it works: a number or a label [default: searched for backwards]
    #[arg(long, value_name = "N")]
    good: Option<String>,
    /// One in which it does not [default: the current one]
    #[arg(long, value_name = "M")]
    bad: Option<String>,
    /// Run it so often in each candidate; it is bad if one run is
    #[arg(long, value_name = "TIMES", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
    /// A run that takes longer than this is bad
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    timeout: Option<Duration>,
    /// Let it see your own home folder; home files are not searched then
    #[arg(long)]
    own_home: bool,
    /// The command and its arguments
    #[arg(
        required = true,
        trailing_var_arg = true,
        allow_hyphen_values = true,
        value_name = "CMD"
    )]
    command: Vec<OsString>,
}

pub(super) fn run(args: Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let request = BisectRequest {
        good: args.good,
        bad: args.bad,
        command: args.command,
        repeat: args.repeat,
        limit: args.timeout,
        own_home: args.own_home,
    };
    let report = ops::bisect(&engine, &request)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &BisectReport, style: Style) -> String {
    let (good, bad) = (report.good, report.bad);
    let strong = style.strong(&format!("generation {bad}"));
    let mut text = format!("it works in generation {good} and not in {strong}");
    if !report.skipped.is_empty() {
        let skipped: Vec<String> = report.skipped.iter().map(ToString::to_string).collect();
        text.push_str(&format!("; {} could not be tested", skipped.join(", ")));
    }
    text.push_str("\nwhat breaks it");
    match (report.culprits.len(), report.smallest) {
        (1, _) => {}
        (_, true) => text.push_str(" is all of these together"),
        (_, false) => text.push_str(" is among these, which could not be told apart"),
    }
    text.push_str(&format!(
        " ({} in all):\n",
        ui::count(report.differences, "change")
    ));
    for culprit in &report.culprits {
        text.push_str(&format!("  {}\n", culprit_in_words(culprit)));
    }
    match report.cured {
        Some(true) => text.push_str(&format!(
            "generation {bad} works with {} as in {good}\n",
            these(report)
        )),
        Some(false) => text.push_str(&format!(
            "generation {bad} fails even with {} as in {good}: there is another cause besides\n",
            these(report)
        )),
        None => {}
    }
    if !report.output.is_empty() {
        text.push_str("the end of what it printed there:\n");
        for line in &report.output {
            text.push_str(&format!("  {} {line}\n", style.faint("|")));
        }
    }
    text + &format!("found in {}\n", ui::count(report.runs, "run"))
}

fn these(report: &BisectReport) -> &'static str {
    match report.culprits.len() {
        1 => "it",
        _ => "these",
    }
}

fn culprit_in_words(culprit: &Culprit) -> String {
    let kind = match culprit.kind {
        CulpritKind::Package => "package",
        CulpritKind::File => "home file",
        CulpritKind::Variable => "variable",
        CulpritKind::SearchPath => "search path",
    };
    let deed = match culprit.change {
        Change::Added => "was added",
        Change::Removed => "was removed",
        Change::Changed => "changed",
    };
    let values = match (&culprit.from, &culprit.to) {
        (Some(from), Some(to)) => format!(": {from} → {to}"),
        (Some(only), None) | (None, Some(only)) => format!(": {only}"),
        (None, None) => String::new(),
    };
    format!("{kind} {} {deed}{values}", culprit.name)
}
