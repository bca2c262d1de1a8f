//! `dgmo store verify`

use dgmo_schema::report::store::StoreVerifyReport;

use crate::cli::Global;
use crate::cli::exit::Exit;
use crate::cli::global::Special;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::store;
use crate::ui;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Read every object again and compare it with its name; exit 3 if anything is wrong
///
/// Goes on past everything missing, damaged or unreadable, and lists all of it. Changes nothing.
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

pub(super) fn run(global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let report = store::verify(&engine)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::found(!report.findings.is_empty()))
}

fn in_words(report: &StoreVerifyReport, style: Style) -> String {
    let lines = report.findings.iter();
    let mut text: String = lines
        .map(|finding| format!("{} {}\n", style.bad("!"), finding.message))
        .collect();
    let looked = format!(
        "{} ({}) and {} looked at: ",
        ui::count(report.objects, "object"),
        ui::bytes(report.bytes),
        ui::count(report.trees, "laid-out tree"),
    );
    text.push_str(&looked);
    text.push_str(&match report.findings.len() {
        0 => "all well\n".to_owned(),
        count => format!("{}\n", ui::count(count as u64, "finding")),
    });
    text
}
