//! Programs: whether a shell finds those of the current generation.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Hint;

use super::Finding;

/// Package managers, by a part of the paths they put programs under.
const OTHERS: &[(&str, &str)] = &[
    ("/.nix-profile/", "Nix"),
    ("/nix/", "Nix"),
    ("/homebrew/", "Homebrew"),
    ("/linuxbrew/", "Homebrew"),
    ("/.asdf/", "asdf"),
    ("/mise/", "mise"),
    ("/.cargo/", "Cargo"),
    ("/.local/share/uv/", "uv"),
    ("/.pyenv/", "pyenv"),
    ("/.rbenv/", "rbenv"),
    ("/.nvm/", "nvm"),
    ("/.volta/", "Volta"),
    ("/conda/", "Conda"),
    ("/miniconda3/", "Conda"),
    ("/flatpak/", "Flatpak"),
    ("/snap/", "Snap"),
];

/// Whether the search path finds the programs in `bin`, the folder of the current view, first.
pub fn programs(bin: &Path, search_path: Option<&OsStr>) -> Vec<Finding> {
    let ours = programs_in(bin);
    if ours.is_empty() {
        return Vec::new();
    }
    let folders: Vec<PathBuf> = search_path
        .map(|path| std::env::split_paths(path).collect())
        .unwrap_or_default();
    let Some(place) = folders.iter().position(|folder| is_same(folder, bin)) else {
        let message = format!("`{}` is not on the search path", bin.display());
        let finding = Finding::new(Code::NotOnPath, message).at(bin);
        return vec![finding.remedy(tell_the_shell())];
    };
    let mut findings = Vec::new();
    for name in ours {
        let first = folders[..place]
            .iter()
            .map(|folder| folder.join(&name))
            .find(|path| is_program(path));
        if let Some(first) = first {
            let message = format!(
                "`{}` is found at `{}`{}, not in the current generation",
                name.to_string_lossy(),
                first.display(),
                whose(&first)
            );
            let finding = Finding::new(Code::Shadowed, message).at(&first);
            findings.push(finding.remedy(tell_the_shell()));
        }
    }
    findings
}

fn tell_the_shell() -> Hint {
    Hint::Run("eval \"$(dgmo env)\"".to_owned())
}

fn whose(path: &Path) -> String {
    let text = path.to_string_lossy();
    let other = OTHERS.iter().find(|(part, _)| text.contains(part));
    other.map_or_else(String::new, |(_, name)| format!(" ({name})"))
}

fn programs_in(bin: &Path) -> Vec<std::ffi::OsString> {
    let entries = fs::read_dir(bin).into_iter().flatten().flatten();
    let mut names: Vec<_> = entries.map(|entry| entry.file_name()).collect();
    names.sort();
    names
}

/// The pointer's name for the folder counts like its generation's.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || matches!(
            (fs::canonicalize(one), fs::canonicalize(other)),
            (Ok(one), Ok(other)) if one == other
        )
}

#[cfg(unix)]
fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    fs::metadata(path)
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(windows)]
fn is_program(path: &Path) -> bool {
    path.is_file()
}
