//! Solving: a tool that needs 2,000 packages, locked anew with what servers said before.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde_json::Map;
use serde_json::json;

use crate::Result;
use crate::contest::Contender;
use crate::contest::in_turn;
use crate::desk::Desk;
use crate::nginx::Nginx;
use crate::program::is_installed;
use crate::table::Look;
use crate::table::Row;
use crate::table::Target;
use crate::universe;
use crate::universe::Plan;
use crate::universe::Versions;

const PACKAGES: usize = 2_000;

/// What is promised.
const A_SECOND: Target = Target::Millis(1_000.0);

/// What every digest is said to be: nothing is fetched.
const DIGEST: &str = "00000000000000000000000000000000000000000000000000000000000000aa";

const PYTHON: &str = "3.12";

/// The same packages as a channel of conda's and as an index of Python's, and such that do not go together.
pub(crate) fn all(desk: &Desk) -> Result<Vec<Row>> {
    if !is_installed("nginx") {
        return Err("`nginx` is not installed".into());
    }
    let folder = desk.at("universes");
    let nginx = Nginx::start(&folder)?;
    let plan = |seed, left_alone| Plan {
        seed,
        packages: PACKAGES,
        left_alone,
    };
    let packages = universe::draw(plan(3, 100));
    let disputed = universe::draw(plan(6, 30));
    let mut apart = packages.clone();
    for (package, range) in [(1_500, "<2"), (1_777, ">=2")] {
        for needs in &mut apart[package] {
            needs.push((universe::name(PACKAGES), range.to_owned()));
        }
    }
    apart.push(vec![Vec::new(); 8]);
    channel(&folder.join("agreed"), &packages)?;
    channel(&folder.join("disputed"), &disputed)?;
    channel(&folder.join("apart"), &apart)?;
    index(&folder.join("index"), &packages)?;
    let conda = |name: &str| format!("sources: {{conda: {{url: \"{}\"}}}}", nginx.url(name));
    let of_conda = "{conda: p0}";
    let mut rows = lock(
        desk,
        "2,000 packages of a channel",
        (&conda("agreed"), of_conda),
        Ends::Well,
    )?;
    rows.extend(lock(
        desk,
        "2,000 packages of a channel, many of them left alone",
        (&conda("disputed"), of_conda),
        Ends::Well,
    )?);
    rows.extend(lock(
        desk,
        "2,000 packages that do not go together",
        (&conda("apart"), of_conda),
        Ends::WithoutChoice,
    )?);
    let pypi = format!(
        "sources: {{pypi: {{url: \"{}\"}}}}",
        nginx.url("index/simple")
    );
    let of_pypi = format!("{{pypi: p0, python: \"{PYTHON}\"}}");
    rows.extend(lock(
        desk,
        "2,000 packages of an index",
        (&pypi, &of_pypi),
        Ends::Well,
    )?);
    Ok(rows)
}

/// How locking ends.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Ends {
    Well,
    WithoutChoice,
}

fn lock(desk: &Desk, work: &str, (source, package): (&str, &str), ends: Ends) -> Result<Vec<Row>> {
    let folder = desk.at("solved").join(work.replace([' ', ','], "-"));
    fs::create_dir_all(&folder)?;
    let manifest = folder.join("dgmo.yaml");
    let text = format!("dgmo: 1\nsystems: [x86_64-linux]\n{source}\npackages: {{p0: {package}}}\n");
    fs::write(&manifest, text)?;
    let program = |more: &[&str]| {
        let script = match ends {
            Ends::Well => r#"exec "$0" "$@""#,
            Ends::WithoutChoice => {
                r#"said=$("$0" "$@" 2>&1); case $said in *DG*needs*) ;; *) echo "$said" >&2; exit 1;; esac"#
            }
        };
        let program = desk
            .program("sh")
            .args(["-c", script])
            .arg(&desk.asked.dgmo);
        let program = program.arg("--home").arg(folder.join("home")).arg("lock");
        program.args(more).arg("-f").arg(&manifest)
    };
    program(&[]).run()?;
    let ours = Contender::of(program(&["--offline"])).after(desk.remove(&folder.join("dgmo.lock")));
    let floor = Contender::of(desk.program_of_ours().arg("--version"));
    let [ours, floor] = in_turn(desk.asked.slow, &[ours, floor])?;
    let row = |look| {
        Row::new(
            format!("locking {work}, offline"),
            look,
            &ours,
            ("start-up", &floor),
            A_SECOND,
        )
    };
    Ok(vec![row(Look::Wall), row(Look::Cpu)])
}

/// A channel of conda's with these packages.
fn channel(folder: &Path, packages: &[Versions]) -> Result<()> {
    let mut records = Map::new();
    for (package, versions) in packages.iter().enumerate() {
        let name = universe::name(package);
        for (at, needs) in versions.iter().enumerate() {
            let version = universe::version(at);
            let depends: Vec<String> = needs
                .iter()
                .map(|(name, range)| format!("{name} {range}").trim().to_owned())
                .collect();
            records.insert(
                format!("{name}-{version}-0.conda"),
                json!({
                    "name": name, "version": version, "build": "0", "build_number": 0, "subdir": "linux-64",
                    "depends": depends, "sha256": DIGEST, "size": 1,
                }),
            );
        }
    }
    for (subdir, records) in [("linux-64", records), ("noarch", Map::new())] {
        let list = json!({"info": {"subdir": subdir}, "packages": {}, "packages.conda": records});
        fs::create_dir_all(folder.join(subdir))?;
        fs::write(folder.join(subdir).join("repodata.json"), list.to_string())?;
    }
    Ok(())
}

/// An index of Python's with these packages.
fn index(folder: &Path, packages: &[Versions]) -> Result<()> {
    fs::create_dir_all(folder.join("files"))?;
    for (package, versions) in packages.iter().enumerate() {
        let name = universe::name(package);
        let mut files = Vec::new();
        for (at, needs) in versions.iter().enumerate() {
            let version = universe::version(at);
            let file = format!("{name}-{version}-py3-none-any.whl");
            let mut text = format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n");
            for (name, range) in needs {
                writeln!(text, "Requires-Dist: {name}{range}")?;
            }
            fs::write(folder.join(format!("files/{file}.metadata")), text)?;
            files.push(json!({
                "filename": file, "url": format!("../../files/{file}"), "hashes": {"sha256": DIGEST}, "size": 1,
                "core-metadata": true,
            }));
        }
        let page = json!({"meta": {"api-version": "1.1"}, "name": name, "files": files});
        let place = folder.join("simple").join(&name);
        fs::create_dir_all(&place)?;
        fs::write(place.join("page"), page.to_string())?;
    }
    Ok(())
}
