//! The environment of a generation, in each shell's spelling.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::Path;
use std::path::PathBuf;

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

/// One variable, as it shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Assignment {
    /// It has this value, which need not be text.
    Set(String, OsString),
    /// There is none.
    Unset(String),
}

/// The lines that make the assignments.
///
/// Shells that know no values but text get what is no text with a mark in its place; they could not have had it before.
pub fn spell(shell: ShellKind, assignments: &[Assignment]) -> String {
    if shell == ShellKind::Nu {
        return spell_for_nu(assignments);
    }
    let mut text = String::new();
    for assignment in assignments {
        // Writing to a String cannot fail.
        let _ = match (shell, assignment) {
            (ShellKind::Posix | ShellKind::Nu, Assignment::Set(name, value)) => {
                writeln!(text, "export {name}={}", posix_bytes(value))
            }
            (ShellKind::Posix | ShellKind::Nu, Assignment::Unset(name)) => {
                writeln!(text, "unset {name}")
            }
            (ShellKind::Fish, Assignment::Set(name, value)) => {
                writeln!(text, "set -gx {name} {}", fish_bytes(value))
            }
            (ShellKind::Fish, Assignment::Unset(name)) => writeln!(text, "set -e {name}"),
            (ShellKind::Pwsh, Assignment::Set(name, value)) => {
                writeln!(text, "$env:{name} = {}", pwsh(&value.to_string_lossy()))
            }
            (ShellKind::Pwsh, Assignment::Unset(name)) => writeln!(
                text,
                "Remove-Item -LiteralPath Env:{name} -ErrorAction SilentlyContinue"
            ),
        };
    }
    text
}

/// One word, so that the shell takes it as it is.
pub fn quote(shell: ShellKind, word: &OsStr) -> String {
    match shell {
        ShellKind::Posix => posix_bytes(word),
        ShellKind::Fish => fish_bytes(word),
        ShellKind::Nu => nu(&word.to_string_lossy()),
        ShellKind::Pwsh => pwsh(&word.to_string_lossy()),
    }
}

/// Nushell runs no text: it gets a document that its hook loads.
fn spell_for_nu(assignments: &[Assignment]) -> String {
    let mut set = serde_json::Map::new();
    let mut unset = Vec::new();
    for assignment in assignments {
        match assignment {
            Assignment::Set(name, value) => {
                set.insert(name.clone(), value.to_string_lossy().into_owned().into());
            }
            Assignment::Unset(name) => unset.push(serde_json::Value::from(name.clone())),
        }
    }
    format!("{}\n", serde_json::json!({"set": set, "unset": unset}))
}

impl Environment<'_> {
    /// The folders in front of the search path, those below `home` with it.
    pub fn folders(&self, view: &Path, home: &Path) -> Vec<PathBuf> {
        let mut folders = vec![view.join("bin")];
        folders.extend(self.path.iter().map(|folder| match below_home(folder) {
            Some(rest) => home.join(rest.trim_start_matches('/')),
            None => PathBuf::from(folder),
        }));
        folders
    }

    /// The lines that set it in Nushell, with `path` as the whole search path.
    pub fn render_for_nu(&self, path: &OsStr) -> String {
        let mut text = String::new();
        for (name, value) in self.variables {
            text.push_str(&format!("$env.{name} = {}\n", nu(value)));
        }
        let folders: Vec<String> = std::env::split_paths(path)
            .map(|folder| nu(&folder.display().to_string()))
            .collect();
        text + &format!("$env.PATH = [{}]\n", folders.join(", "))
    }

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

/// PowerShell takes the curly quotes for straight ones.
fn pwsh(text: &str) -> String {
    let doubled: String = text
        .chars()
        .flat_map(|c| {
            let is_quote = matches!(c, '\'' | '\u{2018}'..='\u{201b}');
            std::iter::once(c).chain(is_quote.then_some(c))
        })
        .collect();
    format!("'{doubled}'")
}

/// Bytes that are no text are printed where they belong: no shell's quotes can hold them and nothing else.
fn posix_bytes(value: &OsStr) -> String {
    bytes(value, posix, |byte| format!("\"$(printf '\\{byte:03o}')\""))
}

fn fish_bytes(value: &OsStr) -> String {
    bytes(value, fish, |byte| format!("\\X{byte:02x}"))
}

fn bytes(value: &OsStr, text: fn(&str) -> String, other: fn(u8) -> String) -> String {
    if let Some(value) = value.to_str() {
        return text(value);
    }
    let mut spelled = String::new();
    for chunk in value.as_encoded_bytes().utf8_chunks() {
        if !chunk.valid().is_empty() {
            spelled.push_str(&text(chunk.valid()));
        }
        spelled.extend(chunk.invalid().iter().map(|byte| other(*byte)));
    }
    spelled
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
        Some(rest) => format!("($env.HOME + {})", nu(&rest)),
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
                "$env.EDITOR = \"it's\"\n$env.PATH = ([\"/h/view/bin\", ($env.HOME + \"/bin\")] ++ $env.PATH)\n",
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

    #[cfg(unix)]
    #[test]
    fn every_value_is_spelled_in_every_shell() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(b"it's \xff\n$x".to_vec());
        let assignments = [
            Assignment::Set("A".to_owned(), odd),
            Assignment::Unset("B".to_owned()),
        ];
        let table = [
            (
                ShellKind::Posix,
                "export A='it'\\''s '\"$(printf '\\377')\"'\n$x'\nunset B\n",
            ),
            (
                ShellKind::Fish,
                "set -gx A 'it\\'s '\\Xff'\n$x'\nset -e B\n",
            ),
            (
                ShellKind::Nu,
                "{\"set\":{\"A\":\"it's \u{fffd}\\n$x\"},\"unset\":[\"B\"]}\n",
            ),
            (
                ShellKind::Pwsh,
                "$env:A = 'it''s \u{fffd}\n$x'\nRemove-Item -LiteralPath Env:B -ErrorAction SilentlyContinue\n",
            ),
        ];
        for (shell, expected) in table {
            assert_eq!(spell(shell, &assignments), expected, "{shell:?}");
        }
        assert_eq!(pwsh("\u{2019}; rm"), "'\u{2019}\u{2019}; rm'");
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
