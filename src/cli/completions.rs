//! `dgmo completions`: the script that has a shell ask us, and what we answer.

use std::ffi::OsString;
use std::io;

use clap::CommandFactory;
use clap_complete::env::Shells;

use super::Cli;
use super::exit::Exit;
use super::values;
use crate::env::Var;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ui::Printer;

/// Print the completion script of a shell
///
/// The script has the shell ask dgmo at each press of the key: so commands, flags, generations, labels, packages,
/// programs, profiles, pins and codes are those there are now.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  dgmo completions bash > ~/.local/share/bash-completion/completions/dgmo
  dgmo completions zsh > ~/.zfunc/_dgmo          with ~/.zfunc in `fpath`
  dgmo completions fish > ~/.config/fish/completions/dgmo.fish
  dgmo completions nu | save -f ~/.dgmo.nu       then `source ~/.dgmo.nu` in config.nu")]
pub(super) struct Args {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// A shell whose completion we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Shell {
    Bash,
    Elvish,
    Fish,
    #[value(alias = "nushell")]
    Nu,
    #[value(alias = "pwsh")]
    Powershell,
    Zsh,
}

impl Shell {
    /// The name the completion engine has for it. Nushell takes the answers that fish gets.
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Elvish => "elvish",
            Self::Fish | Self::Nu => "fish",
            Self::Powershell => "powershell",
            Self::Zsh => "zsh",
        }
    }
}

const NU: &str = r#"let dgmo_others = ($env.config.completions?.external?.completer?)
$env.config = ($env.config | upsert completions.external {
    enable: true
    completer: {|spans|
        if $spans.0 == 'dgmo' {
            with-env {VAR: fish} { ^dgmo -- ...$spans } | lines | each {|line|
                let cells = ($line | split row "\t")
                {value: $cells.0, description: ($cells.1? | default '')}
            }
        } else if $dgmo_others != null {
            do $dgmo_others $spans
        }
    }
})
"#;

pub(super) fn run(args: &Args, printer: Printer) -> Result<Exit> {
    let script = match args.shell {
        Shell::Nu => NU.replace("VAR", Var::Complete.name()),
        shell => script(shell).map_err(OpError::stdout)?,
    };
    printer.out(&script).map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

fn script(shell: Shell) -> io::Result<String> {
    let shells = Shells::builtins();
    let completer = shells.completer(shell.name()).expect("it is built in");
    let mut script = Vec::new();
    completer.write_registration(Var::Complete.name(), "dgmo", "dgmo", "dgmo", &mut script)?;
    Ok(String::from_utf8_lossy(&script).into_owned())
}

/// Answers a shell that asks for completions: the words after `--` are the line so far.
pub(super) fn answer(shell: &str, words: &[OsString]) -> io::Result<Vec<u8>> {
    let shells = Shells::builtins();
    let Some(completer) = shells.completer(shell) else {
        return Err(io::Error::other(format!("there is no shell `{shell}`")));
    };
    let line = words.iter().position(|word| word == "--");
    let line = words.get(line.map_or(words.len(), |at| at + 1)..);
    let line = line.unwrap_or_default().to_vec();
    if line.is_empty() {
        return Ok(Vec::new());
    }
    let mut command = values::furnish(Cli::command(), &line);
    command.build();
    let here = std::env::current_dir().ok();
    let mut answer = Vec::new();
    completer.write_complete(&mut command, line, here.as_deref(), &mut answer)?;
    Ok(answer)
}
