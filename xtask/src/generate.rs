//! Files that are written from the code: checked in, so that people and editors find them.
//!
//! A test beside the code that makes them compares them with what the code says now, and writes them instead when it is
//! asked to. So whoever runs the tests cannot miss an old one, and xtask, which must build fast, knows none of our crates.

use std::path::Path;

use anyhow::Result;

use crate::run;

/// A test that compares files, or writes them.
struct Generator {
    /// What comes out.
    files: &'static str,
    package: &'static str,
    test: &'static str,
    /// Where the test is: a kind that is not there yet is left out.
    source: &'static str,
    /// The variable that has it write.
    write: &'static str,
}

const GENERATORS: &[Generator] = &[
    Generator {
        files: "schema/json",
        package: "dgmo-schema",
        test: "the_schemas_in_the_repository_are_those_of_the_types",
        source: "schema/src/json.rs",
        write: "UPDATE_SCHEMAS",
    },
    Generator {
        files: "packaging/man",
        package: "dgmo",
        test: "the_manual_pages_in_the_repository_are_those_of_the_commands",
        source: "src/cli/manual.rs",
        write: "UPDATE_MANUAL",
    },
];

/// Writes all of them anew.
pub(crate) fn write() -> Result<()> {
    for generator in present() {
        run::quiet(generator.command().env(generator.write, "1"))?;
        println!("wrote {}", generator.files);
    }
    Ok(())
}

/// Compares them with what the code says now; returns how many kinds there are.
pub(crate) fn check() -> Result<usize> {
    for generator in present() {
        run::quiet(&mut generator.command())?;
    }
    Ok(present().count())
}

fn present() -> impl Iterator<Item = &'static Generator> {
    GENERATORS
        .iter()
        .filter(|generator| Path::new(generator.source).exists())
}

impl Generator {
    fn command(&self) -> std::process::Command {
        let arguments = ["test", "--quiet", "--package", self.package, "--lib"];
        let mut command = run::cargo(arguments);
        command.arg(self.test);
        command
    }
}
