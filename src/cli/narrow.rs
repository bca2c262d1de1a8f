//! Reading the arguments of one command without building those of all others.
//!
//! Over forty commands with their texts take longer to build than most of them run. A line that names one of them is
//! first read as if there were no other; whatever is not plainly right that way is read again with all of them, so
//! that help, suggestions and mistakes are the same.

use std::ffi::OsString;

use clap::ArgMatches;
use clap::Args as _;
use clap::CommandFactory as _;

use super::Global;
use super::add;
use super::adopt;
use super::allow;
use super::audit;
use super::bisect;
use super::check;
use super::confirm;
use super::diff;
use super::doctor;
use super::edit;
use super::env;
use super::explain;
use super::gc;
use super::generations;
use super::history;
use super::hook;
use super::import;
use super::init;
use super::lock;
use super::mirror;
use super::outdated;
use super::profiles;
use super::remove;
use super::repair;
use super::restore;
use super::rollback;
use super::run;
use super::search;
use super::services;
use super::status;
use super::store;
use super::switch;
use super::tree;
use super::trial;
use super::uninstall;
use super::vendor;
use super::which;
use super::why;

/// What adds the arguments of a command.
type Build = fn(clap::Command) -> clap::Command;

/// The commands that shells, prompts and people wait for: nearly all.
const COMMANDS: &[(&str, Build)] = &[
    ("add", add::Args::augment_args),
    ("adopt", adopt::Args::augment_args),
    ("allow", allow::Args::augment_args),
    ("audit", audit::Args::augment_args),
    ("bisect", bisect::Args::augment_args),
    ("check", check::Args::augment_args),
    ("confirm", confirm::Args::augment_args),
    ("deny", allow::DenyArgs::augment_args),
    ("diff", diff::Args::augment_args),
    ("doctor", doctor::Args::augment_args),
    ("edit", edit::Args::augment_args),
    ("env", env::Args::augment_args),
    ("exec", run::ExecArgs::augment_args),
    ("explain", explain::Args::augment_args),
    ("gc", gc::Args::augment_args),
    ("generations", generations::Args::augment_args),
    ("history", history::Args::augment_args),
    ("hook", hook::Args::augment_args),
    ("import", import::Args::augment_args),
    ("info", search::InfoArgs::augment_args),
    ("init", init::Args::augment_args),
    ("lock", lock::Args::augment_args),
    ("mirror", mirror::Args::augment_args),
    ("outdated", outdated::Args::augment_args),
    ("profiles", profiles::Args::augment_args),
    ("prompt", hook::PromptArgs::augment_args),
    ("remove", remove::Args::augment_args),
    ("repair", repair::Args::augment_args),
    ("restore", restore::Args::augment_args),
    ("rollback", rollback::Args::augment_args),
    ("run", run::RunArgs::augment_args),
    ("search", search::Args::augment_args),
    ("services", services::Args::augment_args),
    ("shell", run::ShellArgs::augment_args),
    ("status", status::Args::augment_args),
    ("store", store::Args::augment_args),
    ("switch", switch::Args::augment_args),
    ("tree", tree::Args::augment_args),
    ("uninstall", uninstall::Args::augment_args),
    ("update", lock::UpdateArgs::augment_args),
    ("vendor", vendor::Args::augment_args),
    ("watch-trial", trial::WatchArgs::augment_args),
    ("which", which::Args::augment_args),
    ("why", why::Args::augment_args),
];

/// Something to add arguments to.
#[derive(clap::Parser)]
struct Bare {}

/// A command of that name, without arguments.
fn bare(name: &'static str) -> clap::Command {
    Bare::command().name(name)
}

/// The line as the one command it names reads it, if it is plainly right.
pub(super) fn read(words: &[OsString]) -> Option<ArgMatches> {
    let named = words.iter().skip(1).find_map(|word| {
        let mut all = COMMANDS.iter();
        all.find(|(name, _)| word == name)
    });
    let (name, build) = named?;
    let alone = Global::augment_args(bare("dgmo")).subcommand(build(bare(name)));
    let matches = alone.try_get_matches_from(words).ok()?;
    // Without a command the line would be about where one stands.
    matches.subcommand_name().is_some().then_some(matches)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Cli;
    use super::*;

    #[test]
    fn every_command_is_read_by_itself_as_it_is_among_all() {
        let mut whole = Cli::command();
        whole.build();
        let names: BTreeSet<&str> = COMMANDS.iter().map(|(name, _)| *name).collect();
        for command in whole.get_subcommands() {
            let name = command.get_name();
            // What prints them needs all of them.
            if ["completions", "help"].contains(&name) {
                continue;
            }
            assert!(names.contains(name), "{name}");
        }
        for (name, build) in COMMANDS {
            let alone = build(bare(name));
            let among = whole.find_subcommand(name).unwrap();
            for argument in alone.get_arguments() {
                let same = among
                    .get_arguments()
                    .find(|it| it.get_id() == argument.get_id());
                assert_eq!(same.unwrap().get_long(), argument.get_long(), "{name}");
            }
        }
    }

    #[test]
    fn what_is_not_plainly_right_is_left_to_all_commands() {
        let read = |line: &str| {
            let words: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            read(&words)
        };
        for line in [
            "dgmo",
            "dgmo swich",
            "dgmo --help",
            "dgmo switch --help",
            "dgmo switch -h",
            "dgmo bisect --help",
            "dgmo help switch",
            "dgmo switch --no-such",
            "dgmo --home switch",
            "dgmo --home switch status --no-such",
            "dgmo generations",
        ] {
            let matches = read(line);
            let whole = Cli::command().try_get_matches_from(line.split(' '));
            // Help and mistakes are told by whoever knows all commands.
            assert!(matches.is_none() || whole.is_ok(), "{line}");
        }
        assert!(read("dgmo --home there generations list").is_some());
        assert!(read("dgmo --home status generations list").is_none());
    }
}
