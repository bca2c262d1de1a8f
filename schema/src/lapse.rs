//! A length of time as people write it: `500ms`, `30s`, `2m`, `1h`, `7d`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;

/// A length of time, to the millisecond.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lapse(u64);

/// Why a text is no length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{text}` is not a length of time: write a number and a unit, such as `500ms`, `30s`, `2m`, `1h` or `7d`"
)]
pub struct ParseLapseError {
    text: String,
}

impl Lapse {
    /// So many milliseconds.
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis)
    }

    /// So many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// In milliseconds.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// As the standard library has it.
    pub const fn duration(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl FromStr for Lapse {
    type Err = ParseLapseError;

    fn from_str(text: &str) -> Result<Self, ParseLapseError> {
        let wrong = || ParseLapseError {
            text: text.to_owned(),
        };
        let duration = humantime::parse_duration(text.trim()).map_err(|_| wrong())?;
        u64::try_from(duration.as_millis())
            .map(Self)
            .map_err(|_| wrong())
    }
}

impl fmt::Display for Lapse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.duration()).fmt(f)
    }
}

impl Serialize for Lapse {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Lapse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Lapse {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Lapse".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"type": "string", "examples": ["500ms", "30s", "2m"]})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_reads_back() {
        for (text, millis) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("2m", 120_000),
            ("1h 30m", 5_400_000),
        ] {
            let lapse: Lapse = text.parse().unwrap();
            assert_eq!(lapse.as_millis(), millis);
            assert_eq!(lapse.to_string().parse(), Ok(lapse));
        }
        for text in ["", "5", "soon", "-3s", "99999999999999999999s"] {
            assert!(text.parse::<Lapse>().is_err(), "{text}");
        }
    }
}
