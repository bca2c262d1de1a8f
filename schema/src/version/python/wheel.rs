//! Names of wheels: `name-1.0-1-cp312-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64.whl`.

use std::fmt;
use std::str::FromStr;

use crate::version::Scheme;
use crate::version::Version;
use crate::version::digits::Digits;
use crate::version::digits::split_row;
use crate::version::python::normal_name;

/// What the name of a wheel says.
#[derive(Debug, Clone)]
pub struct Wheel {
    file: String,
    /// The package, in the one spelling of its name.
    pub name: String,
    /// Its version.
    pub version: Version,
    /// Which build of it, where there is more than one.
    pub build: Option<Build>,
    /// The last three parts of the name, in small letters.
    tags: String,
}

/// The build number of a wheel: digits, then whatever.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Build(Digits, String);

/// An interpreter, an ABI and a platform a wheel is made for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag {
    /// `cp312`, `py3`
    pub python: String,
    /// `cp312`, `abi3`, `none`
    pub abi: String,
    /// `manylinux_2_17_x86_64`, `any`
    pub platform: String,
}

/// Why a file's name is not that of a wheel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{file}` is not the name of a wheel: {why}")]
pub struct WheelError {
    /// The name as given.
    pub file: String,
    /// What is wrong with it.
    pub why: String,
}

impl Tag {
    pub(super) fn new(python: &str, abi: &str, platform: &str) -> Self {
        Self {
            python: python.to_owned(),
            abi: abi.to_owned(),
            platform: platform.to_owned(),
        }
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}-{}", self.python, self.abi, self.platform)
    }
}

impl Wheel {
    /// Everything it is made for: each interpreter with each ABI and each platform.
    pub fn tags(&self) -> impl Iterator<Item = Tag> {
        each_tag(&self.tags).map(|(python, abi, platform)| Tag::new(python, abi, platform))
    }

    /// The same as one text: the last three parts of the name, in small letters.
    pub fn written_tags(&self) -> &str {
        &self.tags
    }

    /// Whether it holds nothing that is made for one platform.
    pub fn is_pure(&self) -> bool {
        let [.., platforms] = lists(&self.tags);
        platforms.split('.').any(|platform| platform == "any")
    }
}

fn lists(tags: &str) -> [&str; 3] {
    let mut lists = tags.splitn(3, '-');
    std::array::from_fn(|_| lists.next().unwrap_or_default())
}

/// Each tag that such a text stands for.
pub(super) fn each_tag(tags: &str) -> impl Iterator<Item = (&str, &str, &str)> {
    let [pythons, abis, platforms] = lists(tags);
    pythons.split('.').flat_map(move |python| {
        abis.split('.').flat_map(move |abi| {
            platforms
                .split('.')
                .map(move |platform| (python, abi, platform))
        })
    })
}

/// The file's name as it was given.
impl fmt::Display for Wheel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)
    }
}

impl FromStr for Wheel {
    type Err = WheelError;

    fn from_str(file: &str) -> Result<Self, WheelError> {
        read(file).map_err(|why| WheelError {
            file: file.to_owned(),
            why,
        })
    }
}

/// A name with more tags would be an attack; real ones have a dozen.
const MOST_TAGS: usize = 4096;

fn read(file: &str) -> Result<Wheel, String> {
    let stem = file
        .strip_suffix(".whl")
        .ok_or("it does not end in `.whl`")?;
    let parts: Vec<&str> = stem.split('-').collect();
    let (name, version, build, tags) = match parts.as_slice() {
        [name, version, tags @ ..] if tags.len() == 3 => (name, version, None, tags),
        [name, version, build, tags @ ..] if tags.len() == 3 => (name, version, Some(*build), tags),
        _ => {
            return Err(format!(
                "it has {} parts between `-`, not 5 or 6",
                parts.len()
            ));
        }
    };
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "_.".contains(c));
    if !is_name || name.contains("__") {
        return Err(format!("`{name}` cannot be a name in it"));
    }
    let version = Version::parse(Scheme::Pep440, version).map_err(|error| error.to_string())?;
    let build = build.map(self::build).transpose()?;
    let mut count = 1_usize;
    for list in tags {
        if list.split('.').any(str::is_empty) {
            return Err(format!("`{list}` has an empty tag"));
        }
        count = count.saturating_mul(list.split('.').count());
    }
    if count > MOST_TAGS {
        return Err("it has too many tags".to_owned());
    }
    Ok(Wheel {
        file: file.to_owned(),
        name: normal_name(name),
        version,
        build,
        tags: tags.join("-").to_ascii_lowercase(),
    })
}

fn build(text: &str) -> Result<Build, String> {
    match split_row(text) {
        ("", _) => Err(format!(
            "its build number `{text}` does not begin with a digit"
        )),
        (row, rest) => Ok(Build(Digits::of(row), rest.to_owned())),
    }
}
