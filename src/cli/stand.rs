//! `dgmo` alone: where you stand and what to do next.

use dgmo_schema::code::Code;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_path;
use super::status;
use crate::ops;
use crate::ops::Failure;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Format;
use crate::ui::Printer;
use crate::ui::Renderer;

/// Whether the error says that dgmo was not used here before.
fn is_nothing_yet(error: &Failure) -> bool {
    matches!(error.code(), Code::HomeMissing | Code::ProfileMissing)
}

pub(super) fn run(global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    match ops::status(&engine) {
        Ok(report) => {
            printer
                .report(&report, status::in_words)
                .map_err(OpError::stdout)?;
        }
        Err(error) if printer.format == Format::Json || !is_nothing_yet(&error) => {
            return Err(error);
        }
        Err(_) => printer
            .out("nothing has been switched to yet\n")
            .map_err(OpError::stdout)?,
    }
    let next = match manifest_path(None) {
        Ok(path) => format!("next: `dgmo switch` makes {} current", path.display()),
        Err(_) => "next: `dgmo init` writes a manifest to begin with".to_owned(),
    };
    printer.say(&format!("{next}; `dgmo help` tells all commands"));
    Ok(Exit::Done)
}
