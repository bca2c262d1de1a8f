//! The environment of a generation, in each shell's spelling.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use dgmo_schema::name::VariableName;

/// A shell we can write for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShellKind {
    /// `sh`, `bash`, `zsh`, `dash`: what POSIX says.
    Posix,
    /// `fish`.
    Fish,
    /// `nu`.
    Nu,
    /// PowerShell.
    Pwsh,
}

impl ShellKind {
    /// The shell a program's path names, if it is one we know.
    pub fn of_program(path: &str) -> Option<Self> {
        let name = path.rsplit(['/', '\\']).next()?.trim_end_matches(".exe");
        match name {
            "sh" | "bash" | "zsh" | "dash" | "ksh" | "ash" => Some(Self::Posix),
            "fish" => Some(Self::Fish),
            "nu" => Some(Self::Nu),
            "pwsh" | "powershell" => Some(Self::Pwsh),
            _ => None,
        }
    }
}

/// Variables and folders on the search path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment<'a> {
    /// The variables.
    pub variables: &'a BTreeMap<VariableName, String>,
    /// Folders to search behind the view's own, as the manifest says them: `~` is the user's home.
    pub path: &'a [String],
}

impl Environment<'_> {
    /// The lines that set it, with the programs of the view at `view` first on the search path.
    ///
    /// Running the lines twice adds nothing twice where the shell can tell.
    pub fn render(&self, shell: ShellKind, view: &Path) -> String {
        let bin = view.join("bin").display().to_string();
        let mut folders = vec![bin];
        folders.extend(self.path.iter().cloned());
        let mut text = String::new();
        for (name, value) in self.variables {
            // Writing to a String cannot fail.
            let _ = match shell {
                ShellKind::Posix => writeln!(text, "export {name}={}", posix(value)),
                ShellKind::Fish => writeln!(text, "set -gx {name} {}", fish(value)),
                ShellKind::Nu => writeln!(text, "$env.{name} = {}", nu(value)),
                ShellKind::Pwsh => writeln!(text, "$env:{name} = {}", pwsh(value)),
            };
        }
        text.push_str(&search_path(shell, &folders));
        text
    }
}

/// The line or lines that put `folders` in front of the search path.
fn search_path(shell: ShellKind, folders: &[String]) -> String {
    let joined = |quote: fn(&str) -> String, between: &str| {
        folders
            .iter()
            .map(|folder| quote(folder))
            .collect::<Vec<_>>()
            .join(between)
    };
    match shell {
        ShellKind::Posix => {
            let first = joined(posix_folder, ":");
            format!("export PATH={first}${{PATH:+:$PATH}}\n")
        }
        ShellKind::Fish => format!("set -gx PATH {} $PATH\n", joined(fish_folder, " ")),
        ShellKind::Nu => format!("$env.PATH = ([{}] ++ $env.PATH)\n", joined(nu_folder, ", ")),
        ShellKind::Pwsh => {
            let list = joined(pwsh_folder, ", ");
            format!("$env:PATH = ((@({list}) + @($env:PATH)) -join [IO.Path]::PathSeparator)\n")
        }
    }
}

/// Everything in single quotes means itself but the quote.
fn posix(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

fn fish(text: &str) -> String {
    format!("'{}'", text.replace('\\', r"\\").replace('\'', r"\'"))
}

fn nu(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

fn pwsh(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn posix_folder(folder: &str) -> String {
    match below_home(folder) {
        Some(rest) => format!("\"$HOME\"{}", posix(&rest)),
        None => posix(folder),
    }
}

fn fish_folder(folder: &str) -> String {
    match below_home(folder) {
        Some(rest) => format!("\"$HOME\"{}", fish(&rest)),
        None => fish(folder),
    }
}

fn nu_folder(folder: &str) -> String {
    match below_home(folder) {
        Some(rest) => format!("($nu.home-path + {})", nu(&rest)),
        None => nu(folder),
    }
}

fn pwsh_folder(folder: &str) -> String {
    match below_home(folder) {
        Some(rest) => format!("($HOME + {})", pwsh(&rest)),
        None => pwsh(folder),
    }
}

/// What follows the user's home: `~/bin` and `bin` both give `/bin`.
fn below_home(folder: &str) -> Option<String> {
    if folder == "~" {
        return Some(String::new());
    }
    if let Some(rest) = folder.strip_prefix('~') {
        return rest.starts_with('/').then(|| rest.to_owned());
    }
    (!Path::new(folder).is_absolute()).then(|| format!("/{folder}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(shell: ShellKind, value: &str, path: &[&str]) -> String {
        let variables = BTreeMap::from([("EDITOR".parse().unwrap(), value.to_owned())]);
        let path: Vec<String> = path.iter().map(|folder| (*folder).to_owned()).collect();
        Environment {
            variables: &variables,
            path: &path,
        }
        .render(shell, Path::new("/h/view"))
    }

    #[test]
    fn each_shell_gets_its_own_spelling() {
        let table = [
            (
                ShellKind::Posix,
                "export EDITOR='it'\\''s'\nexport PATH='/h/view/bin':\"$HOME\"'/bin'${PATH:+:$PATH}\n",
            ),
            (
                ShellKind::Fish,
                "set -gx EDITOR 'it\\'s'\nset -gx PATH '/h/view/bin' \"$HOME\"'/bin' $PATH\n",
            ),
            (
                ShellKind::Nu,
                "$env.EDITOR = \"it's\"\n$env.PATH = ([\"/h/view/bin\", ($nu.home-path + \"/bin\")] ++ $env.PATH)\n",
            ),
            (
                ShellKind::Pwsh,
                "$env:EDITOR = 'it''s'\n$env:PATH = ((@('/h/view/bin', ($HOME + '/bin')) + @($env:PATH)) -join [IO.Path]::PathSeparator)\n",
            ),
        ];
        for (shell, expected) in table {
            assert_eq!(rendered(shell, "it's", &["~/bin"]), expected, "{shell:?}");
        }
    }

    #[test]
    fn what_a_shell_would_expand_stays_as_it_is() {
        let text = rendered(ShellKind::Posix, "$(rm -rf /) `x` \\ \n", &["/opt/$x"]);
        assert!(text.contains("'$(rm -rf /) `x` \\ \n'"), "{text}");
        assert!(text.contains("'/opt/$x'"), "{text}");
    }

    #[test]
    fn a_shell_is_known_by_its_program() {
        assert_eq!(
            ShellKind::of_program("/usr/bin/zsh"),
            Some(ShellKind::Posix)
        );
        assert_eq!(ShellKind::of_program("/opt/fish"), Some(ShellKind::Fish));
        assert_eq!(ShellKind::of_program("/bin/tcsh"), None);
    }
}
