//! What one package of npm says it needs of another.

use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::range::VersionRange;

/// What is needed: a package of a registry, and which versions of it will do.
#[derive(Debug, Clone)]
pub(super) struct Spec {
    /// Its name in the registry, which is another than the one it is needed by where that is an alias.
    pub(super) name: String,
    pub(super) wants: Wants,
}

/// Which versions will do.
#[derive(Debug, Clone)]
pub(super) enum Wants {
    /// Each, be it a pre-release.
    Any,
    Range(VersionRange),
    /// The one that the registry has under this name.
    Tag(String),
}

impl Spec {
    /// Reads `text`, which is needed by the name `name`; else why it cannot be met.
    pub(super) fn parse(name: &str, text: &str) -> Result<Self, &'static str> {
        let text = text.trim();
        if let Some(alias) = text.strip_prefix("npm:") {
            let (name, range) = match alias.get(1..).and_then(|rest| rest.find('@')) {
                Some(at) => (&alias[..=at], &alias[at + 2..]),
                None => (alias, "*"),
            };
            if range.starts_with("npm:") {
                return Err("it is an alias of an alias");
            }
            return Self::parse(name, range);
        }
        if !is_name(name) {
            return Err("its name is none that a package can have");
        }
        // An address, a folder, `owner/repository`, or `workspace:*`.
        if text.contains(['/', ':']) {
            return Err("it does not come from a registry but from git, an address or a folder");
        }
        let wants = match text {
            "" | "*" => Wants::Any,
            text => match VersionRange::parse_native(Scheme::Npm, text) {
                Ok(range) => Wants::Range(range),
                Err(_) if is_tag(text) => Wants::Tag(text.to_owned()),
                Err(_) => return Err("it asks for no range of versions"),
            },
        };
        Ok(Self {
            name: name.to_owned(),
            wants,
        })
    }

    /// Whether `version` of the package called `name` in the registry will do. What a tag means only the registry knows.
    pub(super) fn is_met_by(
        &self,
        name: &str,
        version: &Version,
        tagged: impl Fn(&str) -> bool,
    ) -> bool {
        self.name == name
            && match &self.wants {
                Wants::Any => true,
                Wants::Range(range) => range.matches(version),
                Wants::Tag(tag) => tagged(tag),
            }
    }
}

fn is_tag(text: &str) -> bool {
    text.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.!~'()".contains(&byte))
}

/// Whether `name` is one that a package can have, and so a folder that can be made.
pub(super) fn is_name(name: &str) -> bool {
    let plain = |part: &str| {
        !part.is_empty()
            && !part.starts_with('.')
            && part != "node_modules"
            && part
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_.~!'()*+".contains(&byte))
    };
    let parts = match name.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((scope, rest)) => plain(scope) && plain(rest),
        None => plain(name),
    };
    parts && name.len() <= 214
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_are_read_as_npm_writes_them() {
        for (name, text, real, met) in [
            ("a", "^1.2.0", "a", "1.3.0"),
            ("a", "", "a", "0.0.1-pre"),
            ("a", "*", "a", "2.0.0"),
            ("a", " >=1 <3 || ^5 ", "a", "2.9.9"),
            ("a", "1 - 2", "a", "2.9.9"),
            (
                "string-width-cjs",
                "npm:string-width@^4.2.0",
                "string-width",
                "4.2.3",
            ),
            ("b", "npm:@scope/b@~1.0", "@scope/b", "1.0.9"),
            ("b", "npm:@scope/b", "@scope/b", "1.0.9"),
        ] {
            let spec = Spec::parse(name, text).unwrap();
            let version = Version::parse(Scheme::Npm, met).unwrap();
            assert_eq!(spec.name, real);
            assert!(spec.is_met_by(real, &version, |_| false), "{text}");
            assert!(!spec.is_met_by("other", &version, |_| true), "{text}");
        }
        let tag = Spec::parse("a", "next").unwrap();
        assert!(matches!(&tag.wants, Wants::Tag(tag) if tag == "next"));
    }

    #[test]
    fn what_no_registry_has_is_refused() {
        for text in [
            "git+https://example.org/a.git",
            "git@example.org:a/b.git",
            "github:a/b",
            "a/b",
            "https://example.org/a.tgz",
            "file:../a",
            "../a",
            "link:./a",
            "workspace:*",
            "npm:b@npm:c@1",
            "npm:",
            "npm:../x@1",
            "no range {at} all",
        ] {
            assert!(Spec::parse("a", text).is_err(), "{text}");
        }
        for name in [
            "..",
            "../a",
            "a/b",
            "",
            ".bin",
            "@a",
            "@/a",
            "@a/..",
            "a\0",
            "node_modules",
            "a\\b",
        ] {
            assert!(Spec::parse(name, "1").is_err(), "{name:?}");
        }
    }
}
