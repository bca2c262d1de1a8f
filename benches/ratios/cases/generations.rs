//! Moving between generations, and listing them.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use crate::Result;
use crate::contest::Contender;
use crate::contest::in_turn;
use crate::desk::Desk;
use crate::floor;
use crate::table::Look;
use crate::table::Row;
use crate::table::Target;

/// `rollback` and `generations switch N`: start-up, a link, a rename, a sync of its folder, and little else.
pub(crate) fn moving(desk: &Desk) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for count in [10, 1000] {
        rows.extend(moving_in(desk, &desk.at("homes/generations"), count, "")?);
    }
    // There a sync costs nothing: what is left is the program's own.
    let memory = Path::new("/dev/shm");
    if memory.is_dir() {
        let home = memory.join(format!("dgmo-ratios-{}", std::process::id()));
        let measured = moving_in(desk, &home, 10, ", in memory");
        desk.delete(&home).run()?;
        rows.extend(measured?);
    }
    Ok(rows)
}

fn moving_in(desk: &Desk, home: &Path, count: usize, where_: &str) -> Result<Vec<Row>> {
    let profile = make(desk, home, count)?;
    let switch = |to: &str| desk.dgmo(home, &["--profile", &profile, "generations", "switch", to]);
    let back = desk.dgmo(home, &["--profile", &profile, "rollback"]);
    let far = (count / 2).to_string();
    let last = count.to_string();
    let place = home.join("point");
    fs::create_dir_all(&place)?;
    let [switched, rolled, started, pointed] = in_turn(
        desk.asked.quick,
        &[
            Contender::of(switch(&far)).after(switch(&last)),
            Contender::of(back).after(switch(&last)),
            Contender::of(desk.program_of_ours().arg("--version")),
            Contender::own(|| floor::point(&place)),
        ],
    )?;
    let floor = started.plus(&pointed, 1.1);
    let floor = ("start-up + 1.1 × (link, rename, sync)", &floor);
    let target = if where_.is_empty() {
        Target::Millis(8.0)
    } else {
        Target::Millis(3.0)
    };
    Ok(vec![
        Row::new(
            format!("`generations switch N` of {count}{where_}"),
            Look::Wall,
            &switched,
            floor,
            target,
        ),
        Row::new(
            format!("`rollback` of {count}{where_}"),
            Look::Wall,
            &rolled,
            floor,
            target,
        ),
    ])
}

/// `generations list`, with its index and without.
pub(crate) fn listing(desk: &Desk) -> Result<Vec<Row>> {
    let home = desk.at("homes/generations");
    let mut rows = Vec::new();
    for (count, most) in [(10, 3.0), (100, 3.0), (1000, 6.0)] {
        let profile = make(desk, &home, count)?;
        let folder = home.join("profiles").join(&profile).join("generations");
        let [ours, floor] = in_turn(
            desk.asked.quick,
            &[
                Contender::of(desk.dgmo(&home, &["--profile", &profile, "generations", "list"])),
                Contender::of(desk.program("ls").arg("-l").arg(&folder)),
            ],
        )?;
        let work = format!("`generations list` of {count}");
        rows.push(Row::new(
            work,
            Look::Wall,
            &ours,
            ("`ls -l`", &floor),
            Target::Millis(most),
        ));
    }
    Ok(rows)
}

/// A profile with `count` generations, each with another value of one variable.
fn make(desk: &Desk, home: &Path, count: usize) -> Result<String> {
    let profile = format!("g{count}");
    let folder: PathBuf = home.join("profiles").join(&profile).join("generations");
    let manifest = desk.at("generations.yaml");
    for number in 1..=count {
        if folder.join(number.to_string()).is_dir() {
            continue;
        }
        fs::write(
            &manifest,
            format!("dgmo: 1\nname: bench\nenv: {{STEP: \"{number}\"}}\n"),
        )?;
        let words = ["--profile", &profile, "switch", "-q", "-f"];
        desk.dgmo(home, &words).arg(&manifest).run()?;
    }
    Ok(profile)
}
