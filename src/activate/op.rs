//! One change of the target folder, which can be done again and undone.
//!
//! Doing one looks first: what is done already is left, and what is neither as before nor as after belongs to the user
//! now and is left alone. So recovery may do or undo a whole list from wherever a crash stopped it.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::id::Digest;
use dgmo_schema::name::TargetPath;
use dgmo_store::Store;
use dgmo_store::durable;
use dgmo_store::durable::Renamed;
use serde::Deserialize;
use serde::Serialize;

use super::ActivateError;
use super::Contents;
use super::Image;
use super::Live;
use super::Seal;
use super::secrets;

/// One change of the target folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Op {
    /// Makes a folder.
    MakeFolder { path: TargetPath },
    /// Removes a folder that is empty.
    RemoveFolder { path: TargetPath },
    /// Gives what is in the way another name.
    SetAside { path: TargetPath, to: TargetPath },
    /// Gives it its old name back.
    PutBack { path: TargetPath, from: TargetPath },
    /// Replaces one thing of ours by another, or nothing.
    Put {
        path: TargetPath,
        before: Option<Image>,
        after: Option<Image>,
    },
    /// Copies a secret that is about to be replaced, so that this can be undone.
    Keep {
        path: TargetPath,
        image: Image,
        at: TargetPath,
    },
    /// Gives a secret that was kept its place back.
    Unkeep {
        path: TargetPath,
        image: Image,
        at: TargetPath,
    },
    /// Deletes what this change itself put out of the way. Only ever done after the pointer has moved.
    Delete { path: TargetPath },
}

/// What doing an op needs.
#[derive(Clone, Copy)]
pub(super) struct Hands<'a> {
    pub target: &'a Path,
    pub store: &'a Store,
    pub observer: &'a dyn Observer,
    pub seal: &'a Seal,
    pub secrets: &'a Contents,
}

impl Hands<'_> {
    /// Whether `image` can be made: of a secret only the process that fetched it has the content.
    fn has(&self, image: &Image) -> bool {
        match image {
            Image::Secret { seal, .. } => self.secrets.get(seal).is_some(),
            Image::Link(_) | Image::Copy { .. } => true,
        }
    }
}

impl Op {
    /// What undoes it.
    pub(super) fn inverse(&self) -> Self {
        match self.clone() {
            Self::MakeFolder { path } => Self::RemoveFolder { path },
            Self::RemoveFolder { path } => Self::MakeFolder { path },
            Self::SetAside { path, to } => Self::PutBack { path, from: to },
            Self::PutBack { path, from } => Self::SetAside { path, to: from },
            Self::Put {
                path,
                before,
                after,
            } => Self::Put {
                path,
                before: after,
                after: before,
            },
            Self::Keep { path, image, at } => Self::Unkeep { path, image, at },
            Self::Unkeep { path, image, at } => Self::Keep { path, image, at },
            // What is deleted is gone; nothing is undone once the pointer has moved.
            Self::Delete { path } => Self::Delete { path },
        }
    }

    /// The path it is about.
    pub fn path(&self) -> &TargetPath {
        match self {
            Self::MakeFolder { path }
            | Self::RemoveFolder { path }
            | Self::SetAside { path, .. }
            | Self::PutBack { path, .. }
            | Self::Put { path, .. }
            | Self::Unkeep { path, .. }
            | Self::Delete { path }
            | Self::Keep { at: path, .. } => path,
        }
    }

    /// Whether it needs the key secrets are known by.
    pub(super) fn is_about_a_secret(&self) -> bool {
        let is_secret = |image: &Image| matches!(image, Image::Secret { .. });
        match self {
            Self::Put { before, after, .. } => before.iter().chain(after).any(is_secret),
            Self::Keep { .. } | Self::Unkeep { .. } => true,
            _ => false,
        }
    }

    /// The paths whose folders it changes.
    pub(super) fn touched(&self) -> [&TargetPath; 2] {
        match self {
            Self::Unkeep { path, at, .. } => [path, at],
            _ => [self.path(), self.path()],
        }
    }

    /// Does it, unless it is done.
    ///
    /// Nothing is done through a link: what lies behind one is not ours to change, also where the link is. So undoing
    /// what a folder got that is a link again does not reach into the store.
    pub(super) fn apply(&self, hands: Hands<'_>) -> Result<(), ActivateError> {
        let path = hands.target.join(self.path().as_str());
        let failed = |source| ActivateError::io(self.deed(), &path, source);
        if let Some(link) = link_above(hands.target, self.path()).map_err(failed)? {
            if self.puts_something() {
                hands.observer.observe(Event::Warning(format!(
                    "`{}` is left as it is: `{}` is a link now",
                    path.display(),
                    link.display()
                )));
            }
            return Ok(());
        }
        match self {
            Self::MakeFolder { .. } => make_folder(&path).map_err(failed),
            Self::RemoveFolder { .. } => remove_folder(&path).map_err(failed),
            Self::SetAside { to, .. } => {
                let to = hands.target.join(to.as_str());
                rename_once(&path, &to, hands.observer).map_err(failed)
            }
            Self::PutBack { from, .. } => {
                let from = hands.target.join(from.as_str());
                rename_once(&from, &path, hands.observer).map_err(failed)
            }
            Self::Put { before, after, .. } => put(&path, before.as_ref(), after.as_ref(), hands),
            Self::Keep {
                path: from, image, ..
            } => {
                let from = hands.target.join(from.as_str());
                secrets::keep(&from, image, &path, hands.seal).map_err(failed)
            }
            Self::Unkeep { image, at, .. } => {
                let at = hands.target.join(at.as_str());
                secrets::put_back(&path, image, &at, hands.seal).map_err(failed)
            }
            Self::Delete { .. } => durable::remove_all(&path).map_err(failed),
        }
    }

    /// Whether something is there when it is done.
    fn puts_something(&self) -> bool {
        match self {
            Self::MakeFolder { .. } | Self::PutBack { .. } => true,
            Self::RemoveFolder { .. }
            | Self::SetAside { .. }
            | Self::Delete { .. }
            | Self::Keep { .. }
            | Self::Unkeep { .. } => false,
            Self::Put { after, .. } => after.is_some(),
        }
    }

    fn deed(&self) -> &'static str {
        match self {
            Self::MakeFolder { .. } => "make the folder",
            Self::RemoveFolder { .. } => "remove the folder",
            Self::SetAside { .. } => "set aside",
            Self::PutBack { .. } | Self::Unkeep { .. } => "put back",
            Self::Put { after: Some(_), .. } => "put in place",
            Self::Put { after: None, .. } | Self::Delete { .. } => "remove",
            Self::Keep { .. } => "keep a secret at",
        }
    }
}

/// The first link on the way from `target` to `path`, itself left out.
pub(super) fn link_above(target: &Path, path: &TargetPath) -> io::Result<Option<PathBuf>> {
    for parent in path.parents() {
        let parent = target.join(parent);
        if matches!(Live::at(&parent)?, Live::Link(_)) {
            return Ok(Some(parent));
        }
    }
    Ok(None)
}

fn make_folder(path: &Path) -> io::Result<()> {
    match durable::make_folder(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        result => result,
    }
}

/// A folder with something in it is somebody's; it stays.
fn remove_folder(path: &Path) -> io::Result<()> {
    match durable::remove_folder(path) {
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::NotFound
                    | io::ErrorKind::DirectoryNotEmpty
                    | io::ErrorKind::NotADirectory
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

fn rename_once(from: &Path, to: &Path, observer: &dyn Observer) -> io::Result<()> {
    match durable::rename_no_replace(from, to) {
        Ok(Renamed::Done) => Ok(()),
        Ok(Renamed::Existed) => {
            if Live::at(from)? != Live::Absent {
                observer.observe(Event::Warning(format!(
                    "`{}` stays where it is: something is at `{}`",
                    from.display(),
                    to.display()
                )));
            }
            Ok(())
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
    }
}

fn put(
    path: &Path,
    before: Option<&Image>,
    after: Option<&Image>,
    hands: Hands<'_>,
) -> Result<(), ActivateError> {
    let failed = |deed, source| ActivateError::io(deed, path, source);
    let staged = staged_for(path);
    forget_staged(&staged).map_err(|source| failed("clean up beside", source))?;
    let live = Live::at(path).map_err(|source| failed("look at", source))?;
    let holds = |image: Option<&Image>| match image {
        Some(image) => image.is_at(path, &live, hands.seal),
        None => Ok(live == Live::Absent),
    };
    if holds(after).map_err(|source| failed("look at", source))? {
        return Ok(());
    }
    let has_content = after.is_none_or(|image| hands.has(image));
    if !has_content && live == Live::Absent {
        // It is undone: the op before this one gives what was kept its name back.
        return Ok(());
    }
    if !holds(before).map_err(|source| failed("look at", source))? {
        hands.observer.observe(Event::Warning(format!(
            "`{}` was changed by someone else; it is left as it is",
            path.display()
        )));
        return Ok(());
    }
    let Some(after) = after.filter(|_| has_content) else {
        return durable::remove_file(path).map_err(|source| failed("remove", source));
    };
    make(after, &staged, hands)?;
    let moved = match before {
        Some(_) => durable::rename(&staged, path).map(|()| Renamed::Done),
        None => durable::rename_no_replace(&staged, path),
    };
    if moved.map_err(|source| failed("put in place", source))? == Renamed::Existed {
        forget_staged(&staged).map_err(|source| failed("clean up beside", source))?;
        return Err(failed("put in place", io::ErrorKind::AlreadyExists.into()));
    }
    Ok(())
}

/// Makes `image` at a path that is free. A copy's bytes are on disk before it gets its name.
fn make(image: &Image, path: &Path, hands: Hands<'_>) -> Result<(), ActivateError> {
    match image {
        Image::Link(to) => durable::symlink(to, path)
            .map_err(|source| ActivateError::io("make the link", path, source)),
        Image::Copy { blob, mode } => {
            let mut from = hands.store.open_blob(*blob).map_err(ActivateError::Store)?;
            let failed = |source| ActivateError::io("write", path, source);
            let mut file = durable::write_new(path, b"", *mode).map_err(failed)?;
            io::copy(&mut from, &mut file).map_err(failed)?;
            file.sync().map_err(failed)
        }
        Image::Secret { seal, mode, .. } => {
            let failed = |source| ActivateError::io("write", path, source);
            let Some(text) = hands.secrets.get(seal) else {
                return Ok(());
            };
            let mut file = durable::write_new(path, b"", *mode).map_err(failed)?;
            file.write_secret(text.bytes()).map_err(failed)?;
            file.sync().map_err(failed)
        }
    }
}

/// A name longer than this has no room for more: file systems take 255 bytes.
const LONG_NAME: usize = 240;

/// Where the next content of `path` is put together.
pub(super) fn staged_for(path: &Path) -> PathBuf {
    let own = path.file_name().unwrap_or(OsStr::new(""));
    let mut name = OsString::from(".");
    if own.len() > LONG_NAME {
        name.push(&*Digest::of(own.as_encoded_bytes()).to_string());
    } else {
        name.push(own);
    }
    name.push(".dgmo-new");
    path.with_file_name(name)
}

fn forget_staged(staged: &Path) -> io::Result<()> {
    if Live::at(staged)? == Live::Absent {
        return Ok(());
    }
    durable::remove_file(staged)
}
