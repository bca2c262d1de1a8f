//! Talking to a supervisor: its lock says that it lives, its socket takes one question and gives one answer, a line
//! of JSON each.

use std::fs::File;
use std::fs::TryLockError;
#[cfg(unix)]
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::name::ServiceName;
use dgmo_schema::report::service::ServiceStatus;
use serde::Deserialize;
use serde::Serialize;

use super::ServiceError;
use crate::home::Profile;

/// What a supervisor can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "do")]
pub(super) enum Question {
    /// How are they?
    Status,
    /// Stop these, in this order.
    Stop { services: Vec<ServiceName> },
    /// Start these, in this order, as the current generation says; take over what it says of the others.
    Start { services: Vec<ServiceName> },
}

/// What it answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reply {
    /// Its process.
    pub(super) pid: u32,
    /// How they are.
    pub(super) services: Vec<ServiceStatus>,
    /// What did not work: which service, and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<(ServiceName, String)>,
}

pub(super) fn lock_path(profile: &Profile) -> PathBuf {
    profile.services().join("lock")
}

#[cfg(unix)]
pub(super) fn socket_path(profile: &Profile) -> PathBuf {
    profile.services().join("socket")
}

/// Whether a supervisor of this profile lives. Who took it for dead would have the init system start what runs.
pub fn is_supervised(profile: &Profile) -> Result<bool, ServiceError> {
    let path = lock_path(profile);
    let file = match File::open(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(false),
        file => file.map_err(ServiceError::io("look at", &path))?,
    };
    match file.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(ServiceError::io("look at", &path)(error)),
    }
}

/// Asks the supervisor of `profile`.
#[cfg(unix)]
pub(super) fn ask(profile: &Profile, question: &Question) -> Result<Reply, ServiceError> {
    use std::io::BufRead;
    use std::io::Write;

    let lost = |source| ServiceError::Supervisor { source };
    let mut stream = connect(&socket_path(profile)).map_err(lost)?;
    let mut text = serde_json::to_vec(question).expect("a question has string keys");
    text.push(b'\n');
    stream.write_all(&text).map_err(lost)?;
    let mut line = String::new();
    let mut reader = std::io::BufReader::new(stream);
    reader.read_line(&mut line).map_err(lost)?;
    serde_json::from_str(&line).map_err(|error| lost(error.into()))
}

#[cfg(windows)]
pub(super) fn ask(_: &Profile, _: &Question) -> Result<Reply, ServiceError> {
    let source = std::io::ErrorKind::Unsupported.into();
    Err(ServiceError::Supervisor { source })
}

#[cfg(unix)]
fn connect(path: &Path) -> std::io::Result<std::os::unix::net::UnixStream> {
    with_short_path(path, |path| std::os::unix::net::UnixStream::connect(path))
}

/// The name of a socket may have some hundred bytes; a home may lie deeper. On Linux an open folder has a short name.
#[cfg(unix)]
pub(super) fn with_short_path<T>(
    path: &Path,
    act: impl FnOnce(&Path) -> std::io::Result<T>,
) -> std::io::Result<T> {
    use std::os::fd::AsRawFd;

    const MOST: usize = 100;
    if path.as_os_str().len() <= MOST || !cfg!(target_os = "linux") {
        return act(path);
    }
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return act(path);
    };
    let folder = File::open(folder)?;
    act(&Path::new("/proc/self/fd")
        .join(folder.as_raw_fd().to_string())
        .join(name))
}
