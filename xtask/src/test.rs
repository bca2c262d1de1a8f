//! Running the tests, with what they need.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Result;

use crate::root;
use crate::run;
use crate::tools;
use crate::tools::Debian;

/// Every test, the faults a test may ask for, and the browser, which the inner loop does without.
const EVERYTHING: &[&str] = &["--workspace", "--features", "fault-injection,tui"];

/// What some tests use when it is there; without it they say what they did not try.
const NEEDED: &[Debian] = &[
    Debian {
        program: "mkfs.ext4",
        package: "e2fsprogs",
    },
    Debian {
        program: "mkfs.btrfs",
        package: "btrfs-progs",
    },
    Debian {
        program: "mkfs.xfs",
        package: "xfsprogs",
    },
    Debian {
        program: "archivemount",
        package: "archivemount",
    },
    Debian {
        program: "tmux",
        package: "tmux",
    },
    Debian {
        program: "strace",
        package: "strace",
    },
    Debian {
        program: "zsh",
        package: "zsh",
    },
    Debian {
        program: "fish",
        package: "fish",
    },
    Debian {
        program: "docker-registry",
        package: "docker-registry",
    },
    // Real tools come through the catalogues' own clients.
    Debian {
        program: "npm",
        package: "npm",
    },
    Debian {
        program: "pip3",
        package: "python3-pip",
    },
    Debian {
        program: "git",
        package: "git",
    },
    Debian {
        program: "dpkg-scanpackages",
        package: "dpkg-dev",
    },
    Debian {
        program: "gpg",
        package: "gpg",
    },
    Debian {
        program: "gpgv",
        package: "gpgv",
    },
    // What was changed in programs is read again with the tools of others.
    Debian {
        program: "readelf",
        package: "binutils",
    },
    Debian {
        program: "patchelf",
        package: "patchelf",
    },
    Debian {
        program: "file",
        package: "file",
    },
    Debian {
        program: "clang",
        package: "clang",
    },
    Debian {
        program: "llvm-otool-14",
        package: "llvm-14",
    },
    Debian {
        program: "ld64.lld-14",
        package: "lld-14",
    },
    // Shows a mirror to other machines.
    Debian {
        program: "nginx",
        package: "nginx-light",
    },
    // Reads the graphs we write.
    Debian {
        program: "dot",
        package: "graphviz",
    },
];

/// Installs what is missing, then runs all tests. The runner's own summary is the last that is printed.
pub(crate) fn all(arguments: &[String]) -> Result<()> {
    if cfg!(target_os = "linux") {
        for debian in tools::ensure_programs(NEEDED) {
            println!(
                "   without `{}` (package {}) some tests look at less",
                debian.program, debian.package
            );
        }
        if let Err(error) = tools::ensure_nushell() {
            println!("   without Nushell some tests look at less: {error:#}");
        }
    }
    if arguments.is_empty() && has_doc_tests() {
        run::run(run::cargo(["test", "--quiet", "--doc"]).args(EVERYTHING))?;
    }
    let mut runner = if run::is_installed("cargo-nextest") {
        let mut nextest = run::cargo(["nextest", "run"]);
        nextest.arg("--no-fail-fast");
        nextest
    } else {
        let mut test = run::cargo(["test", "--no-fail-fast"]);
        test.args(["--lib", "--bins", "--tests"]);
        test
    };
    run::run(runner.args(EVERYTHING).args(arguments))
}

/// The crash sweep at every durable step, instead of the sample the tests take.
pub(crate) fn crash() -> Result<()> {
    let arguments = ["test", "--features", "fault-injection", "--test", "crash"];
    let mut sweep = run::cargo(arguments);
    run::run(sweep.args(["--", "--nocapture"]).env("DGMO_CRASH", "full"))
}

/// The benchmarks, built as the release is.
pub(crate) fn bench(arguments: &[String]) -> Result<()> {
    run::run(run::cargo(["bench", "--bench", "ratios", "--"]).args(arguments))
}

/// Most of our documents have no examples to run; three empty runs would hide the summary that matters.
fn has_doc_tests() -> bool {
    ["src", "schema/src", "store/src"]
        .iter()
        .flat_map(|folder| rust_files(&root::root().join(folder)))
        .any(|file| std::fs::read_to_string(file).is_ok_and(|text| has_example(&text)))
}

/// Whether a fence in a doc comment opens with nothing or with Rust's name: those are run.
fn has_example(text: &str) -> bool {
    let documents = text.lines().filter_map(|line| {
        let line = line.trim_start();
        line.strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"))
    });
    let fences = documents.filter_map(|line| line.trim_start().strip_prefix("```"));
    let mut openings = fences.step_by(2);
    openings.any(|name| name.is_empty() || name.starts_with("rust") || name.starts_with("no_run"))
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let paths = entries.flatten().map(|entry| entry.path());
    paths
        .flat_map(|path| {
            if path.is_dir() {
                rust_files(&path)
            } else {
                vec![path]
            }
        })
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_example_is_found_by_its_opening_fence() {
        assert!(!has_example("/// ```text\n/// a\n/// ```\nfn a() {}\n"));
        assert!(has_example("/// ```\n/// a();\n/// ```\nfn a() {}\n"));
        assert!(has_example("//! ```yaml\n//! ```\n//! ```rust\n//! ```\n"));
    }
}
