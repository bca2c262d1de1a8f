//! Where archives are: what the manifest says, else what apt's own files say.

use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::catalogue::Catalogue;

use super::control;
use super::control::Stanza;
use crate::env::Var;
use crate::source::CatalogueError;
use crate::source::Endpoints;

/// The most bytes a file of sources may have.
const LARGEST: u64 = 1 << 20;

/// One suite of one archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Archive {
    /// Without a slash at its end.
    pub(super) url: String,
    pub(super) mirrors: Vec<String>,
    /// With a slash at its end where it has no components: a folder with a list of its own.
    pub(super) suite: String,
    pub(super) components: Vec<String>,
    pub(super) keys: Keys,
    /// Those it is asked for; all where nothing is said.
    pub(super) architectures: Vec<String>,
    /// Whether it is believed for ever.
    pub(super) never_stale: bool,
}

/// Who may sign an archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Keys {
    /// Anybody: it is trusted as it is.
    Trusted,
    /// The keys of these files.
    Files(Vec<PathBuf>),
    /// The key of this text.
    Text(String),
    /// Of the keys of these files, those with one of these fingerprints.
    Prints(Vec<String>, Vec<PathBuf>),
}

impl Archive {
    /// The address of something that belongs to the suite, at each place it is at.
    pub(super) fn at(&self, path: &str) -> Vec<String> {
        let bases = std::iter::once(&self.url).chain(&self.mirrors);
        let below = |base: &String| match self.suite.strip_suffix('/') {
            Some("." | "") => format!("{base}/{path}"),
            Some(folder) => format!("{base}/{folder}/{path}"),
            None => format!("{base}/dists/{}/{path}", self.suite),
        };
        bases.map(below).collect()
    }

    /// The address of a package's file, at each place it is at.
    pub(super) fn file(&self, path: &str) -> Vec<String> {
        let bases = std::iter::once(&self.url).chain(&self.mirrors);
        bases.map(|base| format!("{base}/{path}")).collect()
    }

    /// The folders of its lists.
    pub(super) fn lists(&self, architecture: &str) -> Vec<String> {
        if self.suite.ends_with('/') {
            return vec![String::new()];
        }
        let each = self.components.iter().flat_map(|component| {
            [architecture, "all"].map(|it| format!("{component}/binary-{it}/"))
        });
        each.collect()
    }
}

/// All archives, in the order they are asked in.
pub(super) fn archives(endpoints: &Endpoints) -> Result<Vec<Archive>, CatalogueError> {
    if let Some(endpoint) = endpoints.get(&Catalogue::Deb) {
        let bare = |url: &String| url.trim_end_matches('/').to_owned();
        return Ok(vec![Archive {
            url: bare(&endpoint.url),
            mirrors: endpoint.mirrors.iter().map(bare).collect(),
            suite: endpoint.suite.clone().unwrap_or_default(),
            components: endpoint.components.clone(),
            keys: Keys::Files(endpoint.key.iter().cloned().collect()),
            architectures: Vec::new(),
            never_stale: false,
        }]);
    }
    let archives = of_apt(&folder_of_apt());
    if archives.is_empty() {
        return Err(CatalogueError::NoEndpoint {
            catalogue: Catalogue::Deb,
            lines: "sources:\n  deb: {url: \"https://HOST/debian\", suite: SUITE, key: ./KEYS.gpg}"
                .to_owned(),
        });
    }
    Ok(archives)
}

/// Where apt's settings are: its own file of settings may say so.
fn folder_of_apt() -> PathBuf {
    let said = Var::AptConfig.path().and_then(|path| small(&path));
    let said = said
        .as_deref()
        .unwrap_or_default()
        .lines()
        .find_map(|line| {
            let rest = line.trim().strip_prefix("Dir::Etc ")?;
            Some(PathBuf::from(
                rest.trim().trim_end_matches(';').trim_matches('"'),
            ))
        });
    said.unwrap_or_else(|| PathBuf::from("/etc/apt"))
}

fn of_apt(folder: &Path) -> Vec<Archive> {
    let trusted = trusted(folder);
    let mut archives = Vec::new();
    let main = small(&folder.join("sources.list")).unwrap_or_default();
    archives.extend(main.lines().filter_map(|line| of_line(line, &trusted)));
    for path in sorted(&folder.join("sources.list.d")) {
        let text = || small(&path).unwrap_or_default();
        match path.extension().and_then(|end| end.to_str()) {
            Some("list") => {
                archives.extend(text().lines().filter_map(|line| of_line(line, &trusted)));
            }
            Some("sources") => {
                let stanzas = control::stanzas(&text());
                archives.extend(stanzas.iter().flat_map(|it| of_stanza(it, &trusted)));
            }
            _ => {}
        }
    }
    archives
}

/// The keys that may sign where nothing else is said.
fn trusted(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![folder.join("trusted.gpg")];
    files.extend(sorted(&folder.join("trusted.gpg.d")));
    let is_keys = |path: &PathBuf| {
        path.is_file()
            && path
                .extension()
                .is_some_and(|end| end == "gpg" || end == "asc")
    };
    files.retain(is_keys);
    files
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

/// A file that cannot be read is as good as none: nobody told us to look there.
fn small(path: &Path) -> Option<String> {
    let is_small = std::fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() <= LARGEST);
    is_small.then(|| std::fs::read_to_string(path).ok())?
}

/// `deb [signed-by=/x arch=amd64] https://host/debian suite component`
fn of_line(line: &str, trusted: &[PathBuf]) -> Option<Archive> {
    let line = line.split('#').next().unwrap_or_default();
    let rest = line.trim().strip_prefix("deb")?;
    let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let option = |name: &str| {
        let mut pairs = options
            .split_whitespace()
            .filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| key.eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    };
    let mut words = rest.split_whitespace();
    let (url, suite) = (words.next()?, words.next()?);
    let said = Said {
        signed_by: option("signed-by").map(|value| value.replace(',', " ")),
        trusted: option("trusted"),
        check: option("check-valid-until"),
        architectures: option("arch"),
    };
    said.archive(url, suite, words.map(str::to_owned).collect(), trusted)
}

/// The same as fields, for several suites and places at once.
fn of_stanza(stanza: &Stanza, trusted: &[PathBuf]) -> Vec<Archive> {
    let field = |name: &str| stanza.get(name).map(String::as_str);
    let words = |name: &str| field(name).unwrap_or_default().split_whitespace();
    let is_off = field("enabled").is_some_and(|value| !is_yes(value));
    if is_off || !words("types").any(|word| word == "deb") {
        return Vec::new();
    }
    let components: Vec<String> = words("components").map(str::to_owned).collect();
    let mut archives = Vec::new();
    for url in words("uris") {
        for suite in words("suites") {
            let said = Said {
                signed_by: field("signed-by").map(str::to_owned),
                trusted: field("trusted"),
                check: field("check-valid-until"),
                architectures: field("architectures"),
            };
            archives.extend(said.archive(url, suite, components.clone(), trusted));
        }
    }
    archives
}

/// What is said of a source besides where it is.
struct Said<'a> {
    signed_by: Option<String>,
    trusted: Option<&'a str>,
    check: Option<&'a str>,
    architectures: Option<&'a str>,
}

impl Said<'_> {
    /// Nothing where apt has other ways to get there, such as discs.
    fn archive(
        self,
        url: &str,
        suite: &str,
        components: Vec<String>,
        trusted: &[PathBuf],
    ) -> Option<Archive> {
        let is_ours = ["http://", "https://", "file:"]
            .iter()
            .any(|it| url.starts_with(it));
        if !is_ours || suite.ends_with('/') != components.is_empty() {
            return None;
        }
        let words = self
            .architectures
            .unwrap_or_default()
            .split([',', ' ', '\t', '\n']);
        Some(Archive {
            url: url.trim_end_matches('/').to_owned(),
            mirrors: Vec::new(),
            suite: suite.to_owned(),
            components,
            keys: match self.trusted {
                Some(value) if is_yes(value) => Keys::Trusted,
                _ => keys(self.signed_by.as_deref(), trusted),
            },
            architectures: words
                .filter(|it| !it.is_empty())
                .map(str::to_owned)
                .collect(),
            never_stale: self.check.is_some_and(|value| !is_yes(value)),
        })
    }
}

fn keys(signed_by: Option<&str>, trusted: &[PathBuf]) -> Keys {
    let Some(text) = signed_by else {
        return Keys::Files(trusted.to_vec());
    };
    if text.contains("-----BEGIN") {
        return Keys::Text(text.to_owned());
    }
    let words: Vec<&str> = text.split_whitespace().collect();
    if words.iter().all(|word| word.starts_with('/')) {
        return Keys::Files(words.iter().map(PathBuf::from).collect());
    }
    let prints = words
        .iter()
        .map(|word| word.trim_end_matches('!').to_ascii_uppercase());
    Keys::Prints(prints.collect(), trusted.to_vec())
}

fn is_yes(value: &str) -> bool {
    matches!(
        value.to_ascii_lowercase().as_str(),
        "yes" | "true" | "1" | "on" | "with"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_where_an_archive_is_and_who_signs_it() {
        let trusted = [PathBuf::from("/t.gpg")];
        let found = of_line(
            "deb [ arch=amd64,arm64 signed-by=/a.gpg ] https://h/debian/ stable main contrib # x",
            &trusted,
        );
        let found = found.unwrap();
        assert_eq!(found.url, "https://h/debian");
        assert_eq!(found.components, ["main", "contrib"]);
        assert_eq!(found.architectures, ["amd64", "arm64"]);
        assert_eq!(found.keys, Keys::Files(vec!["/a.gpg".into()]));
        assert_eq!(
            found.at("InRelease"),
            ["https://h/debian/dists/stable/InRelease"]
        );
        let flat = of_line("deb [trusted=yes] file:/srv/x ./", &trusted).unwrap();
        assert_eq!(flat.keys, Keys::Trusted);
        assert_eq!(flat.at("Release"), ["file:/srv/x/Release"]);
        let plain = of_line("deb http://h stable main", &trusted).unwrap();
        assert_eq!(plain.keys, Keys::Files(trusted.to_vec()));
        for none in [
            "# deb http://h stable main",
            "deb-src http://h stable main",
            "deb cdrom:[x]/ stable main",
            "deb http://h stable",
            "deb http://h ./ main",
            "",
        ] {
            assert_eq!(of_line(none, &trusted), None, "{none}");
        }
    }

    #[test]
    fn fields_say_the_same_of_several_suites() {
        let text = "Types: deb deb-src\nURIs: https://h/debian\nSuites: stable stable-updates\nComponents: main\n\
                    Signed-By:\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n x\n";
        let stanzas = control::stanzas(text);
        let found = of_stanza(&stanzas[0], &[]);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].suite, "stable-updates");
        assert!(matches!(&found[0].keys, Keys::Text(text) if text.ends_with(".\nx")));
        let off = control::stanzas(&format!("{text}Enabled: no\n"));
        assert_eq!(of_stanza(&off[0], &[]), []);
        let print = keys(Some("ABCD!"), &[]);
        assert_eq!(print, Keys::Prints(vec!["ABCD".to_owned()], Vec::new()));
    }
}
