//! State folders go back with the generation, and forth again.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use super::Sandbox;
use super::with_init;

const STATE: &str = "state: {data: {path: ~/data, services: [app]}}\n";

fn manifest(sandbox: &Sandbox, version: u32) {
    sandbox.program("work/app/bin/app", &format!("#!/bin/sh\n: {version}\n"));
    sandbox.manifest(&format!(
        "packages: {{app: {{path: ./app}}}}\nservices: {{app: {{run: [app]}}}}\n{STATE}"
    ));
}

/// Runs SQL against the database; its answer.
fn sql(sandbox: &Sandbox, text: &str) -> String {
    let code = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\n\
                for s in sys.argv[2].split(';'):\n    rows = c.execute(s).fetchall()\nc.commit()\n\
                print(rows)\n";
    let path = sandbox.user().join("data/app.db");
    let output = Command::new("python3")
        .args(["-c", code, path.to_str().unwrap(), text])
        .output()
        .expect("python3 is there, as for the other checks");
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}: {error}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn a_database_that_was_migrated_works_with_the_old_program_again() {
    let sandbox = with_init();
    manifest(&sandbox, 1);
    fs::create_dir(sandbox.user().join("data")).unwrap();
    sandbox.switch();
    sql(
        &sandbox,
        "create table people (name text); insert into people values ('ada')",
    );
    manifest(&sandbox, 2);
    let plan = sandbox.dgmo("switch --dry-run").works();
    plan.says("keep the state data").says("KiB");
    sandbox.switch();
    // The new program migrates: the old one could not read this.
    sql(
        &sandbox,
        "alter table people rename column name to full_name",
    );
    sql(&sandbox, "insert into people (full_name) values ('grace')");
    sandbox.calls();

    let plan = sandbox.dgmo("rollback 1 --with-state --dry-run").works();
    plan.says("bring back the state data");
    sandbox.dgmo("rollback 1 --with-state").works();
    assert_eq!(sql(&sandbox, "select name from people"), "[('ada',)]");
    let expected = [
        "stop dgmo-app.service",
        "daemon-reload",
        "start dgmo-app.service",
    ];
    assert_eq!(sandbox.calls(), expected);

    // What it was is kept too, so the way back can be undone.
    sandbox.dgmo("rollback 2 --with-state").works();
    assert_eq!(
        sql(&sandbox, "select full_name from people"),
        "[('ada',), ('grace',)]"
    );
    // Without the flag the program goes back alone.
    sandbox.dgmo("rollback 1").works();
    assert_eq!(sql(&sandbox, "select count(*) from people"), "[(2,)]");
    sandbox.dgmo("status").works();
}

#[test]
fn a_copy_has_all_the_folder_has() {
    let sandbox = with_init();
    manifest(&sandbox, 1);
    sandbox.switch();
    sandbox.write("user/data/plain", "plain");
    sandbox.write("user/data/deep/secret", "secret");
    sandbox.mode("user/data/deep/secret", 0o600);
    sandbox.mode("user/data", 0o750);
    sandbox.link("nowhere", "user/data/link");
    let data = sandbox.user().join("data");
    fs::hard_link(data.join("plain"), data.join("same")).unwrap();
    let sparse = fs::File::create(data.join("sparse")).unwrap();
    sparse.set_len(64 << 20).unwrap();
    std::os::unix::net::UnixListener::bind(data.join("socket")).unwrap();
    let time = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
    let plain = fs::File::options()
        .write(true)
        .open(data.join("plain"))
        .unwrap();
    plain.set_modified(time).unwrap();
    let before = super::super::Snapshot::of(&data);

    manifest(&sandbox, 2);
    sandbox.switch().says("socket, pipe or device");
    fs::remove_dir_all(&data).unwrap();
    sandbox.write("user/data/new", "new");
    sandbox.dgmo("rollback --with-state").works();
    fs::remove_file(data.join("socket")).unwrap_err();
    std::os::unix::net::UnixListener::bind(data.join("socket")).unwrap();
    before.assert_same(&super::super::Snapshot::of(&data), "what was brought back");
    let metadata = |name: &str| fs::metadata(data.join(name)).unwrap();
    assert_eq!(metadata("plain").ino(), metadata("same").ino());
    assert_eq!(metadata("plain").mtime(), 1_000_000);
    assert!(metadata("sparse").blocks() < 1024, "the holes are holes");
}

#[test]
fn a_failed_switch_takes_the_state_back_too() {
    let sandbox = with_init();
    manifest(&sandbox, 1);
    sandbox.write("user/data/version", "1");
    sandbox.switch();
    sandbox.program(
        "work/migrate",
        "#!/bin/sh\n[ $DGMO_ACTION = back ] && exit\necho 2 > $HOME/data/version\nexit 1\n",
    );
    let hook = sandbox.work().join("migrate");
    manifest(&sandbox, 2);
    let text = sandbox.read("work/dgmo.yaml");
    let text = format!("{text}hooks: {{after-switch: [[{}]]}}\n", hook.display());
    sandbox.write("work/dgmo.yaml", text);
    sandbox.dgmo("switch").exits(5);
    assert_eq!(sandbox.read("user/data/version"), "1");
    assert_eq!(
        sandbox.read("home/profiles/default/state/2/data/content/version"),
        "2\n"
    );
}

#[test]
fn kept_state_goes_with_its_generation_and_is_counted() {
    let sandbox = with_init();
    manifest(&sandbox, 1);
    sandbox.write("user/data/large", vec![7; 100_000]);
    sandbox.switch();
    for version in 2..5 {
        manifest(&sandbox, version);
        sandbox.switch();
    }
    assert!(sandbox.exists("home/profiles/default/state/1/data/content/large"));
    let ran = sandbox
        .dgmo("gc --keep last=1,days=0 --dry-run --json")
        .works();
    let pruned = ran.json()["pruned"][0].clone();
    assert_eq!(pruned["generations"], serde_json::json!([1, 2]), "{ran}");
    assert!(pruned["state_bytes"].as_u64().unwrap() >= 200_000, "{ran}");
    sandbox.dgmo("gc --keep last=1,days=0 --foreground").works();
    assert!(!sandbox.exists("home/profiles/default/state/1"));
    assert!(sandbox.exists("home/profiles/default/state/3"));
    sandbox.dgmo("rollback 3 --with-state").works();
}

#[test]
fn state_that_was_never_kept_or_cannot_be_is_refused() {
    let sandbox = with_init();
    manifest(&sandbox, 1);
    sandbox.switch();
    sandbox.manifest("files: {.x: {text: x}}\nstate: {data: {path: ~/data}}\n");
    sandbox.switch();
    sandbox.dgmo("rollback 0 --with-state").works();
    sandbox.dgmo("rollback 2").works();
    sandbox.manifest("state: {all: {path: ..}}\n");
    sandbox.dgmo("switch").fails("DG1007");
    sandbox.manifest(&format!(
        "files: {{.y: {{text: y}}}}\nstate: {{all: {{path: {}}}}}\n",
        sandbox.root().display()
    ));
    sandbox.switch();
    sandbox.manifest("files: {.z: {text: z}}\n");
    sandbox.dgmo("switch").fails("DG3412");
    assert_eq!(sandbox.current(), 3);
}

/// A link that leads to itself stands for a disk that does not answer: what cannot be looked at is not missing.
#[test]
fn nothing_is_emptied_for_kept_state_that_cannot_be_looked_at() {
    let sandbox = with_init();
    manifest(&sandbox, 1);
    sandbox.write("user/data/rows", "1");
    sandbox.switch();
    manifest(&sandbox, 2);
    sandbox.switch();
    sandbox.write("user/data/rows", "2");
    let kept = sandbox.profile().join("state/1/data/content");
    let away = sandbox.profile().join("state/1/data/away");
    fs::rename(&kept, &away).unwrap();
    std::os::unix::fs::symlink("content", &kept).unwrap();
    sandbox.dgmo("rollback 1 --with-state").fails("DG3410");
    assert_eq!(sandbox.read("user/data/rows"), "2");
    assert_eq!(sandbox.current(), 2);
    fs::remove_file(&kept).unwrap();
    fs::rename(&away, &kept).unwrap();
    sandbox.dgmo("rollback 1 --with-state").works();
    assert_eq!(sandbox.read("user/data/rows"), "1");
}
