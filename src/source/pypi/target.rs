//! For whom wheels are chosen: a Python on a system, of which only what a lock says is known.

use dgmo_schema::system::System;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::python::environment::PythonEnvironment;
use dgmo_schema::version::python::platform::CompatibleTags;
use dgmo_schema::version::python::platform::Interpreter;
use dgmo_schema::version::python::platform::Platform;

use super::super::catalogue::Ask;

/// The Python of those who name none: a lock must not depend on what the machine that locks has installed. It is the
/// newest for which most packages with binaries have wheels, and moves only with a release of dgmo.
pub(super) const USUAL_PYTHON: &str = "3.14";

/// A Python on a system.
pub(super) struct Target {
    /// As it is locked: `3.12`.
    pub(super) python: String,
    /// Its first patch: whoever runs it has that one or a later one.
    pub(super) version: Version,
    pub(super) environment: PythonEnvironment,
    /// What wheels may be for, the one that more machines can run first.
    tags: Vec<CompatibleTags>,
}

impl Target {
    pub(super) fn new(python: &str, system: &System) -> Self {
        let full = full_version(python);
        let interpreter = Interpreter {
            major: 3,
            minor: minor(python),
            free_threaded: false,
        };
        let tags = platforms(system);
        let tags = tags
            .iter()
            .map(|platform| CompatibleTags::new(interpreter, platform));
        Self {
            python: python.to_owned(),
            version: Version::parse(Scheme::Pep440, &full).expect("numbers and dots"),
            environment: PythonEnvironment::cpython(&full, system.arch(), system.os()),
            tags: tags.collect(),
        }
    }

    /// How well a wheel with these tags fits; less is better.
    pub(super) fn rank(&self, tags: &str) -> Option<Rank> {
        let mut all = self.tags.iter().enumerate();
        all.find_map(|(at, compatible)| Some((at, compatible.rank_of(tags)?)))
    }
}

/// Which of the target's platforms takes a wheel, and where in the order of that.
pub(super) type Rank = (usize, usize);

/// How a lock names the Python.
pub(super) fn runtime(python: &str) -> String {
    format!("python {python}")
}

/// Which Python a package is locked for: what it says, else what its manifest has, else the usual one.
pub(super) fn python_of(ask: &Ask<'_>) -> String {
    let said = ask.source.python.clone();
    let beside = || {
        let text = ask.python?;
        let text = text.trim_start_matches(|c: char| "^~=>v ".contains(c));
        let end = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let mut numbers = text[..end].split('.');
        let (Some("3"), Some(minor)) = (numbers.next(), numbers.next()) else {
            return None;
        };
        let minor: u32 = minor.parse().ok()?;
        Some(format!("3.{minor}"))
    };
    said.or_else(beside)
        .unwrap_or_else(|| USUAL_PYTHON.to_owned())
}

/// The second number of `3.12` or `3.12.4`.
fn minor(python: &str) -> u32 {
    let minor = python.split('.').nth(1);
    minor.and_then(|text| text.parse().ok()).unwrap_or(0)
}

fn full_version(python: &str) -> String {
    if python.split('.').count() > 2 {
        python.to_owned()
    } else {
        format!("{python}.0")
    }
}

/// What binaries may ask of a system. The first is what machines of the last years have; what asks for more is taken
/// only where there is nothing else.
fn platforms(system: &System) -> Vec<Platform> {
    let arch = system.arch().to_owned();
    match system.os() {
        "darwin" => [12, 15]
            .map(|major| Platform::MacOs {
                arch: arch.clone(),
                major,
                minor: 0,
            })
            .to_vec(),
        "windows" => vec![Platform::Windows { arch }],
        _ => {
            let arch = match arch.as_str() {
                "armv7" => "armv7l".to_owned(),
                _ => arch,
            };
            [28, 35]
                .map(|minor| Platform::Glibc {
                    arch: arch.clone(),
                    major: 2,
                    minor,
                })
                .to_vec()
        }
    }
}

#[cfg(test)]
mod tests {
    use dgmo_schema::version::python::wheel::Wheel;

    use super::*;

    fn best<'a>(names: &[&'a str]) -> Option<&'a str> {
        let target = Target::new("3.12", &"x86_64-linux".parse().unwrap());
        let ranked = names.iter().filter_map(|name| {
            let wheel: Wheel = name.parse().unwrap();
            Some((target.rank(wheel.written_tags())?, *name))
        });
        ranked.min().map(|(_, name)| name)
    }

    #[test]
    fn the_closest_wheel_is_taken_and_the_one_that_more_machines_run_first() {
        assert_eq!(
            best(&[
                "a-1-py3-none-any.whl",
                "a-1-cp312-cp312-manylinux_2_34_x86_64.whl",
                "a-1-cp312-cp312-manylinux_2_17_x86_64.whl",
                "a-1-cp312-cp312-musllinux_1_2_x86_64.whl",
                "a-1-cp311-cp311-manylinux_2_17_x86_64.whl",
            ]),
            Some("a-1-cp312-cp312-manylinux_2_17_x86_64.whl")
        );
        let only_new = ["a-1-cp312-cp312-manylinux_2_34_x86_64.whl"];
        assert_eq!(best(&only_new), Some(only_new[0]));
        assert_eq!(best(&["a-1-cp312-cp312-macosx_11_0_arm64.whl"]), None);
    }
}
