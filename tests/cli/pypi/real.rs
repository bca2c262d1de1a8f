//! Real tools, from the index that this machine's own pip asks: installed, run, switched and rolled back.
//!
//! Where there is none, or no Python, that is told, and nothing is tested.

use std::process::Command;

use super::Sandbox;
use super::python;
use super::sh;

/// The index of this machine's pip, by its settings or by what it was built with, if it answers.
pub(crate) fn machine() -> Option<(String, String)> {
    let python = python()?;
    let ask = "import os, subprocess, sys, urllib.request\n\
        told = subprocess.run([sys.executable, '-m', 'pip', 'config', 'get', 'global.index-url'], capture_output=True, text=True)\n\
        url = os.environ.get('PIP_INDEX_URL') or told.stdout.strip()\n\
        if not url:\n    from pip._internal.models.index import PyPI\n    url = PyPI.simple_url\n\
        urllib.request.urlopen(url.rstrip('/') + '/six/', timeout=20).read()\n\
        print(url)\n";
    let output = Command::new("python3").args(["-c", ask]).output().ok()?;
    let url = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    if !output.status.success() || url.is_empty() {
        println!("skipped: no index answers to this machine's pip");
        return None;
    }
    Some((url, python))
}

/// The certificates that this machine's pip believes, for networks that look into connections.
pub(crate) fn certificates() -> Vec<(String, String)> {
    let told = ["PIP_CERT", "SSL_CERT_FILE"]
        .iter()
        .find_map(|name| std::env::var(name).ok());
    told.map(|path| ("SSL_CERT_FILE".to_owned(), path))
        .into_iter()
        .collect()
}

/// Runs the program; it works.
fn works(sandbox: &Sandbox, line: &[&str]) {
    let env = certificates();
    let env: Vec<_> = env
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    sandbox.run_with(line, &env).works();
}

fn manifest(sandbox: &Sandbox, (url, python): &(String, String), tools: &[(&str, &str)]) {
    let packages = tools.iter().map(|(tool, version)| {
        format!("  {tool}: {{pypi: {tool}, version: \"{version}\", python: \"{python}\"}}\n")
    });
    sandbox.manifest(&format!(
        "sources: {{pypi: {{url: \"{url}\"}}}}\npackages:\n{}",
        packages.collect::<String>()
    ));
}

#[test]
fn real_tools_are_installed_and_run() {
    let Some(machine) = machine() else { return };
    let sandbox = Sandbox::new();
    let tools = [
        ("ruff", "*"),
        ("uv", "*"),
        ("black", "24"),
        ("httpie", "*"),
        ("cmake", "*"),
        ("ninja", "*"),
        ("yamllint", "*"),
        ("mypy", "*"),
        ("pylint", "*"),
        ("pytest", "*"),
        ("isort", "*"),
    ];
    manifest(&sandbox, &machine, &tools);
    works(&sandbox, &["switch"]);
    for (line, words) in [
        ("ruff --version", "ruff "),
        ("uv --version", "uv "),
        ("black --version", "black, 24."),
        ("http --version", "3."),
        ("isort --version-number", "."),
        ("cmake --version", "cmake version"),
        ("ninja --version", "1."),
        ("echo 'a: [1,2]' | yamllint - || true", "too few spaces"),
        (
            "echo 'x: int = \"a\"' > t.py; mypy t.py || true",
            "Incompatible types",
        ),
        (
            "pylint --disable=all --enable=unused-import t.py",
            "10.00/10",
        ),
        (
            "printf 'def test_a():\\n    assert 1\\n' > test_t.py; pytest -q -p no:cacheprovider test_t.py",
            "1 passed",
        ),
        (
            "printf 'x = {  \"a\":1 }\\n' | black -q -",
            "x = {\"a\": 1}",
        ),
        (
            "printf 'import os\\n' | ruff check --stdin-filename a.py - || true",
            "F401",
        ),
    ] {
        sh(&sandbox, line).works().says(words);
    }
    let lock = sandbox.read("work/dgmo.lock");
    works(&sandbox, &["lock"]);
    assert_eq!(sandbox.read("work/dgmo.lock"), lock);
    let newer = [("black", "25"), ("ruff", "*")];
    manifest(&sandbox, &machine, &newer);
    works(&sandbox, &["switch"]);
    sh(&sandbox, "black --version").works().says("black, 25.");
    sandbox.dgmo("rollback").works();
    sh(&sandbox, "black --version && http --version")
        .works()
        .says("black, 24.");
    sandbox.dgmo("store verify").works();
}
