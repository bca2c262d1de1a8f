//! Another `version:` for a package, written into the text of a manifest that stays as it is otherwise.

use dgmo_schema::manifest::Node;
use dgmo_schema::manifest::NodeValue;
use dgmo_schema::manifest::Source;
use dgmo_schema::name::PackageName;
use serde_json::Value;

use super::edit::EditError;
use super::edit::Meaning;
use super::edit::in_a_block;
use super::layout;
use super::layout::Map;
use super::layout::Style;
use super::scalar;

/// The text in which the package `name` asks for `version`.
pub fn set_version(text: &str, name: &PackageName, version: &str) -> Result<String, EditError> {
    let before = Meaning::of(text)?;
    let absent = || EditError::absent(name, before.manifest.packages.keys());
    let line = || format!("version: {}", scalar::in_double_quotes(version));
    let refused = || EditError::Refused {
        deed: "change",
        name: name.clone(),
        lines: line(),
    };
    let mut wanted = before.manifest.clone();
    let package = wanted.packages.get_mut(name).ok_or_else(absent)?;
    let said = match &mut package.source {
        Source::Named(source) => &mut source.version,
        Source::Url(source) => &mut source.version,
        Source::Short(source) => &mut source.version,
        Source::Path { .. } => return Err(refused()),
    };
    if said.as_deref() == Some(version) {
        return Ok(text.to_owned());
    }
    *said = Some(version.to_owned());
    let entry = layout::entry(&before.root, "packages")
        .and_then(|(_, packages)| layout::entry(packages, name.as_str()))
        .map(|(_, entry)| entry)
        .ok_or_else(absent)?;
    let mut ways = ways(text, entry, version, &line()).into_iter();
    ways.find(|candidate| {
        Meaning::of(candidate).is_ok_and(|after| after.is(&wanted, &before.include))
    })
    .ok_or_else(refused)
}

/// The ways to write it, the best first.
fn ways(text: &str, entry: &Node, version: &str, line: &str) -> Vec<String> {
    if let Some((key, value)) = layout::entry(entry, "version") {
        // An alias stands for what was written elsewhere, for others too.
        let is_alias = text
            .get(value.span.start..)
            .is_none_or(|it| it.starts_with('*'));
        if is_alias || !matches!(value.value, NodeValue::Scalar { .. }) {
            return Vec::new();
        }
        let span = scalar::with_header(text, key.span.end, value.span);
        let written = text[span.start..span.end].trim_start();
        let quoted = format!(
            "{}{}{}",
            &text[..span.start],
            scalar::in_double_quotes(version),
            &text[span.end..]
        );
        let mut ways = scalar::ways(text, span, &Value::from(version));
        // A version that looks like a number is not to become one for other readers.
        if !written.starts_with(['\'', '"', '|', '>']) {
            ways.insert(0, quoted);
        }
        return ways;
    }
    // A short name may have nothing but its version.
    if matches!(entry.value, NodeValue::Scalar { .. }) {
        let quoted = format!(
            "{}{}{}",
            &text[..entry.span.start],
            scalar::in_double_quotes(version),
            &text[entry.span.end..]
        );
        return vec![quoted];
    }
    let Some(map) = Map::of(text, entry) else {
        return Vec::new();
    };
    match (map.style, map.entries.last()) {
        (Style::Flow, Some(last)) => {
            vec![format!(
                "{}, {line}{}",
                &text[..last.end],
                &text[last.end..]
            )]
        }
        (Style::Flow, None) => Vec::new(),
        (Style::Block, _) => in_a_block(text, &map, &[line.to_owned()]),
    }
}

#[cfg(test)]
mod tests {
    use dgmo_schema::code::Code;
    use dgmo_schema::code::Diagnose;

    use super::*;

    fn set(text: &str, version: &str) -> Result<String, EditError> {
        set_version(text, &"rg".parse().unwrap(), version)
    }

    #[test]
    fn a_version_is_written_where_a_person_would() {
        for (before, after) in [
            (
                "dgmo: 1\npackages:\n  rg: {github: a/rg, version: \"13\"} # search\n",
                "dgmo: 1\npackages:\n  rg: {github: a/rg, version: \"14\"} # search\n",
            ),
            (
                "dgmo: 1\npackages:\n  rg: {github: a/rg} # search\n",
                "dgmo: 1\npackages:\n  rg: {github: a/rg, version: \"14\"} # search\n",
            ),
            (
                "dgmo: 1\npackages:\n  rg:\n    github: a/rg\n    # which\n    version: 13 # old\n",
                "dgmo: 1\npackages:\n  rg:\n    github: a/rg\n    # which\n    version: \"14\" # old\n",
            ),
            (
                "dgmo: 1\npackages:\n  rg:\n    github: a/rg # search\n\n  # more\n  b: {path: b}\n",
                "dgmo: 1\npackages:\n  rg:\n    github: a/rg # search\n    version: \"14\"\n\n  # more\n  b: {path: b}\n",
            ),
            (
                "dgmo: 1\r\npackages:\r\n  rg: {github: a/rg, version: '13'}\r\n",
                "dgmo: 1\r\npackages:\r\n  rg: {github: a/rg, version: '14'}\r\n",
            ),
            (
                "dgmo: 1\npackages: {rg: {url: 'https://example.org/{version}.zip', version: 1}}\n",
                "dgmo: 1\npackages: {rg: {url: 'https://example.org/{version}.zip', version: \"14\"}}\n",
            ),
        ] {
            assert_eq!(set(before, "14").unwrap(), after);
            assert_eq!(set(after, "14").unwrap(), after);
        }
        let text = "dgmo: 1\npackages: {rg: {npm: rg, version: \"13\"}}\n";
        let range = set(text, ">=2, <4 || =\"").unwrap_or_default();
        assert!(range.contains(r#"version: ">=2, <4 || =\"""#), "{range}");
    }

    #[test]
    fn what_cannot_be_changed_alone_is_shown_to_be_written_by_hand() {
        for text in [
            "dgmo: 1\npackages: {rg: {path: ./rg}}\n",
            "dgmo: 1\nname: &v \"13\"\npackages: {rg: {npm: rg, version: *v}}\n",
        ] {
            let error = set(text, "14").unwrap_err();
            assert_eq!(error.code(), Code::EditRefused, "{text}");
            assert!(error.hint().unwrap().to_string().contains("\"14\""));
        }
        let error = set("dgmo: 1\n", "14").unwrap_err();
        assert_eq!(error.code(), Code::EditAbsent);
    }
}
