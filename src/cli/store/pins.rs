//! `dgmo store pins`, `pin` and `unpin`

use dgmo_schema::name::PinName;
use dgmo_schema::report::store::PinsReport;

use crate::cli::Global;
use crate::cli::exit::Exit;
use crate::cli::global::Special;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::store;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;
use crate::ui::Table;

/// List the objects you keep
#[derive(Debug, clap::Args)]
pub(super) struct Args {}

/// Keep an object and all it needs, whatever is collected
#[derive(Debug, clap::Args)]
pub(super) struct PinArgs {
    /// The name to keep it under
    #[arg(value_name = "NAME")]
    name: PinName,
    /// The first digits of its id
    #[arg(value_name = "ID")]
    id: String,
    /// Why
    #[arg(short = 'm', long, value_name = "TEXT")]
    note: Option<String>,
}

/// Keep an object no longer
#[derive(Debug, clap::Args)]
pub(super) struct UnpinArgs {
    /// The pin
    #[arg(value_name = "NAME")]
    name: PinName,
}

pub(super) fn list(global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    tell(&store::pins(&engine)?, printer)
}

pub(super) fn pin(args: PinArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    tell(
        &store::pin(&engine, args.name, &args.id, args.note)?,
        printer,
    )
}

pub(super) fn unpin(args: &UnpinArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    tell(&store::unpin(&engine, &args.name)?, printer)
}

fn tell(report: &PinsReport, printer: Printer) -> Result<Exit> {
    printer.report(report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &PinsReport, _: Style) -> String {
    let mut table = Table::default();
    for pin in &report.pins {
        let note = pin.note.clone().unwrap_or_default();
        table.row(vec![pin.name.to_string(), pin.id.to_string(), note]);
    }
    table.render()
}
