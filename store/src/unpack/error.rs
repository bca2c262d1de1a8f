//! Why an archive did not become a tree.

use std::io;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::manifest::Packing;

use super::limit::Measure;
use crate::insert::InsertError;

/// Why an archive could not be unpacked. Nothing of it has become visible.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    #[error("cannot read the archive")]
    Read { source: io::Error },
    #[error("the archive is damaged or cut short after `{after}`")]
    Damaged { after: String, source: io::Error },
    #[error("the archive is not packed as `{expected}`; it looks like {found}")]
    WrongPacking {
        expected: Packing,
        found: &'static str,
    },
    #[error("the archive holds the name `{name}`, which is refused: {why}")]
    Name { name: String, why: &'static str },
    #[error("the archive holds {what} `{name}`, which a tree cannot hold")]
    Kind { name: String, what: &'static str },
    #[error("the link `{name}` to `{target}` is refused: {why}")]
    Link {
        name: String,
        target: String,
        why: &'static str,
    },
    #[error("`{name}` comes twice, as {before} and as {now}")]
    Clash {
        name: String,
        before: &'static str,
        now: &'static str,
    },
    #[error("`{name}` lies below `{above}`, which is {what}")]
    Below {
        name: String,
        above: String,
        what: &'static str,
    },
    #[error("`{name}` goes past the limit: {measure} of {allowed} at most")]
    Limit {
        name: String,
        measure: Measure,
        allowed: u64,
    },
    #[error(
        "nothing is left when {strip} leading folders are stripped; at the top there is {}",
        list(top)
    )]
    StrippedAway { strip: u32, top: Vec<String> },
    #[error("`{name}` is packed in a way that is not supported: {what}")]
    Unsupported { name: String, what: String },
    #[error("a single program needs a name that is one file name, not `{name}`")]
    ProgramName { name: String },
    #[error("what was unpacked could not be inserted")]
    Insert {
        #[from]
        source: InsertError,
    },
}

impl Diagnose for UnpackError {
    fn code(&self) -> Code {
        match self {
            Self::Read { .. } => Code::ArchiveNotRead,
            Self::Damaged { .. } => Code::ArchiveDamaged,
            Self::WrongPacking { .. } => Code::ArchiveWrongPacking,
            Self::Name { .. } => Code::ArchiveName,
            Self::Kind { .. } => Code::ArchiveKind,
            Self::Link { .. } => Code::ArchiveLink,
            Self::Clash { .. } | Self::Below { .. } => Code::ArchiveClash,
            Self::Limit { .. } => Code::ArchiveLimit,
            Self::StrippedAway { .. } => Code::ArchiveStrippedAway,
            Self::Unsupported { .. } => Code::ArchiveUnsupported,
            Self::ProgramName { .. } => Code::ProgramName,
            Self::Insert { source } => source.code(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::Insert { .. } => return None,
            Self::Read { .. } => "see to it that the archive is a file that can be read",
            Self::Damaged { .. } => "fetch the archive again, or ask its publisher for a whole one",
            Self::WrongPacking { .. } => {
                "say how it is packed with `unpack:` in the manifest, such as `unpack: tar.gz`"
            }
            Self::Name { .. }
            | Self::Kind { .. }
            | Self::Link { .. }
            | Self::Clash { .. }
            | Self::Below { .. } => {
                "do not use this archive before its publisher has explained the entry"
            }
            Self::Limit { .. } => {
                "unpack it by hand where that is safe, look at it, and use the folder with `path:`"
            }
            Self::StrippedAway { .. } => "use a smaller number for `strip:` in the manifest",
            Self::Unsupported { .. } => {
                "unpack it with the program that made it and use the folder with `path:`"
            }
            Self::ProgramName { .. } => "name the program with `bin: [NAME]` in the manifest",
        };
        Some(Hint::Do(text.to_owned()))
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Insert { source } => Some(source),
            _ => None,
        }
    }
}

fn list(names: &[String]) -> String {
    const SHOWN: usize = 10;
    let mut text: Vec<String> = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{name}`"))
        .collect();
    if text.is_empty() {
        return "nothing".to_owned();
    }
    if names.len() > SHOWN {
        text.push(format!("{} more", names.len() - SHOWN));
    }
    text.join(", ")
}
