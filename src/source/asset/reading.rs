//! What the name of an asset says: for which system, how linked, and which program.

use dgmo_schema::manifest::Packing;
use dgmo_schema::system::System;

use super::kind::Kind;
use super::kind::kind_of;
use super::kind::stem_of;
use super::words::Arch;
use super::words::Linked;
use super::words::Meaning;
use super::words::Os;
use super::words::is_distribution;
use super::words::meaning;
use super::words::split;

/// What a name says to one question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said<T> {
    Nothing,
    One(T),
    /// Answers that do not go together; such a name is never chosen by itself.
    Several,
}

impl<T: PartialEq + Copy> Said<T> {
    fn and(self, other: T) -> Self {
        match self {
            Self::Nothing => Self::One(other),
            Self::One(before) if before == other => self,
            Self::One(_) | Self::Several => Self::Several,
        }
    }
}

/// A name, read.
#[derive(Debug, Clone)]
pub(super) struct Reading {
    pub(super) packing: Packing,
    pub(super) os: Said<Os>,
    pub(super) arch: Said<Arch>,
    pub(super) linked: Option<Linked>,
    /// 0 for the usual processors.
    pub(super) level: u8,
    /// What is left: the program, and what is special in this build of it.
    pub(super) words: Vec<String>,
}

/// How well an architecture fits; smaller is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fit {
    Exact,
    /// An older one of the same family, or one file for all.
    Compatible,
    /// The name says nothing.
    Unsaid,
}

impl Reading {
    /// Reads `name`, whose first words may be one of the `wanted` names and then say nothing of a system.
    /// Nothing if the file is no program and no archive.
    pub(super) fn of(name: &str, version: &str, wanted: &[Vec<String>]) -> Option<Self> {
        let Kind::Program(packing) = kind_of(name) else {
            return None;
        };
        let mut stem = stem_of(name);
        if version.len() > 2 {
            stem = stem.replace(&version.to_ascii_lowercase(), "-");
        }
        let words = split(&stem);
        let skip = wanted
            .iter()
            .filter(|name| !name.is_empty() && words.starts_with(name))
            .map(Vec::len)
            .max()
            .unwrap_or(0);
        let exe = name.to_ascii_lowercase().ends_with(".exe");
        let skipping = Facts::of(&words, skip).read(packing, exe);
        if skip > 0 && skipping.os == Said::Nothing {
            return Some(Facts::of(&words, 0).read(packing, exe));
        }
        Some(skipping)
    }

    /// Whether the name says that this is for `os`, an operating system of a lock.
    pub(super) fn is_for_os(&self, os: &str) -> bool {
        let wanted = match os {
            "linux" => Os::Linux,
            "darwin" => Os::Darwin,
            "windows" => Os::Windows,
            _ => return false,
        };
        self.os == Said::One(wanted)
    }

    /// How well this fits the architecture of `system`, if at all.
    pub(super) fn fit(&self, system: &System) -> Option<Fit> {
        let darwin = system.os() == "darwin";
        match (self.arch, system.arch()) {
            (Said::One(Arch::X86_64), "x86_64")
            | (Said::One(Arch::Aarch64), "aarch64")
            | (Said::One(Arch::Armv7), "armv7" | "arm")
            | (Said::One(Arch::I686), "i686" | "x86")
            | (Said::One(Arch::Riscv64), "riscv64")
            | (Said::One(Arch::Powerpc64le), "powerpc64le")
            | (Said::One(Arch::S390x), "s390x")
            | (Said::One(Arch::Loongarch64), "loongarch64") => Some(Fit::Exact),
            (Said::One(Arch::Every), _) | (Said::One(Arch::Arm), "armv7" | "arm") => {
                Some(Fit::Compatible)
            }
            (Said::Nothing, "x86_64") => Some(Fit::Unsaid),
            (Said::Nothing, "aarch64") if darwin => Some(Fit::Unsaid),
            _ => None,
        }
    }
}

/// What has been read so far.
#[derive(Default)]
struct Facts {
    os: Vec<Os>,
    archs: Vec<Arch>,
    loose: Vec<Arch>,
    /// `x86` was written, which on some systems means 64 bits.
    x86: bool,
    linked: Option<Linked>,
    level: u8,
    words: Vec<String>,
}

impl Facts {
    /// Of all `words`, the first `skip` of which are a program's name.
    fn of(words: &[String], skip: usize) -> Self {
        let mut facts = Self {
            words: words[..skip].to_vec(),
            ..Self::default()
        };
        for (at, word) in words.iter().enumerate().skip(skip) {
            let before = at.checked_sub(1).map_or("", |at| words[at].as_str());
            if !facts.take_beside(before, word) {
                facts.take(word);
            }
        }
        facts
    }

    /// Takes a word that means something only after the one `before`.
    fn take_beside(&mut self, before: &str, word: &str) -> bool {
        match (meaning(before), word) {
            (Meaning::Arch(Arch::X86_64), "v2") => self.level = 2,
            (Meaning::Arch(Arch::X86_64), "v3" | "v4") => self.level = 3,
            (Meaning::Arch(Arch::Arm), "v7") => self.archs.push(Arch::Armv7),
            (Meaning::Arch(Arch::Arm), "64") => self.archs.push(Arch::Aarch64),
            (Meaning::Os(_), "64") => self.loose.push(Arch::X86_64),
            (Meaning::Os(_), "32") => self.loose.push(Arch::I686),
            _ => return false,
        }
        true
    }

    fn take(&mut self, word: &str) {
        self.x86 |= word == "x86";
        match meaning(word) {
            Meaning::Os(os) => self.os.push(os),
            Meaning::Arch(arch) => self.archs.push(arch),
            Meaning::LooseArch(arch) => self.loose.push(arch),
            Meaning::OsArch(os, arch) => {
                self.os.push(os);
                self.archs.push(arch);
            }
            Meaning::OsLooseArch(os, arch) => {
                self.os.push(os);
                self.loose.push(arch);
            }
            Meaning::Linked(linked) => self.linked = Some(linked),
            Meaning::OsLinked(os, linked) => {
                self.os.push(os);
                self.linked = Some(linked);
            }
            Meaning::Level(level) => self.level = self.level.max(level),
            Meaning::Noise => {}
            Meaning::Word => match leveled(word) {
                Some(level) => {
                    self.archs.push(Arch::X86_64);
                    self.level = level;
                }
                None => self.words.push(word.to_owned()),
            },
        }
    }

    fn read(self, packing: Packing, exe: bool) -> Reading {
        let os = self.os(exe);
        Reading {
            packing,
            os,
            arch: self.arch(os),
            linked: self.linked,
            level: self.level,
            words: self.words,
        }
    }

    fn os(&self, exe: bool) -> Said<Os> {
        // Android is a Linux and often says so, iOS an Apple's.
        let narrow = |wide, narrow| self.os.contains(&narrow).then_some((wide, narrow));
        let narrowed = narrow(Os::Linux, Os::Android).or(narrow(Os::Darwin, Os::Ios));
        let mut said = self
            .os
            .iter()
            .map(|os| match narrowed {
                Some((wide, narrow)) if *os == wide => narrow,
                _ => *os,
            })
            .fold(Said::Nothing, Said::and);
        if said == Said::Nothing && self.words.iter().any(|word| is_distribution(word)) {
            said = Said::One(Os::Linux);
        }
        if exe || (said == Said::Nothing && self.linked == Some(Linked::Msvc)) {
            said = said.and(Os::Windows);
        }
        said
    }

    fn arch(&self, os: Said<Os>) -> Said<Arch> {
        let darwin = os == Said::One(Os::Darwin);
        let both = [Arch::X86_64, Arch::Aarch64];
        if darwin && both.iter().all(|arch| self.archs.contains(arch)) {
            return Said::One(Arch::Every);
        }
        let mut archs = self.archs.clone();
        if archs.contains(&Arch::Armv7) || archs.contains(&Arch::Aarch64) {
            archs.retain(|arch| *arch != Arch::Arm);
        }
        match archs.into_iter().fold(Said::Nothing, Said::and) {
            Said::Nothing => self.loose.iter().copied().fold(Said::Nothing, Said::and),
            // Apple never had 32-bit ARM in its computers, and nobody writes `x86` for its first Intel ones.
            Said::One(Arch::Arm) if darwin || self.loose.contains(&Arch::X86_64) => {
                Said::One(Arch::Aarch64)
            }
            Said::One(Arch::I686) if darwin && self.x86 => Said::One(Arch::X86_64),
            said => said,
        }
    }
}

/// `amd64v3`: the processors a build asks for, in one word with the architecture.
fn leveled(word: &str) -> Option<u8> {
    match word {
        "amd64v2" | "x64v2" => Some(2),
        "amd64v3" | "x64v3" | "amd64v4" | "x64v4" => Some(3),
        _ => None,
    }
}
