//! The time, so that tests can set it.

use std::time::Duration;
use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use dgmo_schema::generation::Timestamp;

use crate::env::Var;

/// Where the time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The machine's own.
    Machine,
    /// Always this moment.
    Fixed(Timestamp),
}

impl Clock {
    /// The machine's clock, unless the environment fixes it.
    pub fn from_environment() -> Self {
        let fixed = Var::DgmoNow.text().and_then(|text| text.parse().ok());
        fixed.map_or(Self::Machine, |seconds| {
            Self::Fixed(Timestamp::from_seconds(seconds))
        })
    }

    /// Now, to the second.
    pub fn now(self) -> Timestamp {
        self.now_precise().into()
    }

    /// Now, as exactly as the machine tells: to compare with times of files.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn now_precise(self) -> SystemTime {
        match self {
            Self::Machine => SystemTime::now(),
            Self::Fixed(moment) => UNIX_EPOCH + Duration::from_secs(moment.seconds()),
        }
    }
}
