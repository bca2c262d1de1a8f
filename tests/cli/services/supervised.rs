//! `dgmo services run`, as in a container.

use rustix::process::Signal;

use super::Supervisor;
use super::TWO;
use super::program;
use super::service;
use super::soon;
use super::with_init;
use super::without_init;

#[test]
fn services_start_in_order_and_stop_in_the_other() {
    let sandbox = without_init();
    sandbox.manifest(TWO);
    sandbox.switch().says("dgmo services run");
    sandbox
        .dgmo("status")
        .exits(3)
        .says("no init system answers");
    let mut supervisor = Supervisor::start(&sandbox);
    assert_eq!(
        supervisor.says("web | web up"),
        ["db | db up", "web | web up"]
    );
    sandbox
        .dgmo("services status")
        .works()
        .says("dgmo services run");
    sandbox.dgmo("status").works();
    supervisor.signal(Signal::TERM);
    assert_eq!(
        supervisor.says("db | db bye"),
        ["web | web bye", "db | db bye"]
    );
    assert_eq!(supervisor.end_was(), Some(0));
    sandbox.dgmo("services logs db").works().says("db bye");
}

impl Supervisor {
    fn end_was(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

#[test]
fn a_switch_tells_the_supervisor_what_changed() {
    let sandbox = without_init();
    sandbox.manifest(TWO);
    sandbox.switch();
    let mut supervisor = Supervisor::start(&sandbox);
    supervisor.says("web | web up");
    let before = service(&sandbox.dgmo("services --json"), "db");
    sandbox.program("work/web/bin/web", &program("web2"));
    sandbox.switch().says("stop web").says("start web");
    assert_eq!(
        supervisor.says("web | web2 up"),
        ["web | web bye", "web | web2 up"]
    );
    let ran = sandbox.dgmo("services --json");
    let after = service(&ran, "db");
    assert_eq!(
        before["pid"], after["pid"],
        "what did not change was left running"
    );
    assert_eq!(after["generation"], 1);
    assert_eq!(service(&ran, "web")["generation"], 2);
    // What runs keeps the generation it was started from.
    sandbox.manifest("packages: {db: {path: ./db}, web: {path: ./web}}\nservices:\n  db: {run: [db], ready: {file: db.ready}}\n");
    sandbox.switch();
    supervisor.says("web | web2 bye");
    sandbox.dgmo("generations prune 1").fails("DG3606");
    sandbox.dgmo("gc --keep last=1 --foreground").works();
    assert!(sandbox.profile().join("generations/1").exists());
    assert_eq!(supervisor.end(), Some(0));
}

#[test]
fn a_hangup_takes_the_current_generation_over() {
    let sandbox = without_init();
    sandbox.manifest(TWO);
    sandbox.switch();
    let mut supervisor = Supervisor::start(&sandbox);
    supervisor.says("web | web up");
    supervisor.signal(Signal::HUP);
    sandbox.program("work/db/bin/db", &program("db2"));
    sandbox.switch();
    supervisor.says("db | db2 up");
    supervisor.signal(Signal::HUP);
    sandbox.dgmo("services status").works();
    assert_eq!(supervisor.end(), Some(0));
}

#[test]
fn what_fails_is_started_again_and_what_fails_a_switch_takes_it_back() {
    let sandbox = without_init();
    sandbox.manifest(TWO);
    sandbox.switch();
    let mut supervisor = Supervisor::start(&sandbox);
    supervisor.says("web | web up");
    let pid = |name: &str| service(&sandbox.dgmo("services --json"), name)["pid"].as_i64();
    let web = rustix::process::Pid::from_raw(pid("web").unwrap().try_into().unwrap()).unwrap();
    rustix::process::kill_process(web, Signal::KILL).unwrap();
    supervisor.says("web | web up");
    let ran = sandbox.dgmo("services --json");
    assert_eq!(service(&ran, "web")["restarts"], 1, "{ran}");

    let never = TWO.replace(
        "ready: {file: db.ready}",
        "ready: {file: never}, start-timeout: 300ms",
    );
    sandbox.manifest(&never);
    let ran = sandbox
        .dgmo("switch")
        .exits(5)
        .says("service `db` did not start");
    ran.says("not ready in 300ms");
    assert_eq!(sandbox.current(), 1);
    soon("both run again", || {
        sandbox.dgmo("status").exit.eq(&0).then_some(())
    });
    assert_eq!(supervisor.end(), Some(0));
}

#[test]
fn what_does_not_end_in_time_is_killed_with_all_it_started() {
    let sandbox = without_init();
    sandbox.program(
        "work/db/bin/db",
        "#!/bin/sh\ntrap '' TERM\necho stubborn\nwhile :; do sleep 1; done\n",
    );
    sandbox.manifest(
        "packages: {db: {path: ./db}}\nservices: {db: {run: [db], stop-timeout: 100ms}}\n",
    );
    sandbox.switch();
    let mut supervisor = Supervisor::start(&sandbox);
    supervisor.says("db | stubborn");
    assert_eq!(supervisor.end(), Some(0));
}

#[test]
fn a_killed_supervisor_leaves_nothing_that_stops_the_next() {
    let sandbox = without_init();
    sandbox.manifest(TWO);
    sandbox.switch();
    let mut supervisor = Supervisor::start(&sandbox);
    supervisor.says("web | web up");
    let old = service(&sandbox.dgmo("services --json"), "db")["pid"].clone();
    supervisor.signal(Signal::KILL);
    supervisor.end_was();
    assert!(sandbox.profile().join("services/socket").exists());
    sandbox.dgmo("status").exits(3);
    let mut next = Supervisor::start(&sandbox);
    next.says("web | web up");
    let ran = sandbox.dgmo("services --json").works();
    assert_ne!(service(&ran, "db")["pid"], old);
    let old = rustix::process::Pid::from_raw(old.as_i64().unwrap().try_into().unwrap()).unwrap();
    soon("the old one is gone", || {
        rustix::process::test_kill_process(old)
            .is_err()
            .then_some(())
    });
    assert_eq!(next.end(), Some(0));
}

#[test]
fn what_services_leave_behind_is_taken_note_of() {
    let sandbox = without_init();
    sandbox.program(
        "work/db/bin/db",
        "#!/bin/sh\n(sleep 0.1 & echo orphan $!)\nexec sleep 1000\n",
    );
    sandbox.manifest("packages: {db: {path: ./db}}\nservices: {db: {run: [db]}}\n");
    sandbox.switch();
    let mut supervisor = Supervisor::start(&sandbox);
    let mut line = String::new();
    std::io::BufRead::read_line(&mut supervisor.out, &mut line).unwrap();
    let orphan: i32 = line.trim().rsplit(' ').next().unwrap().parse().unwrap();
    let orphan = rustix::process::Pid::from_raw(orphan).unwrap();
    // A dead process that nobody waits for still has its number.
    soon("the orphan is reaped", || {
        rustix::process::test_kill_process(orphan)
            .is_err()
            .then_some(())
    });
    assert_eq!(supervisor.end(), Some(0));
}

#[test]
fn a_container_ends_when_all_its_services_have() {
    let sandbox = without_init();
    sandbox.program("work/db/bin/db", "#!/bin/sh\necho done\n");
    sandbox.manifest("packages: {db: {path: ./db}}\nservices: {db: {run: [db]}}\n");
    sandbox.switch();
    let ran = sandbox.dgmo("services run").exits(0);
    assert_eq!(ran.stdout, "db | done\n");
    sandbox.program("work/db/bin/db", "#!/bin/sh\nexit 7\n");
    sandbox.manifest("packages: {db: {path: ./db}}\nservices: {db: {run: [db], restart: never}}\n");
    sandbox.dgmo("switch").works();
    sandbox
        .dgmo("services run")
        .exits(1)
        .says("db: it ended with 7");
}

#[test]
pub(in super::super) fn nobody_runs_them_until_somebody_does() {
    let sandbox = without_init();
    sandbox.manifest(TWO);
    sandbox.switch();
    let ran = sandbox.dgmo("services start").exits(1).fails("DG3406");
    ran.says("start `dgmo services run` in a terminal of its own");
    let mut supervisor = Supervisor::start(&sandbox);
    supervisor.says("web | web up");
    sandbox.dgmo("services start").works();
    assert_eq!(supervisor.end(), Some(0));
}

#[test]
pub(in super::super) fn two_do_not_run_the_same() {
    let sandbox = with_init();
    sandbox.manifest(TWO);
    sandbox.switch();
    let ran = sandbox.dgmo("services run").exits(1).fails("DG3407");
    ran.says("run by systemd already")
        .says("stop them there first");
    sandbox.dgmo("services stop").works();
    let mut supervisor = Supervisor::start(&sandbox);
    supervisor.says("web | web up");
    let ran = sandbox.dgmo("services run").exits(1).fails("DG3407");
    ran.says("another `dgmo services run`");
    assert_eq!(supervisor.end(), Some(0));
}

#[test]
pub(in super::super) fn a_supervisor_that_does_not_answer_is_told() {
    let sandbox = without_init();
    sandbox.manifest(TWO);
    sandbox.switch();
    sandbox.write("home/profiles/default/services/lock", "");
    let path = sandbox.profile().join("services/lock");
    let lock = std::fs::File::options().write(true).open(path).unwrap();
    lock.lock().unwrap();
    let ran = sandbox.dgmo("services status").exits(1).fails("DG3409");
    ran.says("run the command again");
    drop(lock);
    sandbox.dgmo("services status").exits(3);
}

/// Links that lead to themselves stand for a disk that does not answer. Who took a supervisor for dead would have services
/// started twice.
#[test]
fn a_supervisor_that_cannot_be_looked_for_is_not_taken_for_none() {
    let sandbox = without_init();
    sandbox.manifest(TWO);
    sandbox.switch();
    let services = sandbox.profile().join("services");
    std::fs::create_dir_all(&services).unwrap();
    let lock = services.join("lock");
    std::os::unix::fs::symlink("lock", &lock).unwrap();
    for command in ["services status", "status"] {
        sandbox.dgmo(command).fails("DG3005").says("services/lock");
    }
    std::fs::remove_file(&lock).unwrap();
    std::os::unix::fs::symlink("processes.json", services.join("processes.json")).unwrap();
    sandbox
        .dgmo("services run")
        .fails("DG3005")
        .says("services/processes.json");
    sandbox.dgmo("status").exits(3);
}

/// The one that is started again: what the supervisor begins with it has looked at before.
#[test]
fn another_program_is_not_started_for_one_that_cannot_be_looked_at() {
    let sandbox = without_init();
    sandbox.program(
        "work/db/bin/db",
        "#!/bin/sh\necho up\nwhile [ ! -e \"$HOME/end\" ]; do sleep 0.05; done\nexit 1\n",
    );
    sandbox.manifest(
        "packages: {db: {path: ./db}, web: {path: ./web}}\nservices: {db: {run: [db]}}\n",
    );
    sandbox.switch();
    sandbox.program("bin/db", "#!/bin/sh\necho other > \"$HOME/other\"\n");
    let mut supervisor = Supervisor::start(&sandbox);
    supervisor.says("db | up");
    let shown = sandbox.profile().join("generations/1/view/bin/db");
    std::fs::remove_file(&shown).unwrap();
    std::os::unix::fs::symlink("db", &shown).unwrap();
    sandbox.write("user/end", "");
    soon("it cannot be started again", || {
        let ran = sandbox.dgmo("services status --json");
        let why = service(&ran, "db")["why"].clone();
        why.as_str()?.contains("view/bin/db").then_some(())
    });
    assert!(!sandbox.exists("user/other"));
    assert_eq!(supervisor.end(), Some(0));
}
