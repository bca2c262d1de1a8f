//! Version 1 of the lock as it is written.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error as _;
use serde::de::MapAccess;
use serde::de::Visitor;
use serde::ser::SerializeMap;

use super::Lock;
use super::Locked;
use super::LockedPackage;
use super::LockedPieces;
use super::LockedUrl;
use super::Piece;
use super::Scope;
use crate::catalogue::Offer;
use crate::id::TreeId;
use crate::manifest::Recipe;
use crate::name::PackageName;

/// A resolution written down exactly. Written by dgmo only.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Lock", deny_unknown_fields)]
pub(super) struct RawLock {
    /// The format of this file: 1.
    #[serde(rename = "dgmo-lock")]
    #[schemars(range(min = 1, max = 1))]
    pub(super) format: u32,
    /// The packages by name.
    #[serde(deserialize_with = "unique_keys")]
    pub(super) packages: BTreeMap<PackageName, RawPackage>,
}

/// One package: its version, and what each system gets.
#[derive(Debug)]
pub(super) struct RawPackage(LockedPackage);

/// What one system gets.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "Build", untagged)]
enum RawBuild {
    Url(LockedUrl),
    Path(RawPath),
    Pieces(LockedPieces),
}

/// A folder or a file of the machine that locks.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[serde(rename = "LockedPath", deny_unknown_fields)]
struct RawPath {
    /// As the manifest says it.
    path: String,
    /// What was found there.
    tree: TreeId,
}

impl From<RawLock> for Lock {
    fn from(raw: RawLock) -> Self {
        let packages = raw.packages.into_iter();
        Self {
            packages: packages.map(|(name, RawPackage(it))| (name, it)).collect(),
        }
    }
}

impl From<&Lock> for RawLock {
    fn from(lock: &Lock) -> Self {
        let packages = lock.packages.iter();
        Self {
            format: super::FORMAT,
            packages: packages
                .map(|(name, package)| (name.clone(), RawPackage(package.clone())))
                .collect(),
        }
    }
}

impl From<RawBuild> for Locked {
    fn from(raw: RawBuild) -> Self {
        match raw {
            RawBuild::Url(url) => Self::Url(url),
            RawBuild::Path(RawPath { path, tree }) => Self::Path { path, tree },
            RawBuild::Pieces(pieces) => Self::Pieces(pieces),
        }
    }
}

impl Serialize for RawPackage {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(version) = &self.0.version {
            map.serialize_entry("version", version)?;
        }
        if let Some(runtime) = &self.0.runs_with {
            map.serialize_entry("runs-with", runtime)?;
        }
        if !self.0.recipes.is_empty() {
            map.serialize_entry("recipes", &self.0.recipes)?;
        }
        for (scope, build) in &self.0.builds {
            let raw = match build {
                Locked::Url(url) => RawBuild::Url(url.clone()),
                Locked::Path { path, tree } => RawBuild::Path(RawPath {
                    path: path.clone(),
                    tree: *tree,
                }),
                Locked::Pieces(pieces) => RawBuild::Pieces(pieces.clone()),
            };
            map.serialize_entry(&scope.to_string(), &raw)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for RawPackage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PackageVisitor;

        impl<'de> Visitor<'de> for PackageVisitor {
            type Value = RawPackage;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a package")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<RawPackage, A::Error> {
                let mut package = LockedPackage {
                    version: None,
                    runs_with: None,
                    recipes: Vec::new(),
                    builds: BTreeMap::new(),
                };
                while let Some(key) = map.next_key::<String>()? {
                    let twice = if key == "version" {
                        package.version.replace(map.next_value()?).is_some()
                    } else if key == "runs-with" {
                        package.runs_with.replace(map.next_value()?).is_some()
                    } else if key == "recipes" {
                        let recipes: Vec<Recipe> = map.next_value()?;
                        if recipes.is_empty() {
                            return Err(A::Error::custom("`recipes` is empty"));
                        }
                        !std::mem::replace(&mut package.recipes, recipes).is_empty()
                    } else {
                        let scope = key.parse::<Scope>().map_err(A::Error::custom)?;
                        let build = map.next_value::<StrictBuild>()?.0;
                        package.builds.insert(scope, build).is_some()
                    };
                    if twice {
                        return Err(A::Error::custom(format_args!("`{key}` is there twice")));
                    }
                }
                Ok(RawPackage(package))
            }
        }

        deserializer.deserialize_map(PackageVisitor)
    }
}

/// A build, read field by field: an untagged enum would lose the position of what is wrong in it.
struct StrictBuild(Locked);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AnyBuild {
    path: Option<String>,
    url: Option<String>,
    size: Option<u64>,
    digest: Option<crate::id::Digest>,
    sha256: Option<String>,
    unpack: Option<crate::manifest::Packing>,
    strip: Option<u32>,
    program: Option<String>,
    signer: Option<String>,
    tree: Option<TreeId>,
    of: Option<Offer>,
    pieces: Option<Vec<Piece>>,
    programs: Option<BTreeMap<String, String>>,
    runtime: Option<String>,
    whole: Option<bool>,
}

impl AnyBuild {
    /// Whether it has what only a download of its own has.
    fn has_url_parts(&self) -> bool {
        self.size.is_some()
            || self.digest.is_some()
            || self.sha256.is_some()
            || self.unpack.is_some()
            || self.strip.is_some()
            || self.program.is_some()
    }

    /// Whether it has what only a package put together from pieces has.
    fn has_pieces_parts(&self) -> bool {
        self.pieces.is_some()
            || self.programs.is_some()
            || self.runtime.is_some()
            || self.whole.is_some()
    }
}

impl<'de> Deserialize<'de> for StrictBuild {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let build = AnyBuild::deserialize(deserializer)?;
        let missing = D::Error::missing_field;
        let (url_parts, pieces_parts) = (build.has_url_parts(), build.has_pieces_parts());
        let tree = || build.tree.ok_or_else(|| missing("tree"));
        match (build.path, build.url, build.of) {
            (Some(_), None, None) if url_parts || pieces_parts || build.signer.is_some() => {
                Err(D::Error::custom("a build from a `path` has only a `tree`"))
            }
            (Some(path), None, None) => Ok(Self(Locked::Path {
                path,
                tree: tree()?,
            })),
            (None, Some(_), None) if pieces_parts => {
                Err(D::Error::custom("a build from a `url` has no pieces"))
            }
            (None, Some(url), None) => Ok(Self(Locked::Url(LockedUrl {
                url,
                size: build.size.ok_or_else(|| missing("size"))?,
                digest: build.digest.ok_or_else(|| missing("digest"))?,
                sha256: build.sha256,
                unpack: build.unpack.ok_or_else(|| missing("unpack"))?,
                strip: build.strip.unwrap_or(0),
                program: build.program,
                signer: build.signer,
                tree: tree()?,
            }))),
            (None, None, Some(_)) if url_parts || build.tree.is_some() => {
                let message = "a build `of` a catalogue has pieces, and what belongs to each";
                Err(D::Error::custom(message))
            }
            (None, None, Some(of)) => Ok(Self(Locked::Pieces(LockedPieces {
                of,
                pieces: build
                    .pieces
                    .filter(|pieces| !pieces.is_empty())
                    .ok_or_else(|| missing("pieces"))?,
                programs: build.programs.unwrap_or_default(),
                runtime: build.runtime,
                signer: build.signer,
                whole: build.whole.unwrap_or(false),
            }))),
            _ => Err(D::Error::custom(
                "a build has one of `url`, `path` and `of`",
            )),
        }
    }
}

impl JsonSchema for RawPackage {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "LockedPackage".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let build = generator.subschema_for::<RawBuild>();
        let recipe = generator.subschema_for::<Recipe>();
        schemars::json_schema!({
            "description": "One package: its version, and what each system gets.",
            "type": "object",
            "properties": {"version": {"type": "string"}, "runs-with": {"type": "string"}, "recipes": {"type": "array", "items": recipe, "minItems": 1}},
            "patternProperties": {"^(any|[a-z0-9_]+-[a-z0-9_]+)$": build},
            "additionalProperties": false,
        })
    }
}

/// Reads a map of packages and refuses a name that is there twice, which JSON readers let pass.
fn unique_keys<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<BTreeMap<PackageName, RawPackage>, D::Error> {
    struct UniqueVisitor;

    impl<'de> Visitor<'de> for UniqueVisitor {
        type Value = BTreeMap<PackageName, RawPackage>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a map of packages")
        }

        fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut packages = BTreeMap::new();
            while let Some(name) = map.next_key::<PackageName>()? {
                if packages.contains_key(&name) {
                    let message = format!("the package `{name}` is there twice");
                    return Err(A::Error::custom(message));
                }
                packages.insert(name, map.next_value()?);
            }
            Ok(packages)
        }
    }

    deserializer.deserialize_map(UniqueVisitor)
}
