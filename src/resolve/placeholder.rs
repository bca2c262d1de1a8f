//! Fills `{version}`, `{system}`, `{os}` and `{arch}` into an address.

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::system::System;

/// Why an address cannot be filled in.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceholderError {
    #[error("`{url}` has the unknown placeholder `{{{name}}}`")]
    Unknown { url: String, name: String },
    #[error("`{url}` has a brace that is not closed or not opened")]
    Brace { url: String },
    #[error("`{url}` asks for a version, and the package says none")]
    NoVersion { url: String },
}

impl Diagnose for PlaceholderError {
    fn code(&self) -> Code {
        match self {
            Self::Unknown { .. } | Self::Brace { .. } => Code::ManifestValue,
            Self::NoVersion { .. } => Code::ManifestEntry,
        }
    }

    fn hint(&self) -> Option<Hint> {
        let text = match self {
            Self::Unknown { .. } => "use `{version}`, `{system}`, `{os}` or `{arch}`",
            Self::Brace { .. } => "write a brace that is meant as such as `%7B` or `%7D`",
            Self::NoVersion { .. } => "add `version:` to the package in `dgmo.yaml`",
        };
        Some(Hint::Do(text.to_owned()))
    }
}

/// Whether `url` gives another address for another system.
pub(super) fn depends_on_system(url: &str) -> bool {
    ["{system}", "{os}", "{arch}"]
        .iter()
        .any(|name| url.contains(name))
}

/// `url` with its placeholders filled in.
pub(super) fn fill(
    url: &str,
    version: Option<&str>,
    system: &System,
) -> Result<String, PlaceholderError> {
    let shown = || crate::source::redacted(url);
    let mut filled = String::with_capacity(url.len());
    let mut rest = url;
    while let Some(at) = rest.find(['{', '}']) {
        filled.push_str(&rest[..at]);
        let (name, after) = rest[at..]
            .strip_prefix('{')
            .and_then(|inside| inside.split_once('}'))
            .filter(|(name, _)| !name.contains('{'))
            .ok_or_else(|| PlaceholderError::Brace { url: shown() })?;
        match name {
            "version" => filled
                .push_str(version.ok_or_else(|| PlaceholderError::NoVersion { url: shown() })?),
            "system" => filled.push_str(&system.to_string()),
            "os" => filled.push_str(system.os()),
            "arch" => filled.push_str(system.arch()),
            _ => {
                return Err(PlaceholderError::Unknown {
                    url: shown(),
                    name: name.to_owned(),
                });
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(url: &str, version: Option<&str>) -> Result<String, PlaceholderError> {
        fill(url, version, &"x86_64-linux".parse().unwrap())
    }

    #[test]
    fn placeholders_are_filled_in() {
        for (url, expected) in [
            ("https://e.org/a", "https://e.org/a"),
            ("https://e.org/{version}/{version}", "https://e.org/1.2/1.2"),
            ("https://e.org/{system}", "https://e.org/x86_64-linux"),
            (
                "https://e.org/{arch}-unknown-{os}",
                "https://e.org/x86_64-unknown-linux",
            ),
        ] {
            assert_eq!(filled(url, Some("1.2")).as_deref(), Ok(expected));
        }
    }

    #[test]
    fn what_cannot_be_filled_in_is_told_without_passwords() {
        for (url, version, message) in [
            (
                "https://e.org/{name}",
                Some("1"),
                "`https://e.org/{name}` has the unknown placeholder `{name}`",
            ),
            (
                "https://e.org/{}",
                Some("1"),
                "`https://e.org/{}` has the unknown placeholder `{}`",
            ),
            (
                "https://e.org/{os",
                Some("1"),
                "`https://e.org/{os` has a brace that is not closed or not opened",
            ),
            (
                "https://e.org/os}",
                Some("1"),
                "`https://e.org/os}` has a brace that is not closed or not opened",
            ),
            (
                "https://e.org/{{os}}",
                Some("1"),
                "`https://e.org/{{os}}` has a brace that is not closed or not opened",
            ),
            (
                "https://u:p@e.org/{version}",
                None,
                "`https://e.org/{version}` asks for a version, and the package says none",
            ),
        ] {
            assert_eq!(filled(url, version).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn an_address_depends_on_the_system_by_any_of_three_placeholders() {
        for (url, depends) in [
            ("{version}", false),
            ("{os}", true),
            ("{arch}", true),
            ("{system}", true),
        ] {
            assert_eq!(depends_on_system(url), depends, "{url}");
        }
    }
}
