//! Settings of npm: where its packages are asked for, and who we are to each registry.
//!
//! Read are `NPM_CONFIG_REGISTRY`, the user's `.npmrc` and the global `npmrc`, the first that says something counting.
//! The `.npmrc` beside a manifest is not: it comes with the manifest, and could send what `${TOKEN}` holds anywhere.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use super::super::base64;
use crate::env::Var;

/// The most bytes a settings file may have.
const LARGEST: u64 = 1 << 20;

/// What npm's settings say.
#[derive(Clone, Default)]
pub(super) struct Settings {
    /// `registry=`: for all that no other line is for.
    pub(super) registry: Option<String>,
    /// `@scope:registry=`, by scope with its `@`.
    pub(super) scopes: BTreeMap<String, String>,
    /// What is said to prove who asks: by `host/path/`, the value of the header.
    secrets: BTreeMap<String, String>,
    /// Settings that say something about the network which is not taken from here.
    pub(super) ignored: Vec<&'static str>,
}

/// Settings that would change how servers are reached; dgmo has its own for all of ecosystems.
const IGNORED: &[&str] = &["cafile", "ca", "ca[]", "https-proxy", "proxy", "strict-ssl"];

impl Settings {
    /// Those of this machine and its user.
    pub(super) fn of_this_machine() -> Self {
        let user = Var::NpmUserConfig.path().or_else(|| {
            let home = Var::UserHome.absolute_path()?;
            Some(home.join(".npmrc"))
        });
        let user = user.and_then(|path| read(&path)).unwrap_or_default();
        let mut settings = Self::default();
        let own = Var::NpmRegistry.text();
        settings.registry = own.map(|url| with_slash(&url));
        settings.add(&user, &expand);
        if let Some(global) = global().and_then(|path| read(&path)) {
            settings.add(&global, &expand);
        }
        settings
    }

    /// Adds what `text` says, where nothing said it before.
    fn add(&mut self, text: &str, variable: &dyn Fn(&str) -> Option<String>) {
        let pairs = pairs(text, variable);
        for (key, value) in &pairs {
            if key == "registry" {
                self.registry.get_or_insert_with(|| with_slash(value));
            } else if let Some(scope) = key.strip_suffix(":registry") {
                let scopes = &mut self.scopes;
                scopes
                    .entry(scope.to_owned())
                    .or_insert_with(|| with_slash(value));
            } else if let Some(ignored) = IGNORED.iter().find(|it| *it == key)
                && !self.ignored.contains(ignored)
            {
                self.ignored.push(ignored);
            }
        }
        for (place, header) in secrets(&pairs) {
            self.secrets.entry(place).or_insert(header);
        }
    }

    /// The value of `Authorization` for an address: of the longest beginning that a line is written for. It is not
    /// said in the open, but to this machine, or where the user's own settings name the registry so.
    pub(super) fn secret_for(&self, url: &str) -> Option<&str> {
        let (scheme, rest) = url.split_once("://")?;
        let rest = match rest.split_once('/') {
            Some((host, path)) => format!("{}/{path}", bare_host(host)),
            None => format!("{}/", bare_host(rest)),
        };
        let mut fitting = self.secrets.iter().rev();
        let (place, secret) = fitting.find(|(place, _)| rest.starts_with(place.as_str()))?;
        let host = place.split(['/', ':']).next().unwrap_or_default();
        let near = host == "localhost" || host.starts_with("127.") || host.starts_with('[');
        let named_so = || {
            let registries = self.registry.iter().chain(self.scopes.values());
            registries
                .filter_map(|url| url.strip_prefix("http://"))
                .any(|named| named.starts_with(place.as_str()) || place.starts_with(named))
        };
        (scheme == "https" || near || named_so()).then_some(secret.as_str())
    }
}

/// A host without what stands before `@`.
fn bare_host(host: &str) -> &str {
    host.rsplit('@').next().unwrap_or(host)
}

/// The keys of a text and their values. A value with a variable that is not set says nothing.
fn pairs(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Vec<(String, String)> {
    let mut pairs = Vec::new();
    for line in text.lines().map(str::trim) {
        if line.is_empty() || line.starts_with([';', '#', '[']) {
            continue;
        }
        let (key, value) = line.split_once('=').unwrap_or((line, "true"));
        let value = unquoted(value.trim());
        let (Some(key), Some(value)) = (
            filled(unquoted(key.trim()), variable),
            filled(value, variable),
        ) else {
            continue;
        };
        if !key.is_empty() && !value.is_empty() {
            pairs.push((key, value));
        }
    }
    pairs
}

fn unquoted(text: &str) -> &str {
    for quote in ['"', '\''] {
        let inner = text
            .strip_prefix(quote)
            .and_then(|it| it.strip_suffix(quote));
        if let Some(inner) = inner {
            return inner;
        }
    }
    text
}

/// `text` with the values of its `${VARIABLE}`s; `${VARIABLE?}` may be unset.
fn filled(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((name, after)) = after.split_once('}') else {
            break;
        };
        filled.push_str(before);
        match name.strip_suffix('?') {
            Some(name) => filled.push_str(&variable(name).unwrap_or_default()),
            None => filled.push_str(&variable(name)?),
        }
        rest = after;
    }
    filled.push_str(rest);
    Some(filled)
}

/// Who we are, by the place the lines are written for.
fn secrets(pairs: &[(String, String)]) -> BTreeMap<String, String> {
    let mut by_place: BTreeMap<&str, BTreeMap<&str, &str>> = BTreeMap::new();
    for (key, value) in pairs {
        let Some((place, what)) = key
            .strip_prefix("//")
            .and_then(|rest| rest.rsplit_once(':'))
        else {
            continue;
        };
        by_place.entry(place).or_default().insert(what, value);
    }
    let mut secrets = BTreeMap::new();
    for (place, said) in by_place {
        let header = if let Some(token) = said.get("_authToken") {
            format!("Bearer {token}")
        } else if let Some(pair) = said.get("_auth") {
            format!("Basic {pair}")
        } else if let (Some(user), Some(password)) = (said.get("username"), said.get("_password")) {
            let Some(mut pair) = base64::decode(password) else {
                continue;
            };
            pair.splice(..0, format!("{user}:").into_bytes());
            format!("Basic {}", base64::encode(&pair))
        } else {
            continue;
        };
        secrets.insert(with_slash(place), header);
    }
    secrets
}

/// The global settings: where a variable or the folder of the `node` in `PATH` says.
fn global() -> Option<PathBuf> {
    let of_prefix = || Some(Var::NpmPrefix.path()?.join("etc/npmrc"));
    let of_node = || {
        let path = Var::SearchPath.raw()?;
        let folder = std::env::split_paths(&path).find(|folder| folder.join("node").is_file())?;
        Some(folder.parent()?.join("etc/npmrc"))
    };
    Var::NpmGlobalConfig
        .path()
        .or_else(of_prefix)
        .or_else(of_node)
}

/// A file that cannot be read is as good as none: npm reads on, too.
fn read(path: &Path) -> Option<String> {
    let is_small =
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST);
    is_small
        .then(|| std::fs::read_to_string(path).ok())
        .flatten()
}

fn expand(name: &str) -> Option<String> {
    Var::of_manifest(name)?.into_string().ok()
}

/// An address that others are put behind.
pub(super) fn with_slash(url: &str) -> String {
    format!("{}/", url.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str) -> Settings {
        let mut settings = Settings::default();
        settings.add(text, &|name| (name == "TOKEN").then(|| "t0k".to_owned()));
        settings
    }

    #[test]
    fn registries_are_found_for_all_and_for_a_scope() {
        let found = settings(
            "; a comment\nregistry = \"https://npm.example.org\"\n# another\n@corp:registry=https://corp.example.org/npm/\n\
             registry=https://later.example.org\ncafile=/x\nca[]=y\n",
        );
        assert_eq!(found.registry.as_deref(), Some("https://npm.example.org/"));
        assert_eq!(found.scopes["@corp"], "https://corp.example.org/npm/");
        assert_eq!(found.ignored, ["cafile", "ca[]"]);
    }

    #[test]
    fn a_token_goes_only_to_what_it_is_written_for() {
        let found = settings(
            "//corp.example.org/npm/:_authToken=${TOKEN}\n//corp.example.org/:_auth=dXM6cHc=\n\
             //other.example.org:8080/:username=me\n//other.example.org:8080/:_password=c2VjcmV0\n\
             //unset.example.org/:_authToken=${NO}\n//127.0.0.1:9/:_authToken=near\n",
        );
        for (url, secret) in [
            ("https://corp.example.org/npm/a", Some("Bearer t0k")),
            ("https://me:pw@corp.example.org/npm/a", Some("Bearer t0k")),
            ("https://corp.example.org/a", Some("Basic dXM6cHc=")),
            ("https://corp.example.org", Some("Basic dXM6cHc=")),
            (
                "https://other.example.org:8080/a",
                Some("Basic bWU6c2VjcmV0"),
            ),
            ("https://other.example.org/a", None),
            ("https://unset.example.org/a", None),
            ("https://corp.example.org.evil.example/npm/a", None),
            ("https://corp.example.org@evil.example/npm/a", None),
            ("http://corp.example.org/npm/a", None),
            ("http://127.0.0.1:9/a", Some("Bearer near")),
            ("corp.example.org/npm/", None),
        ] {
            assert_eq!(found.secret_for(url), secret, "{url}");
        }
        let open = settings(
            "registry=http://corp.example.org/npm\n//corp.example.org/npm/:_authToken=x\n",
        );
        assert_eq!(
            open.secret_for("http://corp.example.org/npm/a"),
            Some("Bearer x")
        );
    }

    #[test]
    fn odd_settings_say_nothing() {
        for text in [
            "",
            "=",
            "//:_authToken=",
            "//",
            "registry",
            "a=${",
            "${NO}=b",
            "[x]",
            "\u{feff}=\0",
        ] {
            let found = settings(text);
            assert!(found.secrets.is_empty(), "{text:?}");
        }
    }
}
