//! Why a change cannot be written back to where a home file comes from.

use std::io;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::manifest::SecretSource;
use dgmo_schema::name::TargetPath;

/// Why a change cannot be written back to where a home file comes from.
#[derive(Debug, thiserror::Error)]
pub enum AdoptError {
    #[error("`{path}` is a secret, which comes from {from}")]
    Secret {
        path: TargetPath,
        from: SecretSource,
    },
    #[error("`{path}` cannot be adopted: {why}")]
    Nothing {
        path: TargetPath,
        why: &'static str,
        remedy: String,
    },
    #[error("`{path}` was changed, and so was its source `{source_path}`")]
    BothChanged {
        path: TargetPath,
        source_path: String,
        remedy: String,
    },
    #[error(
        "no change of `values:` explains `{path}`: its template `{template}` says something else"
    )]
    Unexplained {
        path: TargetPath,
        template: String,
        remedy: String,
    },
    #[error(
        "more than one change of `values:` explains `{path}`: of {}",
        list(values)
    )]
    Ambiguous {
        path: TargetPath,
        values: Vec<String>,
        remedy: String,
    },
    #[error("`{path}` is not UTF-8 text, and its entry is `{key}:`")]
    NotText { path: TargetPath, key: &'static str },
    #[error("cannot write the source `{}`; all sources are as they were", path.display())]
    NotWritten { path: PathBuf, source: io::Error },
    #[error("the manifest `{manifest}` has no entry that `{path}` comes from")]
    NoEntry {
        path: TargetPath,
        manifest: String,
        remedy: String,
    },
}

fn list(words: &[String]) -> String {
    let words: Vec<String> = words.iter().map(|word| format!("`{word}`")).collect();
    words.join(", ")
}

impl Diagnose for AdoptError {
    fn code(&self) -> Code {
        match self {
            Self::Secret { .. } => Code::SecretElsewhere,
            Self::Nothing { .. } => Code::NothingToAdopt,
            Self::BothChanged { .. } => Code::SourceChangedToo,
            Self::Unexplained { .. } => Code::TemplateUnexplained,
            Self::Ambiguous { .. } => Code::TemplateAmbiguous,
            Self::NotText { .. } => Code::AdoptNotText,
            Self::NoEntry { .. } => Code::AdoptNoEntry,
            Self::NotWritten { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Code::DiskFull
            }
            Self::NotWritten { .. } => Code::SourceNotWritten,
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::Secret { .. } => Hint::Do(
                "change it where it comes from, then run `dgmo switch --refresh-secrets`"
                    .to_owned(),
            ),
            Self::Nothing { remedy, .. } => Hint::Run(remedy.clone()),
            Self::BothChanged {
                source_path,
                remedy,
                ..
            } => Hint::Do(format!(
                "bring both together in `{source_path}` by hand, then run `{remedy}` and `dgmo switch`"
            )),
            Self::Unexplained {
                template, remedy, ..
            } => Hint::Do(format!(
                "make the change in `{template}` by hand, then run `{remedy}` and `dgmo switch`"
            )),
            Self::Ambiguous { remedy, .. } => Hint::Do(format!(
                "change the value you mean in the manifest by hand, then run `{remedy}` and `dgmo switch`"
            )),
            Self::NotText { .. } => Hint::Do(
                "move it to a file beside the manifest and name that with `source:` in the entry"
                    .to_owned(),
            ),
            Self::NotWritten { source, .. } if source.kind() == io::ErrorKind::StorageFull => {
                Hint::Run("dgmo gc".to_owned())
            }
            Self::NotWritten { path, .. } => Hint::Do(format!(
                "see who may write to `{}` and its folder with `ls -l`, then adopt again",
                path.display()
            )),
            Self::NoEntry { remedy, .. } => Hint::Do(format!(
                "name the manifest it was made from with `-f FILE`, or run `{remedy}` to undo the change"
            )),
        })
    }
}
