//! What was found as a manifest: every line that could be mapped, and every other as a comment with its reason.

use std::path::Path;

use dgmo_schema::manifest::Method;
use dgmo_schema::name::TargetPath;

use super::Around;
use super::Found;
use super::HomeFile;
use super::Kind;
use super::NotMapped;
use super::Package;
use super::text;

/// The folder beside the manifest that gets contents of the tool.
pub const COPIES: &str = "files";

/// Takes out what lies below another entry that leaves no room for it, and what cannot be written down.
pub(super) fn leave_room(found: &mut Found) {
    let paths: Vec<TargetPath> = found.files.keys().cloned().collect();
    for path in &paths {
        let above = path
            .parents()
            .find(|parent| paths.iter().any(|other| other.as_str() == *parent));
        let is_text = found
            .files
            .get(path)
            .is_some_and(|file| file.copied || file.source.to_str().is_some_and(is_plain));
        let why = match above {
            Some(above) => format!("it lies below `{above}`, which is mapped as a whole"),
            None if !is_text => "the path of its source cannot be written down".to_owned(),
            None => continue,
        };
        found.files.remove(path);
        found.leave(text::one_line(path.as_str()), None, why);
    }
}

fn is_plain(text: &str) -> bool {
    !text.chars().any(char::is_control) && !text.trim().is_empty()
}

/// The manifest, for the file `manifest`.
pub fn manifest(
    found: &Found,
    kind: Kind,
    from: &Path,
    manifest: &Path,
    around: &Around,
) -> String {
    let folder = manifest.parent().unwrap_or(Path::new("."));
    let written = Written {
        folder,
        home: &around.home,
    };
    let mut text = format!(
        "# Made by `dgmo import` from {}: {}\n",
        kind.in_words(),
        text::one_line(&from.display().to_string())
    );
    if !found.not_mapped.is_empty() {
        text.push_str("# What could not be mapped stands at the end, with the reason.\n");
    }
    text.push_str("dgmo: 1\n");
    section(&mut text, "packages", &found.packages, |name, package| {
        format!("{}: {}", quoted(name.as_str()), written.package(package))
    });
    section(&mut text, "files", &found.files, |path, file| {
        format!("{}: {}", quoted(path.as_str()), written.file(path, file))
    });
    section(&mut text, "env", &found.env, |name, value| {
        format!("{}: {}", quoted(name.as_str()), quoted(value))
    });
    if !found.path.is_empty() {
        text.push_str("\npath:\n");
        for folder in &found.path {
            text.push_str(&format!("  - {}\n", quoted(folder)));
        }
    }
    if !found.not_mapped.is_empty() {
        text.push_str("\n# Not mapped:\n");
        for left in &found.not_mapped {
            text.push_str(&comment(left));
        }
    }
    text
}

fn section<K, V>(
    text: &mut String,
    title: &str,
    entries: &std::collections::BTreeMap<K, V>,
    line: impl Fn(&K, &V) -> String,
) {
    if entries.is_empty() {
        return;
    }
    text.push_str(&format!("\n{title}:\n"));
    for (key, value) in entries {
        text.push_str(&format!("  {}\n", line(key, value)));
    }
}

fn comment(left: &NotMapped) -> String {
    let line = left.line.map(|line| format!(" (line {line})"));
    format!(
        "#   {}{}: {}\n",
        text::one_line(&left.what),
        line.unwrap_or_default(),
        text::one_line(&left.why)
    )
}

/// How paths are written in the manifest.
struct Written<'a> {
    folder: &'a Path,
    home: &'a Path,
}

impl Written<'_> {
    fn package(&self, package: &Package) -> String {
        let mut pairs = vec![format!("path: {}", quoted(&self.path(&package.folder)))];
        if package.priority != 0 {
            pairs.push(format!("priority: {}", package.priority));
        }
        let mut line = format!("{{{}}}", pairs.join(", "));
        let mut notes: Vec<String> = package
            .version
            .iter()
            .map(|it| text::one_line(it))
            .collect();
        notes.extend(package.needs.map(str::to_owned));
        if !notes.is_empty() {
            line.push_str(&format!("  # {}", notes.join("; ")));
        }
        line
    }

    fn file(&self, path: &TargetPath, file: &HomeFile) -> String {
        let source = if file.copied {
            format!("{COPIES}/{path}")
        } else {
            self.path(&file.source)
        };
        let mut pairs = vec![format!("source: {}", quoted(&source))];
        if let Some(mode) = file.mode {
            pairs.push(format!("mode: \"{:04o}\"", mode.0));
        }
        match file.method {
            Method::Link => {}
            Method::Links => pairs.push("as: links".to_owned()),
            Method::Copy => pairs.push("as: copy".to_owned()),
        }
        format!("{{{}}}", pairs.join(", "))
    }

    /// From the manifest where it lies below it, from the home folder where it lies below that, else as it is.
    fn path(&self, path: &Path) -> String {
        if let Ok(below) = path.strip_prefix(self.folder)
            && !self.folder.as_os_str().is_empty()
            && !below.starts_with("~")
        {
            return format!("./{}", below.display());
        }
        match path.strip_prefix(self.home) {
            Ok(below) if !below.as_os_str().is_empty() => format!("~/{}", below.display()),
            _ => path.display().to_string(),
        }
    }
}

/// A text in double quotes: what JSON escapes, YAML reads the same way.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is always JSON")
}
