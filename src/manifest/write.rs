//! A package as a line of YAML.

use std::collections::BTreeMap;

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::manifest::Cosign;
use dgmo_schema::manifest::DigestScope;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::NamedSource;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::ShortSource;
use dgmo_schema::manifest::Source;
use dgmo_schema::manifest::UrlSource;
use dgmo_schema::name::PackageName;
use dgmo_schema::system::System;

/// The line of a package, without indentation: `jq: {path: "./jq"}`.
pub(super) fn entry(name: &PackageName, requirement: &Requirement) -> String {
    if let (Source::Short(short), [], 0) = (
        &requirement.source,
        &requirement.bin[..],
        requirement.priority,
    ) && short.signer().is_none()
    {
        return format!("{}: {}", key(name.as_str()), version(short));
    }
    let mut pairs = match &requirement.source {
        Source::Path { path, .. } => vec![("path", quoted(path))],
        Source::Url(url) => url_pairs(url),
        Source::Named(named) => named_pairs(named),
        Source::Short(short) => short_pairs(short),
    };
    if !requirement.bin.is_empty() {
        let programs: Vec<String> = requirement.bin.iter().map(|it| quoted(it)).collect();
        pairs.push(("bin", format!("[{}]", programs.join(", "))));
    }
    if requirement.priority != 0 {
        pairs.push(("priority", requirement.priority.to_string()));
    }
    if !requirement.relocatable {
        pairs.push(("relocatable", "false".to_owned()));
    }
    format!("{}: {}", key(name.as_str()), map(&pairs))
}

fn short_pairs(source: &ShortSource) -> Vec<(&'static str, String)> {
    let mut pairs = vec![("version", version(source))];
    pairs.extend(signer(source.minisign.as_deref(), source.cosign.as_ref()));
    pairs
}

/// The version of a tool of an index; a word needs no quotes.
fn version(source: &ShortSource) -> String {
    match source.version.as_deref() {
        None | Some("latest") => "latest".to_owned(),
        Some(version) => quoted(version),
    }
}

fn named_pairs(source: &NamedSource) -> Vec<(&'static str, String)> {
    let offer = &source.offer;
    let mut pairs = vec![(offer.catalogue.word(), quoted(&offer.name))];
    if let Some(version) = &source.version {
        pairs.push(("version", quoted(version)));
    }
    if let Some(pattern) = source.asset.get(&DigestScope::Any) {
        pairs.push(("asset", quoted(pattern)));
    } else if !source.asset.is_empty() {
        pairs.push(("asset", map(&by_system(&source.asset, |it| quoted(it)))));
    }
    pairs.extend(signer(source.minisign.as_deref(), source.cosign.as_ref()));
    if !source.extras.is_empty() {
        let extras: Vec<String> = source.extras.iter().map(|it| quoted(it)).collect();
        pairs.push(("extras", format!("[{}]", extras.join(", "))));
    }
    if let Some(python) = &source.python {
        pairs.push(("python", quoted(python)));
    }
    if let Some(rev) = &source.rev {
        pairs.push(("rev", quoted(rev)));
    }
    if let Some(subdir) = &source.subdir {
        pairs.push(("subdir", quoted(subdir)));
    }
    if source.whole {
        let key = match offer.catalogue {
            Catalogue::Deb => "dependencies",
            _ => "submodules",
        };
        pairs.push((key, "true".to_owned()));
    }
    pairs
}

/// The entries that hold for one system each.
fn by_system<T>(
    entries: &BTreeMap<DigestScope, T>,
    text: impl Fn(&T) -> String,
) -> Vec<(&System, String)> {
    let of_systems = entries.iter().filter_map(|(scope, value)| match scope {
        DigestScope::System(system) => Some((system, text(value))),
        DigestScope::Any => None,
    });
    of_systems.collect()
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
        pairs.push(("digest", map(&by_system(&source.digest, expected))));
    }
    pairs.extend(signer(source.minisign.as_deref(), source.cosign.as_ref()));
    pairs
}

/// Who must have signed.
fn signer(minisign: Option<&str>, cosign: Option<&Cosign>) -> Vec<(&'static str, String)> {
    let minisign = minisign.map(|key| ("minisign", quoted(key)));
    let cosign = cosign.map(|cosign| match cosign {
        Cosign::Key(key) => map(&[("key", quoted(key))]),
        Cosign::Identity { identity, issuer } => {
            map(&[("identity", quoted(identity)), ("issuer", quoted(issuer))])
        }
    });
    let cosign = cosign.map(|text| ("cosign", text));
    minisign.into_iter().chain(cosign).collect()
}

fn map(pairs: &[(impl std::fmt::Display, String)]) -> String {
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(key, value)| format!("{key}: {value}"))
        .collect();
    format!("{{{}}}", pairs.join(", "))
}

fn expected(digest: &ExpectedDigest) -> String {
    quoted(&digest.to_string())
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
