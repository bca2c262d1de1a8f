//! The places that offer packages by name, in versions: a word for each, in manifests and locks.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

/// A place that offers packages by name, in versions.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Catalogue {
    /// Releases of a repository on GitHub, or on a server of its kind.
    Github,
    /// Releases of a project on GitLab, or on a server of its kind.
    Gitlab,
    /// Releases of a repository on a Forgejo or Gitea server.
    Forgejo,
    /// Packages of npm.
    Npm,
    /// Python packages.
    Pypi,
    /// Repositories of git.
    Git,
    /// Packages of Debian's kind.
    Deb,
    /// Images and artefacts of registries.
    Oci,
    /// Crates of Rust that are programs, as their makers built them.
    Crates,
    /// Packages of conda's channels.
    Conda,
}

impl Catalogue {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Github,
        Self::Gitlab,
        Self::Forgejo,
        Self::Npm,
        Self::Pypi,
        Self::Git,
        Self::Deb,
        Self::Oci,
        Self::Crates,
        Self::Conda,
    ];

    /// Its word: the key of a package in a manifest, and what stands before the colon of `npm:typescript`.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Github => "github",
            Self::Gitlab => "gitlab",
            Self::Forgejo => "forgejo",
            Self::Npm => "npm",
            Self::Pypi => "pypi",
            Self::Git => "git",
            Self::Deb => "deb",
            Self::Oci => "oci",
            Self::Crates => "crates",
            Self::Conda => "conda",
        }
    }

    /// Whether the digest of a piece is that of the tree it becomes, since nobody publishes bytes of it.
    pub const fn is_proven_by_tree(self) -> bool {
        matches!(self, Self::Git)
    }

    /// Whether what it offers are releases: files that people attach to a version, among which one is chosen.
    pub const fn is_forge(self) -> bool {
        matches!(self, Self::Github | Self::Gitlab | Self::Forgejo)
    }

    /// Whether signatures may lie beside its files, by whom a manifest names.
    pub const fn has_signatures(self) -> bool {
        self.is_forge() || matches!(self, Self::Crates)
    }
}

impl fmt::Display for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// Why a text is not the word of a catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "it is none of `github`, `gitlab`, `forgejo`, `npm`, `pypi`, `git`, `deb`, `oci`, `crates` and `conda`"
)]
pub struct ParseCatalogueError;

impl FromStr for Catalogue {
    type Err = ParseCatalogueError;

    fn from_str(text: &str) -> Result<Self, ParseCatalogueError> {
        let mut all = Self::ALL.into_iter();
        all.find(|it| it.word() == text).ok_or(ParseCatalogueError)
    }
}

/// A package as its catalogue knows it, written `npm:@biomejs/biome`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Offer {
    /// The place.
    pub catalogue: Catalogue,
    /// The package's name there.
    pub name: String,
}

impl fmt::Display for Offer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.catalogue, self.name)
    }
}

impl FromStr for Offer {
    type Err = ParseCatalogueError;

    fn from_str(text: &str) -> Result<Self, ParseCatalogueError> {
        let (word, name) = text.split_once(':').ok_or(ParseCatalogueError)?;
        Ok(Self {
            catalogue: word.parse()?,
            name: name.to_owned(),
        })
    }
}

impl Serialize for Offer {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Offer {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Offer {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Offer".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "string",
            "pattern": "^(github|gitlab|forgejo|npm|pypi|git|deb|oci|crates|conda):.+$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_catalogue_has_a_word_that_reads_back() {
        for catalogue in Catalogue::ALL {
            assert_eq!(catalogue.word().parse(), Ok(catalogue));
            let json = serde_json::to_string(&catalogue).unwrap();
            assert_eq!(json, format!("\"{catalogue}\""));
        }
        assert_eq!("cpan".parse::<Catalogue>(), Err(ParseCatalogueError));
    }

    #[test]
    fn an_offer_keeps_what_follows_the_first_colon() {
        for text in ["npm:@biomejs/biome", "forgejo:git.example.org:8443/a/b"] {
            assert_eq!(text.parse::<Offer>().unwrap().to_string(), text);
        }
        assert!("biome".parse::<Offer>().is_err());
    }
}
