//! What one package of conda's asks of another: `name`, and which of its versions and builds.
//!
//! ```text
//! python >=3.9,<3.10.0a0        a range of versions
//! python_abi 3.9.* *_cp39       and a pattern of builds
//! numpy=1.26=py39_0             the same, as people type it
//! blas[version='2.*',build=mkl] the same, each part by its name
//! ```

use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::Prereleases;
use dgmo_schema::version::range::VersionRange;

/// More would be an attack, not a requirement.
const LONGEST: usize = 4096;

/// A requirement.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    pub(super) name: String,
    version: VersionRange,
    build: Option<Pattern>,
    number: Option<Numbers>,
}

/// A pattern of builds, in which `*` stands for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Pattern(String);

/// Which build numbers will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Numbers {
    least: u64,
    most: u64,
}

impl Spec {
    /// Understands `text`.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let odd = |why: &str| format!("nobody knows what `{text}` asks for: {why}");
        if text.len() > LONGEST {
            return Err(odd("it is too long"));
        }
        if text.contains(';') {
            return Err(odd("it has a condition"));
        }
        let plain = text.split('#').next().unwrap_or_default().trim();
        let (plain, brackets) = match plain.split_once('[') {
            Some((plain, rest)) => match rest.trim_end().strip_suffix(']') {
                Some(inside) => (plain.trim(), Some(inside)),
                None => return Err(odd("a `]` is missing")),
            },
            None => (plain, None),
        };
        // A package comes from one of the channels that are asked; which one is settled before.
        let plain = plain.rsplit_once("::").map_or(plain, |(_, rest)| rest);
        let end = plain
            .find(|c: char| c.is_whitespace() || "=<>!~".contains(c))
            .unwrap_or(plain.len());
        let (name, rest) = plain.split_at(end);
        if !is_name(name) {
            return Err(odd("it names no package"));
        }
        let (version, build) = split_build(rest.trim());
        let mut parts = Parts {
            version: version.unwrap_or_default(),
            build,
            number: None,
        };
        for part in split_brackets(brackets.unwrap_or_default()) {
            parts.take(&part).map_err(|why| odd(&why))?;
        }
        let range = VersionRange::parse_native(Scheme::Conda, &parts.version);
        Ok(Self {
            name: name.to_ascii_lowercase(),
            version: range.map_err(|error| odd(&error.why))?,
            build: parts.pattern().map_err(|why| odd(&why))?,
            number: parts.number,
        })
    }

    /// Whether a build will do.
    pub(super) fn takes(&self, version: &Version, build: &str, number: u64) -> bool {
        self.build.as_ref().is_none_or(|it| it.fits(build))
            && self
                .number
                .is_none_or(|it| (it.least..=it.most).contains(&number))
            && self.takes_version(version)
    }

    /// Whether a version will do, in whatever build.
    pub(super) fn takes_version(&self, version: &Version) -> bool {
        self.version.matches_with(version, Prereleases::Taken)
    }
}

/// The parts of a requirement as texts.
struct Parts {
    version: String,
    build: Option<String>,
    number: Option<Numbers>,
}

impl Parts {
    /// One of those in brackets: `version='>=1.2'`.
    fn take(&mut self, part: &str) -> Result<(), String> {
        let (key, value) = part.split_once('=').unwrap_or((part, ""));
        let value = value.trim().trim_matches(['\'', '"']);
        match key.trim() {
            "version" => value.clone_into(&mut self.version),
            "build" => self.build = Some(value.to_owned()),
            "build_number" => self.number = Some(Numbers::parse(value)?),
            // Where it comes from and what it is licensed under is not what it is.
            "channel" | "subdir" | "license" | "license_family" => {}
            other => return Err(format!("`{other}` is not read")),
        }
        Ok(())
    }

    fn pattern(&self) -> Result<Option<Pattern>, String> {
        match self.build.as_deref() {
            None | Some("*") => Ok(None),
            Some(text) if text.starts_with('^') => {
                Err(format!("the expression `{text}` is not read"))
            }
            Some(text) => Ok(Some(Pattern(text.to_owned()))),
        }
    }
}

impl Numbers {
    fn parse(text: &str) -> Result<Self, String> {
        let end = text.find(|c: char| c.is_ascii_digit());
        let (operator, number) = text.split_at(end.unwrap_or(text.len()));
        let number: u64 = number
            .trim()
            .parse()
            .map_err(|_| format!("`{text}` is no build number"))?;
        let every = Self {
            least: 0,
            most: u64::MAX,
        };
        let least = |least| Self { least, ..every };
        let most = |most| Self { most, ..every };
        match operator.trim() {
            "" | "=" | "==" => Ok(Self {
                least: number,
                most: number,
            }),
            ">=" => Ok(least(number)),
            ">" => Ok(least(number.saturating_add(1))),
            "<=" => Ok(most(number)),
            "<" if number > 0 => Ok(most(number - 1)),
            _ => Err(format!("`{text}` is no build number")),
        }
    }
}

impl Pattern {
    fn fits(&self, text: &str) -> bool {
        let mut parts = self.0.split('*');
        let first = parts.next().unwrap_or_default();
        let Some(mut rest) = text.strip_prefix(first) else {
            return false;
        };
        let Some(last) = parts.next_back() else {
            return rest.is_empty();
        };
        for part in parts {
            match rest.find(part) {
                Some(at) => rest = &rest[at + part.len()..],
                None => return false,
            }
        }
        rest.ends_with(last)
    }
}

/// The package that a requirement is about, as far as that can be told without understanding it.
pub(super) fn name_in(text: &str) -> Option<String> {
    let end = text.find(['[', ';', '#']).unwrap_or(text.len());
    let plain = &text[..end];
    let plain = plain
        .rsplit_once("::")
        .map_or(plain, |(_, rest)| rest)
        .trim();
    let end = plain.find(|c: char| c.is_whitespace() || "=<>!~".contains(c));
    let name = &plain[..end.unwrap_or(plain.len())];
    is_name(name).then(|| name.to_ascii_lowercase())
}

/// Whether a package can be called so.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() <= 128
        && !name.starts_with(['.', '-'])
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"._-".contains(&b))
}

/// Takes what follows a name apart: `>=1.2,<2 py39*`, `=1.2=py39_0`, `1.2 *`.
fn split_build(rest: &str) -> (Option<String>, Option<String>) {
    let squeezed = |text: &str| -> String { text.chars().filter(|c| !c.is_whitespace()).collect() };
    if rest.is_empty() {
        return (None, None);
    }
    let cut = rest.char_indices().skip(1).find(|(at, c)| {
        let behind = rest[at + c.len_utf8()..].trim();
        // An operator belongs to the version behind it.
        let goes_on = rest[..*at]
            .trim_end()
            .ends_with(['=', '!', '|', ',', '<', '>', '~']);
        (c.is_whitespace() || *c == '=')
            && !goes_on
            && !behind.is_empty()
            && !behind.contains(['-', '=', ',', '|', '<', '>', '~', ' '])
    });
    let Some((at, c)) = cut else {
        return (Some(squeezed(rest)), None);
    };
    let version = squeezed(&rest[..at]);
    let build = rest[at + c.len_utf8()..].trim().to_owned();
    // `name=1.2=build` means exactly this version.
    let exact = version
        .strip_prefix('=')
        .filter(|it| c == '=' && !it.starts_with('='));
    let version = exact.map_or(version.clone(), |it| format!("=={it}"));
    (Some(version), Some(build))
}

/// What stands between commas that are not quoted.
fn split_brackets(text: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quote = None;
    for c in text.chars() {
        match c {
            '\'' | '"' if quote.is_none() => quote = Some(c),
            c if quote == Some(c) => quote = None,
            ',' if quote.is_none() => {
                parts.push(String::new());
                continue;
            }
            _ => {}
        }
        if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn takes(spec: &str, version: &str, build: &str) -> bool {
        let version = Version::parse(Scheme::Conda, version).unwrap();
        Spec::parse(spec).unwrap().takes(&version, build, 3)
    }

    #[test]
    fn what_packages_ask_for_is_read_as_conda_reads_it() {
        for (spec, version, build, expected) in [
            ("python", "3.12.1", "x", true),
            ("python 3.12.*", "3.12.1", "x", true),
            ("python 3.12", "3.12.1", "x", false),
            ("python 3.12", "3.12.0", "x", true),
            ("python =3.12", "3.12.1", "x", true),
            ("python=3.12", "3.12.1", "x", true),
            ("python==3.12", "3.12.1", "x", false),
            ("python >=3.9,<3.10.0a0", "3.9.18", "x", true),
            ("python >=3.9,<3.10.0a0", "3.10.0rc1", "x", false),
            ("python >=3.9 , <3.10.0a0", "3.9.18", "x", true),
            ("python >= 3.9", "3.9.18", "x", true),
            ("python_abi 3.9.* *_cp39", "3.9", "2_cp39", true),
            ("python_abi 3.9.* *_cp39", "3.9", "2_cp310", false),
            ("python_abi 3.9.* *_cp39", "3.10", "2_cp39", false),
            ("numpy=1.26=py39_0", "1.26", "py39_0", true),
            ("numpy=1.26=py39_0", "1.26.1", "py39_0", false),
            ("numpy =1.26 py39_0", "1.26.1", "py39_0", true),
            ("numpy 1.26.* py*_0", "1.26.1", "py39_0", true),
            ("numpy 1.26.* py*_0", "1.26.1", "py39_1", false),
            ("blas * mkl", "2", "mkl", true),
            ("blas=*=openblas", "2", "mkl", false),
            ("blas[version='>=2,<3',build=mkl]", "2.1", "mkl", true),
            ("blas[version='>=2,<3',build=mkl]", "3", "mkl", false),
            ("blas[build_number='>=3']", "3", "mkl", true),
            ("blas[build_number=4]", "3", "mkl", false),
            ("lib 1.2|1.3", "1.3", "x", true),
            ("lib 1.2|1.3", "1.4", "x", false),
            ("lib >=1.0|2.0", "1.5", "x", true),
            ("lib !=1.5", "1.5", "x", false),
            ("lib ~=1.4.2", "1.4.9", "x", true),
            ("lib ~=1.4.2", "1.5", "x", false),
            ("openssl 1.1.1*", "1.1.1w", "x", true),
            ("other/label/dev::lib >=1", "2", "x", true),
            ("lib >=1 # a remark", "2", "x", true),
            ("Lib", "2", "x", true),
        ] {
            assert_eq!(
                takes(spec, version, build),
                expected,
                "{spec} for {version} {build}"
            );
        }
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for spec in [
            "",
            ">=1",
            "lib[version='1'",
            "lib[md5=0123]",
            "lib[build_number=x]",
            "lib 1 ^py.*$",
            "lib >=",
            "lib; if python <3",
            "../lib",
            &"l".repeat(5000),
        ] {
            assert!(Spec::parse(spec).is_err(), "{spec}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_asked_for_nothing_breaks(text in "[a-z ]{0,6}[\\[\\]=<>!~*|,.0-9a-z '\"_^-]{0,24}") {
            let named = name_in(&text);
            if let Ok(spec) = Spec::parse(&text) {
                prop_assert_eq!(named.as_ref(), Some(&spec.name));
                let version = Version::parse(Scheme::Conda, "1.2.3").unwrap();
                spec.takes(&version, "py39_0", 0);
            }
        }

        #[test]
        fn a_pattern_takes_what_it_was_made_from(text in "[a-z0-9_]{1,8}", at in 0usize..8, length in 0usize..4) {
            let start = at.min(text.len());
            let end = (start + length).min(text.len());
            let pattern = Pattern(format!("{}*{}", &text[..start], &text[end..]));
            prop_assert!(pattern.fits(&text));
        }
    }
}
