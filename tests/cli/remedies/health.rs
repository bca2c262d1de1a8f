//! Repair, doctor, uninstall: what they find, and what they refuse.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use dgmo_schema::code::Code;

use super::Ill;
use super::Mend;
use super::NOT_GIVEN_ANY_MORE;
use super::Proof;
use super::Sandbox;
use super::Trouble;
use super::is_told;
use super::with_fault;

fn found(make: fn(&Sandbox), command: &'static str) -> Proof {
    Proof::Found(Ill {
        make,
        command,
        hands: None,
    })
}

/// A package, a home file, two generations.
fn home(sandbox: &Sandbox) {
    sandbox.program("work/one/bin/one", "#!/bin/sh\n");
    sandbox.write("work/one/share/one/data", "data");
    sandbox.manifest("packages: {one: {path: ./one}}\n");
    sandbox.switch();
}

/// The object with these bytes, spoiled as a failing disk does.
fn spoil(sandbox: &Sandbox, bytes: &str) {
    let hex = blake3::hash(bytes.as_bytes()).to_hex();
    let path = sandbox
        .home()
        .join("store/objects")
        .join(&hex[..2])
        .join(&hex[2..]);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(&path, "spoiled").unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
}

#[expect(clippy::too_many_lines, reason = "a table: one line for each code")]
pub(super) fn proof(code: Code) -> Proof {
    match code {
        Code::ObjectLost => Proof::Found(Ill {
            make: |sandbox| {
                home(sandbox);
                sandbox.dgmo("store copy --to ../other").works();
                sandbox.remove("work/one");
                spoil(sandbox, "data");
            },
            command: "repair",
            hands: Some(|sandbox| drop(sandbox.dgmo("repair --from ../other").works())),
        }),
        Code::ObjectUseless => found(
            |sandbox| {
                home(sandbox);
                sandbox
                    .sh("printf loose > loose; dgmo store add loose; rm loose")
                    .works();
                spoil(sandbox, "loose");
            },
            "repair",
        ),
        Code::LaidOutDiffers => found(
            |sandbox| {
                home(sandbox);
                sandbox.remove("home/store/trees");
                sandbox.sh("mkdir ../home/store/trees").works();
            },
            "repair --dry-run",
        ),
        Code::StoreForeign => found(
            |sandbox| {
                home(sandbox);
                sandbox.write("home/store/objects/notes", "?");
            },
            "repair --dry-run",
        ),
        Code::StoreMode => found(
            |sandbox| {
                home(sandbox);
                sandbox.sh("chmod -R u+w ../home/store/objects").works();
            },
            "repair --dry-run",
        ),
        Code::GenerationNotWhole => found(
            |sandbox| {
                home(sandbox);
                sandbox.remove("home/profiles/default/generations/1/view");
            },
            "doctor",
        ),
        Code::HomeNotWhole => found(
            |sandbox| {
                home(sandbox);
                sandbox.remove("home/store/gate");
            },
            "doctor",
        ),
        Code::Leftovers => found(
            |sandbox| {
                home(sandbox);
                sandbox.write("home/store/staging/1-dead/owner", "");
            },
            "doctor",
        ),
        Code::NotOnPath => found(home, "doctor"),
        Code::Shadowed => found(
            |sandbox| {
                home(sandbox);
                sandbox.program("bin/one", "#!/bin/sh\n");
                // The sandbox's own folder is before the view, which is somewhere behind.
                let path = sandbox.profile().join("current/view/bin");
                let dgmo = "bin/dgmo";
                let real = sandbox.read_link(dgmo);
                sandbox.remove(dgmo);
                sandbox.program(
                    dgmo,
                    &format!(
                        "#!/bin/sh\nPATH=\"$PATH:{}\" exec {} \"$@\"\n",
                        path.display(),
                        real.display()
                    ),
                );
            },
            "doctor",
        ),
        Code::NoLinks => Proof::Own(no_links),
        Code::ClockBehind => Proof::Own(|| {
            let sandbox = Sandbox::new();
            home(&sandbox);
            let wrong = [("DGMO_NOW", "1000")];
            let ran = sandbox.run_with(&["doctor"], &wrong);
            ran.exits(3).says("DG3813").says("hint: set the clock");
            sandbox.dgmo("doctor").says_nothing_of("DG3813");
        }),
        Code::ReserveMissing => found(
            |sandbox| {
                home(sandbox);
                sandbox.remove("home/reserve");
            },
            "doctor",
        ),
        Code::HomeOpen => found(
            |sandbox| {
                home(sandbox);
                sandbox.mode("home/store", 0o777);
            },
            "doctor",
        ),
        Code::DiskNearlyFull => Proof::Own(nearly_full),
        Code::HistoryTorn => found(
            |sandbox| {
                home(sandbox);
                sandbox
                    .sh("echo '{\"at' >> ../home/profiles/default/history.jsonl")
                    .works();
            },
            "doctor",
        ),
        Code::CacheDamaged => found(
            |sandbox| {
                home(sandbox);
                sandbox
                    .sh("rm -rf ../home/cache; echo > ../home/cache")
                    .works();
            },
            "doctor",
        ),
        Code::Unfinished => found(
            |sandbox| {
                home(sandbox);
                sandbox.write("home/profiles/default/lock", "`dgmo switch` (process 1)\n");
            },
            "doctor",
        ),
        Code::RepairSourceUnusable => Proof::Seen(
            Trouble::new(
                |sandbox| {
                    home(sandbox);
                    sandbox.write("work/x", "no archive");
                    sandbox.dgmo("store export -o y").works();
                },
                "repair --from x",
                "`dgmo store export` wrote",
                Mend::Hands(|_| ()),
            )
            .then("repair --from y"),
        ),
        Code::NotConfirmed => Proof::Unreachable(NOT_GIVEN_ANY_MORE),
        Code::HomeNotRemoved => Proof::Own(not_removed),
        _ => unreachable!("{code} is not of this range"),
    }
}

/// A file system that refuses a second name.
fn no_links() {
    if !cfg!(feature = "fault-injection") {
        return;
    }
    let sandbox = Sandbox::new();
    home(&sandbox);
    let told = (0..6).any(|step| {
        let ran = with_fault(&sandbox, "doctor", &format!("fail:{step}:EMLINK"));
        ran.stdout.contains("DG3812")
    });
    assert!(told, "no step of it asks for a second name");
    sandbox.dgmo("doctor").says_nothing_of("DG3812");
}

/// A file system of two megabytes, where this machine lets us have one.
fn nearly_full() {
    let sandbox = Sandbox::new();
    home(&sandbox);
    sandbox.sh("mkdir small").works();
    let line = "mount -t tmpfs -o size=3m none small || exit 77; dgmo switch --home small/h --target small/t \
                && head -c 2m /dev/zero > small/h/store/fill; dgmo doctor --home small/h; \
                rm small/h/store/fill; dgmo doctor --home small/h";
    let ran = sandbox.sh(&format!("unshare -m sh -c '{line}'"));
    if ran.exit == 77 || ran.stderr.contains("unshare") {
        return;
    }
    assert_eq!(ran.stdout.matches("DG3816").count(), 1, "{ran}");
    ran.says("hint: run `dgmo gc`");
}

/// The disk fails when the home is taken away; what it held elsewhere is given back all the same.
fn not_removed() {
    if !cfg!(feature = "fault-injection") {
        return;
    }
    let sandbox = Sandbox::new();
    home(&sandbox);
    let told = (0..150).find_map(|step| {
        let ran = with_fault(
            &sandbox,
            "uninstall --yes",
            &format!("fail-from:{step}:EIO"),
        );
        ran.stderr.contains("error[DG3841]").then_some(ran)
    });
    let ran = told.expect("a step of it tells it");
    is_told(
        Code::HomeNotRemoved,
        &ran,
        "run `dgmo uninstall --yes` again",
    );
    sandbox.dgmo("uninstall --yes").works();
    assert!(!sandbox.exists("home"));
}
