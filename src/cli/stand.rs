//! `dgmo` alone: where you stand and what to do next.

use std::path::Path;

use dgmo_schema::code::Code;
use dgmo_schema::generation::GenerationNumber;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_path;
use super::status;
use crate::generation::Generations;
use crate::ops;
use crate::ops::Engine;
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
    if let Some(number) = older_shell(&engine) {
        printer.say(&format!(
            "this shell lives in generation {number}; a new one takes the current one"
        ));
    }
    printer.say(&format!(
        "next: {}; `dgmo help` tells all commands",
        next(&engine)
    ));
    Ok(Exit::Done)
}

/// The generation this shell was started in or has set, if it is not the current one.
fn older_shell(engine: &Engine<'_>) -> Option<GenerationNumber> {
    let lives_in = ops::running::lives_in(engine)?;
    let current = Generations::of(&engine.profile).current().ok()?;
    (lives_in != current).then_some(lives_in)
}

/// What most people do next.
fn next(engine: &Engine<'_>) -> String {
    let Ok(path) = manifest_path(None) else {
        return "`dgmo init` writes a manifest to begin with".to_owned();
    };
    let made_from = Generations::of(&engine.profile)
        .current()
        .and_then(|number| Generations::of(&engine.profile).load(number))
        .ok()
        .and_then(|generation| generation.manifest);
    let same = |one: &Path, other: &Path| {
        let real = |path: &Path| std::fs::canonicalize(path).ok();
        real(one) == real(other)
    };
    match made_from {
        Some(made_from) if same(Path::new(&made_from), &path) => format!(
            "edit {0}, then `dgmo switch --dry-run` shows what would change",
            path.display()
        ),
        _ => format!("`dgmo switch` makes {} current", path.display()),
    }
}
