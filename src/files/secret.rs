//! What a secret is, for as long as this process needs it; it is fetched, put in place, and forgotten.

use std::ffi::OsString;
use std::fmt;
use std::fs::File;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::conduct::CommandLine;
use dgmo_schema::manifest::SecretSource;
use dgmo_schema::name::TargetPath;
use zeroize::Zeroizing;

use crate::env;
use crate::home;
use crate::process;

/// More than this is no secret but a mistake.
const MOST: usize = 1 << 20;

/// The lines of a failed command's stderr that are shown.
const LINES_SHOWN: usize = 8;

/// The content of a secret. It cannot be printed, and is wiped from memory when it is dropped.
#[derive(Clone)]
pub struct SecretText(Arc<Zeroizing<Vec<u8>>>);

impl SecretText {
    /// What was a secret before.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(Arc::new(bytes))
    }

    /// The bytes, to be written where they belong and nowhere else.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for SecretText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretText(…)")
    }
}

/// Why a secret could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    #[error("the secret `{path}` could not be fetched: {from} ended with {status}{said}")]
    Command {
        path: TargetPath,
        from: SecretSource,
        status: String,
        /// The end of its stderr, never its stdout.
        said: String,
    },
    #[error("the secret `{path}` could not be fetched: {from} is not set")]
    NotSet {
        path: TargetPath,
        from: SecretSource,
    },
    #[error("the secret `{path}` could not be fetched from {from}")]
    Unreadable {
        path: TargetPath,
        from: SecretSource,
        source: io::Error,
    },
    #[error("the secret `{path}` is empty: {from} gives nothing")]
    Empty {
        path: TargetPath,
        from: SecretSource,
    },
    #[error("the secret `{path}` is larger than 1 MiB: {from} gives too much")]
    TooLarge {
        path: TargetPath,
        from: SecretSource,
    },
}

impl Diagnose for SecretError {
    fn code(&self) -> Code {
        match self {
            Self::Command { .. } | Self::NotSet { .. } | Self::Unreadable { .. } => {
                Code::SecretFailed
            }
            Self::Empty { .. } | Self::TooLarge { .. } => Code::SecretEmpty,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(Hint::Do(
            "nothing was changed; mend the cause, or add `--without-secrets` to leave out what cannot be had now"
                .to_owned(),
        ))
    }
}

/// Fetches the secret for `path`.
pub fn fetch(path: &TargetPath, from: &SecretSource) -> Result<SecretText, SecretError> {
    let unreadable = |source| SecretError::Unreadable {
        path: path.clone(),
        from: from.clone(),
        source,
    };
    let bytes = match from {
        SecretSource::Command(command) => ask(path, from, command)?,
        SecretSource::Env(name) => {
            let value = env::chosen(name).ok_or_else(|| SecretError::NotSet {
                path: path.clone(),
                from: from.clone(),
            })?;
            Zeroizing::new(value.into_encoded_bytes())
        }
        SecretSource::File(file) => {
            read(&home::locate(Path::new("/"), file)).map_err(unreadable)?
        }
    };
    let (path, from) = (path.clone(), from.clone());
    match bytes.len() {
        0 => Err(SecretError::Empty { path, from }),
        size if size > MOST => Err(SecretError::TooLarge { path, from }),
        _ => Ok(SecretText::new(bytes)),
    }
}

fn ask(
    path: &TargetPath,
    from: &SecretSource,
    command: &CommandLine,
) -> Result<Zeroizing<Vec<u8>>, SecretError> {
    let unreadable = |source| SecretError::Unreadable {
        path: path.clone(),
        from: from.clone(),
        source,
    };
    let program = match command.program() {
        program if program.starts_with("~/") => home::locate(Path::new("/"), program).into(),
        program => OsString::from(program),
    };
    let folder = home::user_home().unwrap_or_else(|_| PathBuf::from("/"));
    let captured =
        process::capture(&program, command.arguments(), &folder, MOST).map_err(unreadable)?;
    // One that was stopped because it gave too much did not fail.
    if captured.status.success() || captured.stdout.len() > MOST {
        return Ok(captured.stdout);
    }
    Err(SecretError::Command {
        path: path.clone(),
        from: from.clone(),
        status: captured.status.to_string(),
        said: last_lines(&captured.stderr),
    })
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 16));
    file.take(MOST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What a program said last, a line each, without what a terminal would take for a command.
fn last_lines(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let shown = &lines[lines.len().saturating_sub(LINES_SHOWN)..];
    shown
        .iter()
        .map(|line| {
            let line: String = line.chars().filter(|c| !c.is_control()).collect();
            format!("\n  {line}")
        })
        .collect()
}
