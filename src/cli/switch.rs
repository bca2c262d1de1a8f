//! `dgmo switch`

use std::path::PathBuf;

use dgmo_schema::name::Label;
use dgmo_schema::report::activation::SwitchOutcome;
use dgmo_schema::report::activation::SwitchReport;

use super::Global;
use super::age::Age;
use super::exit::Exit;
use super::global::Special;
use super::global::manifest_path;
use super::trial;
use super::trial::TrialFlags;
use super::words;
use crate::activate::InTheWay;
use crate::activate::Known;
use crate::ops;
use crate::ops::Result;
use crate::ops::SwitchRequest;
use crate::resolve::Update;
use crate::ui;
use crate::ui::Format;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::ui::Style;

/// Make the manifest the current generation
///
/// Locks what the manifest asks for, fetches and verifies what is missing, records a numbered generation and moves the
/// one pointer to it. Files of yours that are in the way are never overwritten: the switch refuses and names them all.
///
/// Where the manifest has `hooks:` or `checks:` the change is on trial: if one of them fails, the generation before is
/// current again, and the exit code is 5.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo switch                        the manifest of this folder, or the nearest above
  dgmo switch -f ~/dots/dgmo.yaml    another one
  dgmo switch --dry-run              see what would change, change nothing
  dgmo switch --locked --offline     exactly what the lock says, from what is here
  dgmo switch --from-vendor vendor   from a folder that `dgmo vendor` made
  dgmo switch --from-mirror https://mirror.example.org/dgmo   from what `dgmo mirror` made, and no other server
  dgmo switch --backup               keep files in the way as NAME.before-dgmo
  dgmo switch --confirm-within 2m    goes back by itself unless `dgmo confirm` comes
  dgmo switch -m 'try the new editor' --label editor")]
pub(super) struct Args {
    #[command(flatten)]
    common: Common,
    /// Fail if the lock would change
    #[arg(long)]
    locked: bool,
    /// Take every download from this folder, which `dgmo vendor` made, and open no socket
    #[arg(long, value_name = "DIR")]
    from_vendor: Option<PathBuf>,
    /// Take every download from this mirror, which `dgmo mirror` made, and ask no other server; more are asked in order
    #[arg(long, value_name = "URL|DIR", value_hint = clap::ValueHint::AnyPath, conflicts_with = "from_vendor")]
    from_mirror: Vec<String>,
    /// Write this into the history
    #[arg(short = 'm', long, value_name = "TEXT")]
    note: Option<String>,
    /// Give the generation a name to find it again
    #[arg(long, value_name = "NAME")]
    label: Option<Label>,
}

/// What every command that ends in a switch can be told
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub(super) struct Common {
    /// The manifest [default: dgmo.yaml here or above, else ~/.config/dgmo/dgmo.yaml]
    #[arg(short = 'f', long = "file", value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Where home files go [default: where they are, else your home folder]
    #[arg(long, value_name = "DIR")]
    pub target: Option<PathBuf>,
    /// Show what would be done, and do nothing
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Never open a socket
    #[arg(long)]
    pub offline: bool,
    /// Keep files that are in the way under another name
    #[arg(long)]
    pub backup: bool,
    /// Fetch all secrets anew, also those whose files are there
    #[arg(long, conflicts_with = "without_secrets")]
    pub refresh_secrets: bool,
    /// Leave out secrets whose files are not there already
    #[arg(long)]
    pub without_secrets: bool,
    /// Read every source file again, also those that look unchanged
    #[arg(long)]
    pub reread: bool,
    #[command(flatten)]
    pub age: Age,
    #[command(flatten)]
    pub trial: TrialFlags,
}

impl Common {
    /// What to do with files in the way.
    pub(super) fn in_the_way(&self) -> InTheWay {
        if self.backup {
            InTheWay::SetAside
        } else {
            InTheWay::Refuse
        }
    }

    /// What the engine must know.
    pub(super) fn special(&self) -> Special {
        Special {
            target: self.target.clone(),
            offline: self.offline,
            reread: self.reread,
            age: self.age.clone(),
            manifest: self.file.clone(),
            vendor: None,
            mirrors: Vec::new(),
        }
    }

    /// The request of a command named `made_from`.
    pub(super) fn request(&self, made_from: &'static str) -> Result<SwitchRequest> {
        Ok(SwitchRequest {
            manifest: manifest_path(self.file.clone())?,
            new_text: None,
            made_from,
            locked: false,
            dry_run: self.dry_run,
            in_the_way: self.in_the_way(),
            secrets: words::secrets_how(self.refresh_secrets, self.without_secrets),
            known: Known::default(),
            update: Update::Nothing,
            label: None,
            note: None,
            how: self.trial.how(),
        })
    }
}

pub(super) fn run(args: Args, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    let special = Special {
        vendor: args.from_vendor,
        mirrors: args.from_mirror,
        ..args.common.special()
    };
    let engine = global.engine(special, &renderer)?;
    let request = SwitchRequest {
        locked: args.locked,
        label: args.label,
        note: args.note,
        ..args.common.request("switch")?
    };
    let report = ops::switch(&engine, &request, &|plan| show_plan(plan, printer))?;
    tell(&report, printer)?;
    Ok(Exit::Done)
}

/// The plan goes to stderr before anything is changed.
pub(super) fn show_plan(plan: &SwitchReport, printer: Printer) {
    if plan.outcome != SwitchOutcome::Planned && printer.format == Format::Text {
        let text = changes(plan, printer.err_style());
        if !text.is_empty() {
            printer.say(text.trim_end());
        }
    }
}

/// Says how a switch ended.
pub(super) fn tell(report: &SwitchReport, printer: Printer) -> Result<()> {
    for warning in &report.warnings {
        if printer.format == Format::Text {
            printer.warn(warning);
        }
    }
    printer
        .report(report, in_words)
        .map_err(ops::OpError::stdout)?;
    Ok(())
}

pub(super) fn in_words(report: &SwitchReport, style: Style) -> String {
    let profile = match report.profile.as_str() {
        "default" => String::new(),
        name => format!(" of profile {name}"),
    };
    let number = report.generation;
    match report.outcome {
        SwitchOutcome::Planned if report.changes.is_empty() && report.target_changes.is_empty() => {
            format!(
                "nothing would change: generation {}{profile} is current\n",
                report.from
            )
        }
        SwitchOutcome::Planned => format!(
            "{}generation {number}{profile} would be made ({})\n",
            changes(report, style),
            report.id.short()
        ),
        SwitchOutcome::Unchanged => {
            format!("nothing to do: generation {number}{profile} is current\n")
        }
        SwitchOutcome::Repaired => format!(
            "generation {number}{profile} was current already; what was missing is put right\n"
        ),
        SwitchOutcome::RolledBack => format!("generation {number}{profile} is current again\n"),
        SwitchOutcome::Switched | SwitchOutcome::Awaiting => {
            let size = match report.new_bytes {
                0 => String::new(),
                bytes => format!(", {} new in the store", ui::bytes(bytes)),
            };
            let strong = style.strong(&format!("generation {number}"));
            let line = format!(
                "{strong}{profile} is current (before: {}){size}\n",
                report.from
            );
            line + &trial::in_words(report.trial.as_ref(), style)
        }
    }
}

/// What changes, section by section; a section with nothing in it is left out.
fn changes(report: &SwitchReport, style: Style) -> String {
    let sections = [
        ("packages", words::packages(&report.changes.packages, style)),
        ("environment", words::files(&report.changes.env, style)),
        ("contents", words::files(&report.changes.files, style)),
        ("conduct", words::files(&report.changes.conduct, style)),
        (
            "in the target folder",
            words::target(&report.target_changes, style),
        ),
        ("secrets", words::secrets(&report.secrets, style)),
        ("left alone", words::left_alone(&report.left_alone)),
        ("on the way", trial::steps(&report.steps)),
    ];
    let mut text = String::new();
    for (title, lines) in sections {
        if !lines.is_empty() {
            let place = match title {
                "in the target folder" => format!(" {}", report.target),
                _ => String::new(),
            };
            text.push_str(&format!("{}{place}\n{lines}", style.strong(title)));
        }
    }
    text
}
