//! The release: one static program without plugins and server, and the archive it travels in.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context;
use anyhow::Result;
use anyhow::bail;

use crate::root;
use crate::run;
use crate::tools;
use crate::tools::Debian;

/// What the program may weigh.
const MOST_BYTES: u64 = 10_000_000;

/// C parts of our dependencies are compiled against musl too.
const MUSL: Debian = Debian {
    program: "musl-gcc",
    package: "musl-tools",
};

/// How the parts are put together.
///
/// The linker that comes with Rust knows functions that came out the same and keeps one of them. A program that may lie
/// at any address has a table of what to adjust; packed, it takes a bit for most entries and not 24 bytes, which musl
/// reads since 1.2.4.
const LINKING: &[&str] = &[
    "-Clinker=rust-lld",
    "-Clink-arg=--icf=all",
    "-Clink-arg=-zpack-relative-relocs",
    "-Clink-arg=--no-eh-frame-hdr",
];

/// Leaves out how stacks are unwound.
const WITHOUT_UNWINDING: &str = "packaging/link/without-unwinding.ld";

/// What lies beside the program in the archive.
const DOCUMENTS: &[&str] = &["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Builds it into `target/dist`.
pub(crate) fn release() -> Result<()> {
    if cfg!(not(target_os = "linux")) {
        bail!("the static release is built on Linux");
    }
    let program = build()?;
    let bytes = std::fs::metadata(&program)?.len();
    #[expect(clippy::cast_precision_loss, reason = "two digits are shown")]
    let mebibytes = bytes as f64 / (1024.0 * 1024.0);
    println!("{}: {bytes} bytes, {mebibytes:.2} MiB", program.display());
    println!("{}", pack(&program)?.display());
    if bytes > MOST_BYTES {
        bail!("the program is larger than {MOST_BYTES} bytes");
    }
    Ok(())
}

fn build() -> Result<PathBuf> {
    let arch = std::env::consts::ARCH;
    let target = format!("{arch}-unknown-linux-musl");
    tools::ensure_target(&target)?;
    if !tools::ensure_programs(&[MUSL]).is_empty() {
        bail!("`musl-gcc` is missing; on Debian: apt-get install musl-tools");
    }
    let arguments = ["build", "--release", "--package", "dgmo", "--bin", "dgmo"];
    let mut command = run::cargo(arguments);
    command
        .args(["--no-default-features", "--target", &target])
        .env(format!("CC_{}", target.replace('-', "_")), "musl-gcc")
        .env("RUSTFLAGS", rust_flags()?);
    run::run(&mut command)?;
    let folder = root::target().join("dist");
    std::fs::create_dir_all(&folder)?;
    let program = folder.join("dgmo");
    let built = root::target().join(&target).join("release/dgmo");
    std::fs::copy(&built, &program).with_context(|| format!("no {}", built.display()))?;
    Ok(program)
}

fn rust_flags() -> Result<String> {
    let script = root::root().join(WITHOUT_UNWINDING);
    Ok(format!(
        "{} {} -Clink-arg={}",
        remap()?,
        LINKING.join(" "),
        script.display()
    ))
}

/// The same program comes out wherever the house stands and whoever's cargo home it is.
fn remap() -> Result<String> {
    let cargo_home = std::env::var_os("CARGO_HOME")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".cargo")))
        .context("no home folder")?;
    Ok(format!(
        "--remap-path-prefix={}=/dgmo --remap-path-prefix={}=/cargo",
        root::root().display(),
        cargo_home.display()
    ))
}

/// `dgmo-VERSION-SYSTEM.tar.gz`: one folder with `bin/dgmo` and the documents; the same bytes each time.
fn pack(program: &Path) -> Result<PathBuf> {
    let folder = root::target().join("dist");
    let version = env!("CARGO_PKG_VERSION");
    let name = format!("dgmo-{version}-{}-linux", std::env::consts::ARCH);
    let inside = folder.join(&name);
    if inside.exists() {
        std::fs::remove_dir_all(&inside)?;
    }
    std::fs::create_dir_all(inside.join("bin"))?;
    std::fs::copy(program, inside.join("bin/dgmo"))?;
    for document in DOCUMENTS {
        std::fs::copy(document, inside.join(document))?;
    }
    let archive = folder.join(format!("{name}.tar.gz"));
    let mut tar = run::program(
        "tar",
        ["--create", "--sort=name", "--mtime=@1", "--owner=0"],
    );
    tar.args(["--group=0", "--numeric-owner", "--mode=go=rX,u+rw,a-s"])
        .arg("--use-compress-program=gzip -9n")
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(&folder)
        .arg(&name);
    run::run(&mut tar)?;
    Ok(archive)
}
