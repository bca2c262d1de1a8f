//! The log of durable steps, read back.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::path::PathBuf;

/// One durable step, as the log of a process tells it.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    MakeFolder(PathBuf),
    Create(PathBuf, u32),
    Write(PathBuf, Vec<u8>),
    /// Bytes that are not told: each secret of the scenarios is so many times the letter `s`.
    WriteSecret(PathBuf, usize),
    Copy {
        from: PathBuf,
        to: PathBuf,
        mode: u32,
    },
    Symlink {
        target: PathBuf,
        path: PathBuf,
    },
    HardLink {
        from: PathBuf,
        to: PathBuf,
    },
    Rename {
        from: PathBuf,
        to: PathBuf,
    },
    SetMode(PathBuf, u32),
    RemoveFile(PathBuf),
    RemoveFolder(PathBuf),
    SyncFile(PathBuf),
    SyncFolder(PathBuf),
    SyncFileSystem,
    /// It failed by itself and changed nothing.
    Failed,
    /// It was made to fail, and changed nothing.
    OnPurpose(Box<Step>),
}

/// Reads a log; an absent one has no steps.
pub(crate) fn read(log: &Path) -> Vec<Step> {
    let text = fs::read_to_string(log).unwrap_or_default();
    text.lines().map(parse).collect()
}

fn parse(line: &str) -> Step {
    let words: Vec<&str> = line.split('\t').collect();
    let path = |at: usize| PathBuf::from(OsString::from_vec(bytes(words[at])));
    let mode = |at: usize| u32::from_str_radix(words[at], 8).expect("a mode in octal");
    match words[0] {
        "make-folder" => Step::MakeFolder(path(1)),
        "create" => Step::Create(path(1), mode(2)),
        "write" => Step::Write(path(1), bytes(words[2])),
        "secret" => Step::WriteSecret(path(1), words[2].parse().expect("a length")),
        "fill" => Step::Write(path(1), vec![0; words[2].parse().expect("a length")]),
        "copy" => Step::Copy {
            from: path(1),
            to: path(2),
            mode: mode(3),
        },
        "symlink" => Step::Symlink {
            target: path(1),
            path: path(2),
        },
        "hard-link" => Step::HardLink {
            from: path(1),
            to: path(2),
        },
        "rename" => Step::Rename {
            from: path(1),
            to: path(2),
        },
        "set-mode" => Step::SetMode(path(1), mode(2)),
        "remove-file" => Step::RemoveFile(path(1)),
        "remove-folder" => Step::RemoveFolder(path(1)),
        "sync-file" => Step::SyncFile(path(1)),
        "sync-folder" => Step::SyncFolder(path(1)),
        "sync-file-system" => Step::SyncFileSystem,
        "failed" => Step::Failed,
        "on-purpose" => {
            let (_, line) = line.split_once('\t').expect("the step follows");
            Step::OnPurpose(Box::new(parse(line)))
        }
        word => panic!("the log has a step we do not know: {word}"),
    }
}

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("bytes in hex"))
        .collect()
}

impl Step {
    /// For messages: what it does where, without the bytes.
    pub(crate) fn in_words(&self) -> String {
        match self {
            Self::Write(path, bytes) => format!("Write({}, {} bytes)", path.display(), bytes.len()),
            other => format!("{other:?}"),
        }
    }
}
