//! How old a version must be before it is taken: flags that several commands share.

use dgmo_schema::generation::Timestamp;
use dgmo_schema::lapse::Lapse;

use crate::clock::Clock;

/// How old a version must be before it is taken.
#[derive(Debug, Clone, Default, clap::Args)]
pub(super) struct Age {
    /// Take no version younger than this, such as `7d`: bad ones are mostly found within days
    #[arg(long, value_name = "TIME", conflicts_with = "exclude_newer")]
    minimum_release_age: Option<Lapse>,
    /// Take no version published after this moment, such as `2026-01-31` or `2026-01-31T12:00:00Z`
    #[arg(long, value_name = "DATE", value_parser = moment)]
    exclude_newer: Option<Timestamp>,
}

impl Age {
    /// The last moment at which a version may have been published, where there is one.
    pub(super) fn limit(&self, clock: Clock) -> Option<Timestamp> {
        let by_age = self.minimum_release_age.map(|age| clock.now().before(age));
        self.exclude_newer.or(by_age)
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    let whole = if text.contains('T') {
        text.to_owned()
    } else {
        format!("{text}T00:00:00Z")
    };
    serde_json::from_value(whole.into()).map_err(|_| {
        "write a date such as `2026-01-31`, or a moment such as `2026-01-31T12:00:00Z`".to_owned()
    })
}
