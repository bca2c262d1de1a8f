//! Addresses: what kind they are, what of them may be told, and where a redirect leads.

use std::path::PathBuf;

use ureq::http::Uri;

/// Why an address cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{url}` is not an address dgmo can fetch: {why}")]
pub struct AddressError {
    /// The address, without user and password.
    pub url: String,
    /// What is wrong with it.
    pub why: String,
}

/// An address that has been understood.
#[derive(Clone, PartialEq, Eq)]
pub enum Address {
    /// `file:`, a file of this machine.
    Local(PathBuf),
    /// `http:` or `https:`.
    Remote(Remote),
}

/// An address on a server. Its text may hold a user and a password; [`Remote::shown`] does not.
#[derive(Clone, PartialEq, Eq)]
pub struct Remote {
    text: String,
    scheme: Scheme,
    host: String,
    port: u16,
}

/// How a server is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    Http,
    Https,
}

impl Address {
    /// Understands `text`.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let wrong = |why: &str| AddressError {
            url: redacted(text),
            why: why.to_owned(),
        };
        let (scheme, rest) = text
            .split_once(':')
            .ok_or_else(|| wrong("it has no scheme; a path on this machine is written `path:`"))?;
        match scheme.to_ascii_lowercase().as_str() {
            "file" => local_path(rest).map(Self::Local).map_err(|why| wrong(&why)),
            "http" | "https" => Remote::parse(text)
                .map(Self::Remote)
                .map_err(|why| wrong(&why)),
            _ => Err(wrong("only `https:`, `http:` and `file:` are known")),
        }
    }

    /// The address as it may be told and written down.
    pub fn shown(&self) -> String {
        match self {
            Self::Local(path) => format!("file://{}", path.display()),
            Self::Remote(remote) => remote.shown(),
        }
    }
}

impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

impl std::fmt::Debug for Remote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.shown())
    }
}

/// Whether what stands behind the host is a port, or nothing does. The parser takes any word there.
fn has_a_port_or_none(uri: &Uri) -> bool {
    let Some(authority) = uri.authority() else {
        return true;
    };
    let place = authority.as_str().rsplit('@').next().unwrap_or_default();
    let behind = match place.rfind(']') {
        Some(at) => &place[at + 1..],
        None => place.find(':').map_or("", |at| &place[at..]),
    };
    behind.is_empty() || authority.port_u16().is_some()
}

impl Remote {
    fn parse(text: &str) -> Result<Self, String> {
        if !text.is_ascii() || text.contains(' ') {
            return Err(
                "spaces and letters outside ASCII are written as `%20` and the like".into(),
            );
        }
        let uri: Uri = text.parse().map_err(|why| format!("{why}"))?;
        let scheme = match uri.scheme_str() {
            Some("http") => Scheme::Http,
            Some("https") => Scheme::Https,
            _ => return Err("it has no host".to_owned()),
        };
        let host = uri
            .host()
            .filter(|host| !host.is_empty())
            .ok_or("it has no host")?;
        if !has_a_port_or_none(&uri) {
            return Err("its port is not a number below 65,536".to_owned());
        }
        let usual = match scheme {
            Scheme::Http => 80,
            Scheme::Https => 443,
        };
        Ok(Self {
            text: text.to_owned(),
            scheme,
            host: host.to_ascii_lowercase(),
            port: uri.port_u16().unwrap_or(usual),
        })
    }

    /// The whole address, for the request itself: never for a message.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn shown(&self) -> String {
        redacted(&self.text)
    }

    /// Whether it is spoken to in the same way at the same place: whoever is known there is known here.
    pub(super) fn is_same_server(&self, other: &Self) -> bool {
        (self.scheme, &self.host, self.port) == (other.scheme, &other.host, other.port)
    }

    /// All before the query.
    pub(super) fn path(&self) -> &str {
        self.text.split(['?', '#']).next().unwrap_or_default()
    }

    /// Host and port as they are written, without a user.
    pub(super) fn authority(&self) -> String {
        let rest = self.text.split_once("://").map_or("", |(_, rest)| rest);
        let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let bare = authority.rsplit('@').next().unwrap_or(authority);
        bare.to_ascii_lowercase()
    }

    pub(super) fn scheme(&self) -> Scheme {
        self.scheme
    }

    pub(super) fn host(&self) -> &str {
        &self.host
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    /// The address of what belongs to this one by its name: a signature.
    pub(super) fn with_suffix(&self, suffix: &str) -> Self {
        let (before, query) = match self.text.find(['?', '#']) {
            Some(at) => self.text.split_at(at),
            None => (self.text.as_str(), ""),
        };
        Self {
            text: format!("{before}{suffix}{query}"),
            ..self.clone()
        }
    }

    /// Where `location` leads from here. User and password go along only to the same server.
    ///
    /// From `https:` no way leads back to `http:`: whoever stands between could then choose the bytes.
    pub(super) fn redirected(&self, location: &str) -> Result<Self, String> {
        let target = Self::parse(&self.join(location))?;
        if (self.scheme, target.scheme) == (Scheme::Https, Scheme::Http) {
            return Err(format!(
                "it redirects from `https:` to `{}`",
                target.shown_without_query()
            ));
        }
        Ok(target)
    }

    fn join(&self, location: &str) -> String {
        let location = location.trim();
        if has_scheme(location) {
            return location.to_owned();
        }
        let (scheme, rest) = self.text.split_once("://").expect("it was parsed");
        if location.starts_with("//") {
            return format!("{scheme}:{location}");
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let joined = if location.starts_with('/') {
            location.to_owned()
        } else if location.starts_with(['?', '#']) {
            format!("{path}{location}")
        } else {
            let folder = path.rfind('/').map_or("", |at| &path[..at]);
            format!("{folder}/{location}")
        };
        format!("{scheme}://{authority}{}", without_dots(&joined))
    }

    /// For a redirect's target: servers sign such addresses in the query, which is as good as a password.
    pub(super) fn shown_without_query(&self) -> String {
        let shown = self.shown();
        match shown.find(['?', '#']) {
            Some(at) => format!("{}?…", &shown[..at]),
            None => shown,
        }
    }
}

/// `url` without the user and the password it may hold.
pub(crate) fn redacted(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.to_owned();
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}://{}", &rest[at + 1..]),
        None => url.to_owned(),
    }
}

fn has_scheme(location: &str) -> bool {
    location.split_once(':').is_some_and(|(scheme, _)| {
        !scheme.is_empty()
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

/// `path` without its parts `.` and `..`; what follows a `?` or `#` stays as it is.
fn without_dots(path: &str) -> String {
    let end = path.find(['?', '#']).unwrap_or(path.len());
    let mut parts: Vec<&str> = Vec::new();
    let mut rest = path[1..end].split('/').peekable();
    while let Some(part) = rest.next() {
        match part {
            "." | ".." => {
                if part == ".." {
                    parts.pop();
                }
                if rest.peek().is_none() {
                    parts.push("");
                }
            }
            _ => parts.push(part),
        }
    }
    format!("/{}{}", parts.join("/"), &path[end..])
}

fn local_path(rest: &str) -> Result<PathBuf, String> {
    let path = match rest.strip_prefix("//") {
        Some(rest) => rest.strip_prefix("localhost").unwrap_or(rest),
        None => rest,
    };
    if !path.starts_with('/') {
        return Err("a `file:` address needs a whole path: `file:///…`".to_owned());
    }
    let path = String::from_utf8(percent_decoded(path)?)
        .map_err(|_| "its path is not UTF-8".to_owned())?;
    if path.contains('\0') {
        return Err("its path holds a NUL".to_owned());
    }
    Ok(PathBuf::from(path))
}

pub(super) fn percent_decoded(text: &str) -> Result<Vec<u8>, String> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let mut digit = || bytes.next().and_then(|byte| char::from(byte).to_digit(16));
        match (digit(), digit()) {
            (Some(high), Some(low)) => {
                decoded.push(u8::try_from(high * 16 + low).expect("two hex digits are a byte"));
            }
            _ => return Err("a `%` in it is not followed by two hex digits".to_owned()),
        }
    }
    Ok(decoded)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn remote(text: &str) -> Remote {
        match Address::parse(text).unwrap() {
            Address::Remote(remote) => remote,
            Address::Local(path) => panic!("{}", path.display()),
        }
    }

    #[test]
    fn a_user_and_a_password_are_never_told() {
        for (url, shown) in [
            (
                "https://me:secret@example.org/a?b",
                "https://example.org/a?b",
            ),
            ("https://token@example.org", "https://example.org"),
            ("https://a@b@example.org/x", "https://example.org/x"),
            (
                "https://example.org/@scope/pkg",
                "https://example.org/@scope/pkg",
            ),
            (
                "https://example.org?mail=a@b",
                "https://example.org?mail=a@b",
            ),
        ] {
            assert_eq!(redacted(url), shown);
        }
        let address = remote("https://me:secret@example.org/a");
        assert!(!format!("{address:?}").contains("secret"));
    }

    #[test]
    fn a_file_address_is_decoded() {
        for (url, path) in [
            ("file:///a/b", "/a/b"),
            ("file:/a/b", "/a/b"),
            ("file://localhost/a%20b", "/a b"),
            ("FILE:///%C3%A4", "/ä"),
        ] {
            assert_eq!(
                Address::parse(url),
                Ok(Address::Local(path.into())),
                "{url}"
            );
        }
    }

    #[test]
    fn what_cannot_be_fetched_is_refused() {
        for url in [
            "",
            "a/b",
            "ftp://example.org/a",
            "https:///a",
            "https:a",
            "http://exa mple.org",
            "file:a",
            "file://host/a",
            "file:///%2",
            "file:///%zz",
            "file:///%00",
            "file:///%ff",
        ] {
            assert!(Address::parse(url).is_err(), "{url}");
        }
    }

    #[test]
    fn a_redirect_leads_where_it_says() {
        let from = remote("https://u:p@example.org:8443/a/b/c?q#f");
        for (location, leads_to) in [
            ("https://other.org/x", "https://other.org/x"),
            ("//other.org/x", "https://other.org/x"),
            ("/x?y", "https://u:p@example.org:8443/x?y"),
            ("x", "https://u:p@example.org:8443/a/b/x"),
            ("../x/./y", "https://u:p@example.org:8443/a/x/y"),
            ("..", "https://u:p@example.org:8443/a/"),
            ("?z", "https://u:p@example.org:8443/a/b/c?z"),
        ] {
            assert_eq!(
                from.redirected(location).unwrap().text(),
                leads_to,
                "{location}"
            );
        }
        for location in [
            "http://example.org/",
            "ftp://example.org/",
            "file:///etc/passwd",
        ] {
            assert!(from.redirected(location).is_err(), "{location}");
        }
    }

    #[test]
    fn a_signature_lies_beside_what_it_signs() {
        let address = remote("https://example.org/a.tar.gz?token=1");
        assert_eq!(
            address.with_suffix(".minisig").text(),
            "https://example.org/a.tar.gz.minisig?token=1"
        );
    }
}
