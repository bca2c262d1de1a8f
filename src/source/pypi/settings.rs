//! Where Python's packages are asked for: what the manifest says, else the variables and files of pip and uv.
//!
//! A name and a password in an address, or in `.netrc`, go to the server they are for and to no other.

use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::catalogue::Catalogue;

use super::super::Headers;
use super::super::address::Address;
use super::super::address::Remote;
use super::super::catalogue::CatalogueError;
use super::super::catalogue::Endpoints;
use crate::env::Var;

/// The most bytes a file of settings may have.
const LARGEST: u64 = 1 << 20;

/// One index that is asked.
#[derive(Debug, Clone)]
pub(in crate::source) struct Index {
    /// Its address, without a slash at the end, a name and a password.
    pub(in crate::source) url: String,
    /// Others that have the same.
    pub(in crate::source) mirrors: Vec<String>,
    login: Option<(String, String)>,
}

impl Index {
    pub(in crate::source) fn new(url: &str, mirrors: &[String]) -> Self {
        let (url, login) = without_login(url.trim().trim_end_matches('/'));
        let login = login.or_else(|| of_netrc(&netrc()?, host(&url)));
        let mirrors = mirrors.iter().map(|it| it.trim_end_matches('/').to_owned());
        Self {
            url,
            mirrors: mirrors.collect(),
            login,
        }
    }

    /// What is said to its own server.
    pub(in crate::source) fn own_headers(&self) -> Headers {
        match Address::parse(&self.url) {
            Ok(Address::Remote(own)) => self.headers(&own),
            _ => Headers::default(),
        }
    }

    /// What is said to `url`: who we are only where it is this index's server.
    pub(in crate::source) fn headers(&self, url: &Remote) -> Headers {
        let is_own = matches!(Address::parse(&self.url), Ok(Address::Remote(own)) if own.is_same_server(url));
        match &self.login {
            Some((user, password)) if is_own => Headers::default().with_login(user, password),
            _ => Headers::default(),
        }
    }
}

/// The indexes in the order they are asked in: the first that has a package is the one it comes from.
pub(super) fn indexes(endpoints: &Endpoints) -> Result<Vec<Index>, CatalogueError> {
    if let Some(endpoint) = endpoints.get(&Catalogue::Pypi) {
        return Ok(vec![Index::new(&endpoint.url, &endpoint.mirrors)]);
    }
    let files: Vec<String> = files().iter().filter_map(|path| small(path)).collect();
    let said = Said {
        index: [Var::UvDefaultIndex, Var::UvIndex, Var::PipIndex]
            .iter()
            .find_map(|var| var.text()),
        extra: Var::PipExtraIndex.text(),
    };
    let urls = chosen(said, &files);
    if urls.is_empty() {
        return Err(CatalogueError::NoEndpoint {
            catalogue: Catalogue::Pypi,
            lines: "sources:\n  pypi: {url: \"https://HOST/simple\"}".to_owned(),
        });
    }
    Ok(urls.iter().map(|url| Index::new(url, &[])).collect())
}

/// What is said of indexes in one place.
#[derive(Debug, Default)]
struct Said {
    index: Option<String>,
    extra: Option<String>,
}

/// The addresses: those besides before the one for all, since who names them has his own packages there.
fn chosen(variables: Said, files: &[String]) -> Vec<String> {
    let mut index = variables.index;
    let mut extra = variables.extra;
    for text in files {
        let said = of_file(text);
        index = index.or(said.index);
        extra = extra.or(said.extra);
    }
    let extra = extra.unwrap_or_default();
    let words = extra.split_whitespace().map(str::to_owned);
    let mut urls: Vec<String> = words.chain(index).collect();
    urls.retain(|url| !url.trim().is_empty());
    urls
}

/// The files of pip's settings, the one that counts most first.
fn files() -> Vec<PathBuf> {
    let home = Var::UserHome.absolute_path();
    let config = Var::ConfigHome.absolute_path();
    let config = config.or_else(|| Some(home.as_ref()?.join(".config")));
    let mut files = Vec::new();
    files.extend(Var::PipConfig.absolute_path());
    files.extend(config.map(|folder| folder.join("pip/pip.conf")));
    files.extend(home.map(|folder| folder.join(".pip/pip.conf")));
    files.push(PathBuf::from("/etc/pip.conf"));
    files
}

/// A file that cannot be read is as good as none: nobody told us to look there.
pub(in crate::source) fn small(path: &Path) -> Option<String> {
    let is_small = std::fs::metadata(path).is_ok_and(|it| it.is_file() && it.len() <= LARGEST);
    is_small
        .then(|| std::fs::read_to_string(path).ok())
        .flatten()
}

/// What a file of pip's settings says; what is for one command only comes before what is for all.
fn of_file(text: &str) -> Said {
    let mut of_install = Said::default();
    let mut of_all = Said::default();
    let mut section = "";
    let mut open: Option<&mut Option<String>> = None;
    for line in text.lines() {
        let plain = line.trim();
        if plain.is_empty() || plain.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t']) {
            // A value goes on.
            if let Some(Some(value)) = open.as_deref_mut() {
                value.push('\n');
                value.push_str(plain);
            }
            continue;
        }
        open = None;
        if let Some(name) = plain.strip_prefix('[') {
            section = name.trim_end_matches(']').trim();
            continue;
        }
        let Some((key, value)) = plain.split_once(['=', ':']) else {
            continue;
        };
        let said = match section {
            "install" => &mut of_install,
            "global" => &mut of_all,
            _ => continue,
        };
        let field = match key.trim().replace('_', "-").as_str() {
            "index-url" => &mut said.index,
            "extra-index-url" => &mut said.extra,
            _ => continue,
        };
        *field = Some(value.trim().to_owned());
        open = Some(field);
    }
    Said {
        index: of_install.index.or(of_all.index),
        extra: of_install.extra.or(of_all.extra),
    }
}

fn netrc() -> Option<String> {
    let home = || Some(Var::UserHome.absolute_path()?.join(".netrc"));
    small(&Var::Netrc.absolute_path().or_else(home)?)
}

/// The name and the password for `host`.
fn of_netrc(text: &str, host: &str) -> Option<(String, String)> {
    let mut words = text
        .lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .flat_map(str::split_whitespace);
    let (mut machine, mut login, mut password) = (None, None, None);
    loop {
        let word = words.next();
        if matches!(word, Some("machine" | "default") | None) {
            if let (true, Some(login), Some(password)) = (machine == Some(host), login, password) {
                return Some((login, password));
            }
            (machine, login, password) = (None, None, None);
        }
        match word? {
            "machine" => machine = words.next(),
            "login" => login = words.next().map(str::to_owned),
            "password" => password = words.next().map(str::to_owned),
            _ => {}
        }
    }
}

/// An address without the name and the password in it.
fn without_login(url: &str) -> (String, Option<(String, String)>) {
    let plain = super::super::redacted(url);
    let login = url.split_once("://").and_then(|(_, rest)| {
        let authority = rest.split(['/', '?', '#']).next()?;
        let (login, _) = authority.rsplit_once('@')?;
        let (user, password) = login.split_once(':').unwrap_or((login, ""));
        Some((decoded(user), decoded(password)))
    });
    (plain, login)
}

fn decoded(text: &str) -> String {
    let bytes = super::super::address::percent_decoded(text).ok();
    let plain = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    plain.unwrap_or_else(|| text.to_owned())
}

/// The host of an address, without its port.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|b| b.is_ascii_digit()) => host,
        _ => authority,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_counts_more_is_asked() {
        let user = "[global]\nindex-url = https://user.example.org/simple\n";
        let machine = "[global]\nindex_url: https://machine.example.org/simple\nextra-index-url =\n    \
                       https://a.example.org/simple\n    https://b.example.org/simple\ntimeout = 3\n";
        let of = |index: Option<&str>, files: &[&str]| {
            let files: Vec<String> = files.iter().map(|it| (*it).to_owned()).collect();
            let said = Said {
                index: index.map(str::to_owned),
                extra: None,
            };
            chosen(said, &files)
        };
        assert_eq!(of(None, &[user]), ["https://user.example.org/simple"]);
        assert_eq!(
            of(None, &[user, machine]),
            [
                "https://a.example.org/simple",
                "https://b.example.org/simple",
                "https://user.example.org/simple"
            ]
        );
        assert_eq!(of(Some("http://v"), &[user]), ["http://v"]);
        let install = "# x\n[install]\nindex-url=http://i\n[global]\nindex-url=http://g\n[list]\nindex-url=http://l\n";
        assert_eq!(of(None, &[install]), ["http://i"]);
        for odd in [
            "",
            "index-url = x",
            "[global",
            "[global]\nindex-url",
            "[global]\nindex-url =\n",
            "  x\n[global]\n y",
        ] {
            assert!(of(None, &[odd]).is_empty(), "{odd}");
        }
    }

    #[test]
    fn a_password_is_for_its_own_server() {
        let index = Index::new("https://me:s%40cret@host.example.org:8443/simple/", &[]);
        assert_eq!(index.url, "https://host.example.org:8443/simple");
        assert_eq!(index.login, Some(("me".to_owned(), "s@cret".to_owned())));
        let headers = |url: &str| match Address::parse(url).unwrap() {
            Address::Remote(remote) => index.headers(&remote),
            Address::Local(_) => unreachable!(),
        };
        let own = headers("https://host.example.org:8443/files/a.whl");
        assert_ne!(own, Headers::default());
        for other in [
            "https://host.example.org/a.whl",
            "https://files.example.org/a.whl",
            "http://host.example.org:8443/a",
        ] {
            assert_eq!(headers(other), Headers::default(), "{other}");
        }
    }

    #[test]
    fn a_netrc_is_read() {
        let text = "# machine no login a password b\nmachine one.example.org\n  login me\n  password pass\n\
                    machine two.example.org login you password word\ndefault login x password y\n";
        let of = |host| of_netrc(text, host);
        assert_eq!(of("one.example.org"), Some(("me".into(), "pass".into())));
        assert_eq!(of("two.example.org"), Some(("you".into(), "word".into())));
        assert_eq!(of("no"), None);
        assert_eq!(of("three.example.org"), None);
        for odd in [
            "",
            "machine",
            "machine a",
            "machine a login",
            "machine a password",
        ] {
            assert_eq!(of_netrc(odd, "a"), None, "{odd}");
        }
    }
}
