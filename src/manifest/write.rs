//! A package as a line of YAML.

use dgmo_schema::id::Digest;
use dgmo_schema::manifest::DigestScope;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::Source;
use dgmo_schema::manifest::UrlSource;
use dgmo_schema::name::PackageName;
use dgmo_schema::system::System;

/// The line of a package, without indentation: `jq: {path: "./jq"}`.
pub(super) fn entry(name: &PackageName, requirement: &Requirement) -> String {
    let mut pairs = match &requirement.source {
        Source::Path { path, .. } => vec![("path", quoted(path))],
        Source::Url(url) => url_pairs(url),
    };
    if !requirement.bin.is_empty() {
        let programs: Vec<String> = requirement.bin.iter().map(|it| quoted(it)).collect();
        pairs.push(("bin", format!("[{}]", programs.join(", "))));
    }
    if requirement.priority != 0 {
        pairs.push(("priority", requirement.priority.to_string()));
    }
    format!("{}: {}", key(name.as_str()), map(&pairs))
}

fn url_pairs(source: &UrlSource) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("url", quoted(&source.url))];
    if let Some(version) = &source.version {
        pairs.push(("version", quoted(version)));
    }
    if source.strip != 0 {
        pairs.push(("strip", source.strip.to_string()));
    }
    if let Some(packing) = &source.unpack {
        let word = serde_json::to_string(packing).expect("a packing is one word");
        pairs.push(("unpack", word));
    }
    if let Some(digest) = source.digest.get(&DigestScope::Any) {
        pairs.push(("digest", expected(digest)));
    } else if !source.digest.is_empty() {
        let by_system: Vec<(&System, String)> = source
            .digest
            .iter()
            .filter_map(|(scope, digest)| match scope {
                DigestScope::System(system) => Some((system, expected(digest))),
                DigestScope::Any => None,
            })
            .collect();
        pairs.push(("digest", map(&by_system)));
    }
    if let Some(key) = &source.minisign {
        pairs.push(("minisign", quoted(key)));
    }
    pairs
}

fn map(pairs: &[(impl std::fmt::Display, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

fn expected(digest: &ExpectedDigest) -> String {
    match digest {
        ExpectedDigest::Blake3(digest) => quoted(&digest.to_string()),
        ExpectedDigest::Sha256(bytes) => {
            quoted(&format!("sha256:{}", Digest::from_bytes(*bytes).hex()))
        }
    }
}

/// A text in double quotes: what JSON escapes, YAML reads the same way.
fn quoted(text: &str) -> String {
    serde_json::to_string(text).expect("a text is always JSON")
}

/// The name as a key; in quotes where YAML could take it for something else than a text.
fn key(name: &str) -> String {
    let odd = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"];
    let plain = name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !odd.contains(&name.to_ascii_lowercase().as_str());
    if plain { name.to_owned() } else { quoted(name) }
}
