//! Getting tools this machine lacks: Debian packages, Rust targets and components, a C compiler for macOS.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::root;
use crate::run;

/// The release of zig that was tried.
const ZIG: &str = "ziglang==0.15.2";

/// A program, and the Debian package that has it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Debian {
    pub(crate) program: &'static str,
    pub(crate) package: &'static str,
}

/// Sees to it that the programs are there, as far as this machine lets us; returns those that are not.
pub(crate) fn ensure_programs(wanted: &[Debian]) -> Vec<Debian> {
    let missing = missing(wanted);
    if missing.is_empty() {
        return missing;
    }
    let packages: Vec<&str> = missing.iter().map(|debian| debian.package).collect();
    if !run::is_installed("apt-get") || !is_root() {
        println!(
            "   not root, or not Debian: not installing {}",
            packages.join(" ")
        );
        return missing;
    }
    println!("   installing {}", packages.join(" "));
    // A fresh machine has no lists of packages yet; a prepared one may have no network but need none.
    if install(&packages).is_err()
        && let Err(error) = apt_get(&["update", "-qq"]).and_then(|()| install(&packages))
    {
        println!("   cannot install them: {error:#}");
    }
    self::missing(wanted)
}

fn missing(wanted: &[Debian]) -> Vec<Debian> {
    let is_there = |debian: &&Debian| !run::is_installed(debian.program);
    wanted.iter().filter(is_there).copied().collect()
}

fn install(packages: &[&str]) -> Result<()> {
    let mut arguments = vec!["install", "-y", "-qq", "--no-install-recommends"];
    arguments.extend(packages);
    apt_get(&arguments)
}

fn apt_get(arguments: &[&str]) -> Result<()> {
    run::quiet(run::program("apt-get", arguments).env("DEBIAN_FRONTEND", "noninteractive"))
        .map(drop)
}

fn is_root() -> bool {
    run::read(&mut run::program("id", ["-u"])).is_ok_and(|id| id.trim() == "0")
}

/// Sees to it that Rust's standard library for `target` is there.
pub(crate) fn ensure_target(target: &str) -> Result<()> {
    if is_target_installed(target) {
        return Ok(());
    }
    if !run::is_installed("rustup") {
        bail!("Rust's standard library for {target} is missing, and there is no rustup to add it");
    }
    run::quiet(&mut run::program("rustup", ["target", "add", target]))
        .map(drop)
        .with_context(|| format!("Rust's standard library for {target} is missing"))
}

fn is_target_installed(target: &str) -> bool {
    let arguments = ["--print", "target-libdir", "--target", target];
    run::read(&mut run::program("rustc", arguments))
        .is_ok_and(|folder| Path::new(folder.trim()).is_dir())
}

/// Sees to it that a part of the toolchain, such as `clippy`, is there.
pub(crate) fn ensure_component(component: &str, subcommand: &str) -> Result<()> {
    if run::quiet(&mut run::cargo([subcommand, "--version"])).is_ok() {
        return Ok(());
    }
    run::quiet(&mut run::program("rustup", ["component", "add", component]))
        .map(drop)
        .with_context(|| format!("`{component}` is missing"))
}

/// A C compiler and an archiver for macOS on ARM, as wrappers around zig.
#[derive(Debug)]
pub(crate) struct MacTools {
    pub(crate) compiler: PathBuf,
    pub(crate) archiver: PathBuf,
}

/// Finds zig, or gets it from the Python registry into the target folder.
pub(crate) fn ensure_mac_tools() -> Result<MacTools> {
    let zig = find_zig()
        .map_or_else(fetch_zig, Ok)
        .context("no C compiler for macOS")?;
    let zig = zig.display();
    let cache = tools().join("zig-cache");
    let cache = cache.display();
    let folder = tools().join("bin");
    std::fs::create_dir_all(&folder)?;
    let tools = MacTools {
        compiler: folder.join("aarch64-macos-cc"),
        archiver: folder.join("aarch64-macos-ar"),
    };
    write_script(
        &tools.compiler,
        &format!(
            "# zig has its own name for the target, and does not know every flag of Apple's compiler.\n\
             for word do\n\
             \x20   shift\n\
             \x20   case $word in\n\
             \x20       --target=* | -mmacosx-version-min=* | -gfull) ;;\n\
             \x20       *) set -- \"$@\" \"$word\" ;;\n\
             \x20   esac\n\
             done\n\
             export ZIG_GLOBAL_CACHE_DIR='{cache}' ZIG_LOCAL_CACHE_DIR='{cache}'\n\
             exec '{zig}' cc -target aarch64-macos \"$@\"\n"
        ),
    )?;
    write_script(&tools.archiver, &format!("exec '{zig}' ar \"$@\"\n"))?;
    Ok(tools)
}

fn find_zig() -> Option<PathBuf> {
    let fetched = fetched_zig();
    if fetched.is_file() {
        return Some(fetched);
    }
    run::is_installed("zig").then(|| PathBuf::from("zig"))
}

fn fetch_zig() -> Result<PathBuf> {
    // Debian's own Python may come without pip.
    let pip = Debian {
        program: "pip3",
        package: "python3-pip",
    };
    ensure_programs(&[pip]);
    println!("   fetching {ZIG}");
    let folder = tools().join("zig");
    let mut pip = run::program("python3", ["-m", "pip", "install", "--quiet", "--upgrade"]);
    run::quiet(pip.arg("--target").arg(&folder).arg(ZIG))?;
    Ok(fetched_zig())
}

fn fetched_zig() -> PathBuf {
    tools().join("zig/ziglang/zig")
}

/// The release of Nushell that was tried.
const NUSHELL: &str = "nushell@0.115.1";

/// Nushell, where its package puts it on this kind of machine.
fn nushell() -> PathBuf {
    tools().join("nu/node_modules/@nushell/linux-x64/bin/nu")
}

/// Sees to it that Nushell is there: the package for npm has the program itself.
pub(crate) fn ensure_nushell() -> Result<()> {
    if run::is_installed("nu") || nushell().is_file() {
        return Ok(());
    }
    if !run::is_installed("npm") {
        bail!("there is no npm to get it with");
    }
    println!("   fetching {NUSHELL}");
    let folder = tools().join("nu");
    std::fs::create_dir_all(&folder)?;
    let mut npm = run::program("npm", ["install", "--no-audit", "--no-fund", "--silent"]);
    run::quiet(npm.arg("--prefix").arg(&folder).arg(NUSHELL))?;
    if !nushell().is_file() {
        bail!("its package has no program for this kind of machine");
    }
    Ok(())
}

fn tools() -> PathBuf {
    root::target().join("tools")
}

/// Writes it only if it is another: build scripts look at its time.
fn write_script(path: &Path, body: &str) -> Result<()> {
    let text = format!("#!/bin/sh\n{body}");
    if std::fs::read_to_string(path).is_ok_and(|there| there == text) {
        return Ok(());
    }
    std::fs::write(path, text)?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755))?;
    Ok(())
}
