//! What the home files of a manifest hold: texts, rendered templates, sources hashed.

mod secret;

pub use secret::SecretError;
pub use secret::SecretText;
pub use secret::fetch;

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::generation::RecordedContent;
use dgmo_schema::generation::RecordedFile;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::manifest::FileContent;
use dgmo_schema::manifest::FileEntry;
use dgmo_schema::manifest::Method;
use dgmo_schema::manifest::Mode;
use dgmo_schema::name::TargetPath;
use dgmo_schema::system::System;
use dgmo_store::AddOptions;
use dgmo_store::Content;
use dgmo_store::InsertError;
use dgmo_store::Insertion;
use minijinja::syntax::SyntaxConfig;

use crate::home;

/// Why the content of a home file could not be had.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    #[error("the source `{}` of the file `{path}` is not there", source_path.display())]
    NoSource {
        path: TargetPath,
        source_path: PathBuf,
    },
    #[error("cannot read the source `{}` of the file `{path}`", source_path.display())]
    Unreadable {
        path: TargetPath,
        source_path: PathBuf,
        source: io::Error,
    },
    #[error("cannot read the source of the file `{path}`")]
    Source {
        path: TargetPath,
        source: InsertError,
    },
    #[error("cannot render the template `{}` of the file `{path}`", template.display())]
    Template {
        path: TargetPath,
        template: PathBuf,
        source: minijinja::Error,
    },
    #[error("the file `{path}` is a folder, and `mode` is for files")]
    ModeOfFolder { path: TargetPath },
    #[error("the file `{path}` is not a folder, and `as: links` is for folders")]
    LinksOfFile { path: TargetPath },
    #[error("the source of the file `{path}` changed while it was read")]
    Changed { path: TargetPath },
}

impl Diagnose for FileError {
    fn code(&self) -> Code {
        match self {
            Self::NoSource { .. } => Code::FileSourceMissing,
            Self::Unreadable { .. } => Code::FileSourceUnreadable,
            Self::Source { source, .. } => source.code(),
            Self::Template { .. } => Code::TemplateFailed,
            Self::ModeOfFolder { .. } | Self::LinksOfFile { .. } => Code::FileKind,
            Self::Changed { .. } => Code::FileSourceChanged,
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::NoSource { source_path, .. } => Some(Hint::Do(format!(
                "create `{}`, or correct the path in the manifest",
                source_path.display()
            ))),
            Self::Template { source, .. } if is_undefined(source) => Some(Hint::Do(
                "give the value under `values:`, or mend its name in the template".to_owned(),
            )),
            Self::Template { .. } => Some(Hint::Do("mend the template".to_owned())),
            Self::ModeOfFolder { .. } => {
                Some(Hint::Do("take `mode` out, or name a file".to_owned()))
            }
            Self::LinksOfFile { .. } => Some(Hint::Do("take `as: links` out".to_owned())),
            Self::Changed { .. } => Some(Hint::Do("run the command again".to_owned())),
            Self::Source { source, .. } => source.deepest_hint(),
            Self::Unreadable { source_path, .. } => Some(Hint::Do(format!(
                "see to it that `{}` is text you may read",
                source_path.display()
            ))),
        }
    }
}

fn is_undefined(error: &minijinja::Error) -> bool {
    error.kind() == minijinja::ErrorKind::UndefinedError
}

/// A home file whose content is known.
#[derive(Debug, Clone)]
pub struct HomeFile {
    /// What the record says of it.
    pub recorded: RecordedFile,
    origin: Origin,
}

/// Where its content can be had.
#[derive(Debug, Clone)]
enum Origin {
    Bytes(Vec<u8>),
    Path(PathBuf),
}

impl HomeFile {
    /// Its bytes, where the manifest says them itself: a text, or a template rendered.
    pub fn bytes(&self) -> Option<&[u8]> {
        match &self.origin {
            Origin::Bytes(bytes) => Some(bytes),
            Origin::Path(_) => None,
        }
    }

    /// Where on this machine they are, where the manifest names a source.
    pub fn source(&self) -> Option<&Path> {
        match &self.origin {
            Origin::Bytes(_) => None,
            Origin::Path(path) => Some(path),
        }
    }
}

/// Home files by path.
pub type HomeFiles = BTreeMap<TargetPath, HomeFile>;

/// Finds out what each of `entries` holds on a machine of kind `system`; secrets are left out. Nothing is written.
pub fn look(
    entries: &BTreeMap<TargetPath, FileEntry>,
    system: &System,
    options: &AddOptions<'_>,
) -> Result<HomeFiles, FileError> {
    let looked = entries.iter().map(|(path, entry)| {
        let file = look_at(path, entry, system, options)?;
        Ok(file.map(|file| (path.clone(), file)))
    });
    looked.filter_map(Result::transpose).collect()
}

fn look_at(
    path: &TargetPath,
    entry: &FileEntry,
    system: &System,
    options: &AddOptions<'_>,
) -> Result<Option<HomeFile>, FileError> {
    let of_bytes = |bytes: Vec<u8>| (text_content(entry.mode, &bytes), Origin::Bytes(bytes));
    let (content, origin) = match &entry.content {
        FileContent::Secret(_) => return Ok(None),
        FileContent::Text(text) => of_bytes(text.clone().into_bytes()),
        FileContent::Template {
            path: template,
            base,
            values,
        } => {
            let text = read_template(path, &home::locate(base, template))?;
            of_bytes(text.render(values, system)?.into_bytes())
        }
        FileContent::Source { path: source, base } => {
            let source_path = home::locate(base, source);
            (
                source_content(path, &source_path, options)?,
                Origin::Path(source_path),
            )
        }
    };
    let is_folder = matches!(content, RecordedContent::Folder(_));
    if is_folder && entry.mode.is_some() {
        return Err(FileError::ModeOfFolder { path: path.clone() });
    }
    if !is_folder && entry.method == Method::Links {
        return Err(FileError::LinksOfFile { path: path.clone() });
    }
    let recorded = RecordedFile {
        content,
        mode: entry.mode,
        method: entry.method,
    };
    Ok(Some(HomeFile { recorded, origin }))
}

/// A text can be run if its mode says so.
fn text_content(mode: Option<Mode>, bytes: &[u8]) -> RecordedContent {
    let blob = BlobId(Digest::of(bytes));
    match mode {
        Some(Mode(mode)) if mode & 0o111 != 0 => RecordedContent::Executable(blob),
        _ => RecordedContent::File(blob),
    }
}

fn source_content(
    path: &TargetPath,
    source_path: &Path,
    options: &AddOptions<'_>,
) -> Result<RecordedContent, FileError> {
    let added = dgmo_store::hash_path(source_path, options).map_err(|source| {
        let path = path.clone();
        // Asked only now: almost always it is there.
        match fs::metadata(source_path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => FileError::NoSource {
                path,
                source_path: source_path.to_owned(),
            },
            _ => FileError::Source { path, source },
        }
    })?;
    Ok(recorded(added.content))
}

fn recorded(content: Content) -> RecordedContent {
    match content {
        Content::File(blob) => RecordedContent::File(blob),
        Content::Executable(blob) => RecordedContent::Executable(blob),
        Content::Folder(tree) => RecordedContent::Folder(tree),
    }
}

/// What the manifest calls `true` is `true` in the file, not `True` as in Python.
fn as_written(
    out: &mut minijinja::Output<'_>,
    state: &mut minijinja::State<'_, '_>,
    value: &minijinja::Value,
) -> Result<(), minijinja::Error> {
    if value.kind() == minijinja::value::ValueKind::Bool {
        return Ok(write!(out, "{}", value.is_true())?);
    }
    minijinja::escape_formatter(out, state, value)
}

/// Enough for any file a person would read; a template that loops for ever is stopped.
const TEMPLATE_FUEL: u64 = 10_000_000;

/// A template as it was read.
#[derive(Debug)]
pub struct Template {
    path: TargetPath,
    file: PathBuf,
    text: String,
}

/// Reads the template `file` of the home file `path`.
pub fn read_template(path: &TargetPath, file: &Path) -> Result<Template, FileError> {
    let text = fs::read_to_string(file).map_err(|source| match source.kind() {
        io::ErrorKind::NotFound => FileError::NoSource {
            path: path.clone(),
            source_path: file.to_owned(),
        },
        _ => FileError::Unreadable {
            path: path.clone(),
            source_path: file.to_owned(),
            source,
        },
    })?;
    Ok(Template {
        path: path.clone(),
        file: file.to_owned(),
        text,
    })
}

impl Template {
    /// Fills it.
    pub fn render(
        &self,
        values: &BTreeMap<String, serde_json::Value>,
        system: &System,
    ) -> Result<String, FileError> {
        self.fill(values, system)
            .map_err(|source| FileError::Template {
                path: self.path.clone(),
                template: self.file.clone(),
                source,
            })
    }

    fn fill(
        &self,
        values: &BTreeMap<String, serde_json::Value>,
        system: &System,
    ) -> Result<String, minijinja::Error> {
        let mut environment = minijinja::Environment::new();
        environment.set_undefined_behavior(minijinja::UndefinedBehavior::Strict);
        environment.set_syntax(
            SyntaxConfig::builder()
                .keep_trailing_newline(true)
                .build()?,
        );
        environment.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        environment.set_fuel(Some(TEMPLATE_FUEL));
        environment.set_formatter(as_written);
        let name = self.file.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        environment.add_template(&name, &self.text)?;
        let mut context: BTreeMap<String, minijinja::Value> = BTreeMap::from([
            ("system".to_owned(), system.to_string().into()),
            ("os".to_owned(), system.os().into()),
            ("arch".to_owned(), system.arch().into()),
        ]);
        context.extend(
            values
                .iter()
                .map(|(key, value)| (key.clone(), minijinja::value::Serde(value).into())),
        );
        environment.get_template(&name)?.render(context)
    }
}

/// Puts the contents of `files` into the store and makes sure that they are what was found before.
pub fn insert(
    insertion: &Insertion<'_>,
    files: &HomeFiles,
    options: &AddOptions<'_>,
) -> Result<(), FileError> {
    for (path, file) in files {
        let failed = |source| FileError::Source {
            path: path.clone(),
            source,
        };
        match &file.origin {
            Origin::Bytes(bytes) => {
                let executable = matches!(file.recorded.content, RecordedContent::Executable(_));
                insertion.add_bytes(bytes, executable).map_err(failed)?;
            }
            Origin::Path(source) => {
                let added = insertion.add_path(source, options).map_err(failed)?;
                if recorded(added.content) != file.recorded.content {
                    return Err(FileError::Changed { path: path.clone() });
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
impl Template {
    /// One that lies in no file.
    pub(crate) fn of_text(path: &str, text: &str) -> Self {
        Self {
            path: path.parse().expect("a path"),
            file: PathBuf::from(path),
            text: text.to_owned(),
        }
    }
}
