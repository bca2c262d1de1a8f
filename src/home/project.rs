//! Folders with an environment of their own, and whether a shell may take it by itself.
//!
//! ```text
//! projects/NAME.json   {format, folder, consent, files: {path: digest}}
//! ```
//!
//! `NAME` is the profile, made from the folder's path. Consent is given to the bytes of a manifest and all it includes:
//! when any of them changes, it has to be given again.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::id::Digest;
use dgmo_schema::name::ProfileName;
use dgmo_store::durable;
use dgmo_store::look;
use serde::Deserialize;
use serde::Serialize;

use super::Home;

/// The format of the file.
const FORMAT: u32 = 1;

/// A folder with an environment of its own.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Project {
    format: u32,
    /// The folder of the manifest, without links; as told to people where it is no text.
    pub folder: String,
    /// Whether a shell may take its environment.
    pub consent: Consent,
    /// The digests of the manifest and what it includes, as they were when somebody decided.
    pub files: BTreeMap<String, Digest>,
    /// What all files together hashed to when the last generation was made from them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub switched: Option<Digest>,
}

/// What was decided about a project.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Consent {
    /// As long as its files stay what they are.
    Allowed,
    /// Never, and nobody wants to hear of it.
    Denied,
}

/// Why what is known of a project cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ProjectError {
    #[error("`{}` is damaged: it does not say what is allowed in `{folder}`", path.display())]
    Damaged {
        path: PathBuf,
        folder: String,
        source: serde_json::Error,
    },
    #[error("cannot {deed} `{}`", path.display())]
    Io {
        deed: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl Diagnose for ProjectError {
    fn code(&self) -> Code {
        match self {
            Self::Damaged { .. } => Code::ProjectDamaged,
            Self::Io { source, .. } => super::code_of(source),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Damaged { .. } => Some(Hint::Run("dgmo allow".to_owned())),
            Self::Io { source, .. } => Some(super::hint_for(source)),
        }
    }
}

impl Project {
    /// A decision about `folder`, made of `files`.
    pub fn new(folder: &Path, consent: Consent, files: BTreeMap<String, Digest>) -> Self {
        Self {
            format: FORMAT,
            folder: folder.display().to_string(),
            consent,
            files,
            switched: None,
        }
    }

    /// What is known of `folder`, which has no links in its path; nothing if nobody ever decided.
    pub fn load(home: &Home, folder: &Path) -> Result<Option<Self>, ProjectError> {
        let path = path_of(home, folder);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(failed("read", &path, source)),
        };
        match serde_json::from_slice(&text) {
            Ok(project) => Ok(Some(project)),
            Err(source) => Err(ProjectError::Damaged {
                path,
                folder: folder.display().to_string(),
                source,
            }),
        }
    }

    /// Writes it down, so that a crash leaves the old decision or the new one.
    pub fn save(&self, home: &Home, folder: &Path) -> Result<(), ProjectError> {
        let path = path_of(home, folder);
        let above = home.projects();
        let mut text = serde_json::to_vec_pretty(self).expect("a project has string keys");
        text.push(b'\n');
        durable::make_folders(&above).map_err(|error| failed("make", &above, error))?;
        // Whoever made the folder may have died before its name was on disk.
        durable::sync_folder(home.root()).map_err(|error| failed("sync", &above, error))?;
        durable::replace_file(&path, &text, 0o644).map_err(|error| failed("write", &path, error))
    }

    /// Forgets the folder: as if nobody had ever decided.
    pub fn forget(home: &Home, folder: &Path) -> Result<(), ProjectError> {
        let path = path_of(home, folder);
        match durable::remove_file(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            removed => removed.map_err(|error| failed("remove", &path, error))?,
        }
        let above = home.projects();
        if !look::is_folder(&above).map_err(|error| failed("look at", &above, error))? {
            return Ok(());
        }
        durable::sync_folder(&above).map_err(|error| failed("sync", &above, error))
    }

    /// Whether a project is there at all, told without reading it.
    pub fn is_known(home: &Home, folder: &Path) -> Result<bool, ProjectError> {
        let path = path_of(home, folder);
        look::is_there(&path).map_err(|error| failed("look at", &path, error))
    }

    /// Whether the files are what they were when somebody decided. Reads no more than these files.
    pub fn is_unchanged(&self) -> bool {
        !self.files.is_empty()
            && self.files.iter().all(|(path, digest)| {
                fs::read(path).is_ok_and(|bytes| Digest::of(&bytes) == *digest)
            })
    }

    /// One digest of all its files.
    pub fn digest(&self) -> Digest {
        let lines: String = self
            .files
            .iter()
            .map(|(path, digest)| format!("{digest} {path}\n"))
            .collect();
        Digest::of(lines.as_bytes())
    }
}

fn failed(deed: &'static str, path: &Path, source: io::Error) -> ProjectError {
    ProjectError::Io {
        deed,
        path: path.to_owned(),
        source,
    }
}

fn path_of(home: &Home, folder: &Path) -> PathBuf {
    home.projects()
        .join(format!("{}.json", profile_name_for(folder)))
}

/// The profile of a folder's own environment: the folder's name for people, and a digest of its path for all others.
pub fn profile_name_for(folder: &Path) -> ProfileName {
    const MOST_LETTERS: usize = 40;
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let plain: String = name
        .chars()
        .map(|c| if c.is_ascii_alphanumeric() { c } else { '-' })
        .take(MOST_LETTERS)
        .collect();
    let plain = plain.trim_matches('-');
    let plain = if plain.is_empty() { "folder" } else { plain };
    let digest = Digest::of(folder.as_os_str().as_encoded_bytes());
    let name = format!("{plain}-{}", &digest.hex()[..12]);
    name.parse()
        .expect("letters, digits and a dash make a name")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_profile_is_named_after_its_folder_and_no_other_has_that_name() {
        let one = profile_name_for(Path::new("/src/my app"));
        let other = profile_name_for(Path::new("/projects/my app"));
        assert!(one.as_str().starts_with("my-app-"), "{one}");
        assert_ne!(one, other);
        for odd in ["/", "/..", "/ü", &format!("/{}", "x".repeat(300))] {
            assert!(profile_name_for(Path::new(odd)).as_str().len() < 64);
        }
    }

    #[test]
    fn consent_ends_when_a_file_changes_or_goes() {
        let folder = tempfile::tempdir().unwrap();
        let home = Home::at(folder.path().join("home"));
        durable::make_folders(home.root()).unwrap();
        let file = folder.path().join("dgmo.yaml");
        durable::write_new(&file, b"dgmo: 1\n", 0o644).unwrap();
        let files = BTreeMap::from([(file.display().to_string(), Digest::of(b"dgmo: 1\n"))]);
        Project::new(folder.path(), Consent::Allowed, files)
            .save(&home, folder.path())
            .unwrap();
        let project = Project::load(&home, folder.path()).unwrap().unwrap();
        assert!(project.is_unchanged());
        durable::replace_file(&file, b"dgmo: 1\n\n", 0o644).unwrap();
        assert!(!project.is_unchanged());
        durable::remove_file(&file).unwrap();
        assert!(!project.is_unchanged());
        Project::forget(&home, folder.path()).unwrap();
        assert_eq!(Project::load(&home, folder.path()).unwrap(), None);
    }
}
