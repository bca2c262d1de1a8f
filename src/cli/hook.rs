//! `dgmo hook` and what the hook runs before each prompt.

use std::ffi::OsString;
use std::path::Path;

use dgmo_schema::report::running::HookReport;

use super::Global;
use super::exit::Exit;
use super::global::Special;
use super::global::absolute;
use crate::ops;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::running::PromptRequest;
use crate::ui::Format;
use crate::ui::Printer;
use crate::ui::Renderer;
use crate::view::ShellKind;

/// Print what a shell runs to take the environment of the folder it is in
///
/// A folder with a `dgmo.yaml` that you allowed has an environment of its own. With the hook, your shell takes it when
/// you enter the folder, and gives every variable back as it was when you leave. The hook reads a few small files; it
/// never builds, downloads or changes anything. Put the line for your shell at the end of what it reads at its start.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  eval \"$(dgmo hook bash)\"                      in ~/.bashrc
  eval \"$(dgmo hook zsh)\"                       in ~/.zshrc
  dgmo hook fish | source                       in ~/.config/fish/config.fish
  dgmo hook nu | save -f ~/.dgmo-hook.nu        then `source ~/.dgmo-hook.nu` in config.nu
  dgmo hook pwsh | Out-String | Invoke-Expression   in $PROFILE")]
pub(super) struct Args {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
}

/// What the hook runs before each prompt
#[derive(Debug, clap::Args)]
pub(super) struct PromptArgs {
    /// Which shell
    #[arg(value_name = "SHELL")]
    shell: Shell,
    /// The shell's process
    #[arg(long, value_name = "PID")]
    process: Option<u32>,
}

/// A shell, by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Shell {
    Sh,
    Bash,
    Zsh,
    Fish,
    #[value(alias = "nushell")]
    Nu,
    #[value(alias = "powershell")]
    Pwsh,
}

impl Shell {
    /// Whose spelling it takes.
    pub(super) fn kind(self) -> ShellKind {
        match self {
            Self::Sh | Self::Bash | Self::Zsh => ShellKind::Posix,
            Self::Fish => ShellKind::Fish,
            Self::Nu => ShellKind::Nu,
            Self::Pwsh => ShellKind::Pwsh,
        }
    }
}

const BASH: &str = r#"_dgmo_prompt() {
  local dgmo_status=$?
  eval "$(trap '' INT; @DGMO@ prompt bash --process $$)"
  return "$dgmo_status"
}
if [[ $(declare -p PROMPT_COMMAND 2>/dev/null) == 'declare -a'* ]]; then
  case " ${PROMPT_COMMAND[*]} " in
    *' _dgmo_prompt '*) ;;
    *) PROMPT_COMMAND=(_dgmo_prompt "${PROMPT_COMMAND[@]}") ;;
  esac
else
  case ";${PROMPT_COMMAND:-};" in
    *';_dgmo_prompt;'*) ;;
    *) PROMPT_COMMAND="_dgmo_prompt${PROMPT_COMMAND:+;$PROMPT_COMMAND}" ;;
  esac
fi
"#;

const ZSH: &str = r#"_dgmo_prompt() {
  eval "$(trap '' INT; @DGMO@ prompt zsh --process $$)"
}
typeset -ag precmd_functions chpwd_functions
(( ${precmd_functions[(I)_dgmo_prompt]} )) || precmd_functions=(_dgmo_prompt $precmd_functions)
(( ${chpwd_functions[(I)_dgmo_prompt]} )) || chpwd_functions=(_dgmo_prompt $chpwd_functions)
"#;

const FISH: &str = r"function __dgmo_prompt --on-event fish_prompt --on-variable PWD --description 'environment of this folder'
    @DGMO@ prompt fish --process $fish_pid | source
end
";

const NU: &str = r"$env.config = ($env.config | upsert hooks.pre_prompt {|config|
    let others = ($config.hooks?.pre_prompt? | default [])
    $others | append {||
        let change = (@DGMO@ prompt nu --process $nu.pid | from json)
        if $change != null {
            for name in $change.unset { hide-env --ignore-errors $name }
            mut values = $change.set
            if 'PATH' in $values {
                $values.PATH = ($values.PATH | split row (char esep))
            }
            load-env $values
        }
    }
})
";

const PWSH: &str = r"if (-not (Test-Path Function:\__dgmo_prompt)) {
    Copy-Item Function:\prompt Function:\__dgmo_prompt
    function global:prompt {
        $code = $global:LASTEXITCODE
        $lines = (& @DGMO@ prompt pwsh --process $PID | Out-String)
        if ($lines.Trim()) { Invoke-Expression $lines }
        $global:LASTEXITCODE = $code
        __dgmo_prompt
    }
}
";

pub(super) fn run(args: &Args, printer: Printer) -> Result<Exit> {
    let (name, script) = match args.shell {
        Shell::Bash => ("bash", BASH),
        Shell::Zsh => ("zsh", ZSH),
        Shell::Fish => ("fish", FISH),
        Shell::Nu => ("nu", NU),
        Shell::Pwsh => ("pwsh", PWSH),
        Shell::Sh => {
            return Err(OpError::Usage {
                what: "`sh` has no prompt that runs anything".to_owned(),
                hint: "use bash, zsh, fish, nu or pwsh; `eval \"$(dgmo env)\"` works in `sh`"
                    .to_owned(),
            }
            .into());
        }
    };
    let program = this_program(args.shell)?;
    let report = HookReport {
        shell: name.to_owned(),
        script: script.replace("@DGMO@", &program),
    };
    printer
        .report(&report, |report, _| report.script.clone())
        .map_err(OpError::stdout)?;
    Ok(Exit::Done)
}

/// How the hook calls this program: as it was called now, so that a newer one in its place is taken.
fn this_program(shell: Shell) -> Result<String> {
    let called = std::env::args_os().next().unwrap_or_else(|| "dgmo".into());
    if Path::new(&called).components().count() == 1 {
        return Ok(match shell {
            Shell::Nu => "^dgmo".to_owned(),
            Shell::Pwsh => "dgmo".to_owned(),
            _ => "command dgmo".to_owned(),
        });
    }
    let path = OsString::from(absolute(Path::new(&called))?);
    let spelled = crate::view::quote(shell.kind(), &path);
    Ok(match shell {
        Shell::Nu => format!("^{spelled}"),
        Shell::Pwsh => spelled,
        _ => format!("command {spelled}"),
    })
}

pub(super) fn prompt(args: &PromptArgs, global: &Global, printer: Printer) -> Result<Exit> {
    let renderer = Renderer::new(printer);
    // A profile that was named is not that of the folder: which one is meant is told by the folder alone.
    let engine = global.engine_of_default(Special::default(), &renderer)?;
    let here = Path::new(".");
    let folder = std::env::current_dir().map_err(OpError::io("find the working folder", here))?;
    let request = PromptRequest {
        shell: args.shell.kind(),
        process: args.process,
        folder,
    };
    let prompted = ops::running::prompt(&engine, &request);
    for words in &prompted.say {
        printer.say(&format!("dgmo: {words}"));
    }
    if printer.format == Format::Text {
        printer.out(&prompted.lines).map_err(OpError::stdout)?;
    }
    Ok(Exit::Done)
}
