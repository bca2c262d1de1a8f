//! A source folder of chezmoi: names that say what a file is, of which some have words here.
//!
//! chezmoi writes real files, so each becomes one (`as: copy`), with the permission bits its name says. What is in its
//! place already and has the same content stays untouched.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::manifest::Method;
use dgmo_schema::manifest::Mode;
use dgmo_schema::name::TargetPath;

use super::Around;
use super::Found;
use super::HomeFile;
use super::ImportError;
use super::glob;
use super::platform;
use super::text;
use super::walk::Budget;
use super::walk::EntryKind;

/// Whether the folder looks like one.
pub(super) fn is_source(folder: &Path) -> bool {
    let Ok(entries) = fs::read_dir(folder) else {
        return false;
    };
    let mut names = entries.flatten().map(|entry| entry.file_name());
    let is_named_so = folder.file_name().is_some_and(|name| name == "chezmoi");
    let tells = |name: &str| {
        name.starts_with(".chezmoi")
            || name.starts_with("dot_")
            || name.starts_with("private_dot_")
            || name.starts_with("executable_dot_")
            || name.starts_with("exact_dot_")
    };
    names.any(|name| name.to_str().is_some_and(tells)) || is_named_so
}

pub(super) fn read(path: &Path, around: &Around) -> Result<Found, ImportError> {
    let root = root_of(path)?;
    let mut reader = Reader {
        found: Found::default(),
        around,
        ignored: Vec::new(),
        budget: Budget::new(),
    };
    reader.read_ignored(&root);
    reader.visit(&root, "", 0)?;
    Ok(reader.found)
}

/// `.chezmoiroot` names the folder that is meant.
fn root_of(path: &Path) -> Result<PathBuf, ImportError> {
    let named = path.join(".chezmoiroot");
    if !named.is_file() {
        return Ok(path.to_owned());
    }
    let text = super::text_of(&named)?;
    let below = text.trim();
    let stays = below.parse::<TargetPath>().is_ok() || below.is_empty() || below == ".";
    if !stays {
        return Err(ImportError::Syntax {
            path: named,
            why: "it leads out of the folder".to_owned(),
        });
    }
    Ok(path.join(below))
}

/// What the name of a source says.
#[derive(Debug, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a word of chezmoi's names"
)]
struct Attributes {
    name: String,
    private: bool,
    readonly: bool,
    executable: bool,
    exact: bool,
    /// Why it has no words here.
    foreign: Option<&'static str>,
}

/// Beginnings of names that say what has no words here.
const FOREIGN: &[(&str, &str)] = &[
    ("encrypted_", "it is encrypted"),
    ("modify_", "it is a script that changes a file"),
    (
        "create_",
        "it is made only where there is nothing, and then left to you",
    ),
    ("remove_", "it says what to delete"),
    (
        "symlink_",
        "it is a link of its own; dgmo's home files have contents",
    ),
    ("external_", "it comes from elsewhere"),
];

impl Attributes {
    fn of_file(source: &str) -> Self {
        let mut attributes = Self::default();
        let mut rest = source;
        if rest.starts_with("run_") {
            attributes.foreign = Some("it is a script that is run; say it under `hooks:`");
        }
        loop {
            let before = rest;
            if let Some((word, why)) = FOREIGN.iter().find(|(word, _)| rest.starts_with(word)) {
                attributes.foreign = Some(why);
                rest = &rest[word.len()..];
            }
            rest = attributes.common(rest);
            if let Some(after) = rest.strip_prefix("empty_") {
                rest = after;
            }
            if let Some(after) = rest.strip_prefix("executable_") {
                attributes.executable = true;
                rest = after;
            }
            if rest == before {
                break;
            }
        }
        let literal = rest.strip_suffix(".literal");
        if literal.is_none() && rest.strip_suffix(".tmpl").is_some() {
            attributes.foreign = Some("it is a template of Go's; dgmo's are written differently");
        }
        attributes.name = with_dot(literal.unwrap_or(rest));
        attributes
    }

    fn of_folder(source: &str) -> Self {
        let mut attributes = Self::default();
        let mut rest = source;
        loop {
            let before = rest;
            if let Some((word, why)) = FOREIGN.iter().find(|(word, _)| rest.starts_with(word)) {
                attributes.foreign = Some(why);
                rest = &rest[word.len()..];
            }
            if let Some(after) = rest.strip_prefix("exact_") {
                attributes.exact = true;
                rest = after;
            }
            rest = attributes.common(rest);
            if rest == before {
                break;
            }
        }
        attributes.name = with_dot(rest);
        attributes
    }

    fn common<'a>(&mut self, rest: &'a str) -> &'a str {
        if let Some(after) = rest.strip_prefix("private_") {
            self.private = true;
            return after;
        }
        if let Some(after) = rest.strip_prefix("readonly_") {
            self.readonly = true;
            return after;
        }
        rest
    }

    /// The permission bits chezmoi gives.
    fn mode(&self) -> u32 {
        let mut mode = if self.executable { 0o755 } else { 0o644 };
        if self.private {
            mode &= 0o700;
        }
        if self.readonly {
            mode &= 0o555;
        }
        mode
    }
}

/// `dot_` is a dot, and `literal_` ends what a name says.
fn with_dot(name: &str) -> String {
    if let Some(rest) = name.strip_prefix("dot_") {
        return format!(".{}", rest.strip_prefix("literal_").unwrap_or(rest));
    }
    name.strip_prefix("literal_").unwrap_or(name).to_owned()
}

struct Reader<'a> {
    found: Found,
    around: &'a Around,
    ignored: Vec<String>,
    budget: Budget,
}

impl Reader<'_> {
    fn read_ignored(&mut self, root: &Path) {
        let path = root.join(".chezmoiignore");
        let Ok(text) = super::text_of(&path) else {
            return;
        };
        for (index, line) in text.lines().enumerate() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if line.contains("{{") || line.starts_with('!') {
                let what = format!(".chezmoiignore: {line}");
                let why = "what it leaves out cannot be told without chezmoi";
                self.found
                    .leave(text::one_line(&what), Some(index + 1), why);
            } else {
                self.ignored.push(line.to_owned());
            }
        }
    }

    fn is_ignored(&self, place: &str) -> bool {
        let mut patterns = self.ignored.iter();
        patterns.any(|pattern| glob::shell(pattern.trim_end_matches('/'), place))
    }

    fn visit(&mut self, folder: &Path, above: &str, depth: usize) -> Result<(), ImportError> {
        let listing = self.budget.list(folder, depth)?;
        for name in listing.odd {
            self.leave(&format!("{above}{name}"), "its name is not text");
        }
        for entry in listing.entries {
            if entry.name.starts_with('.') {
                self.own(&entry.name);
                continue;
            }
            match entry.kind {
                EntryKind::Folder => self.folder(&entry.name, &entry.path, above, depth)?,
                EntryKind::File => self.file(&entry.name, &entry.path, above),
                EntryKind::Link | EntryKind::Other => {
                    self.leave(
                        &format!("{above}{}", entry.name),
                        "it is not a file of chezmoi's",
                    );
                }
            }
        }
        Ok(())
    }

    /// Names that begin with a dot are chezmoi's own, or no concern of it.
    fn own(&mut self, name: &str) {
        let why = match name {
            ".chezmoiscripts" => "scripts that are run; say them under `hooks:`",
            ".chezmoiexternal.toml" | ".chezmoiexternal.yaml" | ".chezmoiexternals" => {
                "files that come from elsewhere"
            }
            _ => return,
        };
        self.leave(name, why);
    }

    fn leave(&mut self, what: &str, why: &str) {
        self.found.leave(text::one_line(what), None, why);
    }

    fn folder(
        &mut self,
        name: &str,
        path: &Path,
        above: &str,
        depth: usize,
    ) -> Result<(), ImportError> {
        let attributes = Attributes::of_folder(name);
        let place = format!("{above}{}", attributes.name);
        if self.is_ignored(&place) {
            return Ok(());
        }
        if let Some(why) = attributes.foreign {
            self.leave(&place, why);
            return Ok(());
        }
        if attributes.exact {
            let why = "its files are mapped; that nothing else may be there is not";
            self.leave(&place, why);
        }
        if attributes.private || attributes.readonly {
            let why = "its files are mapped; the permission bits of the folder itself are not";
            self.leave(&place, why);
        }
        self.visit(path, &format!("{place}/"), depth + 1)
    }

    fn file(&mut self, name: &str, path: &Path, above: &str) {
        let attributes = Attributes::of_file(name);
        let place = format!("{above}{}", attributes.name);
        if self.is_ignored(&place) {
            return;
        }
        if let Some(why) = attributes.foreign {
            self.leave(&place, why);
            return;
        }
        match place.parse::<TargetPath>() {
            Ok(target) => {
                let mode = self.mode_of(&target, path, attributes.mode());
                let file = HomeFile {
                    source: path.to_owned(),
                    copied: false,
                    method: Method::Copy,
                    mode,
                };
                self.found.files.insert(target, file);
            }
            Err(error) => self.leave(&place, &text::one_line(&error.to_string())),
        }
    }

    /// The bits that have to be said: those of the file that is there already, where its content is the same (the umask
    /// took some away), else those chezmoi gives; nothing where they are the usual ones.
    fn mode_of(&self, target: &TargetPath, source: &Path, given: u32) -> Option<Mode> {
        let live = self.around.target.join(target.as_str());
        let is_file = fs::symlink_metadata(&live).is_ok_and(|metadata| metadata.is_file());
        let there = (is_file && is_same(&live, source))
            .then(|| platform::mode_of(&live).ok().flatten())
            .flatten();
        let wanted = there.unwrap_or(given);
        let source_mode = platform::mode_of(source).ok().flatten().unwrap_or(0o644);
        let usual = if source_mode & 0o100 != 0 {
            0o755
        } else {
            0o644
        };
        (wanted != usual).then_some(Mode(wanted))
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    let size = |path: &Path| fs::metadata(path).map(|metadata| metadata.len()).ok();
    size(one) == size(other)
        && fs::read(one)
            .ok()
            .zip(fs::read(other).ok())
            .is_some_and(|(one, other)| one == other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_a_file_is() {
        let table = [
            ("dot_zshrc", ".zshrc", 0o644, true),
            ("private_dot_netrc", ".netrc", 0o600, true),
            ("private_executable_dot_x", ".x", 0o700, true),
            ("executable_tool", "tool", 0o755, true),
            ("private_readonly_key", "key", 0o400, true),
            ("empty_dot_keep", ".keep", 0o644, true),
            ("dot_literal_dot_x", ".dot_x", 0o644, true),
            ("literal_dot_x", "dot_x", 0o644, true),
            ("x.tmpl.literal", "x.tmpl", 0o644, true),
            ("dot_gitconfig.tmpl", ".gitconfig.tmpl", 0o644, false),
            ("encrypted_private_dot_key.age", ".key.age", 0o600, false),
            ("symlink_dot_vimrc", ".vimrc", 0o644, false),
            ("run_once_install.sh", "run_once_install.sh", 0o644, false),
            ("create_dot_x", ".x", 0o644, false),
        ];
        for (source, name, mode, mapped) in table {
            let attributes = Attributes::of_file(source);
            assert_eq!(attributes.name, name, "{source}");
            assert_eq!(attributes.mode(), mode, "{source}");
            assert_eq!(attributes.foreign.is_none(), mapped, "{source}");
        }
        let folder = Attributes::of_folder("exact_private_dot_config");
        assert_eq!(folder.name, ".config");
        assert!(folder.exact && folder.private);
    }
}
