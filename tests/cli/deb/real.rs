//! Real packages, fetched with apt, with all they depend on.

use std::process::Command;

use super::Sandbox;
use super::archive::Archive;
use super::archive::is_there;
use super::says;

/// Fetches packages and all they depend on into the pool; where apt cannot, that is told.
pub(crate) fn download(sandbox: &Sandbox, names: &[&str]) -> Option<()> {
    let pool = sandbox.root().join("archive/pool");
    let mut depends = Command::new("apt-cache");
    depends.args([
        "depends",
        "--recurse",
        "--no-recommends",
        "--no-suggests",
        "--no-conflicts",
        "--no-breaks",
        "--no-replaces",
        "--no-enhances",
    ]);
    let listed = depends.args(names).output().ok()?;
    let text = String::from_utf8(listed.stdout).ok()?;
    let is_package = |line: &&str| line.starts_with(|c: char| c.is_ascii_alphanumeric());
    let all: Vec<&str> = text
        .lines()
        .filter(is_package)
        .filter(|line| !line.contains(':'))
        .collect();
    let fetched = Command::new("apt-get")
        .arg("download")
        .args(&all)
        .current_dir(&pool)
        .output()
        .ok()?;
    if !fetched.status.success() || all.len() <= names.len() {
        let said = String::from_utf8_lossy(&fetched.stderr);
        println!("skipped: apt cannot fetch packages here: {said}");
        return None;
    }
    // An archive leaves the epoch out of the names of its files.
    for entry in std::fs::read_dir(&pool).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if let Some((package, rest)) = name.split_once('_')
            && let Some((_, version)) = rest.split_once("%3a")
        {
            let plain = pool.join(format!("{package}_{version}"));
            std::fs::rename(&path, plain).unwrap();
        }
    }
    Some(())
}

#[test]
fn real_programs_run_with_the_libraries_they_came_with() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = Archive::new(&sandbox);
    if download(&sandbox, &["jq", "fd-find", "ripgrep"]).is_none() {
        return;
    }
    archive.publish();
    let whole = "dependencies: true";
    archive.manifest(&format!(
        "  jq: {{deb: jq, {whole}}}\n  fd: {{deb: fd-find, {whole}}}\n  \
         ripgrep: {{deb: ripgrep, {whole}}}\n"
    ));
    archive.dgmo("switch").works();
    let lock = sandbox.read("work/dgmo.lock");
    for words in ["libjq1_", "libonig5_", "libc6_"] {
        assert!(lock.contains(words), "{words}: {lock}");
    }
    says(&sandbox, "echo '{\"a\": [1, 2]}' | jq -c .a", "[1,2]");
    says(&sandbox, "fdfind --version", "fd");
    says(&sandbox, "rg --version", "ripgrep");
    sandbox.dgmo("store verify").works();
}

#[test]
fn a_real_program_that_has_its_folder_by_heart_is_told_of() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = Archive::new(&sandbox);
    if download(&sandbox, &["figlet"]).is_none() {
        return;
    }
    archive.publish();
    archive.manifest("  figlet: {deb: figlet}\n");
    archive
        .dgmo("switch")
        .works()
        .says("looks for `/usr/share/figlet`, which the package has as `share/figlet`");
}
