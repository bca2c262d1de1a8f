//! The rule for pruning as a flag.

use dgmo_schema::manifest::Keep;

/// Keep these, in place of what the manifest says
#[derive(Debug, Clone, clap::Args)]
pub(super) struct KeepArgs {
    /// Keep these in place of the manifest's rule, joined by commas: `last 10`, `30 days`, `pinned`, `labelled`
    #[arg(long, value_name = "RULE")]
    keep: Option<Keep>,
}

impl KeepArgs {
    /// The rule, if one was given.
    pub(super) fn rule(&self) -> Option<Keep> {
        self.keep.clone()
    }
}
