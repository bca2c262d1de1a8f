//! `dgmo store add`

use std::path::PathBuf;

use dgmo_schema::manifest::Packing;
use dgmo_schema::name::PinName;
use dgmo_schema::report::store::StoreAddReport;

use crate::cli::Global;
use crate::cli::exit::Exit;
use crate::cli::global::Special;
use crate::cli::words;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::store;
use crate::ops::store::StoreAddRequest;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Add folders, files, archives or standard input, and print their ids
///
/// What is there already is not written again. What no generation and no pin needs, `dgmo gc` deletes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo store add ./tools ./notes              two folders, one id each
  dgmo store add --pin tools ./tools          and keep it
  dgmo store add --unpack tool.tar.xz --strip 1
  curl … | dgmo store add -                   a file from standard input")]
pub(super) struct Args {
    /// Folders and files; `-` is standard input
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,
    /// Unpack archives: tar (plain, gz, xz, zst, bz2), zip
    #[arg(long)]
    unpack: bool,
    /// How the archive is packed, where its name does not tell
    #[arg(long, value_name = "KIND", requires = "unpack", value_parser = words::packing)]
    packing: Option<Packing>,
    /// Drop this many leading folders of the archive
    #[arg(long, value_name = "N", default_value_t = 0, requires = "unpack")]
    strip: u32,
    /// Keep it under this name
    #[arg(long, value_name = "NAME")]
    pin: Option<PinName>,
    /// Do not read files again that look unchanged since they were added last
    #[arg(long)]
    stat_cache: bool,
    /// Take links that lead out of their folder as they are
    #[arg(long)]
    allow_escaping_links: bool,
}

pub(super) fn run(args: Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let request = StoreAddRequest {
        paths: args.paths,
        unpack: args.unpack,
        packing: args.packing,
        strip: args.strip,
        pin: args.pin,
        stat_cache: args.stat_cache,
        allow_escaping_links: args.allow_escaping_links,
    };
    let report = store::add(&engine, &request)?;
    for warning in &report.warnings {
        printer.warn(warning);
    }
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn in_words(report: &StoreAddReport, _: Style) -> String {
    report
        .added
        .iter()
        .map(|added| format!("{}  {}\n", added.id, added.from))
        .collect()
}
