//! `dgmo store path`, `ls` and `cat`

use std::io;
use std::path::PathBuf;

use dgmo_schema::report::store::ObjectKind;
use dgmo_schema::report::store::StoreListReport;

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

/// Print where an object is; a tree is laid out first if it is not
#[derive(Debug, clap::Args)]
pub(super) struct PathArgs {
    /// The first digits of its id, or a pin
    #[arg(value_name = "ID")]
    id: String,
}

/// List what a tree holds
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo store ls b3:9f2c
  dgmo store ls b3:9f2c bin
  dgmo store ls tools --deep --long")]
pub(super) struct ListArgs {
    /// The first digits of its id, or a pin
    #[arg(value_name = "ID")]
    id: String,
    /// A path in it
    #[arg(value_name = "PATH")]
    below: Option<PathBuf>,
    /// With all that is below
    #[arg(short, long)]
    deep: bool,
    /// With kinds, sizes and ids
    #[arg(short, long)]
    long: bool,
}

/// Print the bytes of a file
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo store cat b3:77ab
  dgmo store cat tools bin/run")]
pub(super) struct CatArgs {
    /// The first digits of its id, or a pin
    #[arg(value_name = "ID")]
    id: String,
    /// A path in it, if it is a tree
    #[arg(value_name = "PATH")]
    below: Option<PathBuf>,
}

pub(super) fn path(args: &PathArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let report = store::path(&engine, &args.id)?;
    let printed = printer.report(&report, |report, _| format!("{}\n", report.path));
    printed.map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

pub(super) fn list(args: &ListArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    let report = store::list(&engine, &args.id, args.below.as_deref(), args.deep)?;
    let printed = printer.report(&report, |report, style| {
        if args.long {
            long(report)
        } else {
            short(report, style)
        }
    });
    printed.map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

pub(super) fn cat(args: &CatArgs, global: &Global) -> Result<Exit> {
    let printer = global.printer();
    let renderer = Renderer::new(printer);
    let engine = global.engine(Special::default(), &renderer)?;
    store::cat(
        &engine,
        &args.id,
        args.below.as_deref(),
        &mut io::stdout().lock(),
    )?;
    Ok(Exit::Done)
}

fn short(report: &StoreListReport, style: Style) -> String {
    let line = |entry: &dgmo_schema::report::store::ListedEntry| match entry.kind {
        ObjectKind::Tree => format!("{}/\n", style.strong(&entry.path)),
        ObjectKind::Executable => format!("{}*\n", style.good(&entry.path)),
        ObjectKind::Link => {
            format!(
                "{} -> {}\n",
                entry.path,
                entry.target.as_deref().unwrap_or_default()
            )
        }
        ObjectKind::File => format!("{}\n", entry.path),
    };
    report.entries.iter().map(line).collect()
}

fn long(report: &StoreListReport) -> String {
    let mut table = Table::default();
    for entry in &report.entries {
        let kind = match entry.kind {
            ObjectKind::File => "file",
            ObjectKind::Executable => "executable",
            ObjectKind::Link => "link",
            ObjectKind::Tree => "tree",
        };
        let id = entry.id.map(|id| id.to_string()).unwrap_or_default();
        let size = entry.size.map(|size| size.to_string()).unwrap_or_default();
        let name = match &entry.target {
            Some(target) => format!("{} -> {target}", entry.path),
            None => entry.path.clone(),
        };
        table.row(vec![kind.to_owned(), size, id, name]);
    }
    table.render()
}
