//! The socket over which a supervisor is asked.

use std::io;
use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::os::unix::net::UnixListener;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::mpsc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use dgmo_store::durable;

use super::super::ServiceError;
use super::super::control::socket_path;
use super::super::control::with_short_path;
use super::Message;
use crate::home::Profile;

/// The socket; its name goes with it.
#[derive(Debug)]
pub(super) struct Socket(PathBuf);

impl Drop for Socket {
    fn drop(&mut self) {
        // One that stays is replaced by the next supervisor, and refuses connections until then.
        drop(durable::remove_file(&self.0));
    }
}

/// Opens the socket, in place of one that a killed supervisor left. The caller holds the lock.
pub(super) fn open(profile: &Profile, to_us: Sender<Message>) -> Result<Socket, ServiceError> {
    let path = socket_path(profile);
    match durable::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            return Err(ServiceError::io("remove", &path)(error));
        }
        _ => {}
    }
    let listener = with_short_path(&path, |path| UnixListener::bind(path))
        .map_err(ServiceError::io("open the socket", &path))?;
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let to_us = to_us.clone();
            std::thread::spawn(move || drop(serve(&stream, &to_us)));
        }
    });
    Ok(Socket(path))
}

/// Who connects and says nothing is not waited for.
const PATIENCE: Duration = Duration::from_secs(10);

/// More than this no question has.
const LONGEST: u64 = 1 << 20;

/// One question, one answer.
fn serve(stream: &UnixStream, to_us: &Sender<Message>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = String::new();
    io::Read::take(BufReader::new(stream), LONGEST).read_line(&mut line)?;
    let question = serde_json::from_str(&line)?;
    let (reply, answer) = mpsc::channel();
    let gone = |_| io::Error::from(io::ErrorKind::BrokenPipe);
    to_us.send(Message::Asked(question, reply)).map_err(gone)?;
    let reply = answer
        .recv()
        .map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
    let mut text = serde_json::to_vec(&reply)?;
    text.push(b'\n');
    let mut stream = stream;
    stream.write_all(&text)
}
