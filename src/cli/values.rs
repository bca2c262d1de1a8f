//! What there is now, for a shell that completes a word: generations, packages, programs, profiles, pins, codes.
//!
//! Which values fit is told by the name an argument has in the code, so that a new command gets them without a word here.

use std::ffi::OsString;

use clap::Arg;
use clap::Command;
use clap::FromArgMatches;
use clap_complete::engine::ArgValueCandidates;
use clap_complete::engine::CompletionCandidate;
use clap_complete::engine::PathCompleter;
use dgmo_schema::code::Code;
use dgmo_schema::event::Silent;

use super::Global;
use super::global::Special;
use crate::generation::Generations;
use crate::ops;

/// What a word may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Generation,
    Package,
    Program,
    Profile,
    Pin,
    Object,
    Code,
    Thing,
}

/// The command, whose arguments know the values there are. `line` is what was typed so far: it may name a home.
pub(super) fn furnish(command: Command, line: &[OsString]) -> Command {
    let asked = Asked::of(line);
    furnish_below(command, &asked)
}

fn furnish_below(command: Command, asked: &Asked) -> Command {
    let name = command.get_name().to_owned();
    let command = command.mut_args(|arg| furnish_one(&name, arg, asked));
    command.mut_subcommands(|below| furnish_below(below, asked))
}

fn furnish_one(command: &str, arg: Arg, asked: &Asked) -> Arg {
    if let Some(kind) = kind_of(command, &arg) {
        let asked = asked.clone();
        return arg.add(ArgValueCandidates::new(move || asked.candidates(kind)));
    }
    let takes_folder = arg
        .get_value_names()
        .is_some_and(|names| names.iter().any(|name| name.as_str() == "DIR"));
    if takes_folder {
        return arg.add(clap_complete::engine::ArgValueCompleter::new(
            PathCompleter::dir(),
        ));
    }
    arg
}

fn kind_of(command: &str, arg: &Arg) -> Option<Kind> {
    Some(match (command, arg.get_id().as_str()) {
        // What is added is not there yet.
        ("add", "packages" | "package") => return None,
        (_, "at" | "generations") | ("rollback" | "switch" | "diff", "to" | "from") => {
            Kind::Generation
        }
        (_, "packages" | "package") => Kind::Package,
        (_, "profile") => Kind::Profile,
        ("run", "bin") | ("which", "name") => Kind::Program,
        ("unpin", "name") => Kind::Pin,
        (_, "id" | "ids") => Kind::Object,
        ("explain", "code") => Kind::Code,
        ("why", "thing") => Kind::Thing,
        _ => return None,
    })
}

/// The line that is completed.
#[derive(Debug, Clone)]
struct Asked {
    /// The flags of it that say which home and which profile.
    flags: Vec<OsString>,
}

impl Asked {
    fn of(line: &[OsString]) -> Self {
        let mut flags = vec![OsString::from("dgmo")];
        let mut words = line.iter().peekable();
        while let Some(word) = words.next() {
            let Some(text) = word.to_str() else { continue };
            if text == "--home" || text == "--profile" {
                // Without its value the flag is what is being completed.
                if let Some(value) = words.peek() {
                    flags.extend([word.clone(), (*value).clone()]);
                }
            } else if text == "--system"
                || text.starts_with("--home=")
                || text.starts_with("--profile=")
            {
                flags.push(word.clone());
            }
        }
        Self { flags }
    }

    /// What there is. Where nothing can be read there is nothing to offer.
    fn candidates(&self, kind: Kind) -> Vec<CompletionCandidate> {
        self.look(kind).unwrap_or_default()
    }

    fn look(&self, kind: Kind) -> Option<Vec<CompletionCandidate>> {
        if kind == Kind::Code {
            let codes = Code::ALL.iter();
            return Some(
                codes
                    .map(|code| candidate(code.as_str(), code.title()))
                    .collect(),
            );
        }
        let global = self.global()?;
        let engine = global.engine(Special::default(), &Silent).ok()?;
        let generations = Generations::of(&engine.profile);
        let show = || ops::show(&engine, None).ok();
        Some(match kind {
            Kind::Generation => {
                let list = generations.summaries(&engine.home.cache()).ok()?;
                let newest_first = list.iter().rev();
                let numbers = newest_first.clone().map(|summary| {
                    let note = summary.note.clone().unwrap_or_default();
                    let words = format!("{} {note}", summary.made_at);
                    candidate(&summary.number.to_string(), words.trim_end())
                });
                let labels = newest_first.filter_map(|summary| {
                    let label = summary.label.as_ref()?;
                    let words = format!("generation {}", summary.number);
                    Some(candidate(label.as_ref(), &words))
                });
                labels.chain(numbers).collect()
            }
            Kind::Package => packages(&show()?),
            Kind::Thing => {
                let mut all = packages(&show()?);
                all.extend(
                    show()?
                        .files
                        .keys()
                        .map(|path| candidate(&format!("~/{path}"), "home file")),
                );
                all
            }
            Kind::Program => {
                let tree = ops::running::tree(&engine, None).ok()?;
                let of = |package: &dgmo_schema::report::running::TreePackage| {
                    let name = package.name.to_string();
                    let programs = package.programs.clone().into_iter();
                    programs
                        .map(move |program| candidate(&program, &name))
                        .collect::<Vec<_>>()
                };
                tree.packages.iter().flat_map(of).collect()
            }
            Kind::Profile => {
                let report = ops::profiles(&engine).ok()?;
                let profiles = report.profiles.iter();
                profiles
                    .map(|profile| {
                        let words = format!("generation {}", profile.current);
                        candidate(profile.name.as_str(), &words)
                    })
                    .collect()
            }
            Kind::Pin => {
                let store = dgmo_store::Store::open(engine.home.root()).ok()?;
                let pins = store.pins().ok()?.into_iter();
                pins.map(|pin| candidate(pin.name.as_str(), &pin.note.unwrap_or_default()))
                    .collect()
            }
            Kind::Object => {
                let shown = show()?;
                let packages = shown.packages.iter();
                packages
                    .map(|(name, package)| candidate(&package.tree.to_string(), name.as_str()))
                    .collect()
            }
            Kind::Code => Vec::new(),
        })
    }

    fn global(&self) -> Option<Global> {
        let bare = <Global as clap::Args>::augment_args(Command::default().name("dgmo"));
        let matches = bare.try_get_matches_from(&self.flags).ok()?;
        Global::from_arg_matches(&matches).ok()
    }
}

fn packages(shown: &dgmo_schema::report::generation::GenerationReport) -> Vec<CompletionCandidate> {
    let packages = shown.packages.iter();
    packages
        .map(|(name, package)| {
            candidate(
                name.as_str(),
                package.version.as_deref().unwrap_or_default(),
            )
        })
        .collect()
}

fn candidate(value: &str, words: &str) -> CompletionCandidate {
    let help = (!words.is_empty()).then(|| words.to_owned().into());
    CompletionCandidate::new(value).help(help)
}
