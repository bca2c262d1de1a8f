//! A release, whichever forge tells of it.

use dgmo_schema::generation::Timestamp;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::version::Version;

use super::SCHEME;
use crate::source::asset;
use crate::source::catalogue::Ask;

/// One release.
#[derive(Debug, Clone)]
pub(super) struct Release {
    pub(super) tag: String,
    pub(super) published: Option<Timestamp>,
    /// Whether the forge calls it one, which its version may not show.
    pub(super) is_prerelease: bool,
    pub(super) files: Vec<File>,
}

/// One file of a release.
#[derive(Debug, Clone)]
pub(super) struct File {
    pub(super) name: String,
    pub(super) size: Option<u64>,
    /// Where it is, if the forge says so.
    pub(super) url: Option<String>,
    /// What it hashes to, if the forge says so.
    pub(super) digest: Option<ExpectedDigest>,
}

impl File {
    pub(super) fn as_asset(&self) -> asset::Asset {
        asset::Asset {
            name: self.name.clone(),
            size: self.size,
        }
    }
}

/// The versions of the tool that is asked for, by the place of their release.
///
/// A repository may have releases of several tools. What the forge calls a prerelease and looks like a release is left
/// out unless it is asked for by its exact name.
pub(super) fn versions(ask: &Ask<'_>, releases: &[Release]) -> Vec<(usize, Version)> {
    let repository = ask.source.offer.name.rsplit('/').next().unwrap_or_default();
    let tags: Vec<&str> = releases
        .iter()
        .map(|release| release.tag.as_str())
        .collect();
    let wanted = ask.source.version.as_deref().unwrap_or_default();
    let wanted = wanted.trim_start_matches('=').trim();
    let versions = asset::versions(tags, ask.package.as_str(), repository);
    let listed = versions.into_iter().filter_map(|(index, text)| {
        let version = Version::parse(SCHEME, &text).ok()?;
        let is_hidden = releases[index].is_prerelease && !version.is_prerelease() && wanted != text;
        (!is_hidden).then_some((index, version))
    });
    listed.collect()
}
