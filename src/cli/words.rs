//! Words several commands share: changes, warnings, the rest of what is wrong.

use dgmo_schema::manifest::Packing;
use dgmo_schema::report::activation::TargetChange;
use dgmo_schema::report::activation::TargetDeed;
use dgmo_schema::report::drift::SecretChange;
use dgmo_schema::report::drift::SecretDeed;
use dgmo_schema::report::generation::Change;
use dgmo_schema::report::generation::FileChange;
use dgmo_schema::report::generation::PackageChange;

use crate::ops::OpError;
use crate::ops::SecretsHow;
use crate::ui;
use crate::ui::Style;

/// What clap refused, as an error of ours.
pub(super) fn usage(error: &clap::Error) -> OpError {
    let text = error.render().to_string();
    let first = text.lines().next().unwrap_or_default();
    let what = first.strip_prefix("error: ").unwrap_or(first).to_owned();
    OpError::Usage {
        what,
        hint: "run `dgmo help` for what there is".to_owned(),
    }
}

/// The changes of packages, a line each.
pub(super) fn packages(changes: &[PackageChange], style: Style) -> String {
    let lines = changes.iter().map(|change| {
        let name = &change.name;
        let from = change.from.as_deref().unwrap_or_default();
        let to = change.to.as_deref().unwrap_or_default();
        let line = match change.change {
            Change::Added => format!("  {} {name} {to}", style.good("+")),
            Change::Removed => format!("  {} {name} {from}", style.bad("-")),
            Change::Changed if from == to => {
                format!("  {} {name} {to} (other content)", style.odd("~"))
            }
            Change::Changed => format!("  {} {name} {from} → {to}", style.odd("~")),
        };
        format!(
            "{}{}\n",
            line.trim_end().replace("  (", " ("),
            size_change(change)
        )
    });
    lines.collect()
}

fn size_change(change: &PackageChange) -> String {
    let size = |size: Option<u64>| size.and_then(|size| i64::try_from(size).ok());
    match (size(change.size_from), size(change.size_to)) {
        (None, None) => String::new(),
        (from, to) => {
            let difference = to.unwrap_or(0) - from.unwrap_or(0);
            format!("  {}", ui::signed_bytes(difference))
        }
    }
}

/// The changes of files or variables, a line each.
pub(super) fn files(changes: &[FileChange], style: Style) -> String {
    let lines = changes.iter().map(|change| {
        let sign = match change.change {
            Change::Added => style.good("+"),
            Change::Removed => style.bad("-"),
            Change::Changed => style.odd("~"),
        };
        format!("  {sign} {}\n", change.name)
    });
    lines.collect()
}

/// What happens in the target folder, a line each.
pub(super) fn target(changes: &[TargetChange], style: Style) -> String {
    let lines = changes.iter().map(|change| {
        let other = change.to.as_deref().unwrap_or_default();
        let path = &change.path;
        match change.what {
            TargetDeed::Added => format!("  {} {path}\n", style.good("+")),
            TargetDeed::Changed => format!("  {} {path}\n", style.odd("~")),
            TargetDeed::Removed => format!("  {} {path}\n", style.bad("-")),
            TargetDeed::SetAside => {
                format!("  {} {path} is kept as {other}\n", style.odd(">"))
            }
            TargetDeed::PutBack => {
                format!("  {} {path} comes back from {other}\n", style.good("<"))
            }
        }
    });
    lines.collect()
}

/// Paths left as they are, with why.
pub(super) fn left_alone(paths: &[String]) -> String {
    let lines = paths
        .iter()
        .map(|path| format!("  {path} was changed by you and stays yours\n"));
    lines.collect()
}

/// What is done about secrets, a line each; those that stay are not worth one.
pub(super) fn secrets(changes: &[SecretChange], style: Style) -> String {
    let lines = changes.iter().map(|change| {
        let path = &change.path;
        match change.what {
            SecretDeed::Kept => String::new(),
            SecretDeed::Fetched => format!("  {} {path} is fetched\n", style.good("+")),
            SecretDeed::LeftOut => format!("  {} {path} is left out\n", style.odd("!")),
        }
    });
    lines.collect()
}

/// What two flags say of secrets.
pub(super) fn secrets_how(refresh: bool, without: bool) -> SecretsHow {
    match (refresh, without) {
        (true, _) => SecretsHow::Refresh,
        (_, true) => SecretsHow::LeaveOut,
        _ => SecretsHow::Missing,
    }
}

/// How something is packed, as people type it.
pub(super) fn packing(text: &str) -> std::result::Result<Packing, String> {
    serde_json::from_value(serde_json::Value::from(text)).map_err(|_| {
        "expected program, gz, xz, zst, bz2, tar, tar.gz, tar.xz, tar.zst, tar.bz2 or zip"
            .to_owned()
    })
}
