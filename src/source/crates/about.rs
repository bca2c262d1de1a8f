//! What a crate says of itself: its programs, its repository, and where builds of it are.
//!
//! `[package.metadata.binstall]` is what `cargo binstall` reads: an address with words in braces, and where in an archive
//! the programs are, for each target where that differs.

use dgmo_schema::system::System;
use serde_json::Value;

use crate::import::toml_as_json;

/// What is read of `Cargo.toml`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct About {
    pub(super) repository: Option<String>,
    /// The programs, by name.
    pub(super) bins: Vec<String>,
    binstall: Value,
}

/// A build, as a crate says where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Build {
    pub(super) url: String,
    /// The programs, by name, as paths inside it; empty: what is found in it.
    pub(super) programs: Vec<(String, String)>,
}

/// Which crate, in which version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Release<'a> {
    pub(super) name: &'a str,
    pub(super) version: &'a str,
}

impl About {
    /// Reads it; nothing where it is none.
    pub(super) fn read(bytes: &[u8]) -> Option<Self> {
        let toml = toml_as_json(std::str::from_utf8(bytes).ok()?)?;
        let package = &toml["package"];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let bins = toml["bin"].as_array().into_iter().flatten();
        Some(Self {
            repository: text(&package["repository"]).or_else(|| text(&package["homepage"])),
            bins: bins.filter_map(|bin| text(&bin["name"])).collect(),
            binstall: package["metadata"]["binstall"].clone(),
        })
    }

    /// Where builds for `system` may be, the best first; empty where the crate says nothing of that.
    pub(super) fn builds(&self, release: Release<'_>, system: &System) -> Vec<Build> {
        let mut builds: Vec<Build> = Vec::new();
        for target in targets(system) {
            let Some(url) = self.said(target, "pkg-url") else {
                continue;
            };
            let format = self.said(target, "pkg-fmt").unwrap_or("tgz");
            for suffix in suffixes(format, system) {
                let words = Words {
                    about: self,
                    release,
                    target,
                    suffix,
                };
                let Some(url) = words.filled(url, "") else {
                    continue;
                };
                if builds.iter().all(|known| known.url != url) {
                    let programs = self.programs(&words);
                    builds.push(Build { url, programs });
                }
            }
        }
        builds
    }

    /// What is said for a target, or for all.
    fn said(&self, target: &str, key: &str) -> Option<&str> {
        let own = &self.binstall["overrides"][target][key];
        own.as_str().or_else(|| self.binstall[key].as_str())
    }

    /// Where the programs are, if that is said.
    fn programs(&self, words: &Words<'_>) -> Vec<(String, String)> {
        let Some(template) = self.said(words.target, "bin-dir") else {
            return Vec::new();
        };
        let named = [words.release.name.to_owned()];
        let bins = if self.bins.is_empty() {
            &named[..]
        } else {
            &self.bins
        };
        let programs = bins.iter().filter_map(|bin| {
            let path = words.filled(template, bin)?;
            let parts: Vec<&str> = path
                .split('/')
                .filter(|part| !matches!(*part, "" | "."))
                .collect();
            let is_inside = !path.starts_with('/') && !parts.is_empty() && !parts.contains(&"..");
            is_inside.then(|| (bin.clone(), parts.join("/")))
        });
        programs.collect()
    }
}

/// What the words of a template stand for.
struct Words<'a> {
    about: &'a About,
    release: Release<'a>,
    target: &'a str,
    suffix: &'a str,
}

impl Words<'_> {
    /// `template` with what its words stand for; nothing where it has one that is not known.
    fn filled(&self, template: &str, bin: &str) -> Option<String> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('{') {
            let (word, after) = after.split_once('}')?;
            filled.push_str(before);
            filled.push_str(&self.word(word.trim(), bin)?);
            rest = after;
        }
        filled.push_str(rest);
        (filled.len() <= 2000 && !filled.chars().any(char::is_control)).then_some(filled)
    }

    fn word(&self, word: &str, bin: &str) -> Option<String> {
        let mut parts = self.target.splitn(4, '-');
        let (arch, vendor, system) = (parts.next(), parts.next(), parts.next());
        let is_windows = system == Some("windows");
        let extension = if is_windows { ".exe" } else { "" };
        let text = match word {
            "name" => self.release.name,
            "version" => self.release.version,
            "target" => self.target,
            "target-arch" => arch?,
            "target-vendor" => vendor?,
            "target-libc" => parts.next().unwrap_or_default(),
            "target-family" if is_windows => "windows",
            "target-family" => "unix",
            "bin" => bin,
            "binary-ext" => extension,
            "archive-suffix" => self.suffix,
            "archive-format" | "format" => self.suffix.trim_start_matches('.'),
            "repo" => {
                let repository = self.about.repository.as_deref()?;
                let repository = repository.trim_end_matches('/');
                return Some(repository.trim_end_matches(".git").to_owned());
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// The endings that a format of archives has.
fn suffixes(format: &str, system: &System) -> &'static [&'static str] {
    match format {
        "tgz" => &[".tgz", ".tar.gz"],
        "txz" => &[".txz", ".tar.xz"],
        "tzstd" => &[".tzstd", ".tzst", ".tar.zst"],
        "tbz2" => &[".tbz2", ".tar.bz2"],
        "tar" => &[".tar"],
        "zip" => &[".zip"],
        "bin" if system.os() == "windows" => &[".exe", ""],
        "bin" => &["", ".bin"],
        _ => &[],
    }
}

/// What Rust calls a system, the best first: on Linux what needs no C library of the machine.
pub(super) fn targets(system: &System) -> &'static [&'static str] {
    match (system.arch(), system.os()) {
        ("x86_64", "linux") => &["x86_64-unknown-linux-musl", "x86_64-unknown-linux-gnu"],
        ("aarch64", "linux") => &["aarch64-unknown-linux-musl", "aarch64-unknown-linux-gnu"],
        ("armv7", "linux") => &[
            "armv7-unknown-linux-musleabihf",
            "armv7-unknown-linux-gnueabihf",
        ],
        ("riscv64", "linux") => &[
            "riscv64gc-unknown-linux-musl",
            "riscv64gc-unknown-linux-gnu",
        ],
        ("x86_64", "darwin") => &["x86_64-apple-darwin", "universal-apple-darwin"],
        ("aarch64", "darwin") => &["aarch64-apple-darwin", "universal-apple-darwin"],
        ("x86_64", "windows") => &["x86_64-pc-windows-msvc", "x86_64-pc-windows-gnu"],
        ("aarch64", "windows") => &["aarch64-pc-windows-msvc"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RELEASE: Release<'_> = Release {
        name: "hello",
        version: "1.2.3",
    };

    fn builds(binstall: &str, system: &str) -> Vec<Build> {
        let text = format!(
            "[package]\nname = \"hello\"\nrepository = \"https://git.example.org/a/hello.git\"\n\
             [[bin]]\nname = \"hi\"\n[package.metadata.binstall]\n{binstall}"
        );
        let about = About::read(text.as_bytes()).unwrap();
        assert_eq!(about.bins, ["hi"]);
        about.builds(RELEASE, &system.parse().unwrap())
    }

    #[test]
    fn templates_are_filled_for_each_target() {
        let said = "pkg-url = \"{ repo }/releases/v{ version }/{ name }-{ target }{ archive-suffix }\"\n\
             bin-dir = \"{ name }-{ target }/{ bin }{ binary-ext }\"\npkg-fmt = \"txz\"\n\
             [package.metadata.binstall.overrides.x86_64-pc-windows-msvc]\npkg-fmt = \"zip\"\n";
        let linux = builds(said, "x86_64-linux");
        assert_eq!(
            linux[0].url,
            "https://git.example.org/a/hello/releases/v1.2.3/hello-x86_64-unknown-linux-musl.txz"
        );
        assert_eq!(linux.len(), 4);
        let path = "hello-x86_64-unknown-linux-musl/hi".to_owned();
        assert_eq!(linux[0].programs, [("hi".to_owned(), path)]);
        let windows = builds(said, "x86_64-windows");
        assert!(windows[0].url.ends_with("windows-msvc.zip"), "{windows:?}");
        assert!(windows[0].programs[0].1.ends_with("hi.exe"));
    }

    #[test]
    fn what_does_not_depend_on_the_format_is_asked_once() {
        let found = builds("pkg-url = \"https://e.org/{target}\"", "aarch64-darwin");
        assert_eq!(found.len(), 2, "{found:?}");
    }

    #[test]
    fn what_cannot_be_filled_is_nothing() {
        for said in [
            "",
            "pkg-url = \"{ unknown }\"",
            "pkg-url = \"{ name\"",
            "pkg-url = 1",
            "pkg-url = \"https://e.org\"\npkg-fmt = \"rar\"",
        ] {
            assert_eq!(builds(said, "x86_64-linux"), [], "{said}");
        }
        let outside = builds(
            "pkg-url = \"https://e.org\"\nbin-dir = \"../../{ bin }\"",
            "x86_64-linux",
        );
        assert_eq!(outside[0].programs, []);
        assert_eq!(About::read(b"[package"), None);
    }

    proptest! {
        #[test]
        fn no_template_makes_it_panic(template in "[ -~]{0,60}") {
            let about = About { binstall: serde_json::json!({"pkg-url": template, "bin-dir": template}), ..About::default() };
            about.builds(RELEASE, &"x86_64-linux".parse().unwrap());
        }
    }
}
