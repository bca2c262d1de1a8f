//! Which secrets a change needs, and where they are fetched: before anything is changed.

use dgmo_schema::event::Event;
use dgmo_schema::generation::Record;
use dgmo_schema::generation::RecordedSecret;
use dgmo_schema::id::Digest;
use dgmo_schema::name::TargetPath;
use dgmo_schema::report::drift::SecretChange;
use dgmo_schema::report::drift::SecretDeed;

use super::Engine;
use super::Result;
use crate::activate::ActivateError;
use crate::activate::Contents;
use crate::activate::Desired;
use crate::activate::Footprint;
use crate::activate::Image;
use crate::activate::KeptSecret;
use crate::activate::Live;
use crate::activate::Seal;
use crate::files;

/// What to do about secrets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SecretsHow {
    /// Those whose files are there unchanged stay; the others are fetched.
    #[default]
    Missing,
    /// All are fetched.
    Refresh,
    /// Those whose files are there unchanged stay; the others are left out.
    LeaveOut,
    /// Those that are held stay, whatever became of their files; new ones are fetched.
    Leave,
}

/// Whether secrets are really fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fetching {
    Yes,
    /// It is only looked what would be done: nobody is asked for anything.
    No,
}

/// The secrets of a record on this machine.
#[derive(Debug, Default)]
pub(super) struct Secrets {
    /// What shall be at their paths.
    pub images: Desired,
    /// The contents of those that were fetched.
    pub contents: Contents,
    /// What is done about each.
    pub changes: Vec<SecretChange>,
    /// The key they are known by.
    pub seal: Seal,
}

impl Secrets {
    /// Finds out which secrets of `record` are in place as `footprint` says, and fetches the others.
    pub(super) fn gather(
        engine: &Engine<'_>,
        record: &Record,
        footprint: &Footprint,
        how: (SecretsHow, Fetching),
    ) -> Result<Self> {
        Self::gather_with(engine, record, footprint, how, &[])
    }

    /// The same, where some that were there before are kept: those need nobody who gives them.
    fn gather_with(
        engine: &Engine<'_>,
        record: &Record,
        footprint: &Footprint,
        (how, fetching): (SecretsHow, Fetching),
        kept: &[KeptSecret],
    ) -> Result<Self> {
        let mut held = footprint.entries.values();
        let is_needed =
            !record.secrets.is_empty() || held.any(|image| matches!(image, Image::Secret { .. }));
        let mut secrets = Self::default();
        if is_needed {
            secrets.seal = Seal::load(engine.home.root())?;
        }
        for (path, secret) in &record.secrets {
            if secrets.take_kept(path, secret, footprint, kept)? {
                continue;
            }
            let held = secrets.in_place(path, secret, footprint)?;
            let held = match how {
                SecretsHow::Leave => held.or_else(|| same(path, secret, footprint).cloned()),
                _ => held,
            };
            let what = match (held, how) {
                (Some(image), SecretsHow::Missing | SecretsHow::LeaveOut | SecretsHow::Leave) => {
                    secrets.images.insert(path.clone(), image);
                    SecretDeed::Kept
                }
                (None, SecretsHow::LeaveOut) => SecretDeed::LeftOut,
                (_, SecretsHow::Refresh) | (None, SecretsHow::Missing | SecretsHow::Leave) => {
                    let seal = match fetching {
                        Fetching::Yes => secrets.fetch(engine, path, secret)?,
                        Fetching::No => unknown(),
                    };
                    secrets.images.insert(path.clone(), image_of(secret, seal));
                    SecretDeed::Fetched
                }
            };
            secrets.changes.push(SecretChange {
                path: path.to_string(),
                what,
            });
        }
        Ok(secrets)
    }

    /// The same where there must be a way, whatever cannot be fetched: that is left out, and said.
    pub(super) fn gather_what_can_be(
        engine: &Engine<'_>,
        record: &Record,
        footprint: &Footprint,
        kept: &[KeptSecret],
    ) -> Result<Self> {
        let how = (SecretsHow::Missing, Fetching::Yes);
        Self::gather_with(engine, record, footprint, how, kept).or_else(|failure| {
            let text = format!("{}; secrets are left out", failure.error());
            engine.observer.observe(Event::Warning(text));
            let how = (SecretsHow::LeaveOut, Fetching::No);
            Self::gather_with(engine, record, footprint, how, kept)
        })
    }

    /// Takes the secret from where it is kept, if it is; one that was put back already is there no more.
    fn take_kept(
        &mut self,
        path: &TargetPath,
        secret: &RecordedSecret,
        footprint: &Footprint,
        kept: &[KeptSecret],
    ) -> Result<bool> {
        let Some(kept) = kept
            .iter()
            .find(|kept| kept.path == *path && is_of(&kept.image, secret))
        else {
            return Ok(false);
        };
        let Image::Secret { seal, .. } = &kept.image else {
            return Ok(false);
        };
        let at = footprint.target.join(kept.at.as_str());
        let read = kept.read(&footprint.target, &self.seal);
        let Some(text) = read.map_err(|source| ActivateError::io("read", &at, source))? else {
            return Ok(false);
        };
        self.contents.add(*seal, text);
        self.images.insert(path.clone(), kept.image.clone());
        self.changes.push(SecretChange {
            path: path.to_string(),
            what: SecretDeed::Kept,
        });
        Ok(true)
    }

    /// The image of a secret whose file is as it was fetched from the same place.
    fn in_place(
        &self,
        path: &TargetPath,
        secret: &RecordedSecret,
        footprint: &Footprint,
    ) -> Result<Option<Image>> {
        let Some(image) = same(path, secret, footprint) else {
            return Ok(None);
        };
        let at = footprint.target.join(path.as_str());
        let failed = |source| ActivateError::io("look at", &at, source);
        let live = Live::at(&at).map_err(failed)?;
        let is_there = image.is_at(&at, &live, &self.seal).map_err(failed)?;
        Ok(is_there.then(|| image.clone()))
    }

    fn fetch(
        &mut self,
        engine: &Engine<'_>,
        path: &TargetPath,
        secret: &RecordedSecret,
    ) -> Result<Digest> {
        let from = &secret.from;
        engine.observer.observe(Event::Note(format!(
            "fetching the secret {path} from {from}"
        )));
        let text = files::fetch(path, from)?;
        if self.seal.of(from, b"").is_none() {
            self.seal = Seal::load_or_make(engine.home.root())?;
        }
        let seal = self.seal.of(from, text.bytes()).expect("a key was made");
        self.contents.add(seal, text);
        Ok(seal)
    }
}

/// What is held of a secret that comes from the same place and has the same mode.
fn same<'a>(
    path: &TargetPath,
    secret: &RecordedSecret,
    footprint: &'a Footprint,
) -> Option<&'a Image> {
    let held = footprint.entries.get(path);
    held.filter(|image| is_of(image, secret))
}

/// Whether it is what `secret` declares: from the same place, with the same mode.
fn is_of(image: &Image, secret: &RecordedSecret) -> bool {
    matches!(image, Image::Secret { from, mode, .. }
        if *from == secret.from && *mode == secret.bits())
}

fn image_of(secret: &RecordedSecret, seal: Digest) -> Image {
    Image::Secret {
        from: secret.from.clone(),
        seal,
        mode: secret.bits(),
    }
}

/// What nothing is known by.
fn unknown() -> Digest {
    Digest::of(b"a secret that was not fetched")
}
