//! `dgmo search` and `dgmo info`: what there is, before it is in a manifest.

use std::collections::BTreeMap;
use std::path::Path;

use dgmo_schema::code::Diagnose;
use dgmo_schema::manifest::Manifest;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::manifest::Source;
use dgmo_schema::name::PackageName;
use dgmo_schema::report::catalogue::InfoReport;
use dgmo_schema::report::catalogue::InfoVersion;
use dgmo_schema::report::catalogue::KnownTool;
use dgmo_schema::report::catalogue::SearchReport;

use super::Engine;
use super::OpError;
use super::Result;
use super::this_system;
use super::want;
use crate::lock;
use crate::manifest;
use crate::manifest::LoadedManifest;
use crate::resolve::NamedError;
use crate::resolve::Several;
use crate::source::Ask;
use crate::source::Catalogues;
use crate::source::index;

/// The tools of the index that have all of `words` in their names or in what they are.
pub fn search(words: &[String]) -> SearchReport {
    let tools = index::search(words).into_iter().map(|tool| KnownTool {
        name: tool.name.to_owned(),
        of: tool.offer.clone(),
        programs: owned(&tool.programs),
        other_names: owned(&tool.other_names),
        about: tool.about.to_owned(),
    });
    SearchReport {
        tools: tools.collect(),
    }
}

fn owned(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// What the package info is asked for is.
#[derive(Debug, Clone)]
pub struct Asked {
    /// What it is called, or would be.
    pub name: PackageName,
    /// Where it comes from, if the manifest does not say.
    pub source: Option<NamedSource>,
}

/// What its catalogue tells of a package: one of the manifest, of the index, or any other.
pub fn info(engine: &Engine<'_>, asked: Asked, manifest: Option<&Path>) -> Result<InfoReport> {
    let loaded = manifest.map(manifest::load).transpose()?;
    let empty = BTreeMap::new();
    let sources = loaded.as_ref().map_or(&empty, |it| &it.manifest.sources);
    let in_manifest = loaded
        .as_ref()
        .and_then(|loaded| source_in(&loaded.manifest, &asked.name));
    // What is named by its catalogue is meant so, also where the manifest has another of the same name.
    let is_own = asked.source.is_none();
    let known = index::find(asked.name.as_str());
    let source = match asked.source {
        Some(source) => source,
        None => match (in_manifest, known) {
            (Some(source), _) => source.clone(),
            (None, Some(tool)) => of_tool(tool),
            (None, None) => return Err(unknown(&asked.name)),
        },
    };
    let downloads = want::downloads(engine);
    let catalogues = Catalogues::new(&downloads, sources);
    let ask = Ask {
        package: &asked.name,
        bin: &[],
        source: &source,
        not_after: None,
        python: None,
        systems: &[this_system()],
    };
    let versions = catalogues
        .fetcher(source.offer.catalogue)
        .and_then(|fetcher| fetcher.versions(&ask, &|_| true));
    let versions = versions.map_err(|error| {
        let code = error.code();
        Several::new(
            "ask for",
            code,
            vec![(asked.name.clone(), NamedError::from(error))],
        )
    })?;
    let mut listed = versions.listed;
    listed.sort_by(|one, other| other.version.cmp(&one.version));
    let own = in_manifest.filter(|_| is_own);
    Ok(InfoReport {
        locked: loaded
            .as_ref()
            .filter(|_| own.is_some())
            .and_then(|loaded| locked(loaded, &asked.name)),
        wanted: own.and_then(|source| source.version.clone()),
        about: known
            .filter(|tool| tool.offer == source.offer)
            .map(|tool| tool.about.to_owned()),
        name: asked.name,
        of: source.offer,
        versions: listed
            .into_iter()
            .map(|listed| InfoVersion {
                version: listed.version.to_string(),
                published: listed.published,
                prerelease: listed.version.is_prerelease(),
                withdrawn: listed.withdrawn,
            })
            .collect(),
        channels: versions.channels,
    })
}

fn source_in<'a>(manifest: &'a Manifest, name: &PackageName) -> Option<&'a NamedSource> {
    match &manifest.packages.get(name)?.source {
        Source::Named(source) => Some(source),
        _ => None,
    }
}

fn locked(loaded: &LoadedManifest, name: &PackageName) -> Option<String> {
    let lock = lock::load(&lock::path_beside(&loaded.path)).ok()??;
    lock.packages.get(name)?.version.clone()
}

fn unknown(name: &PackageName) -> super::Failure {
    let hint = match index::near(name.as_str()) {
        Some(near) => format!("did you mean `{near}`? `dgmo search {name}` looks in the index"),
        None => {
            format!("name its catalogue: `dgmo info npm:{name}`, `dgmo info github:OWNER/{name}`")
        }
    };
    OpError::Usage {
        what: format!("neither the manifest nor the index has a package `{name}` of a catalogue"),
        hint,
    }
    .into()
}

/// A tool of the index, in any version.
pub fn of_tool(tool: &index::Tool) -> NamedSource {
    NamedSource::of(tool.offer.clone())
}
