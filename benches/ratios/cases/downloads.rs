//! Downloads: what comes over a link that is as fast as this machine, hashed and unpacked on its way.

use std::fs;
use std::path::Path;

use crate::Result;
use crate::contest::Contender;
use crate::contest::in_turn;
use crate::corpus;
use crate::desk::Desk;
use crate::nginx::Nginx;
use crate::program::Program;
use crate::program::is_installed;
use crate::table::Look;
use crate::table::Row;
use crate::table::Target;

/// Large enough that starting and ending cost little beside it.
const LENGTH: usize = 200_000_000;

/// What is promised: 0.8 times the speed of curl.
const AS_FAST_AS_CURL: Target = Target::Ratio(1.25);

/// A program and an archive, each into a home that has nothing, from a lock that knows them.
pub(crate) fn both(desk: &Desk) -> Result<Vec<Row>> {
    for name in ["nginx", "curl"] {
        if !is_installed(name) {
            return Err(format!("`{name}` is not installed").into());
        }
    }
    let folder = desk.at("served");
    let nginx = Nginx::start(&folder)?;
    let program = folder.join("program");
    if !program.exists() {
        corpus::file(&program, 0, LENGTH, false)?;
    }
    let archive = folder.join("archive.tar.gz");
    if !archive.exists() {
        let tar = desk.program("tar").args(["--sort=name", "-czf"]);
        tar.arg(&archive)
            .arg("-C")
            .arg(&desk.small()?.folder)
            .arg(".")
            .run()?;
    }
    desk.sync(&folder).run()?;
    let (out, unpacked) = (desk.at("curl-out"), desk.at("curl-unpacked"));
    let curl = |script: &str, url: &str, to: &Path| {
        let program = desk.program("sh").args(["-c", script, url]).arg(to);
        Contender::of(program)
            .then(desk.sync(&desk.asked.folder))
            .after(desk.remove(to))
            .after(desk.sync(&desk.asked.folder))
    };
    let url = nginx.url("program");
    let mut rows = compare(
        desk,
        "a program of 200 MB, fetched",
        ("curl, sync", curl(r#"curl -fsSo "$1" "$0""#, &url, &out)),
        (&url, "unpack: program"),
    )?;
    let url = nginx.url("archive.tar.gz");
    let script = r#"mkdir "$1" && curl -fsS "$0" | tar -xzf - -C "$1""#;
    rows.extend(compare(
        desk,
        "2,300 files in a tar.gz, fetched and unpacked",
        ("curl into tar, sync", curl(script, &url, &unpacked)),
        (&url, "unpack: tar.gz"),
    )?);
    Ok(rows)
}

fn compare(
    desk: &Desk,
    work: &str,
    (floor_is, floor): (&str, Contender<'_>),
    (url, how): (&str, &str),
) -> Result<Vec<Row>> {
    let project = desk.at("download");
    let target = project.join("target");
    fs::create_dir_all(&target)?;
    let manifest = format!("dgmo: 1\npackages:\n  far: {{url: \"{url}\", {how}}}\n");
    fs::write(project.join("dgmo.yaml"), manifest)?;
    let home = desk.at("homes/download");
    let dgmo = |words: &[&str]| -> Program {
        desk.dgmo(&home, words)
            .arg("-f")
            .arg(project.join("dgmo.yaml"))
    };
    dgmo(&["lock", "-q"]).run()?;
    let ours = Contender::of(dgmo(&["switch", "-q"]).arg("--target").arg(&target))
        .after(desk.remove(&home))
        .after(desk.sync(&desk.asked.folder));
    let [ours, floor] = in_turn(desk.asked.slow, &[ours, floor])?;
    let row = |look| Row::new(work, look, &ours, (floor_is, &floor), AS_FAST_AS_CURL);
    Ok(vec![
        row(Look::Wall),
        row(Look::Cpu),
        Row::memory(format!("{work}, memory"), &ours, 64.0),
    ])
}
