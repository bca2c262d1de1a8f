//! The kinds of machine a lock covers.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// An architecture and an operating system, as in `x86_64-linux`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Cow<'_, str>", into = "String")]
#[schemars(with = "String")]
pub struct System {
    arch: String,
    os: String,
}

/// Why a text is not a system.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a system: expected an architecture and an operating system, such as `x86_64-linux`"
)]
pub struct ParseSystemError(pub String);

impl System {
    /// Systems people name, for suggestions.
    pub const KNOWN: &[&str] = &[
        "x86_64-linux",
        "aarch64-linux",
        "armv7-linux",
        "riscv64-linux",
        "x86_64-darwin",
        "aarch64-darwin",
        "x86_64-windows",
        "aarch64-windows",
    ];

    /// The system this program was built for.
    pub fn this() -> Self {
        let os = match std::env::consts::OS {
            "macos" => "darwin",
            other => other,
        };
        Self {
            arch: std::env::consts::ARCH.to_owned(),
            os: os.to_owned(),
        }
    }

    /// The architecture: `x86_64`.
    pub fn arch(&self) -> &str {
        &self.arch
    }

    /// The operating system: `linux`.
    pub fn os(&self) -> &str {
        &self.os
    }
}

impl fmt::Display for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.arch, self.os)
    }
}

impl fmt::Debug for System {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for System {
    type Err = ParseSystemError;

    fn from_str(text: &str) -> Result<Self, ParseSystemError> {
        let plain = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        };
        match text.split_once('-') {
            Some((arch, os)) if plain(arch) && plain(os) && text.len() <= 64 => Ok(Self {
                arch: arch.to_owned(),
                os: os.to_owned(),
            }),
            _ => Err(ParseSystemError(text.to_owned())),
        }
    }
}

impl TryFrom<Cow<'_, str>> for System {
    type Error = ParseSystemError;

    fn try_from(text: Cow<'_, str>) -> Result<Self, ParseSystemError> {
        text.parse()
    }
}

impl From<System> for String {
    fn from(system: System) -> Self {
        system.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_systems_and_this_one_read_back() {
        for text in System::KNOWN {
            assert_eq!(text.parse::<System>().unwrap().to_string(), *text);
        }
        assert_eq!(System::this().to_string().parse(), Ok(System::this()));
    }

    #[test]
    fn what_is_not_a_system_is_refused() {
        for text in [
            "",
            "linux",
            "-linux",
            "x86_64-",
            "x86_64-linux-gnu",
            "X86-linux",
            "a/b-linux",
        ] {
            assert!(text.parse::<System>().is_err(), "{text}");
        }
    }
}
