//! Chooses the asset of a release that is for a system.

use dgmo_schema::manifest::Packing;
use dgmo_schema::system::System;

use super::kind::Kind;
use super::kind::kind_of;
use super::pattern::Patterns;
use super::reading::Fit;
use super::reading::Reading;
use super::reading::Said;
use super::words::Linked;
use super::words::split;

/// One file of a release.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asset {
    pub name: String,
    /// In bytes, where the forge says so.
    pub size: Option<u64>,
}

/// The C library programs for Linux shall be built for, where the manifest says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Libc {
    Musl,
    Glibc,
}

/// What is known of the package besides the names of its assets.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hints<'a> {
    pub package: &'a str,
    /// The repository, without its owner.
    pub repository: &'a str,
    /// The version, as `version_of` reads it from the tag.
    pub version: &'a str,
    /// The programs that are wanted from it.
    pub binaries: &'a [String],
    pub libc: Option<Libc>,
    /// `asset:` of the manifest.
    pub patterns: Option<&'a Patterns>,
}

/// The outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    One(Chosen),
    /// Each of these would do as well as the others, by its place in the list.
    Ambiguous(Vec<usize>),
    None(NoAsset),
}

/// The asset that was chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Its place in the list.
    pub index: usize,
    /// A sentence for people.
    pub why: String,
    /// What its name does not say and was taken for granted.
    pub assumed: Vec<Assumed>,
}

/// Something the name of the chosen asset does not say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Assumed {
    Os,
    Arch,
    /// It is built for newer processors than the usual ones.
    Processor,
}

/// Why no asset was chosen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoAsset {
    #[error("the release has no files")]
    Empty,
    #[error("none of its files is a program or an archive: {}", listed(names))]
    NoProgram { names: Vec<String> },
    #[error("none of its files is for {system}: {}", listed(names))]
    NoneForSystem { system: System, names: Vec<String> },
    #[error("none of its files is `{pattern}` for {system}: {}", listed(names))]
    NoMatch {
        system: System,
        pattern: String,
        names: Vec<String>,
    },
}

/// As many names as one reads in an error.
const MOST_NAMES: usize = 24;

fn listed(names: &[String]) -> String {
    let shown: Vec<&str> = names.iter().take(MOST_NAMES).map(String::as_str).collect();
    let more = names.len().saturating_sub(MOST_NAMES);
    let tail = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{}{tail}", shown.join(", "))
}

/// Chooses among `assets` the one for `system`.
///
/// The order of the list does not matter. What a name says is believed: an asset of another system is not chosen, unless
/// the manifest gives a pattern for this very system.
pub fn choose(assets: &[Asset], system: &System, hints: &Hints<'_>) -> Choice {
    if assets.is_empty() {
        return Choice::None(NoAsset::Empty);
    }
    let release = Release::read(assets, system, hints);
    if let Some(patterns) = hints.patterns
        && let Some(pattern) = patterns.of(system)
    {
        let matching: Vec<usize> = (0..assets.len())
            .filter(|at| pattern.matches(&assets[*at].name, hints.version, system))
            .filter(|at| kind_of(&assets[*at].name) != Kind::Companion)
            .collect();
        return release
            .among_matching(&matching, patterns.names(system), pattern.text())
            .unwrap_or_else(|| {
                Choice::None(NoAsset::NoMatch {
                    system: system.clone(),
                    pattern: pattern.text().to_owned(),
                    names: release.names(),
                })
            });
    }
    release.by_names()
}

/// An asset that is a program or an archive, and what its name says.
#[derive(Debug, Clone)]
struct Candidate {
    index: usize,
    reading: Reading,
    program: Program,
}

/// How the words of a name relate to the wanted names; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Program {
    /// It is the wanted name: the package's before a program's before the repository's.
    Wanted(usize),
    /// It names no program at all.
    Unnamed,
    /// It begins with a wanted name and goes on.
    Begins(usize),
    Another,
}

struct Release<'a> {
    assets: &'a [Asset],
    system: &'a System,
    libc: Option<Libc>,
    candidates: Vec<Candidate>,
    /// The one candidate, where there is no other.
    only: Option<usize>,
}

impl<'a> Release<'a> {
    fn read(assets: &'a [Asset], system: &'a System, hints: &Hints<'_>) -> Self {
        let wanted = wanted_names(hints);
        let mut candidates: Vec<Candidate> = assets
            .iter()
            .enumerate()
            .filter_map(|(index, asset)| {
                let reading = Reading::of(&asset.name, hints.version, &wanted)?;
                let program = program_of(&reading.words, &wanted);
                Some(Candidate {
                    index,
                    reading,
                    program,
                })
            })
            .collect();
        candidates.sort_by(|a, b| assets[a.index].name.cmp(&assets[b.index].name));
        candidates.retain(|candidate| !is_beside_the_program(candidate, &wanted));
        let only = match candidates.as_slice() {
            [one] => Some(one.index),
            _ => None,
        };
        Self {
            assets,
            system,
            libc: hints.libc,
            candidates,
            only,
        }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> = self.assets.iter().map(|a| a.name.clone()).collect();
        names.sort();
        names
    }

    fn by_names(&self) -> Choice {
        if self.candidates.is_empty() {
            return Choice::None(NoAsset::NoProgram {
                names: self.names(),
            });
        }
        let none = || {
            Choice::None(NoAsset::NoneForSystem {
                system: self.system.clone(),
                names: self.names(),
            })
        };
        let fitting = self.fitting();
        let Some(best) = fitting.iter().map(|c| c.program).min() else {
            return none();
        };
        // Where the release has the wanted program, another program of it is no answer, whatever it is for.
        let wanted_is_there = self.candidates.iter().map(|c| c.program).min();
        if let (Some(Program::Wanted(_)), Program::Another) = (wanted_is_there, best) {
            return none();
        }
        let same: Vec<&Candidate> = fitting.into_iter().filter(|c| c.program == best).collect();
        self.decide(&plain_of(&same))
    }

    /// Those for the system and the C library, by what their names say.
    fn fitting(&self) -> Vec<&Candidate> {
        let fits = |c: &&Candidate| c.reading.fit(self.system).is_some() && self.links(c);
        let named: Vec<&Candidate> = self
            .candidates
            .iter()
            .filter(|c| c.reading.is_for_os(self.system.os()))
            .collect();
        if !named.is_empty() {
            return named.into_iter().filter(fits).collect();
        }
        let unnamed = self
            .candidates
            .iter()
            .filter(|c| c.reading.os == Said::Nothing);
        if let Some(only) = self.only {
            // A program for Windows has an ending.
            let may_run = |c: &&Candidate| {
                self.system.os() != "windows" || c.reading.packing != Packing::Program
            };
            return unnamed
                .filter(|c| c.index == only)
                .filter(may_run)
                .filter(|c| c.reading.arch == Said::Nothing || fits(c))
                .collect();
        }
        if self.system.os() != "linux" {
            return Vec::new();
        }
        // Beside `tool.exe` and `tool-macos`, `tool` is for Linux; `tool-1.2.tar.gz` is more often its source.
        unnamed
            .filter(|c| c.reading.arch != Said::Nothing || c.reading.packing == Packing::Program)
            .filter(fits)
            .collect()
    }

    fn links(&self, candidate: &Candidate) -> bool {
        self.system.os() != "linux"
            || self.libc != Some(Libc::Musl)
            || candidate.reading.linked != Some(Linked::Gnu)
    }

    fn among_matching(&self, matching: &[usize], sure: bool, pattern: &str) -> Option<Choice> {
        let candidates: Vec<&Candidate> = self
            .candidates
            .iter()
            .filter(|c| matching.contains(&c.index))
            .filter(|c| sure || !self.contradicts(c))
            .collect();
        match (candidates.as_slice(), matching) {
            ([one], _) => Some(self.chosen_by(one.index, pattern)),
            ([], [one]) if sure || self.says_nothing(*one) => Some(self.chosen_by(*one, pattern)),
            ([], _) => None,
            (several, _) => {
                let fitting: Vec<&Candidate> = several
                    .iter()
                    .copied()
                    .filter(|c| sure || c.reading.fit(self.system).is_some())
                    .collect();
                let best = fitting.iter().map(|c| c.program).min()?;
                let same: Vec<&Candidate> =
                    fitting.into_iter().filter(|c| c.program == best).collect();
                Some(self.decide(&plain_of(&same)))
            }
        }
    }

    /// Whether the name says that the asset is for another system.
    fn contradicts(&self, candidate: &Candidate) -> bool {
        let reading = &candidate.reading;
        let os = reading.os != Said::Nothing && !reading.is_for_os(self.system.os());
        let arch = reading.arch != Said::Nothing && reading.fit(self.system).is_none();
        os || arch
    }

    /// Whether an asset that is no program by its ending names no system, such as a `.jar`.
    fn says_nothing(&self, index: usize) -> bool {
        split(&self.assets[index].name.to_ascii_lowercase())
            .iter()
            .all(|word| !super::words::names_a_system(word))
    }

    fn chosen_by(&self, index: usize, pattern: &str) -> Choice {
        Choice::One(Chosen {
            index,
            why: format!(
                "`{}` is what the manifest means by `{pattern}`",
                self.assets[index].name
            ),
            assumed: Vec::new(),
        })
    }

    /// Decides among builds of the same program.
    fn decide(&self, builds: &[&Candidate]) -> Choice {
        let first = builds.first().map(|c| &c.reading.words);
        if builds.iter().any(|c| Some(&c.reading.words) != first) {
            return Choice::Ambiguous(builds.iter().map(|c| c.index).collect());
        }
        let Some(best) = builds.iter().min_by_key(|c| self.rank(c)) else {
            return Choice::None(NoAsset::NoneForSystem {
                system: self.system.clone(),
                names: self.names(),
            });
        };
        Choice::One(Chosen {
            index: best.index,
            why: self.why(best, builds.len()),
            assumed: assumed(best),
        })
    }

    fn rank(&self, candidate: &Candidate) -> (Option<Fit>, u8, u8, u8, usize, &str) {
        let reading = &candidate.reading;
        let name = self.assets[candidate.index].name.as_str();
        (
            reading.fit(self.system),
            reading.level,
            linked_rank(reading.linked, self.libc),
            packing_rank(reading.packing),
            name.len(),
            name,
        )
    }

    fn why(&self, candidate: &Candidate, builds: usize) -> String {
        let name = &self.assets[candidate.index].name;
        let taken = assumed(candidate);
        let unsaid = |assumption, text| taken.contains(&assumption).then_some(text);
        let mut why = if taken.contains(&Assumed::Os) {
            format!("`{name}` names no operating system and is the only one to fit")
        } else {
            format!("`{name}` is for {}", self.system)
        };
        let more = [
            unsaid(Assumed::Arch, "its architecture is not named"),
            unsaid(Assumed::Processor, "it needs a newer processor"),
            (candidate.reading.linked == Some(Linked::Musl) && builds > 1)
                .then_some("built with musl, it needs no C library of the system"),
        ];
        for text in more.into_iter().flatten() {
            why.push_str("; ");
            why.push_str(text);
        }
        why
    }
}

fn assumed(candidate: &Candidate) -> Vec<Assumed> {
    let reading = &candidate.reading;
    let all = [
        (Assumed::Os, reading.os == Said::Nothing),
        (Assumed::Arch, reading.arch == Said::Nothing),
        (Assumed::Processor, reading.level > 1),
    ];
    let holds = all.iter().filter(|(_, holds)| *holds);
    holds.map(|(assumed, _)| *assumed).collect()
}

/// The wanted names as words, the most wanted first.
fn wanted_names(hints: &Hints<'_>) -> Vec<Vec<String>> {
    [hints.package]
        .into_iter()
        .chain(hints.binaries.iter().map(String::as_str))
        .chain([hints.repository])
        .map(|name| split(&name.to_lowercase()))
        .filter(|words| !words.is_empty())
        .collect()
}

fn program_of(words: &[String], wanted: &[Vec<String>]) -> Program {
    if words.is_empty() {
        return Program::Unnamed;
    }
    // `golangcilint` is `golangci-lint`.
    let joined = words.concat();
    if let Some(at) = wanted.iter().position(|name| name.concat() == joined) {
        return Program::Wanted(at);
    }
    match wanted.iter().position(|name| words.starts_with(name)) {
        Some(at) => Program::Begins(at),
        None => Program::Another,
    }
}

/// Whether this is the source, the symbols or the papers of the program, and not the program.
fn is_beside_the_program(candidate: &Candidate, wanted: &[Vec<String>]) -> bool {
    const BESIDE: &[&str] = &[
        "completion",
        "completions",
        "dbg",
        "dbgsym",
        "debug",
        "debuginfo",
        "debugsymbols",
        "doc",
        "docs",
        "dsym",
        "headers",
        "license",
        "licenses",
        "man",
        "manpage",
        "manpages",
        "manual",
        "pdb",
        "profile",
        "sbom",
        "source",
        "sources",
        "src",
        "symbols",
        "testdata",
        "vendor",
        "vendored",
        "vsix",
    ];
    let words = &candidate.reading.words;
    let skip = wanted
        .iter()
        .filter(|name| words.starts_with(name))
        .map(Vec::len)
        .max()
        .unwrap_or(0);
    words[skip..]
        .iter()
        .any(|word| BESIDE.contains(&word.as_str()))
}

/// Those whose name is plain: all others' names begin with it and add something. All where none is.
fn plain_of<'a>(candidates: &[&'a Candidate]) -> Vec<&'a Candidate> {
    let shortest = candidates
        .iter()
        .map(|c| &c.reading.words)
        .min_by_key(|words| (words.len(), words.concat()));
    let Some(plain) = shortest else {
        return Vec::new();
    };
    // A program of which only builds with something special exist has no plain one.
    if !candidates
        .iter()
        .all(|c| c.reading.words.starts_with(plain))
    {
        return candidates.to_vec();
    }
    candidates
        .iter()
        .filter(|c| c.reading.words == *plain)
        .copied()
        .collect()
}

/// What a name does not say is what its authors mean most people to take. Static programs run everywhere.
fn linked_rank(linked: Option<Linked>, libc: Option<Libc>) -> u8 {
    match (linked, libc) {
        (Some(Linked::Gnu), Some(Libc::Glibc)) | (Some(Linked::Musl), Some(Libc::Musl)) => 0,
        (Some(Linked::Static | Linked::Msvc), _) => 1,
        (None, _) => 2,
        (Some(Linked::Musl), _) => 3,
        (Some(Linked::Gnu), _) => 4,
        (Some(Linked::GnuLlvm), _) => 5,
    }
}

/// Archives before bare programs: they bring manuals and completions. The better packed ones first.
fn packing_rank(packing: Packing) -> u8 {
    match packing {
        Packing::TarZst => 0,
        Packing::TarXz => 1,
        Packing::TarGz => 2,
        Packing::TarBz2 => 3,
        Packing::Tar => 4,
        Packing::Zip => 5,
        Packing::Program => 6,
        Packing::Zst => 7,
        Packing::Xz => 8,
        Packing::Gz => 9,
        Packing::Bz2 => 10,
    }
}
