//! The gist of a project's page: its versions in their order, and of each what its wheels are for.
//!
//! ```text
//! P>=3.8                              for which Pythons some wheels are; from here on this is number 1
//! Tcp312-cp312-win_amd64              for what some wheels are built, by their names; number 0
//! V1.0                                a version; what follows is of it
//! S                                   it has source
//! W0 1 1704067200 -⇥NAME⇥URL⇥…        a wheel: tags, Pythons, when it was published, whether it is withdrawn;
//!                                     its file: name, address, digest, size, what lies beside it; why it is withdrawn
//! ```
//!
//! Of the tens of thousands of wheels that a page may have, a few are fetched. So what says whether one fits is short
//! and stands first, and what repeats itself is a number; the rest is read when it is asked for.

use std::collections::BTreeMap;
use std::collections::HashMap;
use std::fmt::Write;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::python::normal_name;
use dgmo_schema::version::python::wheel::Wheel;

use super::page::Beside;
use super::page::File;
use super::page::Told;

/// How it is written: another number where that changes.
pub(super) const KIND: &str = "wheels of a project 1";

/// What is written for nothing.
const NOTHING: &str = "-";

/// The files of one version, as they were told.
#[derive(Default)]
struct Release<'a> {
    wheels: Vec<(Wheel, &'a Told)>,
    has_source: bool,
}

/// What matters of the files of the project `name`, which is in its one spelling.
pub(super) fn gist(files: &[Told], name: &str) -> String {
    let mut releases: BTreeMap<Version, Release<'_>> = BTreeMap::new();
    for told in files {
        let file = &told.file;
        if [&file.name, &file.url]
            .iter()
            .any(|it| it.contains(char::is_control))
        {
            continue;
        }
        // A wheel whose name says nothing we understand is none.
        let wheel = file.name.parse::<Wheel>().ok();
        let version = match &wheel {
            Some(wheel) if wheel.name == name => wheel.version.clone(),
            Some(_) => continue,
            None => match version_of_source(&file.name, name) {
                Some(version) => version,
                None => continue,
            },
        };
        let release = releases.entry(version).or_default();
        match wheel {
            Some(wheel) => release.wheels.push((wheel, told)),
            None => release.has_source = true,
        }
    }
    let mut writer = Writer::default();
    for (version, release) in releases {
        writer.line('V', version.as_str());
        if release.has_source {
            writer.line('S', "");
        }
        for (wheel, told) in release.wheels {
            writer.wheel(&wheel, told);
        }
    }
    writer.text
}

/// The version in the name of a file of source, such as `zope.interface-5.4.0.tar.gz`.
fn version_of_source(file: &str, name: &str) -> Option<Version> {
    let stem = [".tar.gz", ".zip", ".tar.bz2"]
        .iter()
        .find_map(|end| file.strip_suffix(end))?;
    // Names may have `-` in them, and versions too.
    let mut cuts = stem.match_indices('-');
    cuts.find_map(|(at, _)| {
        let is_it = normal_name(&stem[..at]) == name;
        let version = is_it.then(|| Version::parse(Scheme::Pep440, &stem[at + 1..]));
        version?.ok()
    })
}

#[derive(Default)]
struct Writer {
    text: String,
    pythons: HashMap<String, usize>,
    tags: HashMap<String, usize>,
}

impl Writer {
    fn line(&mut self, kind: char, rest: &str) {
        self.text.push(kind);
        self.text.extend([rest, "\n"]);
    }

    fn wheel(&mut self, wheel: &Wheel, told: &Told) {
        let pythons = told.pythons.as_deref().map_or("", str::trim);
        let pythons = match (pythons, self.pythons.get(pythons)) {
            ("", _) => 0,
            (_, Some(known)) => *known,
            (new, None) => {
                self.line('P', &plain(new));
                self.pythons.insert(new.to_owned(), self.pythons.len() + 1);
                self.pythons.len()
            }
        };
        let tags = wheel.written_tags();
        let tags = self.tags.get(tags).copied().unwrap_or_else(|| {
            self.line('T', tags);
            self.tags.insert(tags.to_owned(), self.tags.len());
            self.tags.len() - 1
        });
        let File {
            name,
            url,
            digest,
            size,
            metadata,
        } = &told.file;
        let number = |number: Option<u64>| or_nothing(number.map(|it| it.to_string()));
        let published = number(told.published.map(Timestamp::seconds));
        let (mark, why) = match &told.yanked {
            Some(why) => ("y", plain(why)),
            None => (NOTHING, String::new()),
        };
        // Most addresses end with the name.
        let url = match url.strip_suffix(name.as_str()) {
            Some(begin) => format!("={begin}"),
            None => format!(":{url}"),
        };
        let beside = match metadata {
            Beside::Nothing => NOTHING.to_owned(),
            Beside::Something => "+".to_owned(),
            Beside::Proven(digest) => digest.to_string(),
        };
        let digest = or_nothing(digest.map(|digest| digest.to_string()));
        let size = number(*size);
        let line = format_args!(
            "W{tags} {pythons} {published} {mark}\t{name}\t{url}\t{digest}\t{size}\t{beside}\t{why}\n"
        );
        self.text.write_fmt(line).expect("it is written to memory");
    }
}

fn or_nothing(value: Option<String>) -> String {
    value.unwrap_or_else(|| NOTHING.to_owned())
}

/// What is shown to people, in one line.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
}

/// What one line says. What nobody can read says nothing.
pub(super) enum Line<'a> {
    Pythons(&'a str),
    Tags(&'a str),
    Version(Version),
    Source,
    Wheel(Entry<'a>),
}

/// What is written of one wheel.
#[derive(Clone, Copy)]
pub(super) struct Entry<'a> {
    /// By the order of such lines.
    pub(super) tags: usize,
    /// By the order of such lines from one on; zero is whatever Python.
    pub(super) pythons: usize,
    pub(super) published: Option<Timestamp>,
    pub(super) is_yanked: bool,
    /// All that is written behind it.
    rest: &'a str,
}

impl<'a> Line<'a> {
    pub(super) fn read(line: &'a str) -> Option<Self> {
        let (kind, rest) = line.split_at_checked(1)?;
        Some(match kind {
            "W" => Self::Wheel(Entry::read(rest)?),
            "V" => Self::Version(Version::parse(Scheme::Pep440, rest).ok()?),
            "S" => Self::Source,
            "T" => Self::Tags(rest),
            "P" => Self::Pythons(rest),
            _ => return None,
        })
    }
}

impl<'a> Entry<'a> {
    fn read(line: &'a str) -> Option<Self> {
        let (short, rest) = line.split_once('\t')?;
        let mut words = short.split(' ');
        Some(Self {
            tags: words.next()?.parse().ok()?,
            pythons: words.next()?.parse().ok()?,
            published: optional(words.next()?).map(Timestamp::from_seconds),
            is_yanked: words.next()? == "y",
            rest,
        })
    }

    /// The name of its file.
    pub(super) fn name(&self) -> &'a str {
        self.rest.split('\t').next().unwrap_or_default()
    }

    pub(super) fn file(&self) -> Option<File> {
        let mut fields = self.rest.split('\t');
        let name = fields.next()?;
        let url = fields.next()?;
        let url = match url.split_at_checked(1)? {
            ("=", begin) => format!("{begin}{name}"),
            (_, whole) => whole.to_owned(),
        };
        Some(File {
            name: name.to_owned(),
            url,
            digest: optional(fields.next()?),
            size: optional(fields.next()?),
            metadata: match fields.next()? {
                NOTHING => Beside::Nothing,
                "+" => Beside::Something,
                digest => Beside::Proven(digest.parse().ok()?),
            },
        })
    }

    /// Why nobody should use it any more, where it is so.
    pub(super) fn why_yanked(&self) -> Option<&'a str> {
        let why = self.rest.split('\t').nth(5).unwrap_or_default();
        self.is_yanked.then_some(why)
    }
}

/// A value that may be left out; what nobody can read is none either.
fn optional<T: std::str::FromStr>(text: &str) -> Option<T> {
    (text != NOTHING).then(|| text.parse().ok()).flatten()
}

/// The file of this name in a gist.
pub(super) fn file(gist: &str, name: &str) -> Option<File> {
    let entries = gist.split('\n').filter_map(|line| line.strip_prefix('W'));
    let mut named = entries.filter(|line| {
        let after = line.split_once('\t').map(|(_, rest)| rest);
        let after = after.and_then(|rest| rest.strip_prefix(name));
        after.is_some_and(|rest| rest.starts_with('\t'))
    });
    Entry::read(named.next()?)?.file()
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option::of;
    use proptest::prelude::any;
    use proptest::prop_assert;
    use proptest::prop_assert_eq;
    use proptest::prop_oneof;
    use proptest::proptest;
    use proptest::strategy::Just;
    use proptest::strategy::Strategy;

    use super::*;

    fn tolds() -> impl Strategy<Value = Vec<Told>> {
        let name = prop_oneof![
            "a_b-[0-9.]{1,4}(-[0-9]x)?-(py3-none-any|cp312-abi3-[a-z_.]{1,9})\\.whl",
            "a-b-[0-9]\\.(zip|tar\\.gz)",
            "\\PC{0,9}",
        ];
        let digest = any::<[u8; 32]>().prop_map(dgmo_schema::manifest::ExpectedDigest::Sha256);
        let beside = prop_oneof![
            Just(Beside::Nothing),
            Just(Beside::Something),
            digest.clone().prop_map(Beside::Proven)
        ];
        let rest = (of(digest), of(any::<u64>()), beside, of("[^\\n]{0,9}"));
        let told = (
            name,
            ".{0,9}",
            any::<bool>(),
            rest,
            of(any::<u32>()),
            of(".{0,5}"),
        );
        let told = told.prop_map(|(name, url, is_below, rest, published, yanked)| {
            let (digest, size, metadata, pythons) = rest;
            let url = if is_below {
                format!("{url}{name}")
            } else {
                url
            };
            Told {
                file: File {
                    name,
                    url,
                    digest,
                    size,
                    metadata,
                },
                pythons,
                published: published.map(|it| Timestamp::from_seconds(it.into())),
                yanked,
            }
        });
        vec(told, 0..9)
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(tolds in tolds()) {
            let gist = gist(&tolds, "a-b");
            prop_assert!(gist.split_terminator('\n').all(|line| Line::read(line).is_some()));
            let is_odd = |text: &str| text.contains(char::is_control);
            for told in &tolds {
                let file = &told.file;
                let wheel = file.name.parse::<Wheel>().ok().filter(|wheel| wheel.name == "a-b");
                let is_there = wheel.is_some() && !is_odd(&file.name) && !is_odd(&file.url);
                let first = tolds.iter().find(|it| it.file.name == file.name && !is_odd(&it.file.url));
                let expected = first.filter(|_| is_there).map(|told| told.file.clone());
                prop_assert_eq!(super::file(&gist, &file.name), expected);
            }
        }

        #[test]
        fn what_others_write_is_never_more_than_nothing(text in ".{0,40}", short in "W[0-9 y\\t=:+-]{0,30}") {
            for line in text.split('\n').chain([short.as_str()]) {
                if let Some(Line::Wheel(entry)) = Line::read(line) {
                    drop((entry.file(), entry.name(), entry.why_yanked()));
                }
                drop(file(line, "1"));
            }
        }
    }
}
