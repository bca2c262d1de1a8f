//! Reads the version of a release from its tag.

/// A tag, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TagVersion {
    /// As it is written, without a `v`.
    pub version: String,
    pub of: TagOf,
}

/// What stands before the version in a tag.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum TagOf {
    /// The name of the tool.
    Tool,
    /// Nothing, a word such as `release`, or the name of the repository.
    Release,
    /// Another name, by which another tool of the same repository is released, perhaps.
    Another(String),
}

/// Reads one tag; nothing if there is no version in it.
pub fn version_of(tag: &str, tool: &str, repository: &str) -> Option<TagVersion> {
    let tag = tag.strip_prefix("refs/tags/").unwrap_or(tag);
    let (before, version) = parted(tag, &[tool, repository])?;
    let before = before.trim_matches(is_separator);
    let of = if before.is_empty() {
        TagOf::Release
    } else if is_called(before, tool) {
        TagOf::Tool
    } else if is_usual(before) || is_called(before, repository) {
        TagOf::Release
    } else {
        TagOf::Another(before.to_owned())
    };
    Some(TagVersion {
        version: dotted(version),
        of,
    })
}

/// The versions among `tags` that are of `tool`, each with its place.
///
/// Where some tags name the tool, only those count: the others are of other tools of the repository.
pub fn versions<'a>(
    tags: impl IntoIterator<Item = &'a str>,
    tool: &str,
    repository: &str,
) -> Vec<(usize, String)> {
    let read: Vec<(usize, TagVersion)> = tags
        .into_iter()
        .enumerate()
        .filter_map(|(at, tag)| Some((at, version_of(tag, tool, repository)?)))
        .collect();
    let best = read.iter().map(|(_, tag)| &tag.of).min().cloned();
    let mixed = matches!(best, Some(TagOf::Another(_)))
        && read.iter().any(|(_, tag)| Some(&tag.of) != best.as_ref());
    if mixed {
        return Vec::new();
    }
    let of_tool = read
        .into_iter()
        .filter(|(_, tag)| Some(&tag.of) == best.as_ref());
    of_tool.map(|(at, tag)| (at, tag.version)).collect()
}

/// What is before the version, and the version.
fn parted<'a>(tag: &'a str, names: &[&str]) -> Option<(&'a str, &'a str)> {
    // A name with digits in it is no version: `k3d-v5.0.0`, `7zip-23.01`.
    for name in names.iter().filter(|name| !name.is_empty()) {
        let head = tag.get(..name.len());
        if head.is_some_and(|head| head.eq_ignore_ascii_case(name)) {
            let rest = tag[name.len()..].trim_start_matches(is_separator);
            if let Some(version) = version_at_start(rest) {
                return Some((&tag[..name.len()], version));
            }
        }
    }
    if let Some(version) = version_at_start(tag) {
        return Some(("", version));
    }
    // `@scope/name@1.2`, `cli/v2`: the last sign of a new part, then any other place.
    let after = |sign: char| {
        tag.rmatch_indices(sign)
            .find_map(|(at, _)| Some((&tag[..at], version_at_start(&tag[at + 1..])?)))
    };
    let separated = after('@').or_else(|| after('/')).or_else(|| {
        tag.match_indices(is_separator)
            .find_map(|(at, found)| Some((&tag[..at], version_at_start(&tag[at + found.len()..])?)))
    });
    separated.or_else(|| {
        // `go1.21`, `b4000`.
        let at = tag.find(|c: char| c.is_ascii_digit())?;
        let letters = tag[..at].bytes().all(|b| b.is_ascii_alphabetic());
        letters.then_some((&tag[..at], version_at_start(&tag[at..])?))
    })
}

/// The whole of `text` as a version, without its `v`.
fn version_at_start(text: &str) -> Option<&str> {
    let version = text.strip_prefix(['v', 'V']).unwrap_or(text);
    let version = version.strip_prefix('.').unwrap_or(version);
    let digits = version.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 {
        return None;
    }
    let rest = &version[digits..];
    let letters: String = rest
        .chars()
        .take_while(char::is_ascii_alphabetic)
        .collect::<String>()
        .to_ascii_lowercase();
    // `7zip` and `2fa` are names; `1rc1` and `1a` are versions.
    let known = [
        "rc", "alpha", "beta", "pre", "dev", "post", "preview", "final",
    ];
    (letters.len() < 2 || known.contains(&letters.as_str())).then_some(version)
}

fn is_separator(c: char) -> bool {
    matches!(c, '-' | '_' | '/' | '@' | '.' | ' ')
}

fn is_usual(before: &str) -> bool {
    let before = before.to_ascii_lowercase();
    [
        "release", "releases", "version", "ver", "rel", "v", "r", "stable", "tag", "b", "build",
    ]
    .contains(&before.as_str())
}

/// Whether `before` is `name`, perhaps within a scope: `@scope/name`.
fn is_called(before: &str, name: &str) -> bool {
    let last = before.rsplit('/').next().unwrap_or(before);
    !name.is_empty()
        && [before, last]
            .iter()
            .any(|part| part.eq_ignore_ascii_case(name) || same_but_signs(part, name))
}

fn same_but_signs(a: &str, b: &str) -> bool {
    let letters = |text: &str| {
        text.chars()
            .filter(|c| !is_separator(*c))
            .collect::<String>()
            .to_ascii_lowercase()
    };
    let (a, b) = (letters(a), letters(b));
    !a.is_empty() && a == b
}

/// `16_1` as `16.1`, where nothing but numbers and underlines is.
fn dotted(version: &str) -> String {
    if version.bytes().all(|b| b.is_ascii_digit() || b == b'_') {
        version.replace('_', ".")
    } else {
        version.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_what_follows_the_name() {
        for (tag, tool, repository, version, of) in [
            ("v1.2.3", "a", "a", "1.2.3", TagOf::Release),
            ("1.2.3", "a", "a", "1.2.3", TagOf::Release),
            ("jq-1.7.1", "jq", "jq", "1.7.1", TagOf::Tool),
            ("bun-v1.1.0", "bun", "bun", "1.1.0", TagOf::Tool),
            ("release/3.2", "a", "a", "3.2", TagOf::Release),
            ("release-1.2-rc1", "a", "a", "1.2-rc1", TagOf::Release),
            ("cli/v2", "cli", "a", "2", TagOf::Tool),
            (
                "cli/v2",
                "server",
                "a",
                "2",
                TagOf::Another("cli".to_owned()),
            ),
            (
                "@biomejs/biome@2.0.0",
                "biome",
                "biome",
                "2.0.0",
                TagOf::Tool,
            ),
            ("2024-01-01", "a", "a", "2024-01-01", TagOf::Release),
            ("REL_16_1", "postgresql", "postgres", "16.1", TagOf::Release),
            ("curl-8_5_0", "curl", "curl", "8.5.0", TagOf::Tool),
            ("go1.21.0", "go", "go", "1.21.0", TagOf::Tool),
            ("k3d-v5.0.0", "x", "k3d", "5.0.0", TagOf::Release),
            ("7zip-23.01", "7zip", "7zip", "23.01", TagOf::Tool),
            ("b4000", "llama", "llama.cpp", "4000", TagOf::Release),
            ("r38", "lf", "lf", "38", TagOf::Release),
            ("version_120", "binaryen", "binaryen", "120", TagOf::Release),
            ("oxlint_v1.14.0", "oxlint", "oxc", "1.14.0", TagOf::Tool),
            (
                "rapidgzip-v0.14.5",
                "rapidgzip",
                "indexed_bzip2",
                "0.14.5",
                TagOf::Tool,
            ),
            (
                "jdk-21.0.1+12",
                "java",
                "temurin",
                "21.0.1+12",
                TagOf::Another("jdk".to_owned()),
            ),
            (
                "kustomize/v5.4.1",
                "kustomize",
                "kustomize",
                "5.4.1",
                TagOf::Tool,
            ),
            (
                "refs/tags/v0.1.0-beta.1",
                "a",
                "a",
                "0.1.0-beta.1",
                TagOf::Release,
            ),
        ] {
            let found = version_of(tag, tool, repository).unwrap();
            assert_eq!((found.version.as_str(), found.of), (version, of), "{tag}");
        }
    }

    #[test]
    fn tags_without_a_version_are_none() {
        for tag in ["nightly", "latest", "", "v", "@", "é", "stable"] {
            assert_eq!(version_of(tag, "a", "a"), None, "{tag}");
        }
    }

    #[test]
    fn of_several_tools_in_a_repository_only_the_wanted_one_s_tags_count() {
        let tags = [
            "kustomize/v5.4.1",
            "api/v0.17.1",
            "kyaml/v0.17.0",
            "v3.2.0",
            "kustomize/v5.4.0",
        ];
        let of = |tool| -> Vec<String> {
            versions(tags, tool, "kustomize")
                .into_iter()
                .map(|(_, v)| v)
                .collect()
        };
        assert_eq!(of("kustomize"), ["5.4.1", "5.4.0"]);
        assert_eq!(of("api"), ["0.17.1"]);
        let one_other = versions(["jdk-21", "jdk-22"], "java", "temurin");
        assert_eq!(one_other.len(), 2);
        assert_eq!(versions(["x-1", "y-1"], "c", "d"), []);
    }

    proptest::proptest! {
        #[test]
        fn no_tag_breaks_it(tag in ".{0,60}", tool in ".{0,8}", repository in ".{0,8}") {
            let _found = version_of(&tag, &tool, &repository);
            let _again = version_of(&format!("{tool}{tag}"), &tool, &repository);
        }
    }
}
