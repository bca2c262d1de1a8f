//! A database server as Debian builds it, with all it depends on: nobody installed it, and nobody starts it.

use super::Sandbox;
use super::archive::Archive;
use super::archive::is_there;
use super::real::download;

/// A script that makes a database in `$1`, asks it something over a socket there, and ends it.
const SCRIPT: &str = r#"set -eu
data=$1/data
initdb --pgdata="$data" --auth=trust --username=me --no-sync >"$1/said" 2>&1 || { cat "$1/said"; exit 1; }
trap 'pg_ctl --pgdata="$data" --mode=immediate stop >/dev/null 2>&1 || true' EXIT
pg_ctl --pgdata="$data" --options="-c listen_addresses= -k $1" --log="$1/log" --wait start >/dev/null || { cat "$1/log"; exit 1; }
ask() { psql --host="$1" --username=me --no-psqlrc --tuples-only --no-align --command="$2" postgres; }
ask "$1" "select 'the answer is ' || 6 * 7"
ask "$1" "create extension pgcrypto"
ask "$1" "select 'digest ' || encode(digest('a', 'md5'), 'hex')"
ask "$1" "select setting from pg_config where name in ('BINDIR', 'SHAREDIR', 'PKGLIBDIR')"
ask "$1" "select 'zone ' || (timestamptz '2026-07-01 12:00+00' at time zone 'Europe/Paris')"
pg_ctl --pgdata="$data" --wait stop
"#;

#[test]
fn a_real_database_is_started_asked_and_stopped() {
    if !is_there() {
        return;
    }
    let sandbox = Sandbox::new();
    let archive = Archive::new(&sandbox);
    if download(&sandbox, &["postgresql-15"]).is_none() {
        return;
    }
    archive.publish();
    let bin = "lib/postgresql/15/bin";
    let programs = ["initdb", "pg_ctl", "postgres"].map(|name| format!("{bin}/{name}"));
    archive.manifest(&format!(
        "  postgres: {{deb: postgresql-15, dependencies: true, bin: [{}]}}\n  \
         psql: {{deb: postgresql-client-15, dependencies: true, bin: [{bin}/psql]}}\n",
        programs.join(", ")
    ));
    archive.dgmo("switch").works();
    sandbox.write("start", SCRIPT);
    let data = sandbox.root().join("db");
    std::fs::create_dir(&data).unwrap();
    // A server that root starts refuses to.
    let line = format!(
        "eval \"$(dgmo env)\"; chmod 755 {root}; \
         if test \"$(id -u)\" = 0; then chown 65534:65534 {data}; set -- setpriv --reuid=65534 --regid=65534 --clear-groups; fi; \
         \"$@\" sh {root}/start {data}",
        root = sandbox.root().display(),
        data = data.display(),
    );
    let ran = sandbox.sh(&line).works();
    let ran = ran
        .says("the answer is 42")
        .says("digest 0cc175b9c0f1b6a831c399e269772661")
        .says("zone 2026-07-01 14:00:00");
    // What it reads is its own, whatever the machine has.
    let home = sandbox.home();
    for place in [
        "lib/postgresql/15/bin",
        "share/postgresql/15",
        "lib/postgresql/15/lib",
    ] {
        let is_own =
            |line: &&str| line.starts_with(home.to_str().unwrap()) && line.ends_with(place);
        assert!(
            ran.stdout.lines().any(|line| is_own(&line)),
            "{place}: {ran:?}"
        );
    }
    sandbox.dgmo("store verify").works();
}
