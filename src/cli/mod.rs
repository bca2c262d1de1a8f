//! Arguments in, exit code out; one file for each command.

mod add;
mod age;
mod adopt;
mod allow;
mod audit;
mod bisect;
#[cfg(feature = "tui")]
mod browse;
mod check;
mod completions;
mod confirm;
mod diff;
mod doctor;
mod edit;
mod env;
mod exit;
mod explain;
mod gc;
mod generations;
mod global;
mod graph;
mod history;
mod hook;
mod import;
mod init;
mod keep;
mod lock;
#[cfg(test)]
mod manual;
mod mirror;
mod narrow;
mod outdated;
mod profiles;
mod remove;
mod restore;
mod repair;
mod rollback;
mod run;
mod search;
mod services;
mod stand;
mod status;
mod store;
mod switch;
mod tree;
mod trial;
mod values;
mod which;
mod why;
mod uninstall;
mod vendor;
mod words;

pub use global::Global;

use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

use clap::CommandFactory;
use clap::FromArgMatches;
use clap::Parser;
use clap::Subcommand;

use crate::ops::Failure;
use crate::ui::Format;
use crate::ui::Printer;
use crate::ui::Volume;
use exit::Exit;

/// Declare programs and config files in one file, switch to it, roll back
#[derive(Debug, Parser)]
#[command(name = "dgmo", version, disable_help_subcommand = false, after_help = EXAMPLES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Option<Command>,
}

const EXAMPLES: &str = "\
Examples:
  dgmo init                 write a manifest to begin with
  dgmo switch --dry-run     see what would change
  dgmo switch               make it so
  dgmo rollback             and back
  dgmo status               is everything as the generation says?

Exit codes: 0 done · 1 failed · 2 asked wrongly · 3 looked and found something · 4 someone else holds the lock ·
5 failed and rolled back · 130 interrupted · 101 a bug of ours";

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Import(import::Args),
    Add(add::Args),
    Remove(remove::Args),
    Lock(lock::Args),
    Update(lock::UpdateArgs),
    Vendor(vendor::Args),
    Mirror(mirror::Args),
    Outdated(outdated::Args),
    Audit(audit::Args),
    Search(search::Args),
    Info(search::InfoArgs),
    Switch(switch::Args),
    Rollback(rollback::Args),
    Confirm(confirm::Args),
    Check(check::Args),
    #[command(visible_alias = "gen")]
    Generations(generations::Args),
    Status(status::Args),
    Edit(edit::Args),
    Adopt(adopt::Args),
    Restore(restore::Args),
    Diff(diff::Args),
    Bisect(bisect::Args),
    History(history::Args),
    Profiles(profiles::Args),
    Run(run::RunArgs),
    Exec(run::ExecArgs),
    Shell(run::ShellArgs),
    Services(services::Args),
    Env(env::Args),
    Hook(hook::Args),
    #[command(hide = true)]
    Prompt(hook::PromptArgs),
    Allow(allow::Args),
    Deny(allow::DenyArgs),
    Which(which::Args),
    Why(why::Args),
    Tree(tree::Args),
    Gc(gc::Args),
    Repair(repair::Args),
    Doctor(doctor::Args),
    Store(store::Args),
    Explain(explain::Args),
    Uninstall(uninstall::Args),
    Completions(completions::Args),
    #[command(hide = true)]
    WatchTrial(trial::WatchArgs),
}

impl Command {
    /// Whether it changes something or lets people wait, so that a signal should end it in order. Those that start other
    /// programs have manners of their own; the rest die of a signal before anybody could notice.
    fn ends_in_order(&self) -> bool {
        matches!(
            self,
            Self::Add(_)
                | Self::Remove(_)
                | Self::Lock(_)
                | Self::Update(_)
                | Self::Vendor(_)
                | Self::Mirror(_)
                | Self::Outdated(_)
                | Self::Audit(_)
                | Self::Info(_)
                | Self::Switch(_)
                | Self::Rollback(_)
                | Self::Confirm(_)
                | Self::Check(_)
                | Self::Generations(_)
                | Self::Status(_)
                | Self::Edit(_)
                | Self::Adopt(_)
                | Self::Restore(_)
                | Self::Bisect(_)
                | Self::Import(_)
                | Self::Allow(_)
                | Self::Deny(_)
                | Self::Gc(_)
                | Self::Repair(_)
                | Self::Doctor(_)
                | Self::Store(_)
                | Self::Uninstall(_)
        )
    }
}

/// Runs the program.
pub fn main() -> ExitCode {
    exit::tell_of_panics();
    let words: Vec<OsString> = std::env::args_os().collect();
    // Asked so often by scripts and prompts that it must not wait for anything.
    if let [_, only] = &words[..]
        && (only == "--version" || only == "-V")
    {
        let plain = Printer::new(Format::Text, Volume::Normal);
        return exit_of(&plain.out(concat!("dgmo ", env!("CARGO_PKG_VERSION"), "\n")));
    }
    #[cfg(feature = "fault-injection")]
    if let Some(plan) = crate::env::Var::DgmoFault.text() {
        dgmo_store::durable::fault::arm(&plan);
    }
    if let Some(shell) = crate::env::Var::Complete.text() {
        return complete(&shell, &words);
    }
    match parse(&words) {
        Ok(cli) => run(cli),
        Err(code) => code,
    }
}

/// A shell wants to know how a line may go on; what goes wrong meanwhile is not for the line that is being typed.
fn complete(shell: &str, words: &[OsString]) -> ExitCode {
    let plain = Printer::new(Format::Text, Volume::Normal);
    let answer = completions::answer(shell, words);
    exit_of(&answer.and_then(|answer| plain.out(&String::from_utf8_lossy(&answer))))
}

fn exit_of(result: &io::Result<()>) -> ExitCode {
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

/// What clap refuses is told by clap, but for programs it is a document like any other.
fn parse(words: &[OsString]) -> Result<Cli, ExitCode> {
    if let Some(matches) = narrow::read(words)
        && let Ok(cli) = Cli::from_arg_matches(&matches)
    {
        return Ok(cli);
    }
    let parsed = Cli::command()
        .try_get_matches_from(words)
        .and_then(|matches| Cli::from_arg_matches(&matches));
    parsed.map_err(|error| {
        let code = u8::try_from(error.exit_code()).unwrap_or(2);
        if code == 0 || !words.iter().any(|word| word == "--json") {
            // Help and version go to stdout, mistakes to stderr; a closed pipe is not an error.
            drop(error.print());
            return ExitCode::from(code);
        }
        let failure = Failure::from(words::usage(&error));
        let printer = Printer::new(Format::Json, Volume::Normal);
        drop(printer.error(failure.error(), code));
        ExitCode::from(code)
    })
}

fn run(cli: Cli) -> ExitCode {
    let printer = cli.global.printer();
    cli.global.tell_where(printer);
    let result = match cli.command {
        None => stand::run(&cli.global, printer),
        Some(command) => {
            if command.ends_in_order() {
                exit::watch_for_signals(printer);
            }
            dispatch(command, &cli.global, printer)
        }
    };
    match result {
        Ok(exit) => ExitCode::from(exit.number()),
        Err(failure) => {
            let exit = Exit::of_failure(&failure).number();
            // If even this cannot be written, the exit code still tells.
            drop(printer.failure(failure.error(), exit, failure.report()));
            ExitCode::from(exit)
        }
    }
}

fn dispatch(command: Command, global: &Global, printer: Printer) -> Result<Exit, Failure> {
    match command {
        Command::Init(args) => init::run(&args, printer),
        Command::Import(args) => import::run(args, global, printer),
        Command::Add(args) => add::run(&args, global, printer),
        Command::Remove(args) => remove::run(&args, global, printer),
        Command::Lock(args) => lock::run(&args, global, printer),
        Command::Update(args) => lock::update(&args, global, printer),
        Command::Vendor(args) => vendor::run(&args, global, printer),
        Command::Mirror(args) => mirror::run(&args, global, printer),
        Command::Outdated(args) => outdated::run(&args, global, printer),
        Command::Audit(args) => audit::run(&args, global, printer),
        Command::Search(args) => search::run(&args, global, printer),
        Command::Info(args) => search::info(&args, global, printer),
        Command::Switch(args) => switch::run(args, global, printer),
        Command::Confirm(args) => confirm::run(&args, global, printer),
        Command::Check(args) => check::run(&args, global, printer),
        Command::WatchTrial(args) => trial::watch(&args, global, printer),
        Command::Rollback(args) => rollback::run(args, global, printer),
        Command::Generations(args) => generations::run(args, global, printer),
        Command::Status(args) => status::run(&args, global, printer),
        Command::Edit(args) => edit::run(&args, global, printer),
        Command::Adopt(args) => adopt::run(args, global, printer),
        Command::Restore(args) => restore::run(args, global, printer),
        Command::Diff(args) => diff::run(&args, global, printer),
        Command::Bisect(args) => bisect::run(args, global, printer),
        Command::History(args) => history::run(&args, global, printer),
        Command::Profiles(_) => profiles::run(global, printer),
        Command::Services(args) => services::run(args, global, printer),
        Command::Env(args) => env::run(&args, global, printer),
        Command::Run(args) => run::run(args, global, printer),
        Command::Exec(args) => run::exec(args, global, printer),
        Command::Shell(args) => run::shell(args, global, printer),
        Command::Hook(args) => hook::run(&args, printer),
        Command::Prompt(args) => hook::prompt(&args, global, printer),
        Command::Allow(args) => allow::run(&args, global, printer),
        Command::Deny(args) => allow::deny(&args, global, printer),
        Command::Which(args) => which::run(&args, global, printer),
        Command::Why(args) => why::run(&args, global, printer),
        Command::Tree(args) => tree::run(&args, global, printer),
        Command::Gc(args) => gc::run(&args, global, printer),
        Command::Repair(args) => repair::run(args, global, printer),
        Command::Doctor(args) => doctor::run(&args, global, printer),
        Command::Store(args) => store::run(args, global, printer),
        Command::Explain(args) => explain::run(&args, printer),
        Command::Uninstall(args) => uninstall::run(&args, global, printer),
        Command::Completions(args) => completions::run(&args, printer),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arguments_fit_together() {
        Cli::command().debug_assert();
    }
}
