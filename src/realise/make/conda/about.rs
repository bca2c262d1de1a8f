//! What a package of conda's says of itself, in its folder `info`.

use serde::Deserialize;
use serde_json::Value;

/// The placeholder of packages that are so old that they do not name theirs.
const OLD_PLACEHOLDER: &str = "/opt/anaconda1anaconda2anaconda3";

/// A file that names the place the package was built for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) path: String,
    pub(super) placeholder: String,
    pub(super) mode: Mode,
}

/// How a place is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    Text,
    Binary,
}

/// How a package is laid out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Link {
    /// Whether its modules go to whatever Python is there.
    pub(super) is_for_python: bool,
    /// Programs to make: `black = black:patched_main`.
    pub(super) entry_points: Vec<String>,
}

#[derive(Deserialize)]
struct Paths {
    paths: Vec<PathEntry>,
}

#[derive(Deserialize)]
struct PathEntry {
    #[serde(rename = "_path")]
    path: String,
    #[serde(default)]
    prefix_placeholder: Option<String>,
    #[serde(default)]
    file_mode: Option<Mode>,
}

/// The files that `info/paths.json` says to name a place.
pub(super) fn placed_by_paths(text: &[u8]) -> Result<Vec<Placed>, String> {
    let paths: Paths = serde_json::from_slice(text).map_err(|error| error.to_string())?;
    let placed = paths.paths.into_iter().filter_map(|entry| {
        let placeholder = entry.prefix_placeholder.filter(|it| !it.is_empty())?;
        Some(Placed {
            path: entry.path,
            placeholder,
            mode: entry.file_mode.unwrap_or(Mode::Text),
        })
    });
    Ok(placed.collect())
}

/// The same of `info/has_prefix`, from before there were paths: `PLACEHOLDER MODE PATH`, or the path alone.
pub(super) fn placed_by_lines(text: &str) -> Vec<Placed> {
    let plain = |text: &str| text.trim_matches(['"', '\'']).to_owned();
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let placed = lines.map(|line| {
        let mut words = line.splitn(3, ' ');
        match (words.next(), words.next(), words.next()) {
            (Some(placeholder), Some(mode @ ("text" | "binary")), Some(path)) => Placed {
                path: plain(path),
                placeholder: plain(placeholder),
                mode: if mode == "text" {
                    Mode::Text
                } else {
                    Mode::Binary
                },
            },
            _ => Placed {
                path: plain(line),
                placeholder: OLD_PLACEHOLDER.to_owned(),
                mode: Mode::Text,
            },
        }
    });
    placed.collect()
}

/// How a package without a system is laid out, by `info/link.json` and `info/index.json`.
pub(super) fn link(link: &[u8], index: &[u8]) -> Link {
    let link: Value = serde_json::from_slice(link).unwrap_or_default();
    let index: Value = serde_json::from_slice(index).unwrap_or_default();
    let noarch = &link["noarch"];
    let kind = noarch["type"].as_str().or_else(|| index["noarch"].as_str());
    let points = noarch["entry_points"].as_array();
    let points = points.into_iter().flatten().filter_map(Value::as_str);
    Link {
        is_for_python: kind == Some("python"),
        entry_points: points.map(str::to_owned).collect(),
    }
}

/// Where a Python has its modules, by its `info/index.json`.
pub(super) fn site_packages(index: &[u8]) -> Option<String> {
    let index: Value = serde_json::from_slice(index).unwrap_or_default();
    Some(index["python_site_packages_path"].as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_name_a_place_are_told_in_both_ways() {
        let text = br#"{"paths_version":1,"paths":[
            {"_path":"bin/a","path_type":"hardlink","prefix_placeholder":"/ph","file_mode":"binary","sha256":"x","size_in_bytes":1},
            {"_path":"bin/b","path_type":"hardlink"},{"_path":"c","prefix_placeholder":"/ph"}]}"#;
        let placed = |path: &str, placeholder: &str, mode| Placed {
            path: path.to_owned(),
            placeholder: placeholder.to_owned(),
            mode,
        };
        assert_eq!(
            placed_by_paths(text).unwrap(),
            [
                placed("bin/a", "/ph", Mode::Binary),
                placed("c", "/ph", Mode::Text)
            ]
        );
        assert_eq!(
            placed_by_lines("/ph binary bin/a\n\"/ph\" text \"bin/b c\"\nold file\n"),
            [
                placed("bin/a", "/ph", Mode::Binary),
                placed("bin/b c", "/ph", Mode::Text),
                placed("old file", OLD_PLACEHOLDER, Mode::Text),
            ]
        );
        for odd in ["", "[]", "{}", r#"{"paths":[1]}"#] {
            assert!(placed_by_paths(odd.as_bytes()).is_err(), "{odd}");
        }
    }

    #[test]
    fn a_package_for_whatever_python_says_so() {
        let about = link(
            br#"{"noarch":{"type":"python","entry_points":["a = b:c"]},"package_metadata_version":1}"#,
            b"",
        );
        assert!(about.is_for_python);
        assert_eq!(about.entry_points, ["a = b:c"]);
        assert!(link(b"", br#"{"noarch":"python"}"#).is_for_python);
        assert!(!link(b"x", br#"{"noarch":"generic"}"#).is_for_python);
    }
}
