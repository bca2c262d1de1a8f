//! Real tools of several catalogues in one manifest: installed, run, switched to other versions, and rolled back.
//!
//! Each catalogue is there where this machine can fetch from it; where one is not, that is told.

use super::Sandbox;
use super::deb;
use super::npm::packs;
use super::pypi;

/// A tool, as a manifest has it before and after, how it is run, and what it says then and then.
struct Tool {
    name: &'static str,
    before: String,
    after: String,
    line: &'static str,
    says: (&'static str, &'static str),
}

impl Tool {
    fn new(
        name: &'static str,
        (before, after): (&str, &str),
        line: &'static str,
        says: (&'static str, &'static str),
    ) -> Self {
        let (before, after) = (before.to_owned(), after.to_owned());
        Self {
            name,
            before,
            after,
            line,
            says,
        }
    }
}

/// Runs dgmo where apt has no settings but the archive's, with the certificates that this machine's pip believes.
fn dgmo(sandbox: &Sandbox, line: &str) {
    let words: Vec<&str> = line.split_whitespace().collect();
    let config = sandbox.root().join("apt.conf");
    let certificates = pypi::real::certificates();
    let mut env = vec![("APT_CONFIG", config.to_str().unwrap())];
    env.extend(
        certificates
            .iter()
            .map(|(name, path)| (name.as_str(), path.as_str())),
    );
    sandbox.run_with(&words, &env).works();
}

/// What is tried, and where it comes from.
#[derive(Default)]
struct Shelf {
    sources: Vec<String>,
    tools: Vec<Tool>,
}

impl Shelf {
    fn add_pypi(&mut self) {
        let Some((url, python)) = pypi::real::machine() else {
            return;
        };
        self.sources.push(format!("pypi: {{url: \"{url}\"}}"));
        let of = |name: &str, version: &str| {
            format!("{{pypi: {name}, version: \"{version}\", python: \"{python}\"}}")
        };
        for (name, before, after, line) in [
            ("black", "24.10.0", "25.1.0", "black --version"),
            ("ruff", "0.8.6", "0.9.10", "ruff --version"),
            ("ninja", "1.11.1.1", "1.13.0", "ninja --version"),
        ] {
            let (says, said) = match name {
                "ninja" => ("1.11.1", "1.13.0"),
                _ => (before, after),
            };
            let (before, after) = (
                of(name, &format!("={before}")),
                of(name, &format!("={after}")),
            );
            self.tools
                .push(Tool::new(name, (&before, &after), line, (says, said)));
        }
    }

    fn add_npm(&mut self) {
        let Some(registry) = packs::registry() else {
            return;
        };
        self.sources
            .push(format!("npm: {{url: \"{}\"}}", registry.url()));
        let typescript = (
            "{npm: typescript, version: \"=5.8.3\"}",
            "{npm: typescript, version: \"=5.9.3\"}",
        );
        let said = ("5.8.3", "5.9.3");
        self.tools
            .push(Tool::new("typescript", typescript, "tsc --version", said));
        let esbuild = "{npm: esbuild}";
        let said = ("0.25.12", "0.25.12");
        self.tools.push(Tool::new(
            "esbuild",
            (esbuild, esbuild),
            "esbuild --version",
            said,
        ));
    }

    /// The newer `greet` is one of ours, since an archive that a machine knows has mostly one version of a package.
    fn add_deb(&mut self, archive: &deb::Archive<'_>, sandbox: &Sandbox) {
        if deb::real::download(sandbox, &["jq", "ripgrep"]).is_none() {
            return;
        }
        for version in ["1.0-1", "1.1-1"] {
            archive.program(&deb::Package::of("greet", version));
        }
        archive.publish();
        let key = "key: ./archive.gpg";
        self.sources.push(format!(
            "deb: {{url: \"{}\", suite: stable, {key}}}",
            archive.url()
        ));
        let greet = (
            "{deb: greet, version: \"=1.0-1\"}",
            "{deb: greet, version: \"=1.1-1\"}",
        );
        self.tools.push(Tool::new(
            "greet",
            greet,
            "greet",
            ("greet 1.0-1", "greet 1.1-1"),
        ));
        let (alone, whole) = ("{deb: jq}", "{deb: jq, dependencies: true}");
        let line = "echo '{\"a\": [1, 2]}' | jq -c .a";
        self.tools
            .push(Tool::new("jq", (whole, alone), line, ("[1,2]", "")));
        let ripgrep = "{deb: ripgrep, dependencies: true}";
        self.tools.push(Tool::new(
            "ripgrep",
            (ripgrep, ripgrep),
            "rg --version",
            ("ripgrep", "ripgrep"),
        ));
    }

    fn manifest(&self, sandbox: &Sandbox, of: impl Fn(&Tool) -> &str) {
        let tools = self.tools.iter();
        let tools = tools.map(|tool| format!("  {}: {}\n", tool.name, of(tool)));
        sandbox.manifest(&format!(
            "systems: [x86_64-linux]\nsources:\n  {}\npackages:\n{}",
            self.sources.join("\n  "),
            tools.collect::<String>()
        ));
    }

    fn run(&self, sandbox: &Sandbox, says: impl Fn(&Tool) -> &'static str) {
        for tool in self.tools.iter().filter(|tool| !says(tool).is_empty()) {
            let line = format!("eval \"$(dgmo env)\"; {}", tool.line);
            sandbox.sh(&line).works().says(says(tool));
        }
    }
}

#[test]
fn tools_of_several_catalogues_go_to_other_versions_and_back() {
    if !deb::is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = deb::Archive::new(&sandbox);
    let mut shelf = Shelf::default();
    shelf.add_pypi();
    shelf.add_npm();
    shelf.add_deb(&archive, &sandbox);
    if shelf.tools.is_empty() {
        return;
    }
    shelf.manifest(&sandbox, |tool| &tool.before);
    dgmo(&sandbox, "switch");
    shelf.run(&sandbox, |tool| tool.says.0);
    let lock = sandbox.read("work/dgmo.lock");
    shelf.manifest(&sandbox, |tool| &tool.after);
    dgmo(&sandbox, "switch");
    shelf.run(&sandbox, |tool| tool.says.1);
    dgmo(&sandbox, "rollback");
    shelf.run(&sandbox, |tool| tool.says.0);
    dgmo(&sandbox, "generations switch 2");
    shelf.run(&sandbox, |tool| tool.says.1);
    // The manifest of before gives the lock of before, from nothing.
    shelf.manifest(&sandbox, |tool| &tool.before);
    sandbox.remove("work/dgmo.lock");
    dgmo(&sandbox, "switch");
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    shelf.run(&sandbox, |tool| tool.says.0);
    dgmo(&sandbox, "store verify");
}
