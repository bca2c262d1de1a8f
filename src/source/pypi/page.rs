//! One page of an index: the files of a project, as JSON (PEP 691) or as HTML (PEP 503) tells of them.

use std::borrow::Cow;
use std::collections::BTreeMap;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::manifest::ExpectedDigest;
use serde::Deserialize;
use serde::de::value::StrDeserializer;

use super::super::address::percent_decoded;
use super::said::Said;

/// What is asked for, in the order we like it.
pub(super) const ACCEPT: &str = "application/vnd.pypi.simple.v1+json, \
     application/vnd.pypi.simple.v1+html;q=0.2, text/html;q=0.1";

/// A file, and how to fetch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    pub(super) name: String,
    /// Where it is, as the page says it: it may be relative to the page.
    pub(super) url: String,
    pub(super) digest: Option<ExpectedDigest>,
    pub(super) size: Option<u64>,
    /// Whether what it says of itself lies beside it, and what that hashes to.
    pub(super) metadata: Beside,
}

/// What a page tells of one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) file: File,
    /// For which Pythons it is.
    pub(super) pythons: Option<String>,
    pub(super) published: Option<Timestamp>,
    /// Why nobody should use it any more.
    pub(super) yanked: Option<String>,
}

/// Whether there is a file beside another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Beside {
    Nothing,
    Something,
    Proven(ExpectedDigest),
}

/// Reads a page in whichever form it came.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Told>, String> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace());
    match first {
        Some(b'{') => of_json(bytes),
        Some(b'<') => Ok(of_html(&String::from_utf8_lossy(bytes))),
        _ => Err("it is neither JSON nor HTML".to_owned()),
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct JsonFile<'a> {
    #[serde(borrow)]
    filename: Cow<'a, str>,
    #[serde(borrow)]
    url: Cow<'a, str>,
    #[serde(default, borrow)]
    hashes: Said<'a>,
    size: Option<u64>,
    #[serde(default, borrow)]
    requires_python: Said<'a>,
    #[serde(default, borrow)]
    upload_time: Said<'a>,
    #[serde(default, borrow)]
    yanked: Said<'a>,
    #[serde(default, borrow)]
    core_metadata: Said<'a>,
    /// What `core-metadata` was called before.
    #[serde(default, borrow)]
    dist_info_metadata: Said<'a>,
}

fn of_json(bytes: &[u8]) -> Result<Vec<Told>, String> {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow)]
        files: Vec<JsonFile<'a>>,
    }
    let page: Page<'_> = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    Ok(page.files.into_iter().map(JsonFile::told).collect())
}

impl JsonFile<'_> {
    fn told(self) -> Told {
        let beside = match self.core_metadata {
            Said::Nothing => &self.dist_info_metadata,
            ref said => said,
        };
        let metadata = match beside {
            Said::Flag(true) => Beside::Something,
            Said::Hashes { .. } => beside
                .hash("sha256")
                .and_then(sha256)
                .map_or(Beside::Something, Beside::Proven),
            _ => Beside::Nothing,
        };
        Told {
            file: File {
                digest: best_digest(|kind| self.hashes.hash(kind)),
                size: self.size,
                metadata,
                name: self.filename.into_owned(),
                url: self.url.into_owned(),
            },
            pythons: self.requires_python.text().map(str::to_owned),
            // A moment nobody can read is as good as none.
            published: self.upload_time.text().and_then(|text| {
                let text = StrDeserializer::<serde::de::value::Error>::new(text);
                Timestamp::deserialize(text).ok()
            }),
            yanked: match self.yanked {
                Said::Flag(true) => Some(String::new()),
                Said::Text(why) => Some(why.into_owned()),
                _ => None,
            },
        }
    }
}

fn sha256(hex: &str) -> Option<ExpectedDigest> {
    format!("sha256:{hex}").parse().ok()
}

/// The digest by the best kind there is; there are weaker ones that prove nothing.
fn best_digest<'a>(told: impl Fn(&str) -> Option<&'a str>) -> Option<ExpectedDigest> {
    let of = |kind: &str| format!("{kind}:{}", told(kind)?).parse().ok();
    of("sha256").or_else(|| of("sha512"))
}

/// Reads what a page of links says. What is no link to a file is passed over, as everybody does who reads such pages.
fn of_html(text: &str) -> Vec<Told> {
    let mut files = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find('<') {
        rest = &rest[at + 1..];
        let Some(after) = rest.strip_prefix(['a', 'A']) else {
            continue;
        };
        rest = after;
        if !rest.starts_with(|c: char| c.is_ascii_whitespace()) {
            continue;
        }
        let (attributes, after) = attributes(rest);
        let end = after.find('<').unwrap_or(after.len());
        let text = unescaped(after[..end].trim());
        files.extend(link(&attributes, &text));
        rest = after;
    }
    files
}

/// The attributes of an element, and what follows it.
fn attributes(text: &str) -> (BTreeMap<String, String>, &str) {
    let mut found = BTreeMap::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() && !rest.starts_with('>') {
        let end = rest
            .find(|c: char| c.is_ascii_whitespace() || c == '=' || c == '>')
            .unwrap_or(rest.len());
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            let after = after.trim_start();
            let quoted = ['"', '\''].iter().find(|quote| after.starts_with(**quote));
            (value, rest) = if let Some(quote) = quoted {
                after[1..].split_once(*quote).unwrap_or((&after[1..], ""))
            } else {
                let end = after.find(|c: char| c.is_ascii_whitespace() || c == '>');
                after.split_at(end.unwrap_or(after.len()))
            };
        } else if end == 0 {
            // A quote or the like that stands alone.
            let next = rest.chars().next().map_or(0, char::len_utf8);
            rest = &rest[next..];
        }
        found.entry(name).or_insert_with(|| unescaped(value));
        rest = rest.trim_start();
    }
    (found, rest.strip_prefix('>').unwrap_or(rest))
}

fn link(attributes: &BTreeMap<String, String>, text: &str) -> Option<Told> {
    let (url, fragment) = match attributes.get("href")?.split_once('#') {
        Some((url, fragment)) => (url, fragment),
        None => (attributes["href"].as_str(), ""),
    };
    let last = url.split('?').next()?.rsplit('/').next()?;
    let last = percent_decoded(last).ok();
    let last = last.and_then(|bytes| String::from_utf8(bytes).ok());
    let name = last
        .filter(|name| is_file(name))
        .or_else(|| is_file(text).then(|| text.to_owned()));
    let told = |kind: &str| {
        let mut pairs = fragment.split('&').filter_map(|pair| pair.split_once('='));
        let (_, hex) = pairs.find(|(name, _)| *name == kind)?;
        Some(hex)
    };
    let beside = ["data-core-metadata", "data-dist-info-metadata"];
    let metadata = match beside.iter().find_map(|name| attributes.get(*name)) {
        None => Beside::Nothing,
        Some(value) => match value.strip_prefix("sha256=").and_then(sha256) {
            Some(digest) => Beside::Proven(digest),
            None if value == "false" => Beside::Nothing,
            None => Beside::Something,
        },
    };
    Some(Told {
        file: File {
            name: name?,
            url: url.to_owned(),
            digest: best_digest(told),
            size: None,
            metadata,
        },
        pythons: attributes.get("data-requires-python").cloned(),
        published: None,
        yanked: attributes.get("data-yanked").cloned(),
    })
}

fn is_file(name: &str) -> bool {
    [".whl", ".tar.gz", ".zip", ".tar.bz2", ".egg"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Without the escapes that pages of indexes have.
fn unescaped(text: &str) -> String {
    const ESCAPES: &[(&str, &str)] = &[
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&#39;", "'"),
        ("&#x27;", "'"),
        ("&#43;", "+"),
        ("&amp;", "&"),
    ];
    if !text.contains('&') {
        return text.to_owned();
    }
    let mut plain = text.to_owned();
    for (escape, meant) in ESCAPES {
        plain = plain.replace(escape, meant);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn both_forms_say_the_same() {
        let json = format!(
            r#"{{"meta":{{"api-version":"1.1"}},"name":"a","versions":["1"],"files":[
            {{"filename":"a-1-py3-none-any.whl","url":"../f/a-1-py3-none-any.whl","hashes":{{"md5":"00","sha256":"{HEX}"}},
              "requires-python":">=3.8","yanked":"bad","core-metadata":{{"sha256":"{HEX}"}}}},
            {{"filename":"a-1.tar.gz","url":"a-1.tar.gz","hashes":{{}},"requires-python":null,"yanked":false,
              "upload-time":"nonsense"}}]}}"#
        );
        let html = format!(
            "<!DOCTYPE html><html><head><title>a</title></head><body>\n\
             <a href=\"../f/a-1-py3-none-any.whl#sha256={HEX}\" data-requires-python=\"&gt;=3.8\" \
             data-yanked='bad' data-core-metadata=sha256={HEX} >a-1-py3-none-any.whl</a><br/>\n\
             <A HREF='a-1.tar.gz'>a-1.tar.gz</A><abbr>x</abbr></body></html>"
        );
        let read_back = read(json.as_bytes()).unwrap();
        assert_eq!(read_back.len(), 2);
        assert_eq!(read(html.as_bytes()).unwrap(), read_back);
        assert!(matches!(read_back[0].file.metadata, Beside::Proven(_)));
        assert_eq!(read_back[0].pythons.as_deref(), Some(">=3.8"));
        assert_eq!(read_back[1].file.digest, None);
    }

    #[test]
    fn a_list_of_a_folder_is_a_page() {
        let html = "<ul>\n<li><a href=\"a-1%2Bcpu-py3-none-any.whl\">a-1+cpu-py3-…&gt;</a></li>\
                    <li><a href=\"../\">..</a></li></ul>";
        let files = read(html.as_bytes()).unwrap();
        assert_eq!(files.len(), 1);
        assert_eq!(files[0].file.name, "a-1+cpu-py3-none-any.whl");
    }

    #[test]
    fn what_is_no_page_is_refused_or_has_no_files() {
        for text in [
            "",
            "  ",
            "[]",
            "{}",
            "{\"files\":[{}]}",
            "{\"files\":3}",
            "not found",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        for text in [
            "<a",
            "<a ",
            "<a href",
            "<a href=",
            "<a href=\"",
            "<a href=\"x.whl",
            "<a \"\" =>",
            "<a é='ü'>",
            "<",
            "<a href=x.exe>x</a>",
            "<a name=x.whl>x.whl</a>",
        ] {
            let files = read(text.as_bytes()).unwrap();
            assert!(
                files.is_empty() || text.contains("x.whl"),
                "{text}: {files:?}"
            );
        }
    }
}
