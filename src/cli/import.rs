//! `dgmo import`

use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::report::import::ImportReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::global::absolute;
use crate::import::Kind;
use crate::ops;
use crate::ops::ImportRequest;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui;
use crate::ui::Format;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Write a manifest from what another tool keeps
///
/// Knows a Brewfile, mise.toml, .tool-versions, pixi-global.toml, the manifest.json of a Nix profile, a folder of
/// home-manager's files, a chezmoi source folder and a stow folder, and finds out by itself which it is. Programs become
/// packages where they are in a folder of this machine that can be taken as it is. What cannot be mapped is told, with
/// its line and the reason, and stands in the manifest as comments. Files that are in place already and have the same
/// content are not in the way of the switch that follows. Nothing that is there is overwritten.
#[derive(Debug, clap::Args)]
#[command(
    override_usage = "dgmo import [OPTIONS] [KIND] <PATH>",
    after_help = "\
Examples:
  dgmo import ~/Brewfile --dry-run      see the manifest, write nothing
  dgmo import ~/dotfiles -o ~/.config/dgmo/dgmo.yaml
  dgmo import chezmoi ~/.local/share/chezmoi
  dgmo import nix ~/.nix-profile
  dgmo import stow ~/dotfiles && dgmo switch"
)]
pub(super) struct Args {
    /// What it is from, if that has to be said, and the file or folder
    #[arg(required = true, num_args = 1..=2, value_name = "PATH")]
    words: Vec<PathBuf>,
    /// The manifest to write
    #[arg(short, long, value_name = "FILE", default_value = "dgmo.yaml")]
    output: PathBuf,
    /// Where home files are, and will go [default: your home folder]
    #[arg(long, value_name = "DIR")]
    target: Option<PathBuf>,
    /// Show the manifest, and write nothing
    #[arg(short = 'n', long)]
    dry_run: bool,
}

pub(super) fn run(args: Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        target: args.target,
        ..Special::default()
    };
    let engine = global.engine(special, &renderer)?;
    let (kind, from) = match &args.words[..] {
        [kind, path] => (Some(kind_of(kind)?), path),
        [path, ..] => (None, path),
        [] => unreachable!("clap asks for one"),
    };
    let request = ImportRequest {
        kind,
        from: absolute(from)?,
        manifest: absolute(&args.output)?,
        dry_run: args.dry_run,
    };
    let report = ops::import(&engine, &request)?;
    if args.dry_run && printer.format == Format::Text {
        // The manifest is what was asked for; what is told of it must not be in it.
        printer.out(&report.text).map_err(OpError::stdout)?;
        printer.say(in_words(&report, printer.err_style()).trim_end());
        return Ok(Exit::Done);
    }
    printer.report(&report, in_words).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn kind_of(word: &Path) -> Result<Kind> {
    let text = word.to_string_lossy();
    Kind::of_word(&text).ok_or_else(|| {
        let words: Vec<&str> = Kind::ALL.iter().map(|kind| kind.word()).collect();
        OpError::Usage {
            what: format!("`{text}` is nothing dgmo can import from"),
            hint: format!("use one of {}", words.join(", ")),
        }
        .into()
    })
}

fn in_words(report: &ImportReport, style: Style) -> String {
    let written = if report.dry_run {
        "would be written"
    } else {
        "written"
    };
    let mut text = format!(
        "{} {written}: {}, {}, {}\n",
        style.strong(&report.manifest),
        ui::count(report.packages.len() as u64, "package"),
        ui::count(report.files.len() as u64, "home file"),
        ui::count(report.variables, "variable"),
    );
    if !report.not_mapped.is_empty() {
        text.push_str(&format!("{} not mapped:\n", report.not_mapped.len()));
    }
    for left in &report.not_mapped {
        let line = left.line.map(|line| format!(" (line {line})"));
        let line = line.unwrap_or_default();
        text.push_str(&format!("  {}{line}: {}\n", left.what, left.why));
    }
    if !report.dry_run {
        text.push_str("next:\n");
        for step in &report.next {
            text.push_str(&format!("  {step}\n"));
        }
    }
    text
}
