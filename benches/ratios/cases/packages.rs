//! Packages of npm's and Python's, beside the tools people install them with today.
//!
//! They come from the registries that this machine has settings for; without settings the rows say so.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

use crate::Result;
use crate::contest::Contender;
use crate::contest::in_turn;
use crate::desk::Desk;
use crate::program::Program;
use crate::program::is_installed;
use crate::table::Look;
use crate::table::Row;
use crate::table::Target;

/// What is promised of an environment made of wheels that are here.
const BESIDE_UV: Target = Target::Ratio(0.9);

/// What is promised of a second environment, and of npm's packages.
const HALF: Target = Target::Ratio(0.5);

/// What is promised of locking so many packages with what registries said before.
const RELOCK: (f64, f64) = (200.0, 200.0);

/// One project with one tool, its home, and the settings its registry needs.
struct Project<'d> {
    desk: &'d Desk,
    folder: PathBuf,
    home: PathBuf,
    settings: Vec<String>,
}

impl<'d> Project<'d> {
    fn new(desk: &'d Desk, name: &str, packages: &str, settings: &[String]) -> Result<Self> {
        let folder = desk.at("tools").join(name);
        fs::create_dir_all(folder.join("target"))?;
        fs::write(
            folder.join("dgmo.yaml"),
            format!("dgmo: 1\npackages: {{{packages}}}\n"),
        )?;
        Ok(Self {
            desk,
            home: desk.at("homes").join(name),
            folder,
            settings: settings.to_vec(),
        })
    }

    /// The same project with a home of its own.
    fn at_home(&self, name: &str) -> Self {
        Self {
            desk: self.desk,
            folder: self.folder.clone(),
            home: self.desk.at("homes").join(name),
            settings: self.settings.clone(),
        }
    }

    fn dgmo(&self, words: &[&str]) -> Program {
        let program = self.desk.program("env").args(&self.settings);
        program
            .arg(&self.desk.asked.dgmo)
            .arg("--home")
            .arg(&self.home)
            .args(words)
            .arg("-f")
            .arg(self.folder.join("dgmo.yaml"))
    }

    fn switch(&self, more: &[&str]) -> Program {
        let program = self.dgmo(&[&["switch", "-q"], more].concat());
        program.arg("--target").arg(self.folder.join("target"))
    }

    fn lock(&self) -> PathBuf {
        self.folder.join("dgmo.lock")
    }

    /// The pieces of the one package.
    fn pieces(&self) -> Result<Vec<Value>> {
        let lock: Value = serde_json::from_str(&fs::read_to_string(self.lock())?)?;
        let packages = lock["packages"].as_object().ok_or("no packages")?;
        let builds = packages.values().filter_map(Value::as_object).flatten();
        let pieces = builds.filter_map(|(_, build)| build["pieces"].as_array());
        Ok(pieces.flatten().cloned().collect())
    }

    /// How soon it is locked anew, with what registries said before.
    fn relock(&self, what: &str, floor: (&str, Contender<'_>)) -> Result<Vec<Row>> {
        let count = f64::from(u32::try_from(self.pieces()?.len())?);
        let ours = Contender::of(self.dgmo(&["lock", "-q", "--offline"]))
            .after(self.desk.remove(&self.lock()));
        let (floor_is, floor) = floor;
        let [ours, floor] = in_turn(self.desk.asked.slow, &[ours, floor])?;
        let (packages, millis) = RELOCK;
        let work = format!("locking a tool of {count} {what} again, offline");
        let target = Target::Millis((millis * count / packages).round());
        Ok(vec![Row::new(
            work,
            Look::Wall,
            &ours,
            (floor_is, &floor),
            target,
        )])
    }
}

/// `uv`, and an environment of its own that it fills.
struct Uv<'d> {
    desk: &'d Desk,
    settings: Vec<String>,
    /// The Python that runs and compiles.
    python: String,
    venv: PathBuf,
    /// The wheels by name and version.
    wanted: PathBuf,
}

impl Uv<'_> {
    fn run(&self, words: &[&str]) -> Program {
        let program = self.desk.program("env").args(&self.settings);
        program.arg("uv").args(words).args(["-q", "-p"])
    }

    fn make(&self) -> Program {
        self.run(&["venv"]).arg(&self.python).arg(&self.venv)
    }

    fn install(&self, more: &[&str]) -> Program {
        let install = self.run(&["pip", "install", "--no-deps"]).arg(&self.venv);
        install.args(more).arg("-r").arg(&self.wanted)
    }

    /// Fills a new environment from its cache.
    fn anew<'a>(&self, more: &[&str]) -> Contender<'a> {
        Contender::of(self.install(&[&["--offline"], more].concat()))
            .after(self.desk.remove(&self.venv))
            .after(self.make())
    }

    fn compile(&self, more: &[&str], of: &Path) -> Program {
        let compile = self.run(&["pip", "compile"]).arg(&self.python);
        compile.arg("--no-header").args(more).arg(of)
    }
}

/// Installs wheels as `uv` does from its cache, where they lie unpacked.
pub(crate) fn wheels(desk: &Desk) -> Result<Vec<Row>> {
    for name in ["uv", "python3"] {
        if !is_installed(name) {
            return Err(format!("`{name}` is not installed").into());
        }
    }
    let index = std::env::var("PIP_INDEX_URL").map_err(|_| "`PIP_INDEX_URL` names no index")?;
    let settings = vec![
        format!("PIP_INDEX_URL={index}"),
        format!("UV_DEFAULT_INDEX={index}"),
        format!("UV_CACHE_DIR={}", desk.at("uv").display()),
    ];
    let text = "import sys; print('%d.%d' % sys.version_info[:2], sys.executable)";
    let python = desk.program("python3").args(["-c", text]);
    python.run()?;
    let said = python.printed()?;
    let (minor, python) = said.trim().split_once(' ').ok_or("no version")?;
    let project = |name: &str, tool: &str| {
        let package = format!("{tool}: {{pypi: {tool}, python: \"{minor}\"}}");
        Project::new(desk, name, &package, &settings)
    };
    let (tool, plugin) = (
        project("wheels", "poetry")?,
        project("plugin", "poetry-plugin-export")?,
    );
    tool.switch(&[]).run()?;
    plugin.switch(&[]).run()?;
    let uv = Uv {
        desk,
        python: python.to_owned(),
        venv: desk.at("tools/wheels/venv"),
        wanted: desk.at("tools/wheels/wanted.txt"),
        settings,
    };
    let named = |piece: &Value| {
        let text = |key: &str| piece[key].as_str().unwrap_or_default().to_owned();
        format!("{}=={}\n", text("name"), text("version"))
    };
    let pieces = tool.pieces()?;
    fs::write(&uv.wanted, pieces.iter().map(named).collect::<String>())?;
    desk.remove(&uv.venv).run()?;
    uv.make().run()?;
    uv.install(&[]).run()?;
    let mut rows = environments(&tool, &plugin, &uv)?;
    let of = desk.at("tools/wheels/tool.in");
    fs::write(&of, "poetry\n")?;
    uv.compile(&[], &of).run()?;
    let compile = Contender::of(uv.compile(&["--offline"], &of));
    rows.extend(tool.relock("wheels", ("uv pip compile --offline", compile))?);
    Ok(rows)
}

/// One environment in three ways: all of it is here, all but one of its wheels are, and only what was downloaded is.
fn environments(tool: &Project<'_>, plugin: &Project<'_>, uv: &Uv<'_>) -> Result<Vec<Row>> {
    let desk = tool.desk;
    let count = tool.pieces()?.len();
    let none = Project::new(desk, "no-wheels", "", &tool.settings)?.at_home("wheels");
    let again = Contender::of(tool.switch(&["--offline"])).after(none.switch(&[]));
    let mut rows = compare(
        desk,
        &format!("{count} wheels, a second profile"),
        ("uv pip install", again, uv.anew(&[])),
        HALF,
    )?;
    let downloads = tool.home.join("cache/downloads");
    copy_new(desk, &plugin.home.join("cache/downloads"), &downloads).run()?;
    let other = plugin.at_home("plugin-again");
    let shared = Contender::of(other.switch(&["--offline"]))
        .after(desk.remove(&other.home))
        .after(copy_new(desk, &tool.home, &other.home))
        .after(desk.sync(&desk.asked.folder));
    rows.extend(compare(
        desk,
        &format!(
            "{} wheels, all but one in the store",
            plugin.pieces()?.len()
        ),
        ("uv pip install", shared, uv.anew(&[])),
        BESIDE_UV,
    )?);
    let fresh = tool.at_home("wheels-fresh");
    let unpacked = Contender::of(fresh.switch(&["--offline"]))
        .after(desk.remove(&fresh.home))
        .after(copy_new(
            desk,
            &downloads,
            &fresh.home.join("cache/downloads"),
        ))
        .after(desk.sync(&desk.asked.folder));
    let compile = "--compile-bytecode";
    let peer = (
        "uv pip install --compile-bytecode",
        unpacked,
        uv.anew(&[compile]),
    );
    let work = format!("{count} wheels, unpacked and compiled");
    rows.extend(compare(desk, &work, peer, BESIDE_UV)?);
    Ok(rows)
}

/// A tool takes a node along where the manifest has none; the peer has one already, so this manifest does.
fn with_a_node<'d>(desk: &'d Desk, settings: &[String]) -> Result<Project<'d>> {
    let node = desk.at("tools/npm/node/bin");
    fs::create_dir_all(&node)?;
    fs::write(node.join("node"), "#!/bin/sh\nexec /usr/bin/node \"$@\"\n")?;
    let packages = "eslint: {npm: eslint}, node: {path: ./node}";
    Project::new(desk, "npm", packages, settings)
}

/// Installs npm's packages as `npm ci` does from its cache.
pub(crate) fn npm(desk: &Desk) -> Result<Vec<Row>> {
    if !is_installed("npm") {
        return Err("`npm` is not installed".into());
    }
    let asked = desk.program("npm").args(["config", "get", "registry"]);
    asked.run()?;
    let settings = [
        format!("npm_config_registry={}", asked.printed()?.trim()),
        format!("npm_config_cache={}", desk.at("npm-cache").display()),
    ];
    let tool = with_a_node(desk, &settings)?;
    tool.switch(&[]).run()?;
    let pieces = tool.pieces()?;
    let peer = desk.at("tools/npm-peer");
    fs::create_dir_all(&peer)?;
    let version = pieces[0]["version"].as_str().unwrap_or_default();
    let about =
        format!(r#"{{"name":"x","version":"1.0.0","dependencies":{{"eslint":"{version}"}}}}"#);
    fs::write(peer.join("package.json"), about)?;
    let npm = |words: &[&str]| {
        let program = desk
            .program("env")
            .args(&settings)
            .arg("npm")
            .arg("--prefix");
        program
            .arg(&peer)
            .args(words)
            .args(["--no-audit", "--no-fund"])
    };
    npm(&["install"]).run()?;
    let modules = peer.join("node_modules");
    let ci = || {
        Contender::of(npm(&["ci", "--prefer-offline", "--ignore-scripts"]))
            .after(desk.remove(&modules))
    };
    let fresh = tool.at_home("npm-fresh");
    let downloads = fresh.home.join("cache/downloads");
    let ours = Contender::of(fresh.switch(&["--offline"]))
        .after(desk.remove(&fresh.home))
        .after(copy_new(
            desk,
            &tool.home.join("cache/downloads"),
            &downloads,
        ))
        .after(desk.sync(&desk.asked.folder));
    let mut rows = compare(
        desk,
        &format!("{} packages of npm's from a cache", pieces.len()),
        ("npm ci", ours, ci()),
        HALF,
    )?;
    let packages = "node: {path: ../npm/node}";
    let empty = Project::new(desk, "npm-empty", packages, &settings)?.at_home("npm");
    let manifest = empty.folder.join("dgmo.yaml");
    let text = fs::read_to_string(&manifest)?;
    let add = empty.dgmo(&["add", "npm:eslint", "-q", "--offline"]);
    let add = add.arg("--target").arg(empty.folder.join("target"));
    let add = Contender::of(add)
        .after_own(|| Ok(fs::write(&manifest, &text)?))
        .after(empty.switch(&[]));
    let [add, floor] = in_turn(desk.asked.slow, &[add, ci()])?;
    rows.push(Row::new(
        "`add` of a tool that is here",
        Look::Wall,
        &add,
        ("npm ci", &floor),
        Target::Millis(50.0),
    ));
    let lock = peer.join("package-lock.json");
    let relock = Contender::of(npm(&["install", "--package-lock-only", "--offline"]))
        .after(desk.remove(&lock))
        .after(desk.remove(&modules));
    rows.extend(tool.relock(
        "packages of npm's",
        ("npm install --package-lock-only", relock),
    )?);
    Ok(rows)
}

fn compare(
    desk: &Desk,
    work: &str,
    (floor_is, ours, floor): (&str, Contender<'_>, Contender<'_>),
    target: Target,
) -> Result<Vec<Row>> {
    let [ours, floor] = in_turn(desk.asked.slow, &[ours, floor])?;
    let row = |look| Row::new(work, look, &ours, (floor_is, &floor), target);
    Ok(vec![row(Look::Wall), row(Look::Cpu)])
}

/// Copies a folder into one that may be there: what is there stays.
fn copy_new(desk: &Desk, from: &Path, to: &Path) -> Program {
    let script = r#"mkdir -p "$1" && cp -an "$0/." "$1/""#;
    desk.program("sh").args(["-c", script]).arg(from).arg(to)
}
