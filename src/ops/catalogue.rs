//! `dgmo search` and `dgmo info`: what there is, before it is in a manifest.

use std::collections::BTreeMap;
use std::path::Path;

use dgmo_schema::catalogue::Offer;
use dgmo_schema::code::Diagnose;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::manifest::Source;
use dgmo_schema::manifest::recipe_for;
use dgmo_schema::name::PackageName;
use dgmo_schema::report::catalogue::InfoReport;
use dgmo_schema::report::catalogue::InfoVersion;
use dgmo_schema::report::catalogue::KnownTool;
use dgmo_schema::report::catalogue::SearchReport;

use super::Engine;
use super::Failure;
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
use crate::source::Found;
use crate::source::Indexes;

/// The tools of the indexes that have all of `words` in their names or in what they are.
pub fn search(
    engine: &Engine<'_>,
    words: &[String],
    manifest: Option<&Path>,
) -> Result<SearchReport> {
    let loaded = manifest.map(manifest::load).transpose()?;
    let sources = loaded.as_ref().map_or(&[][..], |it| &it.manifest.indexes);
    let downloads = want::downloads(engine);
    let indexes = Indexes::new(sources, &downloads, engine.clock.now());
    let found = indexes.search(words)?;
    Ok(SearchReport {
        tools: found.into_iter().filter_map(known).collect(),
    })
}

/// A tool as it is told: as it is for this system, else as it is for the first that its index names.
fn known(found: Found<'_>) -> Option<KnownTool> {
    let recipe = found.recipe(&this_system());
    let recipe = recipe.or_else(|| found.tool.recipes.first())?;
    Some(KnownTool {
        name: found.name.to_string(),
        of: recipe.offer()?.clone(),
        programs: recipe.bin.clone(),
        other_names: found.tool.names.iter().map(ToString::to_string).collect(),
        about: found.tool.about.clone(),
        index: found.index,
    })
}

/// The tool of an index that `name` means, in the words of the index.
pub fn tool(engine: &Engine<'_>, name: &str, manifest: &Path) -> Result<PackageName> {
    let loaded = manifest::load(manifest)?;
    let downloads = want::downloads(engine);
    let indexes = want::indexes(engine, &loaded.manifest, &downloads);
    if let Some(found) = indexes.find(name)? {
        return Ok(found.name.clone());
    }
    let (what, hint) = match indexes.near(name)? {
        Some(near) => (
            format!("no index has a tool `{name}`"),
            format!("did you mean `{near}`? `dgmo search {name}` looks for more"),
        ),
        None => (
            format!("it is not said where `{name}` comes from"),
            format!(
                "name its catalogue (`dgmo add npm:{name}`, `dgmo add {name} --from github:OWNER/NAME`), or add \
                 `--path DIR` or `--url URL`"
            ),
        ),
    };
    Err(OpError::Usage { what, hint }.into())
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
    let at = loaded.as_ref().map_or(&[][..], |it| &it.manifest.indexes);
    let downloads = want::downloads(engine);
    let indexes = Indexes::new(at, &downloads, engine.clock.now());
    let in_manifest = loaded
        .as_ref()
        .and_then(|loaded| source_in(loaded, &asked.name));
    // What is named by its catalogue is meant so, also where the manifest has another of the same name.
    let is_own = asked.source.is_none();
    let known = indexes.find(asked.name.as_str())?;
    let source = match asked.source {
        Some(source) => source,
        None => match (&in_manifest, &known) {
            (Some(source), _) => source.clone(),
            (None, Some(found)) => of_tool(found),
            (None, None) => return Err(unknown(&asked.name, &indexes)?),
        },
    };
    let catalogues = Catalogues::new(&downloads, sources);
    let ask = Ask {
        package: &asked.name,
        bin: &[],
        source: &source,
        not_after: None,
        python: None,
        has_node: false,
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
            .filter(|found| is_tool(found, &source.offer))
            .map(|found| found.tool.about.clone()),
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

fn is_tool(found: &Found<'_>, offer: &Offer) -> bool {
    let mut recipes = found.tool.recipes.iter();
    recipes.any(|recipe| recipe.offer() == Some(offer))
}

/// Where a package of the manifest has its versions; of a short name as it is locked, and nothing where it is not yet.
fn source_in(loaded: &LoadedManifest, name: &PackageName) -> Option<NamedSource> {
    match &loaded.manifest.packages.get(name)?.source {
        Source::Named(source) => Some(source.clone()),
        Source::Short(short) => {
            let lock = lock::load(&lock::path_beside(&loaded.path)).ok()??;
            let package = lock.packages.get(name)?;
            let recipe = recipe_for(&package.recipes, &this_system())?;
            Some(NamedSource {
                version: short.version.clone(),
                ..NamedSource::of(recipe.offer()?.clone())
            })
        }
        Source::Url(_) | Source::Path { .. } => None,
    }
}

fn locked(loaded: &LoadedManifest, name: &PackageName) -> Option<String> {
    let lock = lock::load(&lock::path_beside(&loaded.path)).ok()??;
    lock.packages.get(name)?.version.clone()
}

fn unknown(name: &PackageName, indexes: &Indexes<'_>) -> Result<Failure> {
    let hint = match indexes.near(name.as_str())? {
        Some(near) => format!("did you mean `{near}`? `dgmo search {name}` looks in the indexes"),
        None => {
            format!("name its catalogue: `dgmo info npm:{name}`, `dgmo info github:OWNER/{name}`")
        }
    };
    Ok(OpError::Usage {
        what: format!("neither the manifest nor an index has a package `{name}` of a catalogue"),
        hint,
    }
    .into())
}

/// A tool of an index, in any version.
fn of_tool(found: &Found<'_>) -> NamedSource {
    let recipe = found.recipe(&this_system());
    let recipe = recipe.unwrap_or(&found.tool.recipes[0]);
    match recipe.requirement(None).source {
        Source::Named(source) => source,
        _ => NamedSource::of(recipe.offer().expect("the reader refuses others").clone()),
    }
}
