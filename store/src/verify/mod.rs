//! Verifying: does every object still hash to its name, is everything that trees name there, and do laid-out trees
//! show what they should? Nothing is changed, and nothing that is damaged or cannot be read stops it.
//!
//! It holds no guard while it reads, which may take long. What it believes to have found is looked at once more
//! under a guard, since a collecting or an insertion meanwhile looks like damage.

mod finding;
pub(crate) mod hash;
mod laid_out;
mod objects;
#[cfg(test)]
#[cfg(unix)]
mod tests;

pub use finding::Finding;

use std::io;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use dgmo_schema::id::TreeId;

use crate::guard::GuardError;
use crate::object::ObjectName;
use crate::parallel::held;
use crate::store::Store;

/// What verifying saw.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verified {
    /// What is wrong, sorted by path; empty if all is well.
    pub findings: Vec<Finding>,
    /// Files of objects that were hashed, and the bytes in them.
    pub objects: u64,
    pub bytes: u64,
    /// Trees that were looked at where they are laid out.
    pub laid_out: u64,
}

/// Why there was nothing to look at.
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("cannot look through `{}`", path.display())]
    Look { path: PathBuf, source: io::Error },
    #[error("the store cannot be used")]
    Guard(#[from] GuardError),
}

impl Diagnose for VerifyError {
    fn code(&self) -> Code {
        match self {
            Self::Look { .. } => Code::StoreNotRead,
            Self::Guard(error) => error.code(),
        }
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Look { .. } => None,
            Self::Guard(error) => Some(error),
        }
    }
}

/// One verifying under way; told by all threads.
struct Verifying<'a> {
    store: &'a Store,
    task: Task<'a>,
    findings: Mutex<Vec<Finding>>,
    objects: AtomicU64,
    bytes: AtomicU64,
}

impl Verifying<'_> {
    fn found(&self, finding: Finding) {
        held(&self.findings).push(finding);
    }

    fn hashed(&self, bytes: u64) {
        self.objects.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.task.advance(1);
    }
}

impl Store {
    /// Looks at everything there is in the store, on all cores.
    pub fn verify(&self, observer: &dyn Observer) -> Result<Verified, VerifyError> {
        let verifying = Verifying {
            store: self,
            task: Task::start(observer, "verifying the store", None, Unit::Items),
            findings: Mutex::default(),
            objects: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        objects::verify(&verifying)?;
        let laid_out = laid_out::verify(&verifying)?;
        let mut findings = std::mem::take(&mut *held(&verifying.findings));
        if !findings.is_empty() {
            let _guard = self.wait_to_share(observer)?;
            findings.retain(|finding| finding.is_still_so(self));
        }
        findings.sort();
        findings.dedup();
        Ok(Verified {
            findings,
            objects: verifying.objects.into_inner(),
            bytes: verifying.bytes.into_inner(),
            laid_out,
        })
    }
}

impl Store {
    /// Looks again at some objects and at some trees where they are laid out.
    pub(crate) fn verify_again(
        &self,
        objects: &[ObjectName],
        trees: &[TreeId],
        observer: &dyn Observer,
    ) -> Vec<Finding> {
        let total = Some((objects.len() + trees.len()) as u64);
        let verifying = Verifying {
            store: self,
            task: Task::start(observer, "verifying what was repaired", total, Unit::Items),
            findings: Mutex::default(),
            objects: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
        };
        objects::verify_some(&verifying, objects);
        laid_out::verify_some(&verifying, trees);
        let mut findings = std::mem::take(&mut *held(&verifying.findings));
        findings.sort();
        findings
    }
}

fn look_failed(path: PathBuf) -> impl FnOnce(io::Error) -> VerifyError {
    move |source| VerifyError::Look { path, source }
}
