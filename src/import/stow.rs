//! A stow folder: one folder for each package, in each the files as they lie in the target folder.
//!
//! Its files are not copied: they stay the user's, and the manifest names them where they are. Where stow has made one
//! link for a whole folder, so does the manifest; else each file has its own. So what is in place is replaced link by
//! link, and nothing is in the way.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::manifest::Method;
use dgmo_schema::name::TargetPath;

use super::Around;
use super::Found;
use super::HomeFile;
use super::ImportError;
use super::glob;
use super::text;
use super::walk::Budget;
use super::walk::Entry;
use super::walk::EntryKind;

/// What stow leaves out where nobody says otherwise.
const LEFT_OUT: &[&str] = &[
    "RCS",
    ".+,v",
    "CVS",
    r"\.\#.+",
    r"\.cvsignore",
    r"\.svn",
    "_darcs",
    r"\.hg",
    r"\.git",
    r"\.gitignore",
    r"\.gitmodules",
    ".+~",
    r"\#.*\#",
    "^/README.*",
    "^/LICENSE.*",
    "^/COPYING",
];

const OWN: &str = ".stow-local-ignore";

/// Whether the folder looks like one.
pub(super) fn is_folder(folder: &Path) -> bool {
    if [".stowrc", ".stow"]
        .iter()
        .any(|name| folder.join(name).exists())
    {
        return true;
    }
    packages_in(folder).iter().any(|package| {
        let entries = fs::read_dir(&package.path).into_iter().flatten().flatten();
        entries.map(|entry| entry.file_name()).any(|name| {
            name.to_str().is_some_and(|name| {
                name == OWN
                    || name.starts_with("dot-")
                    || (name.starts_with('.') && !name.starts_with(".git"))
            })
        })
    })
}

/// The folders in it that have no dot in front.
fn packages_in(folder: &Path) -> Vec<Entry> {
    let listing = Budget::new().list(folder, 0).unwrap_or_default();
    let is_package =
        |entry: &Entry| entry.kind == EntryKind::Folder && !entry.name.starts_with('.');
    listing.entries.into_iter().filter(is_package).collect()
}

pub(super) fn read(path: &Path, around: &Around) -> Result<Found, ImportError> {
    let folder = fs::canonicalize(path).map_err(|source| ImportError::Io {
        path: path.to_owned(),
        source,
    })?;
    let mut reader = Reader {
        found: Found::default(),
        around,
        budget: Budget::new(),
    };
    reader.read_settings(&folder);
    let listing = reader.budget.list(&folder, 0)?;
    let mut sources = Vec::new();
    for entry in listing.entries {
        if entry.kind == EntryKind::Folder && !entry.name.starts_with('.') {
            let left_out = reader.left_out_of(&entry.path);
            sources.push(Part {
                package: entry.name,
                path: entry.path,
                inside: String::new(),
                left_out: left_out.into(),
            });
        }
    }
    reader.visit("", &sources, 0)?;
    Ok(reader.found)
}

/// A folder of a package.
#[derive(Clone)]
struct Part {
    package: String,
    path: PathBuf,
    /// Its path in the package.
    inside: String,
    left_out: std::rc::Rc<[glob::Perl]>,
}

struct Reader<'a> {
    found: Found,
    around: &'a Around,
    budget: Budget,
}

impl Reader<'_> {
    /// `.stowrc` has flags, a line each.
    fn read_settings(&mut self, folder: &Path) {
        let Ok(settings) = super::text_of(&folder.join(".stowrc")) else {
            return;
        };
        for (index, line) in settings.lines().enumerate() {
            let line = line.trim();
            let known = ["--dotfiles", "--no-folding", "-v", "--verbose"];
            if line.is_empty() || line.starts_with('#') || known.contains(&line) {
                continue;
            }
            let why = if line.contains("--target") || line.starts_with("-t") {
                "say the target folder with `dgmo switch --target DIR`"
            } else {
                "dgmo does not know this setting of stow's"
            };
            let what = text::one_line(&format!(".stowrc: {line}"));
            self.found.leave(what, Some(index + 1), why);
        }
    }

    /// The patterns of what a package leaves out.
    fn left_out_of(&mut self, package: &Path) -> Vec<glob::Perl> {
        let Ok(own) = super::text_of(&package.join(OWN)) else {
            return LEFT_OUT.iter().filter_map(|it| glob::perl(it)).collect();
        };
        let mut patterns: Vec<glob::Perl> =
            glob::perl(r"\.stow-local-ignore").into_iter().collect();
        for (index, line) in own.lines().enumerate() {
            let line = line.split(" #").next().unwrap_or_default().trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(pattern) = glob::perl(line) {
                patterns.push(pattern);
            } else {
                let what = text::one_line(&format!("{OWN}: {line}"));
                let why = "the pattern is not understood: what it leaves out is mapped";
                self.found.leave(what, Some(index + 1), why);
            }
        }
        patterns
    }

    /// What the parts have for the same folder of the target.
    fn visit(&mut self, above: &str, parts: &[Part], depth: usize) -> Result<(), ImportError> {
        let mut by_name: BTreeMap<String, Vec<(Part, Entry)>> = BTreeMap::new();
        for part in parts {
            let listing = self.budget.list(&part.path, depth + 1)?;
            for name in listing.odd {
                let what = text::one_line(&format!("{}: {above}{name}", part.package));
                self.found.leave(what, None, "its name is not text");
            }
            for entry in listing.entries {
                let inside = format!("{}{}", part.inside, entry.name);
                let mut left_out = part.left_out.iter();
                if left_out.any(|pattern| pattern.is_about(&entry.name, &inside)) {
                    continue;
                }
                let below = Part {
                    path: entry.path.clone(),
                    inside: format!("{inside}/"),
                    ..part.clone()
                };
                by_name
                    .entry(name_in_target(&entry.name))
                    .or_default()
                    .push((below, entry));
            }
        }
        for (name, found) in by_name {
            self.place(&format!("{above}{name}"), &found, depth)?;
        }
        Ok(())
    }

    fn place(
        &mut self,
        place: &str,
        found: &[(Part, Entry)],
        depth: usize,
    ) -> Result<(), ImportError> {
        let is_folder = |(_, entry): &(Part, Entry)| entry.kind == EntryKind::Folder;
        if found.iter().all(is_folder) {
            let parts: Vec<Part> = found.iter().map(|(part, _)| part.clone()).collect();
            if let [only] = &parts[..]
                && self.is_one_link(place, &only.path)
            {
                self.take(place, &only.path);
                return Ok(());
            }
            return self.visit(&format!("{place}/"), &parts, depth + 1);
        }
        let Some(((_, first), others)) = found.split_first() else {
            return Ok(());
        };
        match first.kind {
            EntryKind::Folder | EntryKind::Other => {
                let why = "two packages have different things there";
                self.found.leave(text::one_line(place), None, why);
            }
            EntryKind::File => self.take(place, &first.path),
            EntryKind::Link if first.path.exists() => self.take(place, &first.path),
            EntryKind::Link => {
                let why = "it is a link that leads nowhere";
                self.found.leave(text::one_line(place), None, why);
            }
        }
        for (part, _) in others {
            let what = text::one_line(&format!("{}: {place}", part.package));
            self.found
                .leave(what, None, "another package has this path too");
        }
        Ok(())
    }

    /// Whether what is in place now is one link to this folder.
    fn is_one_link(&self, place: &str, folder: &Path) -> bool {
        let live = self.around.target.join(place);
        fs::read_link(&live).is_ok() && fs::canonicalize(&live).is_ok_and(|real| real == folder)
    }

    fn take(&mut self, place: &str, source: &Path) {
        match place.parse::<TargetPath>() {
            Ok(target) => {
                let file = HomeFile {
                    source: source.to_owned(),
                    copied: false,
                    method: Method::Link,
                    mode: None,
                };
                self.found.files.insert(target, file);
            }
            Err(error) => {
                let why = text::one_line(&error.to_string());
                self.found.leave(text::one_line(place), None, why);
            }
        }
    }
}

/// With `--dotfiles`, `dot-x` is `.x`; a file that is really called so is not met.
fn name_in_target(name: &str) -> String {
    match name.strip_prefix("dot-") {
        Some(rest) if !rest.is_empty() => format!(".{rest}"),
        _ => name.to_owned(),
    }
}
