//! The chooser on the lists of real releases, and what holds for every list.

use std::collections::BTreeMap;

use dgmo_schema::system::System;
use proptest::prelude::*;

use super::kind::Kind;
use super::kind::kind_of;
use super::reading::Reading;
use super::reading::Said;
use super::*;

const WHOLE: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/assets/whole.txt"
));
const KNOWN: &str = include_str!(concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/tests/fixtures/assets/known.txt"
));

/// A release of the corpus.
struct Release {
    tool: String,
    repository: String,
    tag: String,
    binaries: Vec<String>,
    assets: Vec<Asset>,
    /// By system, what is to be chosen.
    expected: Vec<(System, String)>,
}

fn corpus() -> Vec<Release> {
    let blocks = WHOLE.split("\n\n").chain(KNOWN.split("\n\n"));
    let of_releases = blocks.filter(|block| block.lines().any(|line| line.starts_with("tool ")));
    of_releases.map(release).collect()
}

fn release(block: &str) -> Release {
    let all = |key: &str| -> Vec<&str> {
        block
            .lines()
            .filter_map(|line| line.strip_prefix(key))
            .collect()
    };
    let one = |key: &str| all(key).first().copied().unwrap_or_default().to_owned();
    let expected = all("for ").into_iter().map(|line| {
        let (system, expected) = line.split_once(' ').unwrap();
        (system.parse().unwrap(), expected.to_owned())
    });
    Release {
        tool: one("tool "),
        repository: one("repo "),
        tag: one("tag "),
        binaries: one("bins ").split(' ').map(str::to_owned).collect(),
        expected: expected.collect(),
        assets: named(all("- ")),
    }
}

fn named<'a>(names: impl IntoIterator<Item = &'a str>) -> Vec<Asset> {
    let assets = names.into_iter().map(|name| Asset {
        name: name.to_owned(),
        size: None,
    });
    assets.collect()
}

impl Release {
    fn choose(&self, assets: &[Asset], system: &System) -> Choice {
        let version = version_of(&self.tag, &self.tool, &self.repository)
            .map_or_else(|| self.tag.clone(), |tag| tag.version);
        let hints = Hints {
            package: &self.tool,
            repository: &self.repository,
            version: &version,
            binaries: &self.binaries,
            ..Hints::default()
        };
        choose(assets, system, &hints)
    }
}

fn told(choice: &Choice, assets: &[Asset]) -> String {
    match choice {
        Choice::One(chosen) => assets[chosen.index].name.clone(),
        Choice::Ambiguous(_) => "ambiguous".to_owned(),
        Choice::None(_) => "none".to_owned(),
    }
}

#[test]
fn of_every_real_release_the_right_asset_is_chosen() {
    let corpus = corpus();
    assert!(corpus.len() >= 300, "{} releases", corpus.len());
    let mut wrong = Vec::new();
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for release in &corpus {
        assert_eq!(release.expected.len(), 5, "{}", release.tool);
        for (system, expected) in &release.expected {
            let found = told(&release.choose(&release.assets, system), &release.assets);
            let kind = match found.as_str() {
                "ambiguous" => "ambiguous",
                "none" => "none",
                _ => "chosen",
            };
            *counts.entry((system.to_string(), kind)).or_default() += 1;
            if found != *expected {
                let tool = &release.tool;
                wrong.push(format!(
                    "{tool} {system}: {found} where {expected} is right"
                ));
            }
        }
    }
    println!("{} releases: {counts:?}", corpus.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The words in names that cannot be in the name of an asset for the system.
fn foreign(system: &System) -> Vec<&'static str> {
    let os: &[&str] = match system.os() {
        "linux" => &[
            "darwin", "macos", "osx", "windows", "win32", "win64", ".exe", "freebsd",
        ],
        "darwin" => &["linux", "windows", "win32", "win64", ".exe", "freebsd"],
        _ => &["linux", "apple-darwin", "macos", "osx", "freebsd"],
    };
    let arch: &[&str] = match system.arch() {
        "x86_64" => &["aarch64", "arm64", "armv7", "riscv64", "s390x", "i686"],
        _ => &[
            "x86_64", "amd64", "x64", "armv7", "riscv64", "s390x", "i686",
        ],
    };
    [os, arch].concat()
}

#[test]
fn nothing_of_another_system_and_no_companion_is_chosen_from_a_real_list() {
    for release in corpus() {
        for (system, _) in &release.expected {
            let Choice::One(chosen) = release.choose(&release.assets, system) else {
                continue;
            };
            let name = release.assets[chosen.index].name.to_ascii_lowercase();
            // `universal` names of both architectures do not occur in the corpus.
            for word in foreign(system) {
                assert!(!name.contains(word), "{name} for {system}");
            }
            for end in [
                ".sha256", ".sig", ".asc", ".pem", ".json", ".txt", ".deb", ".rpm", ".msi",
            ] {
                assert!(!name.ends_with(end), "{name}");
            }
            assert!(
                !name.contains("src.") && !name.contains("source."),
                "{name}"
            );
        }
    }
}

#[test]
fn the_order_of_the_list_does_not_matter() {
    for release in corpus() {
        let mut turned = release.assets.clone();
        turned.reverse();
        turned.rotate_left(release.assets.len() / 3);
        for (system, _) in &release.expected {
            let (there, here) = (
                told(&release.choose(&release.assets, system), &release.assets),
                told(&release.choose(&turned, system), &turned),
            );
            assert_eq!(there, here, "{} {system}", release.tool);
        }
    }
}

#[test]
fn the_libc_the_manifest_says_is_taken() {
    let assets = named([
        "t-x86_64-unknown-linux-gnu.tar.gz",
        "t-x86_64-unknown-linux-musl.tar.gz",
    ]);
    let system: System = "x86_64-linux".parse().unwrap();
    for (libc, expected) in [(None, 1), (Some(Libc::Musl), 1), (Some(Libc::Glibc), 0)] {
        let hints = Hints {
            package: "t",
            libc,
            ..Hints::default()
        };
        let Choice::One(chosen) = choose(&assets, &system, &hints) else {
            panic!("{libc:?}");
        };
        assert_eq!(chosen.index, expected, "{libc:?}");
    }
    let hints = Hints {
        libc: Some(Libc::Musl),
        ..Hints::default()
    };
    assert!(matches!(
        choose(&assets[..1], &system, &hints),
        Choice::None(_)
    ));
}

#[test]
fn a_pattern_decides_but_not_for_another_system() {
    let assets = named([
        "a-linux.tar.gz",
        "b-linux.tar.gz",
        "a-macos-x64.tar.gz",
        "t.jar",
    ]);
    let with = |patterns: &Patterns, system: &str| {
        let hints = Hints {
            patterns: Some(patterns),
            ..Hints::default()
        };
        told(&choose(&assets, &system.parse().unwrap(), &hints), &assets)
    };
    let every = |text| Patterns::Every(Pattern::parse(text).unwrap());
    assert_eq!(with(&every("b-{os}*"), "x86_64-linux"), "b-linux.tar.gz");
    assert_eq!(with(&every("a-*"), "x86_64-linux"), "a-linux.tar.gz");
    assert_eq!(with(&every("a-macos*"), "aarch64-darwin"), "none");
    assert_eq!(with(&every("*.jar"), "aarch64-darwin"), "t.jar");
    assert_eq!(with(&every("c"), "x86_64-linux"), "none");
    // Who names this very system knows better than the name: Apple's translate.
    let system: System = "aarch64-darwin".parse().unwrap();
    let by = BTreeMap::from([(system, Pattern::parse("a-macos*").unwrap())]);
    assert_eq!(
        with(&Patterns::BySystem(by), "aarch64-darwin"),
        "a-macos-x64.tar.gz"
    );
}

#[test]
fn builds_for_newer_processors_are_taken_last_and_said() {
    let system: System = "x86_64-linux".parse().unwrap();
    let hints = Hints::default();
    let assets = named(["t-linux-amd64-v3.tar.gz", "t-linux-amd64.tar.gz"]);
    assert_eq!(
        told(&choose(&assets, &system, &hints), &assets),
        "t-linux-amd64.tar.gz"
    );
    let Choice::One(chosen) = choose(&assets[..1], &system, &hints) else {
        panic!("the only one is taken");
    };
    assert_eq!(chosen.assumed, [Assumed::Processor]);
}

#[test]
fn why_there_is_none_names_what_is_there() {
    let assets = named(["t-windows.zip", "t-macos.zip"]);
    let choice = choose(&assets, &"x86_64-linux".parse().unwrap(), &Hints::default());
    let Choice::None(why) = choice else {
        panic!("{choice:?}");
    };
    assert_eq!(
        why.to_string(),
        "none of its files is for x86_64-linux: t-macos.zip, t-windows.zip"
    );
}

/// Names as of releases, from words that mean something and words that do not.
fn name() -> impl Strategy<Value = String> {
    let word = prop::sample::select(vec![
        "tool",
        "linux",
        "darwin",
        "windows",
        "x86_64",
        "arm64",
        "amd64",
        "musl",
        "gnu",
        "1.2.3",
        "universal",
        "i686",
        "v3",
        "src",
        "static",
        "debug",
        "win32",
        "64bit",
        "é",
        "",
    ]);
    let end = prop::sample::select(vec![
        "", ".tar.gz", ".zip", ".exe", ".sha256", ".deb", ".gz", ".sig", ".txt", ".", ".1",
    ]);
    let sign = prop::sample::select(vec!["-", "_", "."]);
    (prop::collection::vec((word, sign), 0..6), end).prop_map(|(words, end)| {
        let words: String = words
            .iter()
            .map(|(word, sign)| format!("{word}{sign}"))
            .collect();
        format!("{}{end}", words.trim_end_matches(['-', '_']))
    })
}

proptest! {
    #[test]
    fn of_any_list_the_choice_is_the_same_in_any_order_and_fits(
        mut names in prop::collection::btree_set(name(), 0..12).prop_map(|set| set.into_iter().collect::<Vec<_>>()),
        system in prop::sample::select(System::KNOWN.to_vec()),
        package in prop::sample::select(vec!["tool", "", "linux", "é"]),
    ) {
        let system: System = system.parse().unwrap();
        let hints = Hints { package, version: "1.2.3", ..Hints::default() };
        let assets = named(names.iter().map(String::as_str));
        let choice = choose(&assets, &system, &hints);
        names.reverse();
        let turned = named(names.iter().map(String::as_str));
        prop_assert_eq!(told(&choice, &assets), told(&choose(&turned, &system, &hints), &turned));
        if let Choice::One(chosen) = choice {
            let name = &assets[chosen.index].name;
            prop_assert!(matches!(kind_of(name), Kind::Program(_)));
            let reading = Reading::of(name, "1.2.3", &[]).unwrap();
            prop_assert!(reading.os == Said::Nothing || reading.is_for_os(system.os()) || package == "linux");
            let _found = companions(&assets, chosen.index, &system);
        }
    }

    #[test]
    fn no_name_and_no_pattern_break_it(names in prop::collection::vec(".{0,40}", 0..5), pattern in ".{0,20}") {
        let assets = named(names.iter().map(String::as_str));
        let system: System = "aarch64-darwin".parse().unwrap();
        let patterns = Pattern::parse(&pattern).ok().map(Patterns::Every);
        let hints = Hints { patterns: patterns.as_ref(), package: &pattern, ..Hints::default() };
        let _choice = choose(&assets, &system, &hints);
        for at in 0..=assets.len() {
            let _found = companions(&assets, at, &system);
        }
    }
}
