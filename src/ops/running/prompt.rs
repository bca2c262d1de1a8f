//! What the hook of a shell does before each prompt: enter, leave, or say why not.
//!
//! It reads a few small files and never builds, downloads or changes a profile. Leaving a folder, also for one below it
//! with a manifest of its own, first undoes in thought what was set: so each environment is laid over the same ground.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use super::super::Engine;
use super::super::Result;
use super::hooked::Hooked;
use super::inside;
use super::inside::Inside;
use super::project;
use crate::env::Var;
use crate::generation::Generations;
use crate::home::Consent;
use crate::home::Project;
use crate::home::profile_name_for;
use crate::manifest;
use crate::ops::OpError;
use crate::view::Assignment;
use crate::view::ShellKind;
use crate::view::spell;

/// A shell that is about to show its prompt.
#[derive(Debug)]
pub struct PromptRequest {
    /// In whose spelling.
    pub shell: ShellKind,
    /// The shell's process.
    pub process: Option<u32>,
    /// The folder it is in.
    pub folder: PathBuf,
}

/// What the shell runs, and what it is told.
#[derive(Debug)]
pub struct Prompted {
    /// The lines to run; none where nothing changes.
    pub lines: String,
    /// What a person wants to know.
    pub say: Vec<String>,
}

/// What the folder asks for.
enum Wish {
    /// The environment as it was.
    Nothing,
    /// The same, and a person is told why, once.
    Tell { once: String, words: String },
    /// A project's environment.
    Project {
        folder: PathBuf,
        inside: Box<Inside>,
        /// The folder of the profile.
        profile: PathBuf,
        stale: bool,
    },
}

/// Decides what the shell runs before its next prompt.
pub fn prompt(engine: &Engine<'_>, request: &PromptRequest) -> Prompted {
    let before = Hooked::parse(&Var::Hooked.raw().unwrap_or_default());
    let wish = wish(engine, request).unwrap_or_else(|failure| {
        let hint = failure.error().deepest_hint();
        let hint = hint.map(|hint| format!("; {hint}")).unwrap_or_default();
        Wish::Tell {
            once: failure.code().to_string(),
            words: format!("{} ({}){hint}", failure.error(), failure.code()),
        }
    });
    let mut say = Vec::new();
    let mut now = Hooked::default();
    let mut values: BTreeMap<String, OsString> = BTreeMap::new();
    match wish {
        Wish::Nothing => {}
        Wish::Tell { once, words } => {
            if before.told != once {
                say.push(words);
            }
            now.told = once;
        }
        Wish::Project {
            folder,
            inside,
            profile,
            stale,
        } => {
            now.folder = Some(folder.clone().into());
            now.generation = Some(inside.folder.clone().into());
            if before.generation != now.generation {
                say.push(entered(&folder, &inside));
            }
            if stale {
                "stale".clone_into(&mut now.told);
                if before.told != now.told {
                    say.push(format!(
                        "its manifest changed since: run `dgmo switch` in {}",
                        folder.display()
                    ));
                }
            }
            values = wanted(&before, &inside, &profile);
            now.path = values.get(Var::SearchPath.name()).cloned();
        }
    }
    if let (Some(left), None) = (&before.folder, &now.folder) {
        say.push(format!("left {}", Path::new(left).display()));
    }
    let assignments = assignments(&before, &mut now, &values);
    let lines = if assignments.is_empty() {
        String::new()
    } else {
        spell(request.shell, &assignments)
    };
    Prompted { lines, say }
}

fn entered(folder: &Path, inside: &Inside) -> String {
    format!("entered {}: generation {}", folder.display(), inside.number)
}

fn wish(engine: &Engine<'_>, request: &PromptRequest) -> Result<Wish> {
    let found = manifest::find(&request.folder, None);
    let found = found.map_err(OpError::io("look for a manifest from", &request.folder))?;
    let Some(manifest) = found else {
        return Ok(Wish::Nothing);
    };
    let Some(folder) = project::real_folder(&manifest) else {
        return Ok(Wish::Nothing);
    };
    let name = manifest.display();
    let tell = |once: &str, words: String| Wish::Tell {
        once: format!("{once} {name}"),
        words,
    };
    let Some(known) = Project::load(&engine.home, &folder)? else {
        if project::is_of_the_profile(engine, &manifest) {
            return Ok(Wish::Nothing);
        }
        return Ok(tell(
            "unknown",
            format!(
                "{name} is not allowed to set the environment; look at it, then run `dgmo allow` (or `dgmo deny`)"
            ),
        ));
    };
    if known.consent == Consent::Denied {
        return Ok(Wish::Nothing);
    }
    if !known.is_unchanged() {
        let words = format!(
            "{name}, or a file it includes, changed since it was allowed; look at it, then run `dgmo allow`"
        );
        return Ok(tell("changed", words));
    }
    let profile = profile_name_for(&folder);
    if project::generation_of(engine, &profile).is_none() {
        let words = format!("{name} has no environment yet; run `dgmo switch` in its folder");
        return Ok(tell("empty", words));
    }
    let engine = engine.for_profile(&profile);
    let inside = inside::enter(&engine, None)?;
    if let Some(process) = request.process {
        // A courtesy: where nothing can be written nothing can be pruned either.
        drop(Generations::of(&engine.profile).note_shell(&inside.held, process));
    }
    Ok(Wish::Project {
        folder,
        inside: Box::new(inside),
        profile: engine.profile.folder().to_owned(),
        stale: known.switched != Some(known.digest()),
    })
}

/// The variables a project sets, with the search path.
fn wanted(before: &Hooked, inside: &Inside, profile: &Path) -> BTreeMap<String, OsString> {
    let mut values: BTreeMap<String, OsString> = inside
        .record
        .env
        .iter()
        .map(|(name, value)| (name.to_string(), value.into()))
        .collect();
    let path = Var::SearchPath.name();
    let ground = ground(before, path).unwrap_or_default();
    let own = inside::folders(&inside.record, &inside.folder.join("view"));
    let all = own
        .into_iter()
        .chain(inside::without_profile(&ground, profile));
    // A folder with a colon in its name cannot be searched; then the path stays as it was.
    let joined = std::env::join_paths(all).unwrap_or(ground);
    values.insert(path.to_owned(), joined);
    values
}

/// The value of a variable as it is without what the hook set.
fn ground(before: &Hooked, name: &str) -> Option<OsString> {
    let now = Var::of_manifest(name);
    let Some(old) = before.before.get(name) else {
        return now;
    };
    if name != Var::SearchPath.name() || now == before.path {
        return old.clone();
    }
    // The user changed the search path meanwhile: only what we put there is taken out.
    let (Some(now), Some(set)) = (now, &before.path) else {
        return old.clone();
    };
    let mut kept: Vec<PathBuf> = std::env::split_paths(&now).collect();
    let old = old.clone().unwrap_or_default();
    let old: Vec<PathBuf> = std::env::split_paths(&old).collect();
    for folder in std::env::split_paths(set).filter(|folder| !old.contains(folder)) {
        if let Some(at) = kept.iter().position(|kept| *kept == folder) {
            kept.remove(at);
        }
    }
    std::env::join_paths(kept).ok()
}

/// What differs from what the shell has; `now` learns what was there before.
fn assignments(
    before: &Hooked,
    now: &mut Hooked,
    values: &BTreeMap<String, OsString>,
) -> Vec<Assignment> {
    let set = |name: &str, value: Option<OsString>| match value {
        Some(value) => Assignment::Set(name.to_owned(), value),
        None => Assignment::Unset(name.to_owned()),
    };
    let mut all = Vec::new();
    for name in before
        .before
        .keys()
        .filter(|name| !values.contains_key(*name))
    {
        all.push(set(name, ground(before, name)));
    }
    let is_new = before.generation != now.generation;
    for (name, value) in values {
        now.before.insert(name.clone(), ground(before, name));
        // What the user changed inside the folder stays until it is left.
        if is_new && Var::of_manifest(name).as_ref() != Some(value) {
            all.push(Assignment::Set(name.clone(), value.clone()));
        }
    }
    if !is_new {
        // The same as at the last prompt: what was there before is known already.
        now.before.clone_from(&before.before);
        now.path.clone_from(&before.path);
    }
    if now != before {
        let text = (!now.is_empty()).then(|| OsString::from(now.text()));
        all.push(set(Var::Hooked.name(), text));
    }
    all
}
