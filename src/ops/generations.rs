//! `dgmo generations …`, `dgmo history`, `dgmo diff`, `dgmo profiles`: looking at generations and keeping them.

use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::id::TreeId;
use dgmo_schema::manifest::Keep;
use dgmo_schema::manifest::Method;
use dgmo_schema::name::Label;
use dgmo_schema::report::generation::DiffReport;
use dgmo_schema::report::generation::GenerationListReport;
use dgmo_schema::report::generation::GenerationReport;
use dgmo_schema::report::generation::HistoryEvent;
use dgmo_schema::report::generation::HistoryReport;
use dgmo_schema::report::generation::ListedGeneration;
use dgmo_schema::report::generation::ShownPackage;
use dgmo_schema::report::profile::GenerationsChangedReport;
use dgmo_schema::report::profile::ProfileSummary;
use dgmo_schema::report::profile::ProfilesReport;
use dgmo_store::Node;
use dgmo_store::Store;
use dgmo_store::durable;

use super::Engine;
use super::OpError;
use super::Result;
use super::begin;
use super::changes;
use super::in_use::Users;
use super::shown;
use super::write_history;
use crate::activate::Footprint;
use crate::generation;
use crate::generation::Generations;
use crate::generation::History;
use crate::generation::Policy;
use crate::generation::ReadError;
use crate::generation::Use;
use crate::service::state;

/// All generations of the profile.
pub fn list(engine: &Engine<'_>) -> Result<GenerationListReport> {
    list_containing(engine, None)
}

/// The generations of the profile that have a package, `NAME` or `NAME@VERSION`; all where none is named.
pub fn list_containing(
    engine: &Engine<'_>,
    contains: Option<&str>,
) -> Result<GenerationListReport> {
    begin::look(engine)?;
    let generations = Generations::of(&engine.profile);
    let current = generations.current()?;
    let pinned = Policy::load(&engine.profile)?.pinned;
    let mut summaries = generations.summaries(&engine.home.cache())?;
    if let Some(wanted) = contains {
        let (name, version) = match wanted.split_once('@') {
            // The name of a package may begin with the sign, as those of npm do.
            Some(("", _)) | None => (wanted, None),
            Some((name, version)) => (name, Some(version)),
        };
        let mut kept = Vec::new();
        for summary in summaries {
            if has_package(generations, summary.number, name, version)? {
                kept.push(summary);
            }
        }
        summaries = kept;
    }
    let listed = summaries.into_iter().map(|summary| {
        let number = summary.number;
        ListedGeneration {
            summary,
            current: number == current,
            pinned: pinned.contains(&number),
        }
    });
    Ok(GenerationListReport {
        profile: engine.profile.name().clone(),
        current,
        generations: listed.collect(),
    })
}

/// Whether a generation has the package, in that version or one of which it is the beginning: 14 fits 14.1.
fn has_package(
    generations: Generations<'_>,
    number: GenerationNumber,
    name: &str,
    version: Option<&str>,
) -> Result<bool> {
    let generation = match generations.load(number) {
        // Pruned since the folder was listed.
        Err(generation::ReadError::Missing { .. }) => return Ok(false),
        loaded => loaded?,
    };
    let package = generation
        .packages
        .iter()
        .find(|(package, _)| package.as_str() == name);
    Ok(package.is_some_and(|(_, package)| match version {
        None => true,
        Some(wanted) => package
            .version
            .as_deref()
            .and_then(|version| version.strip_prefix(wanted))
            .is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '-', '+'])),
    }))
}

/// One generation, whole.
pub fn show(engine: &Engine<'_>, words: Option<&str>) -> Result<GenerationReport> {
    let store = begin::look(engine)?;
    let generations = Generations::of(&engine.profile);
    let number = generations.find(words.unwrap_or("current"))?;
    let generation = generations.load(number)?;
    let record = generations.record(number)?;
    let packages = generation.packages.iter().map(|(name, package)| {
        let shown_package = ShownPackage {
            version: package.version.clone(),
            tree: package.tree,
            folder: shown(&store.tree_path(package.tree)),
        };
        (name.clone(), shown_package)
    });
    let secrets = record
        .secrets
        .iter()
        .map(|(path, secret)| (path.to_string(), format!("secret from {}", secret.from)));
    let files = record.files.iter().map(|(path, file)| {
        let method = match file.method {
            Method::Link => "link",
            Method::Links => "links",
            Method::Copy => "copy",
        };
        (path.to_string(), method.to_owned())
    });
    Ok(GenerationReport {
        profile: engine.profile.name().clone(),
        summary: generation::summary(&generation),
        current: number == generations.current()?,
        pinned: Policy::load(&engine.profile)?.pinned.contains(&number),
        made_by: generation.made_by.clone(),
        manifest: generation.manifest.clone(),
        packages: packages.collect(),
        files: files.chain(secrets).collect(),
        env: record
            .env
            .iter()
            .map(|(name, value)| (name.to_string(), value.clone()))
            .collect(),
        folder: shown(&engine.profile.generation(number)),
    })
}

/// What the second generation has that the first had not; by default the current one and the one it was made from.
pub fn diff(engine: &Engine<'_>, from: Option<&str>, to: Option<&str>) -> Result<DiffReport> {
    let store = begin::look(engine)?;
    let generations = Generations::of(&engine.profile);
    let to = generations.find(to.unwrap_or("current"))?;
    let from = match from {
        Some(words) => generations.find(words)?,
        None => generations.load(to)?.parent,
    };
    let mut report = changes::between(&generations.record(from)?, &generations.record(to)?);
    report.from = from.to_string();
    report.to = to.to_string();
    let (one, other) = (generations.load(from)?, generations.load(to)?);
    let mut change = Some(0_i64);
    for package in &mut report.packages {
        let size = |generation: &dgmo_schema::generation::Generation| {
            generation
                .packages
                .get(&package.name)
                .map(|installed| size_of(&store, installed.tree))
                .transpose()
        };
        let (before, after) = (size(&one)?, size(&other)?);
        // A side that is not in the store any more has no size to tell.
        package.size_from = before.flatten();
        package.size_to = after.flatten();
        let known = |side: Option<Option<u64>>| match side {
            None => Some(0),
            Some(size) => size.and_then(|size| i64::try_from(size).ok()),
        };
        change = match (change, known(before), known(after)) {
            (Some(sum), Some(before), Some(after)) => Some(sum + after - before),
            _ => None,
        };
    }
    report.size_change = change;
    Ok(report)
}

/// How many bytes the files of a tree have; nothing if a part of it is not in the store, or damaged there.
fn size_of(store: &Store, tree: TreeId) -> Result<Option<u64>> {
    match sum_of(store, tree) {
        Ok(sum) => Ok(Some(sum)),
        Err(dgmo_store::ReadError::Io { path, source }) => {
            Err(dgmo_store::ReadError::Io { path, source }.into())
        }
        Err(_) => Ok(None),
    }
}

fn sum_of(store: &Store, tree: TreeId) -> std::result::Result<u64, dgmo_store::ReadError> {
    let mut sum = 0;
    for entry in store.read_tree(tree)?.entries() {
        sum += match &entry.node {
            Node::File(blob) | Node::Executable(blob) => store.blob_size(*blob)?,
            Node::Folder(id) => sum_of(store, *id)?,
            Node::Link(_) => 0,
        };
    }
    Ok(sum)
}

/// What happened to the profile.
pub fn history(engine: &Engine<'_>) -> Result<HistoryReport> {
    begin::look(engine)?;
    Generations::of(&engine.profile).current()?;
    let entries = History::of(&engine.profile).entries()?;
    Ok(HistoryReport {
        profile: engine.profile.name().clone(),
        entries,
    })
}

/// The profiles of this home.
pub fn profiles(engine: &Engine<'_>) -> Result<ProfilesReport> {
    Store::open(engine.home.root())?;
    let mut profiles = Vec::new();
    for name in begin::profile_names(engine)? {
        let profile = engine.home.profile(name.clone());
        let generations = Generations::of(&profile);
        let current = match generations.current() {
            Ok(current) => current,
            Err(ReadError::NoProfile { .. } | ReadError::Pointer { .. }) => continue,
            Err(error) => return Err(error.into()),
        };
        let footprint = Footprint::load(&profile)?;
        profiles.push(ProfileSummary {
            name,
            current,
            generation_count: (generations.numbers()?.len() as u64).saturating_sub(1),
            target: footprint.map(|footprint| shown(&footprint.target)),
        });
    }
    Ok(ProfilesReport { profiles })
}

/// Gives a generation a label, or takes it away.
pub fn label(
    engine: &Engine<'_>,
    words: &str,
    label: Option<&Label>,
) -> Result<GenerationsChangedReport> {
    let _held = begin::hold(engine)?;
    let number = Generations::of(&engine.profile).find(words)?;
    set_label(engine, number, label)?;
    Ok(changed(engine, "labelled", vec![number], false))
}

/// The same for one who holds the profile. A label that is there already is left as it is.
pub(super) fn set_label(
    engine: &Engine<'_>,
    number: GenerationNumber,
    label: Option<&Label>,
) -> Result<()> {
    let generations = Generations::of(&engine.profile);
    let mut generation = generations.load(number)?;
    if generation.label.as_ref() == label {
        return Ok(());
    }
    // What remembers the old label goes first: after a crash it must not be believed.
    let cache = engine.home.cache();
    generations
        .forget_summaries(&cache)
        .map_err(OpError::io("remove the index in", &cache))?;
    generation.label = label.cloned();
    let folder = engine.profile.generation(number);
    generation::rewrite(&engine.profile, &generation).map_err(OpError::io("write", &folder))?;
    let note = label.map(ToString::to_string);
    write_history(engine, HistoryEvent::Labelled, number, None, note);
    Ok(())
}

/// Keeps a generation whatever the rule for pruning says.
pub fn pin(engine: &Engine<'_>, words: &str) -> Result<GenerationsChangedReport> {
    set_pin(engine, words, true)
}

/// Lets the rule decide again.
pub fn unpin(engine: &Engine<'_>, words: &str) -> Result<GenerationsChangedReport> {
    set_pin(engine, words, false)
}

fn set_pin(engine: &Engine<'_>, words: &str, pinned: bool) -> Result<GenerationsChangedReport> {
    let _held = begin::hold(engine)?;
    let number = Generations::of(&engine.profile).find(words)?;
    let mut policy = Policy::load(&engine.profile)?;
    let differs = if pinned {
        policy.pinned.insert(number)
    } else {
        policy.pinned.remove(&number)
    };
    if differs {
        policy.save(&engine.profile)?;
        let what = if pinned {
            HistoryEvent::Pinned
        } else {
            HistoryEvent::Unpinned
        };
        write_history(engine, what, number, None, None);
    }
    Ok(changed(
        engine,
        if pinned { "pinned" } else { "unpinned" },
        vec![number],
        false,
    ))
}

/// What pruning is asked for.
#[derive(Debug, Default)]
pub struct PruneRequest {
    /// These and no others; empty: those the rule drops.
    pub generations: Vec<String>,
    /// The rule, in place of the manifest's.
    pub keep: Option<Keep>,
    /// Whether to look only.
    pub dry_run: bool,
}

/// Drops generations: those named, or those the rule does not keep.
pub fn prune(engine: &Engine<'_>, request: &PruneRequest) -> Result<GenerationsChangedReport> {
    begin::look(engine)?;
    Generations::of(&engine.profile).current()?;
    let _held = begin::hold(engine)?;
    let mut dropped = chosen(engine, request)?;
    if !request.dry_run {
        dropped = drop_generations(engine, &dropped)?;
    }
    let rule = match (&request.keep, &request.generations[..]) {
        (_, [_, ..]) => None,
        (Some(rule), []) => Some(rule.to_string()),
        (None, []) => Some(Policy::load(&engine.profile)?.keep.to_string()),
    };
    Ok(GenerationsChangedReport {
        rule,
        ..changed(engine, "pruned", dropped, request.dry_run)
    })
}

/// Drops those of `only` that the rule still does not keep; what was dropped.
pub(super) fn prune_only(
    engine: &Engine<'_>,
    rule: &PruneRequest,
    only: &[GenerationNumber],
) -> Result<Vec<GenerationNumber>> {
    let _held = begin::hold(engine)?;
    let mut dropped = chosen(engine, rule)?;
    dropped.retain(|number| only.contains(number));
    drop_generations(engine, &dropped)
}

/// Which generations a prune drops.
pub(super) fn chosen(engine: &Engine<'_>, request: &PruneRequest) -> Result<Vec<GenerationNumber>> {
    let generations = Generations::of(&engine.profile);
    let current = generations.current()?;
    let goal = super::confirm::awaiting(engine)?.map(|waiting| waiting.back_to);
    if !request.generations.is_empty() {
        let mut numbers = Vec::new();
        for words in &request.generations {
            let number = generations.find(words)?;
            let why = match number {
                _ if number == current => Some("current"),
                GenerationNumber::ZERO => Some("\"before dgmo\""),
                _ if Some(number) == goal => Some("where the change that waits goes back to"),
                _ => None,
            };
            if let Some(why) = why {
                return Err(OpError::CannotPrune {
                    number: number.0,
                    why,
                }
                .into());
            }
            numbers.push(number);
        }
        numbers.sort_unstable();
        numbers.dedup();
        let users = Users::of(engine)?;
        for number in &numbers {
            drop(users.require_unused(*number)?);
        }
        return Ok(numbers);
    }
    let policy = Policy::load(&engine.profile)?;
    let keep = request.keep.as_ref().unwrap_or(&policy.keep);
    let all = generations.summaries(&engine.home.cache())?;
    let history = History::of(&engine.profile).entries()?;
    let now = engine.clock.now();
    let known = generation::Known {
        all: &all,
        current,
        history: &history,
        pinned: &policy.pinned,
    };
    let mut to_drop = generation::to_drop(&known, keep, now);
    to_drop.retain(|number| Some(*number) != goal);
    if to_drop.is_empty() {
        return Ok(to_drop);
    }
    Users::of(engine)?.without_used(to_drop)
}

/// Takes the names of `numbers` away, one rename each; what is behind them goes after. One that somebody began to use
/// meanwhile stays. Gives those that went.
fn drop_generations(
    engine: &Engine<'_>,
    numbers: &[GenerationNumber],
) -> Result<Vec<GenerationNumber>> {
    let Some(highest) = numbers.last() else {
        return Ok(Vec::new());
    };
    let users = Users::of(engine)?;
    let mut dropped = Vec::new();
    Generations::of(&engine.profile).sweep_shells();
    let profile = &engine.profile;
    let history = History::of(profile);
    history.remember_pruned(*highest)?;
    let mut policy = Policy::load(profile)?;
    if numbers.iter().any(|number| policy.pinned.remove(number)) {
        policy.save(profile)?;
    }
    for number in numbers {
        let Use::None(_own) = users.of_generation(*number)? else {
            continue;
        };
        let folder = profile.generation(*number);
        let out = profile.trash().join(number.to_string());
        let failed = |error| OpError::io("drop", &folder)(error);
        durable::remove_all(&out).map_err(failed)?;
        durable::rename(&folder, &out).map_err(failed)?;
        write_history(engine, HistoryEvent::Pruned, *number, None, None);
        dropped.push(*number);
        let kept = profile.state();
        state::forget(profile, *number).map_err(OpError::io("drop", &kept))?;
    }
    let folder = profile.generations();
    durable::sync_folder(&folder).map_err(OpError::io("sync", &folder))?;
    for number in &dropped {
        let out = profile.trash().join(number.to_string());
        durable::remove_all(&out).map_err(OpError::io("delete", &out))?;
    }
    Ok(dropped)
}

fn changed(
    engine: &Engine<'_>,
    what: &str,
    generations: Vec<GenerationNumber>,
    dry_run: bool,
) -> GenerationsChangedReport {
    GenerationsChangedReport {
        profile: engine.profile.name().clone(),
        what: what.to_owned(),
        generations,
        rule: None,
        dry_run,
    }
}
