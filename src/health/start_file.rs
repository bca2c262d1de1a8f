//! Lines in the start files of shells: put there between two marks, and taken out again to the byte.
//!
//! ```text
//! # >>> dgmo >>>
//! eval "$(dgmo env)"
//! # <<< dgmo <<<
//! ```
//!
//! The first mark remembers what has to be restored: `# >>> dgmo, line before was open >>>` where the file did not end
//! its last line, `# >>> dgmo, whole file >>>` where there was no file. Nothing outside the marks is ever touched.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_store::durable;

const BEGIN: &str = "# >>> dgmo >>>";
const BEGIN_OPEN: &str = "# >>> dgmo, line before was open >>>";
const BEGIN_WHOLE: &str = "# >>> dgmo, whole file >>>";
const END: &str = "# <<< dgmo <<<";

/// Start files, below the user's home folder.
const KNOWN: &[&str] = &[
    ".profile",
    ".bash_profile",
    ".bashrc",
    ".zprofile",
    ".zshenv",
    ".zshrc",
    ".kshrc",
    ".config/fish/config.fish",
    ".config/nushell/config.nu",
    ".config/powershell/profile.ps1",
];

/// One start file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartFile {
    path: PathBuf,
}

/// What of ours is in a start file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marked {
    /// Lines between our marks.
    Ours,
    /// Lines without marks that name dgmo: a person wrote them.
    Theirs,
    /// Nothing.
    Nothing,
}

impl StartFile {
    /// All that may be there for the user whose home folder is `user`.
    pub fn all(user: &Path) -> Vec<Self> {
        let paths = KNOWN.iter().map(|below| user.join(below));
        paths.map(|path| Self { path }).collect()
    }

    /// The one that `shell` reads, and the line that tells it of the current generation; none for a shell whose start
    /// file has to be edited by a person.
    pub fn of_shell(user: &Path, shell: &str) -> Option<(Self, &'static str)> {
        const POSIX: &str = "eval \"$(dgmo env 2>/dev/null)\"";
        let (below, line) = match shell.rsplit('/').next()? {
            "bash" => (".bashrc", POSIX),
            "zsh" => (".zshrc", POSIX),
            "sh" | "dash" | "ksh" | "ash" => (".profile", POSIX),
            "fish" => (
                ".config/fish/config.fish",
                "dgmo env --shell fish 2>/dev/null | source",
            ),
            _ => return None,
        };
        let path = user.join(below);
        // A folder made here would be left behind later.
        path.parent()?.is_dir().then_some((Self { path }, line))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What of ours is in it.
    pub fn look(&self) -> io::Result<Marked> {
        let text = match fs::read_to_string(&self.path) {
            Err(error) if has_no_text(&error) => return Ok(Marked::Nothing),
            text => text?,
        };
        if without_marked(&text) != After::Text(text.clone()) {
            return Ok(Marked::Ours);
        }
        // A mention in a comment does nothing.
        let mut lines = text.lines().map(str::trim_start);
        if lines.any(|line| !line.starts_with('#') && line.contains("dgmo")) {
            return Ok(Marked::Theirs);
        }
        Ok(Marked::Nothing)
    }

    /// Puts `line` between marks at the end, unless marked lines are there.
    pub fn mark(&self, line: &str) -> io::Result<bool> {
        let (text, begin) = match fs::read_to_string(&self.path) {
            Ok(text) if without_marked(&text) != After::Text(text.clone()) => return Ok(false),
            Ok(text) if text.is_empty() || text.ends_with('\n') => (text, BEGIN),
            Ok(text) => (text + "\n", BEGIN_OPEN),
            Err(error) if error.kind() == io::ErrorKind::NotFound => (String::new(), BEGIN_WHOLE),
            Err(error) => return Err(error),
        };
        let text = format!("{text}{begin}\n{line}\n{END}\n");
        let real = self.real()?;
        durable::replace_file(&real, text.as_bytes(), mode_of(&real)?)?;
        Ok(true)
    }

    /// Takes marked lines out, so that every byte is as it was before.
    pub fn unmark(&self) -> io::Result<bool> {
        let text = match fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if has_no_text(&error) => return Ok(false),
            Err(error) => return Err(error),
        };
        let real = self.real()?;
        match without_marked(&text) {
            After::Text(after) if after == text => return Ok(false),
            After::Text(after) => durable::replace_file(&real, after.as_bytes(), mode_of(&real)?)?,
            After::NoFile => {
                durable::remove_file(&self.path)?;
                durable::sync_folder(self.path.parent().unwrap_or(Path::new(".")))?;
            }
        }
        Ok(true)
    }

    /// Many keep their start files elsewhere and link them: the link stays.
    fn real(&self) -> io::Result<PathBuf> {
        match fs::canonicalize(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(self.path.clone()),
            real => real,
        }
    }
}

/// Nothing is there, or what nobody could have put lines into.
fn has_no_text(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound
            | io::ErrorKind::NotADirectory
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::InvalidData
    )
}

#[derive(Debug, PartialEq, Eq)]
enum After {
    Text(String),
    NoFile,
}

/// The text without what is between our marks. A mark without its other one is left alone.
fn without_marked(text: &str) -> After {
    let mut out = String::new();
    let mut lines = text.split_inclusive('\n').peekable();
    let mut was_whole = false;
    while let Some(line) = lines.next() {
        let begin = line.trim_end();
        if ![BEGIN, BEGIN_OPEN, BEGIN_WHOLE].contains(&begin) {
            out.push_str(line);
            continue;
        }
        let mut block = String::from(line);
        let mut closed = false;
        for line in lines.by_ref() {
            block.push_str(line);
            if line.trim_end() == END {
                closed = true;
                break;
            }
        }
        if !closed {
            out.push_str(&block);
            continue;
        }
        was_whole |= begin == BEGIN_WHOLE;
        if begin == BEGIN_OPEN && out.ends_with('\n') {
            out.pop();
            // What a person wrote below needs a line of its own.
            if lines.peek().is_some() {
                out.push('\n');
            }
        }
    }
    if was_whole && out.is_empty() {
        return After::NoFile;
    }
    After::Text(out)
}

#[cfg(unix)]
fn mode_of(path: &Path) -> io::Result<u32> {
    use std::os::unix::fs::PermissionsExt;
    match fs::metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0o644),
        metadata => Ok(metadata?.permissions().mode() & 0o7777),
    }
}

#[cfg(windows)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere it can fail")]
fn mode_of(_path: &Path) -> io::Result<u32> {
    Ok(0o644)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_marked_comes_out_to_the_byte() {
        let folder = tempfile::tempdir().unwrap();
        let file = StartFile {
            path: folder.path().join("rc"),
        };
        for text in ["", "a\n", "a", "a\n\n", "a\r\nb"] {
            durable::replace_file(file.path(), text.as_bytes(), 0o640).unwrap();
            assert_eq!(file.look().unwrap(), Marked::Nothing);
            assert!(file.mark("eval \"$(dgmo env)\"").unwrap());
            assert!(!file.mark("eval \"$(dgmo env)\"").unwrap());
            assert_eq!(file.look().unwrap(), Marked::Ours);
            assert!(file.unmark().unwrap());
            assert!(!file.unmark().unwrap());
            assert_eq!(fs::read_to_string(file.path()).unwrap(), text);
            assert_eq!(mode_of(file.path()).unwrap() & 0o777, 0o640);
        }
        durable::remove_file(file.path()).unwrap();
        assert!(file.mark("x").unwrap());
        assert!(file.unmark().unwrap());
        assert!(!file.path().exists());
    }

    #[test]
    fn what_a_person_wrote_around_it_stays() {
        let marked = format!("a\n{BEGIN_OPEN}\nx\n{END}\nb\n");
        assert_eq!(without_marked(&marked), After::Text("a\nb\n".to_owned()));
        let half = format!("a\n{BEGIN}\nx\n");
        assert_eq!(without_marked(&half), After::Text(half.clone()));
        let grown = format!("{BEGIN_WHOLE}\nx\n{END}\nb\n");
        assert_eq!(without_marked(&grown), After::Text("b\n".to_owned()));
    }
}
