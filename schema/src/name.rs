//! Names people choose, checked once when they are read.

use std::borrow::Borrow;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::code::Code;
use crate::code::Diagnose;
use crate::code::Hint;

impl Diagnose for NameError {
    fn code(&self) -> Code {
        Code::BadName
    }

    fn hint(&self) -> Option<Hint> {
        Some(Hint::Do("choose another name".to_owned()))
    }
}

/// Why a text cannot be a name of its kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` cannot be {what}: {why}")]
pub struct NameError {
    /// The text as given.
    pub text: String,
    /// What it was meant to be, with its article.
    pub what: &'static str,
    /// What is wrong with it.
    pub why: String,
}

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $check:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(try_from = "Cow<'_, str>", into = "String")]
        #[schemars(with = "String")]
        pub struct $name(String);

        impl $name {
            /// The name as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                Cow::Borrowed(text).try_into()
            }
        }

        impl TryFrom<Cow<'_, str>> for $name {
            type Error = NameError;

            fn try_from(text: Cow<'_, str>) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), String> = $check;
                match check(&text) {
                    Ok(()) => Ok(Self(text.into_owned())),
                    Err(why) => Err(NameError { text: text.into_owned(), what: $what, why }),
                }
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", self.0)
            }
        }
    )*};
}

names! {
    /// Names a package within a manifest.
    PackageName, "the name of a package", word;
    /// Names a line of generations on one machine.
    ProfileName, "the name of a profile", word;
    /// Names a root made by a person.
    PinName, "the name of a pin", word;
    /// Names a program that runs for as long as a generation is current.
    ServiceName, "the name of a service", word;
    /// Names something that is looked at after a change of generation.
    CheckName, "the name of a check", word;
    /// Names a folder whose content is kept with each generation.
    StateName, "the name of a state folder", word;
    /// Names a variable of the environment.
    VariableName, "the name of a variable", variable;
    /// A path below the target folder, with `/` between its parts: `.config/helix`.
    TargetPath, "a path below the target folder", relative_path;
    /// A short text a person gives a generation to find it again.
    Label, "a label", label;
}

impl TargetPath {
    /// Whether `self` lies strictly below `other`.
    pub fn is_below(&self, other: &Self) -> bool {
        self.0
            .strip_prefix(&other.0)
            .is_some_and(|rest| rest.starts_with('/'))
    }

    /// The folders above it, outermost first, without the target folder itself.
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        self.0.match_indices('/').map(|(at, _)| &self.0[..at])
    }
}

fn word(text: &str) -> Result<(), String> {
    let Some(first) = text.chars().next() else {
        return Err("it is empty".to_owned());
    };
    if text.len() > 128 {
        return Err("it is longer than 128 bytes".to_owned());
    }
    if !first.is_ascii_alphanumeric() {
        return Err("it must begin with a letter or a digit".to_owned());
    }
    match text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "._-+".contains(*c)))
    {
        Some(odd) => Err(format!(
            "it may hold letters, digits and `._-+`, not {odd:?}"
        )),
        None => Ok(()),
    }
}

fn variable(text: &str) -> Result<(), String> {
    let Some(first) = text.chars().next() else {
        return Err("it is empty".to_owned());
    };
    if text.len() > 128 {
        return Err("it is longer than 128 bytes".to_owned());
    }
    if first.is_ascii_digit() {
        return Err("it must not begin with a digit".to_owned());
    }
    match text
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || *c == '_'))
    {
        Some(odd) => Err(format!("it may hold letters, digits and `_`, not {odd:?}")),
        None if text == "PATH" => Err("the search path is set with `path:`".to_owned()),
        None => Ok(()),
    }
}

fn label(text: &str) -> Result<(), String> {
    if text.trim().is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() > 128 {
        return Err("it is longer than 128 bytes".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("it holds a control character".to_owned());
    }
    if text.chars().all(|c| c.is_ascii_digit()) {
        return Err("digits alone would be taken for a generation's number".to_owned());
    }
    Ok(())
}

/// The rule for every relative path a person writes: no way out, one spelling only.
fn relative_path(text: &str) -> Result<(), String> {
    if text.is_empty() {
        return Err("it is empty".to_owned());
    }
    if text.len() > 1024 {
        return Err("it is longer than 1024 bytes".to_owned());
    }
    if text.starts_with('/') || text.starts_with('~') {
        return Err("it must be relative to the target folder".to_owned());
    }
    if text.chars().any(char::is_control) {
        return Err("it holds a control character".to_owned());
    }
    for part in text.split('/') {
        match part {
            "" => return Err("it has an empty part (two slashes, or one at the end)".to_owned()),
            "." | ".." => return Err(format!("it must not hold the part `{part}`")),
            _ if part.len() > 255 => return Err("a part is longer than 255 bytes".to_owned()),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_names_pass_and_bad_ones_say_why() {
        for good in ["ripgrep", "7zip", "g++", "a.b_c-d"] {
            assert_eq!(good.parse::<PackageName>().unwrap().as_str(), good);
        }
        for bad in ["", "-x", ".x", "a b", "a/b", "é", &"x".repeat(129)] {
            assert!(bad.parse::<PackageName>().is_err(), "{bad}");
        }
    }

    #[test]
    fn a_target_path_has_no_way_out() {
        for good in [".gitconfig", ".config/helix/config.toml", "a b/ç"] {
            assert_eq!(good.parse::<TargetPath>().unwrap().as_str(), good);
        }
        for bad in [
            "", "/etc", "~/x", "..", "a/../b", "./a", "a//b", "a/", "a\0b", "a\nb",
        ] {
            assert!(bad.parse::<TargetPath>().is_err(), "{bad:?}");
        }
    }

    #[test]
    fn the_parents_of_a_path_come_outermost_first() {
        let path: TargetPath = ".config/helix/config.toml".parse().unwrap();
        assert_eq!(
            path.parents().collect::<Vec<_>>(),
            [".config", ".config/helix"]
        );
        assert!(path.is_below(&".config".parse().unwrap()));
        assert!(!path.is_below(&".conf".parse().unwrap()));
    }

    #[test]
    fn a_label_of_digits_is_refused() {
        assert!("12".parse::<Label>().is_err());
        assert!("before the move".parse::<Label>().is_ok());
    }
}
