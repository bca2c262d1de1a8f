//! What serde reads: the shape of `dgmo.yaml`, and the source of its JSON Schema.
//!
//! Each doc comment here is what an editor shows for the key. Checks that need more than the shape are in `check`.

use schemars::JsonSchema;
use schemars::Schema;
use schemars::SchemaGenerator;
use serde::Deserialize;

use super::Method;
use super::Packing;
use super::conduct::RawCheck;
use super::conduct::RawHooks;
use super::conduct::Time;
use super::field::Entries;
use super::field::Field;
use super::service::RawService;
use super::service::RawState;

/// What a machine runs: packages, config files and environment, as `dgmo switch` makes them.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "Manifest", deny_unknown_fields)]
pub(super) struct RawManifest {
    /// The format of this file: 1.
    #[schemars(required, range(min = 1, max = 1))]
    pub(super) dgmo: Option<Field<u32>>,
    /// A label for people; nothing depends on it.
    pub(super) name: Option<Field<Text>>,
    /// What the lock covers, such as `x86_64-linux`. Default: this machine's system.
    pub(super) systems: Option<Field<Vec<Field<String>>>>,
    /// The packages by name.
    pub(super) packages: Option<Field<Entries<RawPackage>>>,
    /// Where catalogues are asked, such as `npm`, where it is not what their own settings say; as `mirror` the mirrors that
    /// are asked before, as `osv` where advisories are, as `sigstore` whose signatures of cosign's are believed.
    pub(super) sources: Option<Field<Entries<RawSource>>>,
    /// Indexes of tools to look short names up in, before the one that is part of dgmo: the first that has a name wins.
    pub(super) indexes: Option<Field<Vec<Field<RawIndexSource>>>>,
    /// How old a version of a catalogue must be before it is taken anew, such as `7d`.
    #[serde(rename = "minimum-release-age")]
    pub(super) minimum_release_age: Option<Time>,
    /// Files of the home folder by their path below it, such as `.config/helix`.
    pub(super) files: Option<Field<Entries<RawFile>>>,
    /// Variables of the environment.
    pub(super) env: Option<Field<Entries<Text>>>,
    /// Folders to search for programs behind those of the packages: absolute, or below the home folder with or
    /// without `~/`.
    pub(super) path: Option<Field<Vec<Field<String>>>>,
    /// Programs that run for as long as the generation is current, by name.
    pub(super) services: Option<Field<Entries<RawService>>>,
    /// Folders of data that are kept with each generation that used them, by name.
    pub(super) state: Option<Field<Entries<RawState>>>,
    /// Commands to run before and after a change of generation.
    pub(super) hooks: Option<Field<RawHooks>>,
    /// What must hold, or should, after a change: a required one that fails takes the change back.
    pub(super) checks: Option<Field<Entries<RawCheck>>>,
    /// What `dgmo audit` passes over.
    pub(super) audit: Option<Field<RawAudit>>,
    /// Which generations pruning keeps; what any rule keeps stays.
    pub(super) keep: Option<Field<RawKeep>>,
    /// Manifests to merge in, relative to this one. This file wins over them, later ones over earlier ones.
    pub(super) include: Option<Field<Vec<Field<String>>>>,
}

/// One package: where its bytes come from.
#[derive(Debug, Deserialize)]
pub(super) enum RawPackage {
    #[serde(rename = "scalar")]
    Short(Text),
    #[serde(rename = "map")]
    Table(Box<RawTable>),
}

impl JsonSchema for RawPackage {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Package".into()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let table = generator.subschema_for::<RawTable>();
        schemars::json_schema!({"anyOf": [
            {
                "description": "Of a tool that an index knows by this name: which versions will do, such as `14` or `latest`.",
                "type": ["string", "number"],
            },
            table,
        ]})
    }
}

/// One package: where its bytes come from, and what of it is shown.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename = "Package", deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["path"]}, {"required": ["url"]}, {"required": ["github"]}, {"required": ["gitlab"]},
    {"required": ["forgejo"]}, {"required": ["npm"]}, {"required": ["pypi"]},
    {"required": ["git"]}, {"required": ["deb"]},
    {"required": ["oci"]}, {"required": ["crates"]}, {"required": ["conda"]},
    {"required": ["version"], "not": {"anyOf": [
        {"required": ["path"]}, {"required": ["url"]}, {"required": ["github"]}, {"required": ["gitlab"]},
        {"required": ["forgejo"]}, {"required": ["npm"]}, {"required": ["pypi"]},
        {"required": ["git"]}, {"required": ["deb"]},
        {"required": ["oci"]}, {"required": ["crates"]}, {"required": ["conda"]},
    ]}},
]))]
pub(super) struct RawTable {
    /// A folder or a file of this machine, relative to the manifest.
    pub(super) path: Option<Field<String>>,
    /// The address of an archive or of a single program: `file:`, `http:` or `https:`, with the placeholders
    /// `{version}`, `{system}`, `{os}` and `{arch}`.
    pub(super) url: Option<Field<String>>,
    /// A repository whose releases have it: `owner/name`, or `host/owner/name`.
    pub(super) github: Option<Field<String>>,
    /// A project whose releases have it: `group/name`, or `host/group/name`.
    pub(super) gitlab: Option<Field<String>>,
    /// A repository of a Forgejo or Gitea server whose releases have it: `host/owner/name`.
    pub(super) forgejo: Option<Field<String>>,
    /// A package of npm, such as `typescript` or `@biomejs/biome`.
    pub(super) npm: Option<Field<String>>,
    /// A Python package.
    pub(super) pypi: Option<Field<String>>,
    /// A repository of git: its address as `git clone` takes it, or an absolute path.
    pub(super) git: Option<Field<String>>,
    /// A package of an archive of Debian's kind.
    pub(super) deb: Option<Field<String>>,
    /// An image or an artefact of a registry: `host/name`, or `name` where `sources:` names the registry.
    pub(super) oci: Option<Field<String>>,
    /// A crate of Rust, of whose program somebody publishes builds.
    pub(super) crates: Option<Field<String>>,
    /// A package of a channel of conda's: `name`, or `channel::name`.
    pub(super) conda: Option<Field<String>>,
    /// Which versions will do, such as `14`, `~1.7` or `>=2, <4`; a bare version means `^`. With `url`: what
    /// `{version}` stands for.
    pub(super) version: Option<Field<Text>>,
    /// Which file of a release, where it is not obvious: a pattern with `*`, `{version}`, `{system}`, `{os}` and
    /// `{arch}`, or a map from system to that.
    pub(super) asset: Option<Field<RawAsset>>,
    /// With `pypi`: parts of the package to have as well, as in `pip install name[extra]`.
    pub(super) extras: Option<Field<Vec<Field<String>>>>,
    /// With `pypi`: the Python it runs with, such as `3.12`. Default: that of the package `python` of this manifest. With
    /// `conda`: the Python that is installed with it. Default: the newest that goes with it.
    pub(super) python: Option<Field<Text>>,
    /// With `git`: the tag, branch or commit, in place of `version`.
    pub(super) rev: Option<Field<Text>>,
    /// With `git`: the folder of the repository that is the package. Default: all of it.
    pub(super) subdir: Option<Field<String>>,
    /// With `git`: whether to take its submodules too. Default: false.
    pub(super) submodules: Option<Field<bool>>,
    /// With `deb`: whether to take all it depends on too, down to the C library. Default: false.
    pub(super) dependencies: Option<Field<bool>>,
    /// How many leading folders of the archive's paths to drop.
    pub(super) strip: Option<Field<u32>>,
    /// Programs to show in `bin`, as paths inside the package. Default: all it has in `bin`.
    pub(super) bin: Option<Field<Vec<Field<String>>>>,
    /// How the bytes are packed, where the address does not tell.
    pub(super) unpack: Option<Field<Packing>>,
    /// What the bytes must hash to: `sha256:` or `b3:` and 64 hex digits, or a map from system to that.
    pub(super) digest: Option<Field<RawDigest>>,
    /// The minisign public key that must have signed the bytes, or a list of digests in a release that names them; the
    /// signature is at the address with `.minisig`.
    pub(super) minisign: Option<Field<String>>,
    /// Who must have signed the bytes with cosign; the bundle is at the address with `.sigstore.json`, `.sigstore`,
    /// `.cosign.bundle` or `.bundle`, or beside a list of digests in a release that names them.
    pub(super) cosign: Option<Field<RawCosign>>,
    /// Who wins when two packages have the same file: the higher number. Default: 0.
    pub(super) priority: Option<Field<i32>>,
    /// Whether it must run wherever it is put. With `false` it is taken although parts of it name a place that is not
    /// theirs; a warning says what breaks. Default: true.
    pub(super) relocatable: Option<Field<bool>>,
}

/// Who must have signed with cosign: a `key`, or an `identity` and its `issuer`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "Cosign", deny_unknown_fields)]
pub(super) struct RawCosign {
    /// The public key: what is in its `.pub` file.
    pub(super) key: Option<Field<String>>,
    /// Who signed: an address of the web or of mail. A `*` stands for any characters but `/` and `@`.
    pub(super) identity: Option<Field<String>>,
    /// Who says so: the address of the provider of identities.
    pub(super) issuer: Option<Field<String>>,
}

/// Which file of a release, for all systems or for each.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Asset", untagged)]
pub(super) enum RawAsset {
    /// For all systems.
    #[serde(rename = "scalar")]
    One(String),
    /// For each system.
    #[serde(rename = "map")]
    BySystem(Entries<String>),
}

/// Where something is asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Source", untagged)]
#[expect(
    clippy::large_enum_variant,
    reason = "a manifest has a few of them, and none lives long"
)]
pub(super) enum RawSource {
    /// Of a catalogue, or of advisories: one address, and others that have the same.
    #[serde(rename = "map")]
    Endpoint(RawEndpoint),
    /// Of `mirror`: addresses of mirrors that `dgmo mirror` made, asked in order before the true source.
    #[serde(rename = "list")]
    Mirrors(Vec<Field<String>>),
}

/// What `dgmo audit` passes over.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "Audit", deny_unknown_fields)]
pub(super) struct RawAudit {
    /// Advisories that are known and not told again.
    pub(super) ignore: Option<Field<Vec<Field<RawIgnored>>>>,
}

/// An advisory that is not told again, and why.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "IgnoredAdvisory", deny_unknown_fields)]
pub(super) struct RawIgnored {
    /// Its name, or one it has in another database.
    #[schemars(required)]
    pub(super) id: Option<Field<String>>,
    /// Why it does no harm here.
    #[schemars(required)]
    pub(super) reason: Option<Field<Text>>,
    /// The day from which it is told again, such as `2027-01-31`. Default: never.
    pub(super) until: Option<Field<Text>>,
}

/// Where a catalogue is asked.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "Endpoint", deny_unknown_fields)]
pub(super) struct RawEndpoint {
    /// Its address: `https:` or `http:`.
    pub(super) url: Option<Field<String>>,
    /// Others that have the same bytes, tried in order when it fails.
    pub(super) mirrors: Option<Field<Vec<Field<String>>>>,
    /// Of `sigstore`: the file of the authorities and logs that are trusted (`trusted_root.json`), relative to the manifest.
    pub(super) root: Option<Field<String>>,
    /// Of an archive of Debian's kind: the suite, such as `bookworm`.
    pub(super) suite: Option<Field<String>>,
    /// Of an archive of Debian's kind: its components. Default: `[main]`.
    pub(super) components: Option<Field<Vec<Field<String>>>>,
    /// Of an archive of Debian's kind: the file of the keys that sign it, relative to the manifest.
    pub(super) key: Option<Field<String>>,
}

/// Where an index of tools is: exactly one of `path` and `url`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "IndexSource", deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["path"]}, {"required": ["url", "key"]}]))]
pub(super) struct RawIndexSource {
    /// A file of this machine, relative to the manifest.
    pub(super) path: Option<Field<String>>,
    /// The address of the file: `https:` or `http:`.
    pub(super) url: Option<Field<String>>,
    /// The minisign public key that must have signed it; the signature is beside it, with `.minisig`.
    pub(super) key: Option<Field<String>>,
}

/// What the bytes must hash to, for all systems or for each.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ExpectedDigest", untagged)]
pub(super) enum RawDigest {
    /// For all systems.
    #[serde(rename = "scalar")]
    One(
        #[schemars(regex(pattern = r"^((b3|sha256):[0-9a-fA-F]{64}|sha512:[0-9a-fA-F]{128})$"))]
        String,
    ),
    /// For each system.
    #[serde(rename = "map")]
    BySystem(Entries<String>),
}

/// One file of the home folder, or a folder of them: exactly one of `text`, `source`, `template` and `secret`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "File", deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["text"]}, {"required": ["source"]}, {"required": ["template"]}, {"required": ["secret"]}]))]
pub(super) struct RawFile {
    /// The text itself.
    pub(super) text: Option<Field<Text>>,
    /// A file or a folder, relative to the manifest.
    pub(super) source: Option<Field<String>>,
    /// A template, relative to the manifest, filled with `values`.
    pub(super) template: Option<Field<String>>,
    /// What the template may use, by name.
    pub(super) values: Option<Field<Entries<serde_json::Value>>>,
    /// Where its content comes from when it is put in place. It is in no generation, lock or log; the file is real and
    /// nobody else may read it, unless `mode` says otherwise.
    pub(super) secret: Option<Field<RawSecret>>,
    /// Permission bits in quotes, such as "0600".
    #[schemars(with = "Option<ModeText>")]
    pub(super) mode: Option<Field<String>>,
    /// How it gets to its place: `link` (the default) links the file or the whole folder, `links` links each file of
    /// a folder so that others can live beside them, `copy` writes real files.
    #[serde(rename = "as")]
    pub(super) method: Option<Field<Method>>,
}

/// Where a secret comes from: exactly one of `command`, `env` and `file`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "Secret", deny_unknown_fields)]
#[schemars(extend("oneOf" = [{"required": ["command"]}, {"required": ["env"]}, {"required": ["file"]}]))]
pub(super) struct RawSecret {
    /// A program and its arguments: what it prints is the content. It runs in your home folder, without a shell.
    pub(super) command: Option<Field<Vec<Field<String>>>>,
    /// A variable of the environment dgmo runs in.
    pub(super) env: Option<Field<String>>,
    /// A file: an absolute path, or one that begins with `~/`.
    pub(super) file: Option<Field<String>>,
}

/// Which generations pruning keeps: in words, such as `last 10, 30 days, pinned`, or as a map.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "KeepRule", untagged)]
pub(super) enum RawKeep {
    /// In words, joined by commas: `last N`, `N days`, `pinned`, `labelled`. What it does not name is not kept, but
    /// for pins and labels: these keep unless it says `not pinned` or `not labelled`.
    #[serde(rename = "scalar")]
    Words(String),
    /// As a map.
    #[serde(rename = "map")]
    Table(RawKeepTable),
}

/// Which generations pruning keeps; what any rule keeps stays.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "Keep", deny_unknown_fields)]
pub(super) struct RawKeepTable {
    /// This many of the newest. Default: 10.
    pub(super) last: Option<Field<u32>>,
    /// Those that were current within this many days. Default: 30.
    pub(super) days: Option<Field<u32>>,
    /// Those with a pin. Default: true.
    pub(super) pinned: Option<Field<bool>>,
    /// Those with a label. Default: true.
    pub(super) labelled: Option<Field<bool>>,
}

/// A text that may be written like a number or a truth value; what was written counts: `1.10` stays `1.10`.
#[derive(Debug, Deserialize)]
pub(super) struct Text(pub(super) String);

impl JsonSchema for Text {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": ["string", "number", "boolean"]})
    }
}

/// The written form of a mode, for the JSON Schema.
struct ModeText;

impl JsonSchema for ModeText {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Mode".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({"type": "string", "pattern": "^0?[0-7]{3}$"})
    }
}
