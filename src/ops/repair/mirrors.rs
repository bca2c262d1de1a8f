//! What is lost, asked for at mirrors.

use std::io::Read;

use dgmo_schema::code::Diagnose;
use dgmo_schema::event::Event;
use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_store::Mending;

use super::Healer;
use super::offers::is_of_the_disk;
use crate::ops::OpError;
use crate::ops::Result;
use crate::ops::want;
use crate::registry::Answer;
use crate::registry::Form;
use crate::registry::Mirror;
use crate::registry::Wanted;
use crate::source::Downloads;
use crate::source::FetchError;
use crate::source::Fetched;

/// So many are asked for before what came is taken: where a mirror dies, no more than these are waited for.
const AT_ONCE: usize = 8;

/// A tree object of more than this is no tree.
const LARGEST_TREE: u64 = 64 << 20;

/// Whether a mirror is worth asking further.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Goes {
    On,
    Away,
}

impl Healer<'_> {
    /// Asks the mirror at `address` for everything that is looked for, and for what turns out to be missing below that.
    pub(super) fn offer_mirror(&self, mending: &mut Mending<'_>, address: &str) -> Result<Goes> {
        let downloads = want::downloads(self.engine);
        let mirror = match Mirror::open(&downloads, address) {
            Ok(mirror) => mirror,
            Err(error) => return self.is_of_no_use(address, error),
        };
        mending.from(format!("the mirror `{}`", mirror.shown()));
        loop {
            let before = mending.surprises();
            for form in [Form::Tree, Form::Blob, Form::Program] {
                let wanted = wanted(mending, form);
                for some in wanted.chunks(AT_ONCE) {
                    if self.take(mending, &mirror, &downloads, some)? == Goes::Away {
                        return Ok(Goes::Away);
                    }
                }
            }
            if mending.surprises() == before {
                return Ok(Goes::On);
            }
        }
    }

    fn take(
        &self,
        mending: &mut Mending<'_>,
        mirror: &Mirror,
        downloads: &Downloads<'_>,
        wanted: &[Wanted],
    ) -> Result<Goes> {
        let mut goes = Goes::On;
        for (one, answer) in wanted.iter().zip(mirror.ask(downloads, wanted)) {
            match answer {
                Answer::Has(fetched) => offer(mending, *one, fetched)?,
                Answer::Lies(error) => {
                    let text = format!(
                        "the mirror `{}` has a damaged object: {error}",
                        mirror.shown()
                    );
                    self.engine.observer.observe(Event::Warning(text));
                }
                Answer::Fails(error) if goes == Goes::On => {
                    goes = self.is_of_no_use(mirror.shown(), error)?;
                }
                // Why it fails is told once: the others fail for the same reason.
                Answer::Lacks | Answer::Fails(_) => {}
            }
        }
        Ok(goes)
    }

    fn is_of_no_use(&self, shown: &str, error: FetchError) -> Result<Goes> {
        // A disk that takes nothing takes nothing from elsewhere either.
        if is_of_the_disk(error.code()) {
            return Err(error.into());
        }
        let shown = crate::source::redacted(shown);
        let text = format!("the mirror `{shown}` is of no more use: {error}");
        self.engine.observer.observe(Event::Warning(text));
        Ok(Goes::Away)
    }
}

fn wanted(mending: &Mending<'_>, form: Form) -> Vec<Wanted> {
    let lost = mending.lost();
    match form {
        Form::Tree => lost.trees().map(|id| Wanted { id: id.0, form }).collect(),
        Form::Blob | Form::Program => lost.blobs().map(|id| Wanted { id: id.0, form }).collect(),
    }
}

fn offer(mending: &mut Mending<'_>, wanted: Wanted, mut fetched: Fetched) -> Result<()> {
    match wanted.form {
        Form::Tree if fetched.size <= LARGEST_TREE => {
            let mut bytes = Vec::new();
            let read = fetched.file.read_to_end(&mut bytes);
            read.map_err(OpError::io("read", &fetched.path))?;
            mending.offer_tree_bytes(TreeId(wanted.id), &bytes)?;
        }
        Form::Tree => {}
        Form::Blob | Form::Program => {
            mending.offer_stream(BlobId(wanted.id), fetched.size, &mut fetched.file)?;
        }
    }
    Ok(())
}
