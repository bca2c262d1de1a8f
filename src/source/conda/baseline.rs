//! What packages may rely on: a system's folder in a channel, and what is taken for granted there.
//!
//! It follows from the system alone and never from the machine that locks, so that the lock is the same everywhere.

use dgmo_schema::system::System;

/// The folder of packages for every system.
pub(super) const NOARCH: &str = "noarch";

/// The folder of a channel that has a system's packages; nothing where conda knows no such system.
pub(super) fn subdir(system: &System) -> Option<&'static str> {
    Some(match (system.os(), system.arch()) {
        ("linux", "x86_64") => "linux-64",
        ("linux", "x86") => "linux-32",
        ("linux", "aarch64") => "linux-aarch64",
        ("linux", "armv6") => "linux-armv6l",
        ("linux", "armv7") => "linux-armv7l",
        ("linux", "powerpc64le") => "linux-ppc64le",
        ("linux", "riscv64") => "linux-riscv64",
        ("linux", "s390x") => "linux-s390x",
        ("darwin", "x86_64") => "osx-64",
        ("darwin", "aarch64") => "osx-arm64",
        ("windows", "x86_64") => "win-64",
        ("windows", "aarch64") => "win-arm64",
        _ => return None,
    })
}

/// What conda calls virtual packages: what the system itself is, with a version and a build.
///
/// | | |
/// |---|---|
/// | `__glibc` | 2.28: what machines of the last years have |
/// | `__linux` | 4.18, the kernel that came with it |
/// | `__osx` | 12.0 |
/// | `__archspec` | the processor without extensions |
///
/// None for graphics cards: a package that asks for one cannot be had.
pub(super) fn virtual_package(system: &System, name: &str) -> Option<(&'static str, String)> {
    let os = system.os();
    let plain = |version| Some((version, "0".to_owned()));
    match name {
        "__unix" if os != "windows" => plain("0"),
        "__linux" if os == "linux" => plain("4.18"),
        "__glibc" if os == "linux" => plain("2.28"),
        "__osx" if os == "darwin" => plain("12.0"),
        "__win" if os == "windows" => plain("10"),
        "__archspec" => Some(("1", archspec(system))),
        _ => None,
    }
}

fn archspec(system: &System) -> String {
    match (system.os(), system.arch()) {
        ("darwin", "aarch64") => "m1".to_owned(),
        (_, "powerpc64le") => "ppc64le".to_owned(),
        (_, arch) => arch.to_owned(),
    }
}

/// Whether a name is one of these.
pub(super) fn is_virtual(name: &str) -> bool {
    name.starts_with("__")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_system_people_name_has_its_folder() {
        for name in System::KNOWN {
            let system: System = name.parse().unwrap();
            assert!(subdir(&system).is_some(), "{name}");
            let is_windows = name.ends_with("windows");
            assert_eq!(virtual_package(&system, "__unix").is_none(), is_windows);
            assert_eq!(virtual_package(&system, "__cuda"), None);
        }
        assert_eq!(subdir(&"vax-vms".parse().unwrap()), None);
    }
}
