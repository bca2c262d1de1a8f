//! Servers that say themselves how they want to be told who asks: a refusal names the way, and the request is made again.

use std::fmt;
use std::sync::Arc;

use super::address::Remote;
use super::agent::Agents;
use super::exchange::Failure;

/// Who knows what to say to such servers.
pub(super) trait Gate: Send + Sync {
    /// The value of `Authorization` for an address, as far as it is known before anybody has refused.
    fn known(&self, at: &Remote) -> Option<String>;

    /// The value after `at` was refused with these challenges (`WWW-Authenticate`); none where there is nothing to say.
    fn challenged(
        &self,
        agents: &Agents,
        at: &Remote,
        challenges: &[String],
    ) -> Result<Option<String>, Failure>;
}

/// A gate as part of what a request says.
#[derive(Clone)]
pub(super) struct Gated(pub(super) Arc<dyn Gate>);

impl PartialEq for Gated {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Gated {}

impl fmt::Debug for Gated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Gated")
    }
}
