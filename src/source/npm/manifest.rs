//! One version of a package of npm: what it needs, what it holds, and where its bytes are.

use std::collections::BTreeMap;

use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::version::Version;
use serde_json::Map;
use serde_json::Value;

use super::super::base64;
use super::platform::Limits;

/// One version, as its registry tells it. What is told wrongly is as if it were not told.
#[derive(Debug, Clone)]
pub(super) struct Manifest {
    /// The package's name in the registry.
    pub(super) name: String,
    pub(super) version: Version,
    pub(super) limits: Limits,
    /// What it needs, by the name it is needed by.
    pub(super) needs: BTreeMap<String, Need>,
    /// Its programs, by name, as paths inside it.
    pub(super) programs: BTreeMap<String, String>,
    /// Whether something shall be run when it is installed, which is not.
    pub(super) has_install_script: bool,
    /// Why nobody should take it any more.
    pub(super) deprecated: Option<String>,
    /// Which versions of node it runs with.
    pub(super) node: Option<String>,
    /// Where its bytes are.
    pub(super) tarball: Option<String>,
    /// What they hash to.
    pub(super) digest: Option<ExpectedDigest>,
}

/// What is needed of another package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Need {
    /// As it is written.
    pub(super) text: String,
    pub(super) kind: Kind,
}

/// How it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Must,
    /// It does without where it cannot be had.
    May,
    /// It needs what those who need it have.
    Peer,
}

impl Manifest {
    pub(super) fn read(name: &str, version: &Version, value: &Value) -> Self {
        let dist = &value["dist"];
        let scripts = &value["scripts"];
        let runs = ["preinstall", "install", "postinstall"];
        Self {
            name: name.to_owned(),
            version: version.clone(),
            limits: Limits {
                os: list(&value["os"]),
                cpu: list(&value["cpu"]),
                libc: list(&value["libc"]),
            },
            needs: needs(value),
            programs: programs(name, &value["bin"]),
            has_install_script: value["hasInstallScript"] == true
                || runs.iter().any(|script| scripts[script].is_string()),
            deprecated: text(&value["deprecated"]).filter(|why| !why.is_empty()),
            node: text(&value["engines"]["node"]),
            tarball: text(&dist["tarball"]),
            digest: text(&dist["integrity"]).and_then(|it| digest(&it)),
        }
    }
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

/// A list of texts, or one.
fn list(value: &Value) -> Vec<String> {
    match value {
        Value::String(one) => vec![one.clone()],
        Value::Array(several) => several.iter().filter_map(text).collect(),
        _ => Vec::new(),
    }
}

/// The texts of an object.
fn texts(value: &Value) -> impl Iterator<Item = (&String, &str)> {
    let pairs = value.as_object().into_iter().flat_map(Map::iter);
    pairs.filter_map(|(key, value)| Some((key, value.as_str()?)))
}

fn needs(value: &Value) -> BTreeMap<String, Need> {
    let mut needs = BTreeMap::new();
    let mut add = |key: &str, kind: Kind| {
        for (name, text) in texts(&value[key]) {
            let text = text.to_owned();
            needs.insert(name.clone(), Need { text, kind });
        }
    };
    // What follows goes before: npm lists what is optional among what must be, too.
    add("peerDependencies", Kind::Peer);
    add("dependencies", Kind::Must);
    add("optionalDependencies", Kind::May);
    let about_peers = &value["peerDependenciesMeta"];
    needs.retain(|name, need| need.kind != Kind::Peer || about_peers[name]["optional"] != true);
    // They are in the package's own archive.
    let bundled = ["bundleDependencies", "bundledDependencies"].map(|key| &value[key]);
    if bundled.iter().any(|it| **it == true) {
        needs.retain(|_, need| need.kind == Kind::Peer);
    }
    for name in bundled.iter().flat_map(|it| list(it)) {
        needs.remove(&name);
    }
    needs
}

fn programs(name: &str, bin: &Value) -> BTreeMap<String, String> {
    let own = name.rsplit('/').next().unwrap_or(name);
    let said: Vec<(&str, &str)> = match bin {
        Value::String(path) => vec![(own, path)],
        bin => texts(bin)
            .map(|(name, path)| (name.as_str(), path))
            .collect(),
    };
    let programs = said.into_iter().filter_map(|(name, path)| {
        let name = name.rsplit(['/', '\\', ':']).next()?;
        let is_name =
            !name.is_empty() && !name.starts_with('.') && !name.chars().any(char::is_control);
        let path = inside(path)?;
        is_name.then(|| (name.to_owned(), path))
    });
    programs.collect()
}

/// `./bin/x` as `bin/x`; nothing for what leads out.
fn inside(path: &str) -> Option<String> {
    let parts = path
        .split('/')
        .filter(|part| !part.is_empty() && *part != ".");
    let parts: Vec<&str> = parts.collect();
    let is_good = |part: &&str| *part != ".." && !part.chars().any(char::is_control);
    (!parts.is_empty() && parts.iter().all(is_good)).then(|| parts.join("/"))
}

/// The strongest digest of an `integrity` that we can compute.
fn digest(integrity: &str) -> Option<ExpectedDigest> {
    let of = |kind: &str| {
        let mut all = integrity.split_whitespace();
        let text = all.find_map(|it| it.strip_prefix(kind)?.strip_prefix('-'))?;
        base64::decode(text.split('?').next()?)
    };
    if let Some(bytes) = of("sha512") {
        return bytes.try_into().ok().map(ExpectedDigest::Sha512);
    }
    of("sha256")?.try_into().ok().map(ExpectedDigest::Sha256)
}

#[cfg(test)]
mod tests {
    use dgmo_schema::version::Scheme;
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Manifest {
        let version = Version::parse(Scheme::Npm, "1.0.0").unwrap();
        Manifest::read("@scope/tool", &version, value)
    }

    #[test]
    fn needs_are_of_one_kind_each() {
        let manifest = read(&json!({
            "dependencies": {"a": "^1", "b": "1", "c": "1", "d": 3, "e": "1"},
            "optionalDependencies": {"b": "1", "f": "2"},
            "peerDependencies": {"a": "*", "g": "*", "h": "*"},
            "peerDependenciesMeta": {"h": {"optional": true}},
            "bundleDependencies": ["c"],
            "bundledDependencies": ["e"],
        }));
        let kinds: Vec<_> = manifest
            .needs
            .iter()
            .map(|(name, need)| (name.as_str(), need.kind))
            .collect();
        assert_eq!(
            kinds,
            [
                ("a", Kind::Must),
                ("b", Kind::May),
                ("f", Kind::May),
                ("g", Kind::Peer)
            ]
        );
        let all = read(&json!({"dependencies": {"a": "^1"}, "bundleDependencies": true}));
        assert!(all.needs.is_empty());
    }

    #[test]
    fn programs_are_inside_the_package() {
        for (bin, programs) in [
            (json!("./cli.js"), vec![("tool", "cli.js")]),
            (
                json!({"x": "bin/x", "@a/y": "/bin/y"}),
                vec![("x", "bin/x"), ("y", "bin/y")],
            ),
            (
                json!({"x": "../../x", ".y": "y", "": "z", "z": "", "w": 3}),
                vec![],
            ),
            (json!(["a"]), vec![]),
        ] {
            let found = read(&json!({ "bin": bin })).programs;
            let found: Vec<_> = found
                .iter()
                .map(|(name, path)| (name.as_str(), path.as_str()))
                .collect();
            let mut programs = programs;
            programs.sort_unstable();
            assert_eq!(found, programs, "{bin}");
        }
    }

    #[test]
    fn the_strongest_digest_is_taken() {
        let (long, short) = (base64::encode(&[7; 64]), base64::encode(&[7; 32]));
        for (text, digest) in [
            (
                format!("sha1-aaaa sha512-{long}"),
                Some(ExpectedDigest::Sha512([7; 64])),
            ),
            (
                format!("sha256-{short}"),
                Some(ExpectedDigest::Sha256([7; 32])),
            ),
            (format!("sha512-{short}"), None),
            ("sha512-???".to_owned(), None),
            (String::new(), None),
        ] {
            assert_eq!(super::digest(&text), digest, "{text}");
        }
    }

    #[test]
    fn what_is_told_wrongly_is_not_told() {
        for value in [
            json!(null),
            json!([]),
            json!({"dist": 3, "os": {}, "bin": 3, "engines": [], "dependencies": "x"}),
        ] {
            let manifest = read(&value);
            assert!(
                manifest.needs.is_empty()
                    && manifest.limits.is_none()
                    && manifest.tarball.is_none()
            );
        }
    }
}
