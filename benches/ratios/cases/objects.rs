//! The store: adding, laying out, verifying, collecting, copying.

use std::path::Path;

use crate::Result;
use crate::contest::Contender;
use crate::contest::in_turn;
use crate::corpus;
use crate::desk::Corpus;
use crate::desk::Desk;
use crate::floor;
use crate::program;
use crate::program::Program;
use crate::table::Look;
use crate::table::Row;
use crate::table::Target;

fn store_add(desk: &Desk, home: &Path, flags: &[&str], corpus: &Corpus) -> Program {
    desk.dgmo(home, &["store", "add", "-q"])
        .args(flags)
        .args(&corpus.packages)
}

/// New, present already, and present with a stat cache.
pub(crate) fn add(corpus: &Corpus, desk: &Desk) -> Result<Vec<Row>> {
    let home = desk.at("homes/add");
    let copy = desk.at("copy");
    let name = corpus.name;
    let [ours, floor] = in_turn(
        desk.asked.slow,
        &[
            Contender::of(store_add(desk, &home, &[], corpus))
                .after(desk.remove(&home))
                .after(desk.sync(&corpus.folder)),
            desk.copy(&corpus.folder, &copy)
                .then(desk.hash(&corpus.folder)?),
        ],
    )?;
    let work = format!("`store add`, {name}, new");
    let against = ("`cp -a`, sync, hash", &floor);
    let mut rows = vec![
        Row::new(&work, Look::Cpu, &ours, against, Target::Ratio(1.2)),
        Row::new(&work, Look::Wall, &ours, against, Target::Ratio(0.7)),
        Row::memory(format!("{work}, memory"), &ours, 64.0),
    ];
    let [ours, floor] = in_turn(
        desk.asked.slow,
        &[
            Contender::of(store_add(desk, &home, &[], corpus)),
            Contender::of(desk.hash(&corpus.folder)?),
        ],
    )?;
    let work = format!("`store add`, {name}, all present, contents checked");
    let against = ("hash", &floor);
    rows.push(Row::new(
        &work,
        Look::Cpu,
        &ours,
        against,
        Target::Ratio(1.25),
    ));
    rows.push(Row::new(
        &work,
        Look::Wall,
        &ours,
        against,
        Target::Ratio(1.25),
    ));
    rows.push(add_by_stat(corpus, desk, &home, &copy));
    desk.remove(&home).run()?;
    desk.remove(&copy).run()?;
    Ok(rows)
}

/// Against the program that copies nothing because sizes and times are the same.
fn add_by_stat(corpus: &Corpus, desk: &Desk, home: &Path, copy: &Path) -> Row {
    let work = format!("`store add --stat-cache`, {}, all present", corpus.name);
    let flags = &["--stat-cache"];
    let (slash, mut from) = ("/", corpus.folder.clone().into_os_string());
    from.push(slash);
    let peer = if program::is_installed("rsync") {
        desk.program("rsync").arg("-a").arg(&from).arg(copy)
    } else {
        return Row::cannot(work, "rsync is not installed".to_owned());
    };
    let ours = store_add(desk, home, flags, corpus);
    let measured = ours
        .run()
        .and_then(|_| in_turn(desk.asked.slow, &[Contender::of(ours), Contender::of(peer)]));
    match measured {
        Ok([ours, peer]) => Row::new(
            work,
            Look::Cpu,
            &ours,
            ("`rsync -a` that copies nothing", &peer),
            Target::Ratio(0.7),
        ),
        Err(error) => Row::cannot(work, error.to_string()),
    }
}

/// One large tree as hard links.
pub(crate) fn lay_out(desk: &Desk) -> Result<Vec<Row>> {
    let home = desk.at("homes/lay-out");
    let files = corpus::part(32_000, desk.asked.scale);
    let (package, copy) = (desk.at("tree"), desk.at("tree-copy"));
    corpus::package(&package, files, 7)?;
    let ids = desk.add(&home, std::slice::from_ref(&package))?;
    let laid_out = home.join("store/trees");
    let ours = floor::program("lay-out", &desk.asked.folder)?
        .arg(&home)
        .args(ids);
    let [ours, floor] = in_turn(
        desk.asked.slow,
        &[
            Contender::of(ours)
                .after(desk.remove(&laid_out))
                .after(desk.program("mkdir").arg(&laid_out))
                .after(desk.sync(&home)),
            Contender::of(desk.program("cp").arg("-al").arg(&package).arg(&copy))
                .after(desk.remove(&copy))
                .after(desk.sync(&home)),
        ],
    )?;
    let work = format!("lay out a tree of {files} files");
    let against = ("`cp -al`, not synced", &floor);
    for path in [&home, &package, &copy] {
        desk.remove(path).run()?;
    }
    Ok(vec![
        Row::new(&work, Look::Cpu, &ours, against, Target::Ratio(0.85)),
        Row::new(&work, Look::Wall, &ours, against, Target::Ratio(0.6)),
    ])
}

/// Every object read and hashed.
pub(crate) fn verify(desk: &Desk) -> Result<Vec<Row>> {
    let corpus = desk.large()?;
    let home = desk.at("homes/verify");
    store_add(desk, &home, &[], corpus).run()?;
    let [ours, floor] = in_turn(
        desk.asked.slow,
        &[
            Contender::of(desk.dgmo(&home, &["store", "verify", "-q"])),
            Contender::of(desk.hash(&corpus.folder)?),
        ],
    )?;
    desk.remove(&home).run()?;
    let work = "`store verify`, large";
    let against = ("hash", &floor);
    Ok(vec![
        Row::new(work, Look::Cpu, &ours, against, Target::Ratio(1.15)),
        Row::new(work, Look::Wall, &ours, against, Target::Ratio(1.15)),
        Row::memory(format!("{work}, memory"), &ours, 32.0),
    ])
}

/// Half of everything dead, with and without waiting for the deleting; and nothing dead.
pub(crate) fn collect(desk: &Desk) -> Result<Vec<Row>> {
    let corpus = desk.large()?;
    let (home, copy) = (desk.at("homes/gc"), desk.at("gc-copy"));
    let mut dead = desk.program("cp").arg("-a");
    for package in corpus.packages.iter().step_by(2) {
        dead = dead.arg(package);
    }
    let refill = || store_add(desk, &home, &[], corpus);
    // What lives is pinned, each package by its name.
    for package in corpus.packages.iter().skip(1).step_by(2) {
        let name = package.file_name().unwrap_or_default();
        let words = ["store", "add", "-q", "--pin"];
        desk.dgmo(&home, &words).arg(name).arg(package).run()?;
    }
    let all = || desk.dgmo(&home, &["gc", "-q", "--foreground"]);
    let [waited, left, floor] = in_turn(
        desk.asked.slow,
        &[
            Contender::of(all()).after(refill()).after(desk.sync(&home)),
            Contender::of(desk.dgmo(&home, &["gc", "-q"]))
                .after(refill())
                .after(desk.sync(&home)),
            Contender::of(desk.program("rm").arg("-rf").arg(&copy))
                // What the one before left to be done in the background is done first.
                .after(all())
                .after(desk.program("mkdir").arg("-p").arg(&copy))
                .after(dead.arg(&copy))
                .after(desk.sync(&home)),
        ],
    )?;
    refill().run()?;
    all().run()?;
    let [nothing, started] = in_turn(
        desk.asked.quick,
        &[
            Contender::of(desk.dgmo(&home, &["gc", "-q"])),
            Contender::of(desk.program_of_ours().arg("--version")),
        ],
    )?;
    desk.remove(&home).run()?;
    let against = ("`rm -rf` of the same, not synced", &floor);
    let work = "`gc`, half of large dead";
    Ok(vec![
        Row::new(
            format!("{work}, until all is deleted"),
            Look::Cpu,
            &waited,
            against,
            Target::Ratio(1.1),
        ),
        Row::new(
            format!("{work}, until all is deleted"),
            Look::Wall,
            &waited,
            against,
            Target::Ratio(1.1),
        ),
        Row::new(
            format!("{work}, until it returns"),
            Look::Wall,
            &left,
            against,
            Target::Millis(50.0),
        ),
        Row::new(
            "`gc`, nothing dead",
            Look::Wall,
            &nothing,
            ("start-up", &started),
            Target::Millis(10.0),
        ),
    ])
}

/// Everything to a second home, and again when it is there.
pub(crate) fn copy(desk: &Desk) -> Result<Vec<Row>> {
    let corpus = desk.large()?;
    let (home, other) = (desk.at("homes/from"), desk.at("homes/to"));
    let plain = desk.at("copy");
    let ids = desk.add(&home, &corpus.packages)?;
    let carry = || {
        desk.dgmo(&home, &["store", "copy", "-q", "--to"])
            .arg(&other)
            .args(&ids)
    };
    let [ours, floor] = in_turn(
        desk.asked.slow,
        &[
            Contender::of(carry())
                .after(desk.remove(&other))
                .after(desk.sync(&home)),
            desk.copy(&corpus.folder, &plain),
        ],
    )?;
    let [nothing, started] = in_turn(
        desk.asked.quick,
        &[
            Contender::of(carry()),
            Contender::of(desk.program_of_ours().arg("--version")),
        ],
    )?;
    for path in [&home, &other, &plain] {
        desk.remove(path).run()?;
    }
    let work = "`store copy`, large";
    let against = ("`cp -a`, sync", &floor);
    Ok(vec![
        Row::new(work, Look::Cpu, &ours, against, Target::Ratio(1.7)),
        Row::new(work, Look::Wall, &ours, against, Target::Ratio(1.7)),
        Row::new(
            "`store copy`, nothing to do",
            Look::Wall,
            &nothing,
            ("start-up", &started),
            Target::Millis(10.0),
        ),
    ])
}
