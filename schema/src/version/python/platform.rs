//! Which wheels a Python on a machine can use, best first.

use std::collections::HashMap;

use crate::version::python::wheel::Tag;
use crate::version::python::wheel::Wheel;
use crate::version::python::wheel::each_tag;

/// What a wheel with binaries has to fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Platform {
    /// Linux with glibc of this version.
    Glibc {
        /// `x86_64`, `aarch64`
        arch: String,
        /// 2
        major: u32,
        /// 36
        minor: u32,
    },
    /// Linux with musl of this version.
    Musl {
        /// `x86_64`, `aarch64`
        arch: String,
        /// 1
        major: u32,
        /// 2
        minor: u32,
    },
    /// macOS of at least this version.
    MacOs {
        /// `x86_64`, `aarch64`
        arch: String,
        /// 14
        major: u32,
        /// 0
        minor: u32,
    },
    /// Windows.
    Windows {
        /// `x86_64`, `aarch64`
        arch: String,
    },
}

/// A `CPython`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpreter {
    /// 3
    pub major: u32,
    /// 12
    pub minor: u32,
    /// Whether it is built without the global lock; then it has another ABI.
    pub free_threaded: bool,
}

/// The tags a Python on a machine takes, in the order it likes them.
#[derive(Debug, Clone)]
pub struct CompatibleTags {
    tags: Vec<Tag>,
    /// By interpreter, ABI and platform.
    ranks: HashMap<String, HashMap<String, HashMap<String, usize>>>,
}

impl CompatibleTags {
    /// The order is that of Python's own installers: the closest ABI first, then the closest platform.
    pub fn new(python: Interpreter, platform: &Platform) -> Self {
        let platforms = platform.tags();
        let mut tags = cpython(python, &platforms);
        tags.extend(pure(python, &platforms));
        let mut ranks: HashMap<_, HashMap<_, HashMap<_, _>>> = HashMap::new();
        for (rank, tag) in tags.iter().cloned().enumerate() {
            let abis = ranks.entry(tag.python).or_default();
            let platforms = abis.entry(tag.abi).or_default();
            platforms.entry(tag.platform).or_insert(rank);
        }
        Self { tags, ranks }
    }

    /// All of them, best first.
    pub fn tags(&self) -> &[Tag] {
        &self.tags
    }

    /// How well a wheel fits; less is better, and nothing is not at all.
    pub fn rank(&self, wheel: &Wheel) -> Option<usize> {
        self.rank_of(wheel.written_tags())
    }

    /// The same of what is written of a wheel's tags: an index has tens of thousands of wheels of one package, and few
    /// such texts.
    pub fn rank_of(&self, tags: &str) -> Option<usize> {
        let rank = |(python, abi, platform)| -> Option<usize> {
            let abis = self.ranks.get::<str>(python)?;
            abis.get::<str>(abi)?.get::<str>(platform).copied()
        };
        each_tag(tags).filter_map(rank).min()
    }

    /// The wheel that fits best. Of two that fit as well, the one with the later build number.
    pub fn best<'a>(&self, wheels: impl IntoIterator<Item = &'a Wheel>) -> Option<&'a Wheel> {
        wheels
            .into_iter()
            .filter_map(|wheel| Some((self.rank(wheel)?, wheel)))
            .min_by(|(left, a), (right, b)| left.cmp(right).then_with(|| b.build.cmp(&a.build)))
            .map(|(_, wheel)| wheel)
    }
}

/// What this `CPython` alone can load, and what was made for the stable ABI of this or an earlier one.
fn cpython(python: Interpreter, platforms: &[String]) -> Vec<Tag> {
    let Interpreter {
        major,
        minor,
        free_threaded,
    } = python;
    let mut tags = Vec::new();
    let mut each = |minor: u32, abi: &str| {
        tags.extend(
            platforms
                .iter()
                .map(|platform| Tag::new(&format!("cp{major}{minor}"), abi, platform)),
        );
    };
    let stable = if free_threaded { "abi3t" } else { "abi3" };
    let has_stable = (major, minor) >= (3, 2);
    let end = match (free_threaded, (major, minor) < (3, 8)) {
        (true, _) => "t",
        (false, true) => "m",
        (false, false) => "",
    };
    each(minor, &format!("cp{major}{minor}{end}"));
    if has_stable {
        each(minor, stable);
    }
    each(minor, "none");
    if has_stable {
        for earlier in (2..minor).rev() {
            each(earlier, stable);
        }
    }
    tags
}

/// What is not made for this `CPython` alone.
fn pure(python: Interpreter, platforms: &[String]) -> Vec<Tag> {
    let Interpreter { major, minor, .. } = python;
    let mut names = vec![format!("py{major}{minor}"), format!("py{major}")];
    names.extend(
        (0..minor)
            .rev()
            .map(|earlier| format!("py{major}{earlier}")),
    );
    let mut tags: Vec<Tag> = names
        .iter()
        .flat_map(|name| {
            platforms
                .iter()
                .map(|platform| Tag::new(name, "none", platform))
        })
        .collect();
    tags.push(Tag::new(&format!("cp{major}{minor}"), "none", "any"));
    tags.extend(names.iter().map(|name| Tag::new(name, "none", "any")));
    tags
}

impl Platform {
    /// Its names in wheels, the closest first.
    pub fn tags(&self) -> Vec<String> {
        match self {
            Self::Glibc { arch, major, minor } => glibc(arch, *major, *minor),
            Self::Musl { arch, major, minor } => std::iter::once(format!("linux_{arch}"))
                .chain(
                    (0..=*minor)
                        .rev()
                        .map(|minor| format!("musllinux_{major}_{minor}_{arch}")),
                )
                .collect(),
            Self::MacOs { arch, major, minor } => macos(arch, *major, *minor),
            Self::Windows { arch } => vec![match arch.as_str() {
                "x86_64" => "win_amd64".to_owned(),
                "aarch64" => "win_arm64".to_owned(),
                "i686" | "x86" => "win32".to_owned(),
                other => format!("win_{other}"),
            }],
        }
    }
}

/// Old names of some glibc versions, and the versions.
const LEGACY: &[(u32, &str)] = &[
    (17, "manylinux2014"),
    (12, "manylinux2010"),
    (5, "manylinux1"),
];

fn glibc(arch: &str, major: u32, minor: u32) -> Vec<String> {
    let oldest = if matches!(arch, "x86_64" | "i686") {
        5
    } else {
        17
    };
    let mut tags = vec![format!("linux_{arch}")];
    if major != 2 {
        // There is one major version, and nobody knows how the next will be named.
        return tags;
    }
    for minor in (oldest..=minor).rev() {
        tags.push(format!("manylinux_2_{minor}_{arch}"));
        let legacy = LEGACY.iter().filter(|(version, _)| *version == minor);
        tags.extend(legacy.map(|(_, name)| format!("{name}_{arch}")));
    }
    tags
}

fn macos(arch: &str, major: u32, minor: u32) -> Vec<String> {
    let is_arm = arch == "aarch64" || arch == "arm64";
    let formats: &[&str] = if is_arm {
        &["arm64", "universal2"]
    } else {
        &[
            "x86_64",
            "intel",
            "fat64",
            "fat3",
            "universal2",
            "universal",
        ]
    };
    let of = |major: u32, minor: u32, formats: &[&str]| -> Vec<String> {
        formats
            .iter()
            .map(|format| format!("macosx_{major}_{minor}_{format}"))
            .collect()
    };
    if major < 11 {
        // The x86_64 half of Python needs 10.4; arm64 never had a version 10.
        return (4..=minor)
            .rev()
            .flat_map(|minor| of(10, minor, formats))
            .collect();
    }
    let mut tags: Vec<String> = (11..=major)
        .rev()
        .flat_map(|major| of(major, 0, formats))
        .collect();
    let earlier: &[&str] = if is_arm { &["universal2"] } else { formats };
    tags.extend((4..=16).rev().flat_map(|minor| of(10, minor, earlier)));
    tags
}
