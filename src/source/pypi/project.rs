//! A project of an index: its versions, and which file of one is for a Python on a system.

use std::cmp::Ordering;
use std::ops::Range;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::python::wheel;
use dgmo_schema::version::python::wheel::Build;
use dgmo_schema::version::range::Prereleases;
use dgmo_schema::version::range::VersionRange;

use super::listing;
use super::listing::Entry;
use super::listing::Line;
use super::page::File;
use super::settings::Index;
use super::target::Rank;
use super::target::Target;

/// What an index says of a project.
pub(super) struct Page {
    pub(super) index: Index,
    /// Where it says so.
    pub(super) url: String,
    /// What matters of it.
    pub(super) gist: String,
}

impl Page {
    /// The file of this name.
    pub(super) fn file(&self, name: &str) -> Option<File> {
        listing::file(&self.gist, name)
    }
}

/// What an index has of a project.
pub(super) struct Project {
    pub(super) page: Page,
    /// Rising by version: its wheels, and whether it has anything else.
    pub(super) releases: Vec<(Version, Release)>,
    /// What wheels may be built for.
    tags: Vec<String>,
    pythons: Vec<Pythons>,
}

/// The files of one version.
#[derive(Default)]
pub(super) struct Release {
    wheels: Vec<Wheel>,
    has_source: bool,
}

/// What says whether a wheel fits, and where the rest is written.
pub(super) struct Wheel {
    tags: usize,
    pythons: usize,
    published: Option<Timestamp>,
    is_yanked: bool,
    line: Range<usize>,
}

/// For which Pythons a file is. Most files of a project say the same.
#[derive(Default)]
struct Pythons {
    text: String,
    range: Option<VersionRange>,
}

impl Pythons {
    fn read(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            range: VersionRange::parse_native(Scheme::Pep440, text).ok(),
        }
    }

    /// A range nobody can read forbids nothing: pip has it so too.
    fn take(&self, python: &Version) -> bool {
        let mut range = self.range.iter();
        range.all(|range| range.matches_with(python, Prereleases::Taken))
    }
}

/// For whom a file is chosen, and what else must hold of it.
#[derive(Clone, Copy)]
pub(super) struct Wish<'a> {
    pub(super) target: &'a Target,
    pub(super) not_after: Option<Timestamp>,
}

impl Project {
    pub(super) fn new(page: Page) -> Self {
        let mut releases: Vec<(Version, Release)> = Vec::new();
        let mut tags = Vec::new();
        let mut pythons = vec![Pythons::default()];
        let mut begin = 0;
        for line in page.gist.split('\n') {
            let place = begin..begin + line.len();
            begin = place.end + 1;
            match (Line::read(line), releases.last_mut()) {
                (Some(Line::Pythons(text)), _) => pythons.push(Pythons::read(text)),
                (Some(Line::Tags(text)), _) => tags.push(text.to_owned()),
                (Some(Line::Version(version)), _) => releases.push((version, Release::default())),
                (Some(Line::Source), Some((_, release))) => release.has_source = true,
                (Some(Line::Wheel(entry)), Some((_, release))) => {
                    release.wheels.push(Wheel::of(&entry, place));
                }
                _ => {}
            }
        }
        Self {
            page,
            releases,
            tags,
            pythons,
        }
    }

    pub(super) fn release(&self, version: &Version) -> Option<&Release> {
        let found = self.releases.binary_search_by(|(it, _)| it.cmp(version));
        found.ok().map(|at| &self.releases[at].1)
    }

    /// The project as it is for somebody.
    pub(super) fn seen<'a>(&'a self, wish: Wish<'a>) -> Seen<'a> {
        let ranks = self.tags.iter().map(|tags| wish.target.rank(tags));
        let pythons = self.pythons.iter();
        Seen {
            project: self,
            wish,
            ranks: ranks.collect(),
            takes: pythons.map(|it| it.take(&wish.target.version)).collect(),
        }
    }

    /// What is written of a wheel.
    fn entry(&self, wheel: &Wheel) -> Option<Entry<'_>> {
        match Line::read(self.page.gist.get(wheel.line.clone())?) {
            Some(Line::Wheel(entry)) => Some(entry),
            _ => None,
        }
    }

    fn name(&self, wheel: &Wheel) -> &str {
        self.entry(wheel).map_or("", |entry| entry.name())
    }

    fn build(&self, wheel: &Wheel) -> Option<Build> {
        let name = self.name(wheel).parse::<wheel::Wheel>();
        name.ok().and_then(|name| name.build)
    }

    /// Why nobody should use a version any more, if all its files are withdrawn.
    pub(super) fn withdrawn(&self, release: &Release) -> Option<&str> {
        let (last, others) = release.wheels.split_last()?;
        if !others.iter().all(|wheel| wheel.is_yanked) {
            return None;
        }
        self.entry(last)?.why_yanked()
    }

    /// When the first file of a version was published, where that is told.
    pub(super) fn published(release: &Release) -> Option<Timestamp> {
        let published = release.wheels.iter();
        published.filter_map(|wheel| wheel.published).min()
    }
}

impl Wheel {
    fn of(entry: &Entry<'_>, line: Range<usize>) -> Self {
        let Entry {
            tags,
            pythons,
            published,
            is_yanked,
            ..
        } = *entry;
        Self {
            tags,
            pythons,
            published,
            is_yanked,
            line,
        }
    }
}

/// A project as somebody sees it who wants wheels for himself.
pub(super) struct Seen<'a> {
    project: &'a Project,
    wish: Wish<'a>,
    /// How well what is built for such tags fits.
    ranks: Vec<Option<Rank>>,
    /// Whether what is for such Pythons is for this one.
    takes: Vec<bool>,
}

impl Seen<'_> {
    /// The wheel of a version for whom it is wished, or why there is none.
    pub(super) fn choose<'r>(&self, release: &'r Release) -> Result<&'r Wheel, String> {
        let mut old = release.wheels.iter().filter(|it| self.is_old_enough(it));
        let Some(first) = old.next() else {
            let why = if release.wheels.is_empty() {
                "only source is published"
            } else {
                "it is younger than is asked for"
            };
            return Err(why.to_owned());
        };
        let for_python = std::iter::once(first).chain(old);
        let mut for_python = for_python.filter(|it| self.takes_python(it)).peekable();
        if for_python.peek().is_none() {
            return Err(self.wants_another(first));
        }
        let mut best: Option<(Rank, &Wheel)> = None;
        for wheel in for_python {
            let Some(rank) = self.ranks.get(wheel.tags).copied().flatten() else {
                continue;
            };
            let is_better = best.is_none_or(|(known, other)| match rank.cmp(&known) {
                Ordering::Equal => self.project.build(wheel) > self.project.build(other),
                order => order.is_lt(),
            });
            if is_better {
                best = Some((rank, wheel));
            }
        }
        best.map_or_else(|| Err(self.no_wheel(release)), |(_, wheel)| Ok(wheel))
    }

    /// The file of it.
    pub(super) fn file(&self, release: &Release) -> Result<File, String> {
        let entry = self.project.entry(self.choose(release)?);
        let file = entry.and_then(|entry| entry.file());
        file.ok_or_else(|| "what was kept of it cannot be read".to_owned())
    }

    fn is_old_enough(&self, wheel: &Wheel) -> bool {
        match (self.wish.not_after, wheel.published) {
            (Some(limit), Some(published)) => published <= limit,
            (Some(_), None) => false,
            (None, _) => true,
        }
    }

    fn takes_python(&self, wheel: &Wheel) -> bool {
        self.takes.get(wheel.pythons).is_none_or(|takes| *takes)
    }

    fn no_wheel(&self, release: &Release) -> String {
        const SHOWN: usize = 3;
        let wheels = release.wheels.iter();
        let fit = wheels.filter(|it| self.is_old_enough(it) && self.takes_python(it));
        let mut names: Vec<&str> = fit
            .take(SHOWN + 1)
            .map(|wheel| self.project.name(wheel))
            .collect();
        let more = if names.len() > SHOWN { ", …" } else { "" };
        names.truncate(SHOWN);
        let source = if release.has_source {
            ", and source, which is not built"
        } else {
            ""
        };
        format!("there are only {}{more}{source}", names.join(", "))
    }

    fn wants_another(&self, wheel: &Wheel) -> String {
        let wants = self.project.pythons.get(wheel.pythons);
        format!(
            "it wants Python {}, and it is locked for {}",
            wants.map_or("", |pythons| &pythons.text),
            self.wish.target.python
        )
    }
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
        Project::new(Page {
            index,
            url: String::new(),
            gist: listing::gist(&files, "a-b"),
        })
    }

    fn chosen(project: &Project, version: &str, not_after: Option<u64>) -> Result<String, String> {
        let target = Target::new("3.11", &"x86_64-linux".parse().unwrap());
        let version = Version::parse(Scheme::Pep440, version).unwrap();
        let wish = Wish {
            target: &target,
            not_after: not_after.map(Timestamp::from_seconds),
        };
        let file = project
            .seen(wish)
            .file(project.release(&version).unwrap())?;
        Ok(file.name)
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
        let versions = project.releases.iter();
        let versions: Vec<_> = versions.map(|(version, _)| version.as_str()).collect();
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
        let releases = project.releases.iter();
        let withdrawn = releases.map(|(_, it)| project.withdrawn(it));
        assert_eq!(
            withdrawn.collect::<Vec<_>>(),
            [None, None, None, Some("oops")]
        );
    }
}
