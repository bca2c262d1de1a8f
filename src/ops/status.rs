//! `dgmo status`: what is not as the generation says.

use dgmo_schema::code::Code;
use dgmo_schema::report::activation::StatusReport;
use dgmo_schema::report::activation::TargetChange;
use dgmo_schema::report::activation::TargetDeed;
use dgmo_schema::report::drift::Drift;
use dgmo_schema::report::drift::DriftKind;

use super::Engine;
use super::Result;
use super::assemble;
use super::begin;
use super::confirm;
use super::managed::Managed;
use super::services;
use super::shown;
use crate::activate::Image;
use crate::activate::Live;

/// Compares the target folder and the generation's own folder with what the generation says.
pub fn status(engine: &Engine<'_>) -> Result<StatusReport> {
    let store = begin::look(engine)?;
    let managed = Managed::current(engine, &store)?;
    let (number, record) = (managed.number, &managed.record);
    let mut drift = of_files(engine, &managed)?;
    let parts = assemble::missing_parts(&engine.profile, number, record)?;
    let trees = assemble::missing_trees(&store, &managed.generation, record)?;
    drift.extend(parts.into_iter().chain(trees).map(|path| Drift {
        path,
        found: DriftKind::Missing,
        code: Code::DriftPart,
        to: None,
        remedies: vec![remedy(engine, "switch", "")],
    }));
    let footprint = &managed.footprint;
    let aside = footprint.aside.iter().map(|(path, to)| TargetChange {
        path: path.to_string(),
        what: TargetDeed::SetAside,
        to: Some(to.to_string()),
    });
    Ok(StatusReport {
        profile: engine.profile.name().clone(),
        generation: number,
        id: managed.generation.id,
        target: shown(&footprint.target),
        package_count: managed.generation.packages.len() as u64,
        file_count: (record.files.len() + record.secrets.len()) as u64,
        drift,
        set_aside: aside.collect(),
        services_down: services::down(engine, record)?,
        awaiting: confirm::awaiting(engine)?,
    })
}

/// What is not as it should be in the target folder, in the order of the paths.
pub(super) fn of_files(engine: &Engine<'_>, managed: &Managed<'_>) -> Result<Vec<Drift>> {
    let mut drift = Vec::new();
    for (path, image) in &managed.desired {
        let live = managed.live(path)?;
        let Some(found) = managed.difference(path, &live)? else {
            continue;
        };
        let can_adopt = matches!(found, DriftKind::Changed | DriftKind::Editable)
            && !matches!(image, Image::Secret { .. });
        let deeds: &[&str] = if can_adopt {
            &["adopt", "restore"]
        } else {
            &["restore"]
        };
        drift.push(Drift {
            path: path.to_string(),
            found,
            code: code(found),
            to: match &live {
                Live::Link(to) => Some(shown(to)),
                _ => None,
            },
            remedies: remedies(engine, deeds, path.as_str()),
        });
    }
    for path in managed.unknown()? {
        drift.push(Drift {
            path: path.to_string(),
            found: DriftKind::Unknown,
            code: Code::DriftUnknown,
            to: None,
            remedies: match managed.live(&path)? {
                Live::File => remedies(engine, &["adopt"], path.as_str()),
                _ => Vec::new(),
            },
        });
    }
    drift.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(drift)
}

fn code(found: DriftKind) -> Code {
    match found {
        DriftKind::Missing => Code::DriftMissing,
        DriftKind::Changed => Code::DriftChanged,
        DriftKind::Editable => Code::DriftEditable,
        DriftKind::ForeignLink => Code::DriftForeignLink,
        DriftKind::Folder | DriftKind::Other => Code::DriftOther,
        DriftKind::Unknown => Code::DriftUnknown,
    }
}

fn remedies(engine: &Engine<'_>, deeds: &[&str], path: &str) -> Vec<String> {
    let deeds = deeds.iter();
    deeds.map(|deed| remedy(engine, deed, path)).collect()
}

/// A command line that can be typed as it stands.
pub(super) fn remedy(engine: &Engine<'_>, deed: &str, path: &str) -> String {
    let mut words = format!("dgmo {deed}");
    if engine.profile.name().as_str() != "default" {
        words.push_str(&format!(" --profile {}", engine.profile.name()));
    }
    if !path.is_empty() {
        words.push(' ');
        words.push_str(&for_a_shell(path));
    }
    words
}

/// A word in quotes where a shell would see more in it.
fn for_a_shell(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "._-+/@%,:=".contains(c);
    if word.starts_with('-') {
        // Else it would be a flag; a path may always begin so.
        return format!("-- '{}'", word.replace('\'', r"'\''"));
    }
    if word.chars().all(is_plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}
