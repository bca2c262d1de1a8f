//! `dgmo rollback`

use std::path::PathBuf;

use dgmo_schema::report::activation::RollbackReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::trial;
use super::trial::TrialFlags;
use super::words;
use crate::activate::InTheWay;
use crate::ops;
use crate::ops::Result;
use crate::ops::RollbackRequest;
use crate::ops::TrialHow;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Make an earlier generation current again
///
/// Needs no network, no build and no free disk. Without a number it goes back to the generation the current one was
/// made from; 0 is "before dgmo" and gives every home file back as it was. No generation is lost: going forward again
/// is `dgmo rollback N` too.
///
/// Hooks and checks of the generation gone to are run as in a switch. While a change waits for `dgmo confirm`, this takes it
/// back at once.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo rollback            one back
  dgmo rollback 12         to generation 12
  dgmo rollback 12 --with-state    and the state folders as they were when 12 was left
  dgmo rollback editor     to the generation with the label `editor`
  dgmo rollback 12 --no-hooks --no-checks    even if its hooks or checks are broken
  dgmo rollback 0          as it was before dgmo")]
pub(super) struct Args {
    /// A number or a label [default: the generation the current one was made from]
    #[arg(value_name = "N")]
    to: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// What every command that goes to another generation can be told
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct Common {
    /// Where home files go [default: where they are]
    #[arg(long, value_name = "DIR")]
    target: Option<PathBuf>,
    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Keep files that are in the way under another name
    #[arg(long)]
    backup: bool,
    /// Fetch all secrets anew, also those whose files are there
    #[arg(long, conflicts_with = "without_secrets")]
    refresh_secrets: bool,
    /// Leave out secrets whose files are not there already
    #[arg(long)]
    without_secrets: bool,
    /// Write this into the history
    #[arg(short = 'm', long, value_name = "TEXT")]
    note: Option<String>,
    /// Make state folders again what was kept of them when that generation was left
    #[arg(long)]
    with_state: bool,
    #[command(flatten)]
    trial: TrialFlags,
}

pub(super) fn run(args: Args, global: &Global, printer: Printer) -> Result<Exit> {
    go(args.to, args.common, global, printer)
}

/// Goes to the generation `to`.
pub(super) fn go(
    to: Option<String>,
    common: Common,
    global: &Global,
    printer: Printer,
) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        target: common.target,
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let request = RollbackRequest {
        to,
        dry_run: common.dry_run,
        in_the_way: if common.backup {
            InTheWay::SetAside
        } else {
            InTheWay::Refuse
        },
        secrets: words::secrets_how(common.refresh_secrets, common.without_secrets),
        note: common.note,
        how: TrialHow {
            with_state: common.with_state,
            ..common.trial.how()
        },
    };
    let report = ops::rollback(&engine, &request)?;
    printer
        .report(&report, in_words)
        .map_err(ops::OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &RollbackReport, style: Style) -> String {
    let mut text = words::target(&report.target_changes, style);
    text.push_str(&words::secrets(&report.secrets, style));
    text.push_str(&words::left_alone(&report.left_alone));
    text.push_str(&trial::steps(&report.steps));
    let number = report.generation;
    let line = if report.dry_run {
        format!(
            "generation {number} would be current (now: {})\n",
            report.from
        )
    } else if report.from == number {
        format!("generation {number} is current already\n")
    } else {
        let strong = style.strong(&format!("generation {number}"));
        let line = format!("{strong} is current (before: {})\n", report.from);
        line + &trial::in_words(report.trial.as_ref(), style)
    };
    text + &line
}
