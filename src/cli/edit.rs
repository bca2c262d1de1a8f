//! `dgmo edit`

use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::report::drift::EditOutcome;
use dgmo_schema::report::drift::EditReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use crate::env::Var;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::process;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Make a home file writable where it is, and open it in your editor
///
/// The link is replaced by a real file with the same content. Nothing else changes: `dgmo adopt` writes it back to where
/// it comes from, `dgmo restore` undoes it, and a switch in between refuses to lose it. A file in a folder that is shown
/// as one link makes the whole folder real.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
FILE counts from the target folder, or from here if it begins with `./`.

Examples:
  dgmo edit .gitconfig                 make it writable and open $VISUAL or $EDITOR
  dgmo edit ~/.config/helix/config.toml --no-editor
  dgmo adopt .gitconfig                write it back to its source
  dgmo restore .gitconfig              or undo it")]
pub(super) struct Args {
    /// Which file
    #[arg(value_name = "FILE")]
    file: String,
    /// Only make it writable
    #[arg(long)]
    no_editor: bool,
    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
    /// Where home files go [default: where they are]
    #[arg(long, value_name = "DIR")]
    target: Option<PathBuf>,
}

/// Why the editor was of no use.
#[derive(Debug, thiserror::Error)]
enum EditorError {
    #[error("cannot start the editor `{program}`")]
    Start {
        program: String,
        source: std::io::Error,
    },
    #[error("the editor `{program}` ended with {status}")]
    Failed { program: String, status: String },
}

impl Diagnose for EditorError {
    fn code(&self) -> Code {
        Code::EditorFailed
    }

    fn hint(&self) -> Option<Hint> {
        Some(Hint::Do(
            "the file is writable: edit it with another program, then run `dgmo adopt FILE` or `dgmo restore FILE`"
                .to_owned(),
        ))
    }
}

pub(super) fn run(args: &Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        target: args.target.clone(),
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let words = editor();
    let open = |file: &Path| open(&words, file);
    let wanted = !args.no_editor && !words.is_empty() && printer.can_ask();
    let editor: Option<ops::Editor<'_>> = if wanted { Some(&open) } else { None };
    let report = ops::edit_file(&engine, &args.file, args.dry_run, editor)?;
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

/// The editor with its arguments, as `VISUAL` or `EDITOR` says.
fn editor() -> Vec<OsString> {
    let line = Var::Visual.text().or_else(|| Var::Editor.text());
    let line = line.unwrap_or_default();
    line.split_whitespace().map(OsString::from).collect()
}

fn open(words: &[OsString], file: &Path) -> Result<()> {
    let Some((program, arguments)) = words.split_first() else {
        return Ok(());
    };
    let shown = program.to_string_lossy().into_owned();
    let mut arguments = arguments.to_vec();
    arguments.push(file.into());
    match process::run_in_front(program, &arguments) {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(EditorError::Failed {
            program: shown,
            status: status.to_string(),
        }
        .into()),
        Err(source) => Err(EditorError::Start {
            program: shown,
            source,
        }
        .into()),
    }
}

fn in_words(report: &EditReport, style: Style) -> String {
    let path = &report.path;
    let first = match report.outcome {
        EditOutcome::Writable => format!("{} can be written now\n", style.strong(&report.file)),
        EditOutcome::AlreadyWritable => {
            format!("{} can be written already\n", style.strong(&report.file))
        }
        EditOutcome::Edited => format!("{path} was edited\n"),
        EditOutcome::Untouched => return format!("{path} was not changed; it is as before\n"),
        EditOutcome::Planned => return format!("{path} would be made writable\n"),
    };
    first + "`dgmo adopt` writes it back to where it comes from; `dgmo restore` undoes it\n"
}
