//! A project of an index: its versions, and which file of one is for a Python on a system.

use std::collections::BTreeMap;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::python::normal_name;
use dgmo_schema::version::python::wheel::Wheel;

use super::page::File;
use super::settings::Index;
use super::target::Target;

/// What an index says of a project.
pub(super) struct Page {
    pub(super) index: Index,
    /// Where it says so.
    pub(super) url: String,
    pub(super) files: Vec<File>,
}

impl Page {
    /// The file of this name.
    pub(super) fn file(&self, name: &str) -> Option<&File> {
        self.files.iter().find(|file| file.name == name)
    }
}

/// What an index has of a project.
pub(super) struct Project {
    pub(super) page: Page,
    /// By version: its wheels, and whether it has anything else.
    pub(super) releases: BTreeMap<Version, Release>,
}

/// The files of one version.
#[derive(Default)]
pub(super) struct Release {
    /// Each wheel, with its place among the files.
    wheels: Vec<(Wheel, usize)>,
    has_source: bool,
}

/// For whom a file is chosen, and what else must hold of it.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) target: &'a Target,
    pub(super) not_after: Option<Timestamp>,
}

impl Project {
    /// `name` is in its one spelling.
    pub(super) fn new(page: Page, name: &str) -> Self {
        let mut releases: BTreeMap<Version, Release> = BTreeMap::new();
        for (at, file) in page.files.iter().enumerate() {
            // A wheel whose name says nothing we understand is none.
            if let Ok(wheel) = file.name.parse::<Wheel>() {
                if wheel.name == name {
                    let release = match releases.get_mut(&wheel.version) {
                        Some(known) => known,
                        None => releases.entry(wheel.version.clone()).or_default(),
                    };
                    release.wheels.push((wheel, at));
                }
            } else if let Some(version) = version_of_source(&file.name, name) {
                releases.entry(version).or_default().has_source = true;
            }
        }
        Self { page, releases }
    }

    /// The wheel of a version for whom it is wished, or why there is none.
    pub(super) fn choose(&self, release: &Release, wish: Wish<'_>) -> Result<&File, String> {
        let Wish { target, not_after } = wish;
        if release.wheels.is_empty() {
            return Err("only source is published".to_owned());
        }
        let is_old_enough = |file: &File| match (not_after, file.published) {
            (Some(limit), Some(published)) => published <= limit,
            (Some(_), None) => false,
            (None, _) => true,
        };
        let of = |at: &usize| &self.page.files[*at];
        let old: Vec<_> = release
            .wheels
            .iter()
            .filter(|(_, at)| is_old_enough(of(at)))
            .collect();
        if old.is_empty() {
            return Err("it is younger than is asked for".to_owned());
        }
        let for_python: Vec<_> = old
            .iter()
            .filter(|(_, at)| takes_python(of(at), target))
            .collect();
        let Some((_, first)) = old.first().filter(|_| for_python.is_empty()) else {
            let wheels: Vec<&Wheel> = for_python.iter().map(|(wheel, _)| wheel).collect();
            return match target.best(&wheels) {
                Some(best) => Ok(of(&for_python[best].1)),
                None => Err(no_wheel(&wheels, release.has_source)),
            };
        };
        Err(wants_another(of(first), target))
    }

    /// Whether a version has a wheel for this Python, whatever the system; else why not.
    pub(super) fn is_usable(&self, release: &Release, target: &Target) -> Result<(), String> {
        let mut wheels = release.wheels.iter();
        if wheels.len() == 0 {
            return Err("only source is published".to_owned());
        }
        let first = &self.page.files[release.wheels[0].1];
        if wheels.any(|(_, at)| takes_python(&self.page.files[*at], target)) {
            return Ok(());
        }
        Err(wants_another(first, target))
    }

    /// Why nobody should use a version any more, if all its files are withdrawn.
    pub(super) fn withdrawn(&self, release: &Release) -> Option<&str> {
        let mut why = None;
        for (_, at) in &release.wheels {
            why = Some(self.page.files[*at].yanked.as_deref()?);
        }
        why
    }

    /// When the first file of a version was published, where that is told.
    pub(super) fn published(&self, release: &Release) -> Option<Timestamp> {
        let published = release.wheels.iter();
        published
            .filter_map(|(_, at)| self.page.files[*at].published)
            .min()
    }
}

fn no_wheel(wheels: &[&Wheel], has_source: bool) -> String {
    const SHOWN: usize = 3;
    let shown: Vec<String> = wheels.iter().take(SHOWN).map(ToString::to_string).collect();
    let more = if wheels.len() > SHOWN { ", …" } else { "" };
    let source = if has_source {
        ", and source, which is not built"
    } else {
        ""
    };
    format!("there are only {}{more}{source}", shown.join(", "))
}

fn wants_another(file: &File, target: &Target) -> String {
    let wants = file.pythons.as_ref().map_or("", |pythons| &pythons.text);
    format!(
        "it wants Python {wants}, and it is locked for {}",
        target.python
    )
}

fn takes_python(file: &File, target: &Target) -> bool {
    let pythons = file.pythons.as_ref();
    pythons.is_none_or(|pythons| pythons.take(&target.version))
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dgmo_schema::catalogue::Catalogue;
    use dgmo_schema::manifest::Endpoint;

    use super::super::page;
    use super::super::settings;
    use super::*;

    fn project(files: &str) -> Project {
        let endpoint = Endpoint {
            url: "http://127.0.0.1:1/simple".to_owned(),
            mirrors: Vec::new(),
            suite: None,
            components: Vec::new(),
            key: None,
        };
        let endpoints = BTreeMap::from([(Catalogue::Pypi, endpoint)]);
        let index = settings::indexes(&endpoints).unwrap().remove(0);
        let files = page::read(format!("{{\"files\":[{files}]}}").as_bytes()).unwrap();
        let page = Page {
            index,
            url: String::new(),
            files,
        };
        Project::new(page, "a-b")
    }

    fn chosen(project: &Project, version: &str, not_after: Option<u64>) -> Result<String, String> {
        let target = Target::new("3.11", &"x86_64-linux".parse().unwrap());
        let version = Version::parse(Scheme::Pep440, version).unwrap();
        let wish = Wish {
            target: &target,
            not_after: not_after.map(Timestamp::from_seconds),
        };
        let file = project.choose(&project.releases[&version], wish)?;
        Ok(file.name.clone())
    }

    #[test]
    fn files_are_of_versions_and_for_somebody() {
        let project = project(
            r#"{"filename":"A_b-1.0-py3-none-any.whl","url":"x","requires-python":">=3.8","upload-time":"2024-01-01T00:00:00Z"},
            {"filename":"a.b-1.0.tar.gz","url":"x"},
            {"filename":"a-b-1.1.zip","url":"x"},
            {"filename":"a_b-2.0-cp311-cp311-win_amd64.whl","url":"x"},
            {"filename":"a_b-3.0-py3-none-any.whl","url":"x","requires-python":">=3.12","yanked":"oops"},
            {"filename":"other-9-py3-none-any.whl","url":"x"},
            {"filename":"a_b-9-nonsense.whl","url":"x"}"#,
        );
        let versions: Vec<_> = project.releases.keys().map(Version::as_str).collect();
        assert_eq!(versions, ["1.0", "1.1", "2.0", "3.0"]);
        assert_eq!(
            chosen(&project, "1.0", None).as_deref(),
            Ok("A_b-1.0-py3-none-any.whl")
        );
        for (version, not_after, why) in [
            (
                "1.0",
                Some(1_700_000_000),
                "it is younger than is asked for",
            ),
            ("1.1", None, "only source is published"),
            (
                "2.0",
                None,
                "there are only a_b-2.0-cp311-cp311-win_amd64.whl",
            ),
            (
                "3.0",
                None,
                "it wants Python >=3.12, and it is locked for 3.11",
            ),
        ] {
            assert_eq!(chosen(&project, version, not_after), Err(why.to_owned()));
        }
        let withdrawn = project.releases.values().map(|it| project.withdrawn(it));
        assert_eq!(
            withdrawn.collect::<Vec<_>>(),
            [None, None, None, Some("oops")]
        );
    }
}
