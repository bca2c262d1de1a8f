//! `dgmo explain`

use dgmo_schema::code::Code;
use dgmo_schema::report::profile::ExplainReport;
use dgmo_schema::report::profile::ExplainedCode;

use super::exit::Exit;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Printer;
use crate::ui::Style;
use crate::ui::Table;

/// Explain an error code, or list them all
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo explain DG3020
  dgmo explain            every code there is")]
pub(super) struct Args {
    /// The code, as in `error[DG3020]`
    #[arg(value_name = "CODE")]
    code: Option<String>,
}

pub(super) fn run(args: &Args, printer: Printer) -> Result<Exit> {
    let codes = match &args.code {
        None => Code::ALL.to_vec(),
        Some(text) => vec![Code::find(text).ok_or_else(|| OpError::Usage {
            what: format!("there is no error code `{text}`"),
            hint: "run `dgmo explain` to list them all".to_owned(),
        })?],
    };
    let one = args.code.is_some();
    let report = ExplainReport {
        codes: codes.into_iter().map(explained).collect(),
    };
    let printed = printer.report(&report, |report, style| in_words(report, one, style));
    printed.map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn explained(code: Code) -> ExplainedCode {
    ExplainedCode {
        code: code.to_string(),
        title: code.title().to_owned(),
        page: code.page().to_owned(),
    }
}

fn in_words(report: &ExplainReport, one: bool, style: Style) -> String {
    if let ([code], true) = (&report.codes[..], one) {
        let head = style.strong(&format!("{}: {}", code.code, code.title));
        return format!("{head}\n\n{}\n", code.page);
    }
    let mut table = Table::default();
    for code in &report.codes {
        table.row(vec![code.code.clone(), code.title.clone()]);
    }
    table.render()
}
