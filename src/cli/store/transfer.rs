//! `dgmo store export`, `import` and `copy`

use std::io::IsTerminal;
use std::path::PathBuf;

use dgmo_schema::name::PinName;
use dgmo_schema::report::store::StoreTransferReport;
use dgmo_schema::report::store::TransferKind;
use dgmo_store::Compression;

use crate::cli::Global;
use crate::cli::exit::Exit;
use crate::cli::global::Special;
use crate::cli::global::absolute;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::store;
use crate::ops::store::ExportRequest;
use crate::ui;
use crate::ui::Format;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Write objects, with all they need, into one archive
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo store export -o all.dgmo              everything that pins and generations need
  dgmo store export tools -o tools.dgmo      one pin
  dgmo store export b3:9f2c --zstd | ssh host dgmo store import")]
pub(super) struct ExportArgs {
    /// First digits of ids, or pins [default: all that pins and generations need]
    #[arg(value_name = "ID")]
    objects: Vec<String>,
    /// The archive [default: standard output]
    #[arg(short = 'o', long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Compress it with Zstandard: 1 is fast, 19 small
    #[arg(long, value_name = "LEVEL", num_args = 0..=1, default_missing_value = "3", value_parser = clap::value_parser!(i32).range(1..=19))]
    zstd: Option<i32>,
    /// Leave out the objects whose ids are in this file, one a line, and what is below them
    #[arg(long, value_name = "FILE")]
    have: Option<PathBuf>,
}

/// Take the objects of an archive into the store: all of them, each proven, or none
///
/// After an interruption run it again: what came already is not written again.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo store import all.dgmo
  dgmo store import --pin tools < tools.dgmo")]
pub(super) struct ImportArgs {
    /// The archive [default: standard input]
    #[arg(value_name = "FILE")]
    archive: Option<PathBuf>,
    /// Keep it under this name
    #[arg(long, value_name = "NAME")]
    pin: Option<PinName>,
}

/// Bring objects, with all they need, to another home; only what is missing there
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo store copy --to /mnt/stick/home          everything that pins and generations need, and the pins
  dgmo store copy tools --to ~/other --pin tools")]
pub(super) struct CopyArgs {
    /// First digits of ids, or pins [default: all that pins and generations need]
    #[arg(value_name = "ID")]
    objects: Vec<String>,
    /// The other home; it is made if it is missing
    #[arg(long, value_name = "HOME")]
    to: PathBuf,
    /// Keep it there under this name
    #[arg(long, value_name = "NAME")]
    pin: Option<PinName>,
}

pub(super) fn export(args: ExportArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let to_stdout = args
        .output
        .as_ref()
        .is_none_or(|path| path.as_os_str() == "-");
    if to_stdout && (std::io::stdout().is_terminal() || printer.format == Format::Json) {
        return Err(OpError::Usage {
            what: "an archive is not for reading here".to_owned(),
            hint: "name a file with `-o FILE`, or send it on with `|`".to_owned(),
        }
        .into());
    }
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let request = ExportRequest {
        objects: args.objects,
        to: args.output.filter(|_| !to_stdout),
        compression: args.zstd.map_or(Compression::None, Compression::Zstd),
        have: args.have,
    };
    let report = store::export(&engine, &request)?;
    if to_stdout {
        printer.say(in_words(&report, Style::PLAIN).trim_end());
        return Ok(Exit::Done);
    }
    tell(&report, printer)
}

pub(super) fn import(args: &ImportArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let from = args
        .archive
        .as_deref()
        .filter(|path| path.as_os_str() != "-");
    tell(&store::import(&engine, from, args.pin.as_ref())?, printer)
}

pub(super) fn copy(args: &CopyArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let to = absolute(&args.to)?;
    tell(
        &store::copy(&engine, &args.objects, &to, args.pin.as_ref())?,
        printer,
    )
}

fn tell(report: &StoreTransferReport, printer: Printer) -> Result<Exit> {
    printer.report(report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &StoreTransferReport, _: Style) -> String {
    let came = format!(
        "{} ({})",
        ui::count(report.new_objects, "object"),
        ui::bytes(report.new_bytes)
    );
    let other = &report.other;
    match report.what {
        TransferKind::Export => format!("{came} exported to {other}\n"),
        TransferKind::Copy if report.new_objects == 0 => format!("{other} has all of it already\n"),
        TransferKind::Copy => format!("{came} copied to {other}\n"),
        TransferKind::Import => {
            let ids = report.roots.iter().map(|id| format!("{id}\n"));
            let all = ui::count(report.objects, "object");
            format!(
                "{}{came} new of {all} in {other}\n",
                ids.collect::<String>()
            )
        }
    }
}
