//! What downloads promise, against servers that misbehave.

mod arriving;
mod cut;
mod gists;
mod kept;
mod refused;
pub(crate) mod server;
mod shared;
mod socks;
mod tls;

use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use dgmo_schema::event::Event;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Silent;
use dgmo_schema::id::Digest;
use dgmo_schema::manifest::ExpectedDigest;

use super::BackOff;
use super::Downloads;
use super::Expected;
use super::FetchError;
use super::Fetched;
use super::MinimumRate;
use super::Online;
use super::Request;
use super::Settings;

/// A folder of downloads, and settings that lose no time.
pub(crate) struct Bench {
    folder: tempfile::TempDir,
    pub(crate) settings: Settings,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self {
            folder: tempfile::tempdir().unwrap(),
            settings: Settings {
                attempts: 3,
                back_off: BackOff {
                    first: Duration::from_millis(2),
                    most: Duration::from_millis(4),
                    most_asked: Duration::from_millis(1500),
                },
                minimum_rate: MinimumRate {
                    bytes: 1000,
                    within: Duration::from_millis(300),
                },
                respond_within: Duration::from_millis(500),
                largest: 4 << 20,
                ..Settings::default()
            },
        }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().join("downloads")
    }

    pub(crate) fn downloads<'a>(
        &self,
        online: Online,
        observer: &'a dyn Observer,
    ) -> Downloads<'a> {
        Downloads::new(&self.folder(), self.settings.clone(), online, observer)
    }

    pub(crate) fn fetch(&self, url: &str, expected: Expected) -> Result<Fetched, FetchError> {
        self.downloads(Online::Yes, &Silent)
            .fetch(&request(url, expected))
    }
}

pub(crate) fn request(url: &str, expected: Expected) -> Request {
    Request::new("thing", url, expected)
}

/// Nothing is known.
pub(crate) fn anything() -> Expected {
    Expected::default()
}

/// All is known, as from a lock.
pub(crate) fn exactly(bytes: &[u8]) -> Expected {
    Expected {
        size: Some(bytes.len() as u64),
        digests: vec![ExpectedDigest::Blake3(Digest::of(bytes))],
        signer: None,
    }
}

pub(crate) fn content(mut fetched: Fetched) -> Vec<u8> {
    use std::io::Read;
    let mut bytes = Vec::new();
    fetched.file.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Bytes in which each place is told from the others.
pub(crate) fn body(len: usize) -> Vec<u8> {
    (0_u32..).flat_map(u32::to_le_bytes).take(len).collect()
}

/// Keeps what it is told.
#[derive(Default)]
pub(crate) struct Listener(Mutex<Vec<Event>>);

impl Observer for Listener {
    fn observe(&self, event: Event) {
        self.0.lock().unwrap().push(event);
    }
}

impl Listener {
    pub(crate) fn notes(&self) -> Vec<String> {
        let events = self.0.lock().unwrap();
        let note = |event: &Event| match event {
            Event::Note(text) => Some(text.clone()),
            _ => None,
        };
        events.iter().filter_map(note).collect()
    }

    pub(crate) fn advanced(&self) -> u64 {
        let events = self.0.lock().unwrap();
        let by = |event: &Event| match event {
            Event::Advanced { by, .. } => *by,
            _ => 0,
        };
        events.iter().map(by).sum()
    }
}
