//! Which tool a file or folder is from.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use super::ImportError;
use super::chezmoi;
use super::nix;
use super::stow;

/// What can be imported.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Homebrew's list of programs.
    Brewfile,
    /// mise's list of tools and variables.
    Mise,
    /// The list of tools that asdf began.
    ToolVersions,
    /// pixi's list of programs for everywhere.
    Pixi,
    /// A Nix profile.
    Nix,
    /// The home files of home-manager.
    HomeManager,
    /// A source folder of chezmoi.
    Chezmoi,
    /// A stow folder: one folder for each package.
    Stow,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::Brewfile,
        Self::Mise,
        Self::ToolVersions,
        Self::Pixi,
        Self::Nix,
        Self::HomeManager,
        Self::Chezmoi,
        Self::Stow,
    ];

    /// As it is typed.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Brewfile => "brewfile",
            Self::Mise => "mise",
            Self::ToolVersions => "tool-versions",
            Self::Pixi => "pixi",
            Self::Nix => "nix",
            Self::HomeManager => "home-manager",
            Self::Chezmoi => "chezmoi",
            Self::Stow => "stow",
        }
    }

    /// As it is told, with its article.
    pub const fn in_words(self) -> &'static str {
        match self {
            Self::Brewfile => "a Brewfile",
            Self::Mise => "a mise.toml",
            Self::ToolVersions => "a .tool-versions",
            Self::Pixi => "a pixi-global.toml",
            Self::Nix => "a Nix profile",
            Self::HomeManager => "a folder of home-manager's files",
            Self::Chezmoi => "a chezmoi source folder",
            Self::Stow => "a stow folder",
        }
    }

    /// The words of all.
    pub(super) fn words() -> Vec<&'static str> {
        Self::ALL.iter().map(|kind| kind.word()).collect()
    }

    /// The kind that `word` names.
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// Finds out what `path` is from, and which file or folder is meant by it.
pub fn detect(path: &Path) -> Result<(Kind, PathBuf), ImportError> {
    let unknown = || ImportError::Unknown {
        path: path.to_owned(),
    };
    let metadata = fs::metadata(path).map_err(|source| ImportError::Io {
        path: path.to_owned(),
        source,
    })?;
    if !metadata.is_dir() {
        let kind = of_file(path).ok_or_else(unknown)?;
        return Ok((kind, path.to_owned()));
    }
    if nix::is_profile(path) {
        return Ok((Kind::Nix, path.to_owned()));
    }
    let home_files = path.join("home-files");
    if home_files.is_dir() {
        return Ok((Kind::HomeManager, home_files));
    }
    if path.file_name().is_some_and(|name| name == "home-files") {
        return Ok((Kind::HomeManager, path.to_owned()));
    }
    if chezmoi::is_source(path) {
        return Ok((Kind::Chezmoi, path.to_owned()));
    }
    if let Some((kind, file)) = only_file_in(path) {
        return Ok((kind, file));
    }
    if stow::is_folder(path) {
        return Ok((Kind::Stow, path.to_owned()));
    }
    Err(unknown())
}

fn of_file(path: &Path) -> Option<Kind> {
    let name = path.file_name()?.to_str()?;
    let above = path.parent().and_then(Path::file_name);
    match name {
        "Brewfile" | ".Brewfile" => Some(Kind::Brewfile),
        ".tool-versions" => Some(Kind::ToolVersions),
        "mise.toml" | ".mise.toml" => Some(Kind::Mise),
        "config.toml" if above.is_some_and(|above| above == "mise" || above == ".mise") => {
            Some(Kind::Mise)
        }
        "pixi-global.toml" => Some(Kind::Pixi),
        "manifest.json" => Some(Kind::Nix),
        _ if name.starts_with("Brewfile.") || name.ends_with(".Brewfile") => Some(Kind::Brewfile),
        _ if (name.starts_with("mise.") || name.starts_with(".mise."))
            && name.strip_suffix(".toml").is_some() =>
        {
            Some(Kind::Mise)
        }
        _ => None,
    }
}

/// A folder may stand for the one list of programs in it.
fn only_file_in(folder: &Path) -> Option<(Kind, PathBuf)> {
    let names = [
        "Brewfile",
        ".Brewfile",
        "mise.toml",
        ".mise.toml",
        ".tool-versions",
        "pixi-global.toml",
    ];
    let mut there = names
        .iter()
        .map(|name| folder.join(name))
        .filter(|path| path.is_file());
    let first = there.next()?;
    let kind = of_file(&first)?;
    there.next().is_none().then_some((kind, first))
}
