//! A recipe: where a tool of an index is published, for all systems or for some, as indexes tell and locks keep it.
//!
//! ```json
//! { "of": "github:BurntSushi/ripgrep", "bin": ["rg"] }
//! { "systems": ["x86_64-linux"], "url": "https://example.org/go{version}.{os}-{arch}.tar.gz",
//!   "versions": "git:https://example.org/go.git", "strip": 1 }
//! ```
//!
//! It has no code and no version: which one is taken follows from what the manifest asks for.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use super::Cosign;
use super::DigestScope;
use super::NamedSource;
use super::Packing;
use super::Requirement;
use super::Source;
use super::UrlSource;
use crate::catalogue::Offer;
use crate::system::System;

/// Where a tool is published.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// For which systems it is; empty: for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub systems: Vec<System>,
    /// What it is in its catalogue.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<Offer>,
    /// In the place of that: an address with placeholders.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// With an address: what has the same versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub versions: Option<Offer>,
    /// Which file of a release, by system; `any` for all.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub asset: BTreeMap<String, String>,
    /// The minisign key that signs it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub minisign: Option<String>,
    /// Who signs it with cosign.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cosign: Option<Cosign>,
    /// Parts of a Python package.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub extras: Vec<String>,
    /// The Python it runs with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub python: Option<String>,
    /// The folder of a repository that is the package.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subdir: Option<String>,
    /// Whether what it needs is taken too, where that is a choice.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub whole: bool,
    /// How an address is packed, where its name does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unpack: Option<Packing>,
    /// How many leading folders of an archive are dropped.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub strip: u32,
    /// The programs it shows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub bin: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants a reference")]
fn is_zero(value: &u32) -> bool {
    *value == 0
}

/// The first of `recipes` that is for `system`.
pub fn for_system<'a>(recipes: &'a [Recipe], system: &System) -> Option<&'a Recipe> {
    recipes.iter().find(|recipe| recipe.is_for(system))
}

impl Recipe {
    /// Whether it is for `system`.
    pub fn is_for(&self, system: &System) -> bool {
        self.systems.is_empty() || self.systems.contains(system)
    }

    /// What tells which versions there are.
    pub fn offer(&self) -> Option<&Offer> {
        self.of.as_ref().or(self.versions.as_ref())
    }

    /// The recipe that `source` is, as a manifest could say it; nothing where no recipe can say it.
    pub(super) fn of_source(source: Source) -> Option<Self> {
        match source {
            Source::Named(named) => Some(Self {
                asset: named.asset.into_iter().map(spelled).collect(),
                of: Some(named.offer),
                minisign: named.minisign,
                cosign: named.cosign,
                extras: named.extras,
                python: named.python,
                subdir: named.subdir,
                whole: named.whole,
                ..Self::default()
            }),
            Source::Url(url) => Some(Self {
                url: Some(url.url),
                minisign: url.minisign,
                cosign: url.cosign,
                unpack: url.unpack,
                strip: url.strip,
                ..Self::default()
            }),
            Source::Path { .. } | Source::Short(_) => None,
        }
    }

    /// What a manifest would ask for in its place.
    ///
    /// With an address, `version` is the very one; else it is what the catalogue is asked for.
    pub fn requirement(&self, version: Option<&str>) -> Requirement {
        let version = version.map(str::to_owned);
        let source = match (&self.of, &self.url) {
            (Some(offer), _) => Source::Named(NamedSource {
                version,
                asset: self.asset.iter().filter_map(read).collect(),
                minisign: self.minisign.clone(),
                cosign: self.cosign.clone(),
                extras: self.extras.clone(),
                python: self.python.clone(),
                subdir: self.subdir.clone(),
                whole: self.whole,
                ..NamedSource::of(offer.clone())
            }),
            (None, url) => Source::Url(UrlSource {
                url: url.clone().unwrap_or_default(),
                version,
                strip: self.strip,
                unpack: self.unpack,
                digest: BTreeMap::new(),
                minisign: self.minisign.clone(),
                cosign: self.cosign.clone(),
            }),
        };
        Requirement {
            source,
            bin: self.bin.clone(),
            priority: 0,
            relocatable: true,
        }
    }
}

fn spelled((scope, pattern): (DigestScope, String)) -> (String, String) {
    let scope = match scope {
        DigestScope::Any => "any".to_owned(),
        DigestScope::System(system) => system.to_string(),
    };
    (scope, pattern)
}

fn read((scope, pattern): (&String, &String)) -> Option<(DigestScope, String)> {
    let scope = match scope.as_str() {
        "any" => DigestScope::Any,
        system => DigestScope::System(system.parse().ok()?),
    };
    Some((scope, pattern.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recipe_is_what_a_manifest_would_say() {
        let text = r#"{"systems":["x86_64-linux"],"of":"github:maker/tool","asset":{"any":"tool-*"},"cosign":"cosign identity=a@b issuer=https://c","bin":["t"]}"#;
        let recipe: Recipe = serde_json::from_str(text).unwrap();
        assert_eq!(serde_json::to_string(&recipe).unwrap(), text);
        let requirement = recipe.requirement(Some("2"));
        assert_eq!(requirement.bin, ["t"]);
        let again = Recipe {
            systems: recipe.systems.clone(),
            bin: requirement.bin,
            ..Recipe::of_source(requirement.source).unwrap()
        };
        assert_eq!(again, recipe);
        assert!(for_system(&[recipe], &"aarch64-linux".parse().unwrap()).is_none());
    }
}
