//! The store and archives.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use dgmo_schema::code::Code;

use super::Mend;
use super::Proof;
use super::Sandbox;
use super::Trouble;
use super::is_told;
use super::show_fault;
use super::with_fault;

fn seen(
    make: fn(&Sandbox),
    command: &'static str,
    hint: &'static str,
    hands: fn(&Sandbox),
) -> Proof {
    Proof::Seen(Trouble::new(make, command, hint, Mend::Hands(hands)))
}

/// A folder among the home files, spread so that its tree is read at each command.
fn spread(sandbox: &Sandbox) {
    sandbox.manifest("files: {.d: {source: d, as: links}}\n");
    sandbox.write("work/d/one", "1");
    sandbox.switch();
}

/// The object of the one tree.
fn tree_object(sandbox: &Sandbox) -> PathBuf {
    let shards = fs::read_dir(sandbox.home().join("store/objects")).unwrap();
    let mut files = shards.flat_map(|shard| fs::read_dir(shard.unwrap().path()).unwrap());
    files
        .find_map(|file| {
            let path = file.unwrap().path();
            path.extension()
                .is_some_and(|kind| kind == "t")
                .then_some(path)
        })
        .unwrap()
}

fn meta(sandbox: &Sandbox, text: &str) {
    spread(sandbox);
    sandbox.write("home/meta.json", text);
}

fn right_meta(sandbox: &Sandbox) {
    sandbox.write("home/meta.json", "{\"format\": 1}");
}

/// A folder `f` to add, with something in it.
pub(super) fn folder(sandbox: &Sandbox) {
    sandbox.manifest("");
    sandbox.write("work/f/one", "1");
    sandbox.switch();
}

/// The folder in the store, under a name.
pub(super) fn pinned(sandbox: &Sandbox) {
    folder(sandbox);
    sandbox.dgmo("store add f --pin p").works();
}

/// The question was wrong; the hint leads to one that is right.
fn then(command: &'static str, hint: &'static str, right: &'static str) -> Proof {
    Proof::Seen(Trouble::new(pinned, command, hint, Mend::Hands(|_| ())).then(right))
}

#[expect(clippy::too_many_lines, reason = "a table: one line for each code")]
pub(super) fn proof(code: Code) -> Proof {
    match code {
        Code::ObjectMissing => Proof::Seen(Trouble::new(
            |sandbox| {
                spread(sandbox);
                let object = tree_object(sandbox);
                sandbox.remove(object);
            },
            "status",
            "run `dgmo repair`",
            Mend::Run,
        )),
        Code::ObjectDamaged => Proof::Seen(Trouble::new(
            |sandbox| {
                spread(sandbox);
                let object = tree_object(sandbox);
                sandbox.remove(&object);
                sandbox.write(object, "dgmo tree 1\n");
            },
            "status",
            "run `dgmo repair`",
            Mend::Run,
        )),
        Code::StoreNotRead => Proof::Seen(Trouble::new(
            |sandbox| {
                spread(sandbox);
                let object = tree_object(sandbox);
                sandbox.remove(&object);
                fs::create_dir(object).unwrap();
            },
            "status",
            "run `dgmo repair`",
            Mend::Run,
        )),
        Code::StoreNotWritten => fault(code, "EIO", "put right what the system says of it"),
        Code::StoreFull => fault(code, "ENOSPC", "run `dgmo gc`"),
        Code::StoreReadOnly => fault(code, "EROFS", "`--home DIR`"),
        Code::StoreNotAllowed => fault(code, "EACCES", "`--home DIR`"),
        Code::StoreNotGuarded => seen(
            |sandbox| {
                folder(sandbox);
                sandbox.remove("home/store/lock");
                fs::create_dir(sandbox.home().join("store/lock")).unwrap();
                sandbox.remove("home/store/lock");
                sandbox.link("lock", "home/store/lock");
            },
            "store add f",
            "dgmo explain DG2010",
            |sandbox| {
                sandbox.remove("home/store/lock");
                sandbox.write("home/store/lock", "");
            },
        ),
        Code::HomeMissing => Proof::Seen(Trouble::new(
            |sandbox| sandbox.manifest(""),
            "status",
            "dgmo switch",
            Mend::Run,
        )),
        Code::HomeUnsupported => seen(
            |sandbox| meta(sandbox, "{\"format\": 99}"),
            "status",
            "newer",
            right_meta,
        ),
        Code::HomeDamaged => Proof::Seen(Trouble::new(
            |sandbox| meta(sandbox, "{"),
            "status",
            "run `dgmo repair`",
            Mend::Run,
        )),
        Code::StoreFrozen => seen(
            |sandbox| {
                meta(
                    sandbox,
                    "{\"format\": 1, \"features\": {\"read-only\": [\"x\"]}}",
                );
                sandbox.write("work/f/one", "1");
                sandbox.dgmo("status").works();
            },
            "store add f",
            "use the newer dgmo",
            right_meta,
        ),
        Code::SourceNotRead => seen(
            |sandbox| {
                folder(sandbox);
                sandbox.link("g", "work/g");
            },
            "store add g/x",
            "dgmo explain DG",
            |sandbox| {
                sandbox.remove("work/g");
                sandbox.write("work/g/x", "x");
            },
        ),
        Code::SourceSpecial => seen(
            |sandbox| {
                folder(sandbox);
                sandbox.sh("mkfifo f/pipe").works();
            },
            "store add f",
            "add a copy of the folder without it",
            |sandbox| sandbox.remove("work/f/pipe"),
        ),
        Code::SourceTooDeep => seen(
            |sandbox| {
                folder(sandbox);
                sandbox.write(format!("work/f/{}x", "d/".repeat(600)), "deep");
            },
            "store add f",
            "leave out what lies so deep",
            |sandbox| sandbox.remove("work/f/d"),
        ),
        Code::LinkEscapes => seen(
            |sandbox| {
                folder(sandbox);
                sandbox.link("/etc/hostname", "work/f/out");
            },
            "store add f",
            "make the link relative",
            |sandbox| {
                sandbox.remove("work/f/out");
                sandbox.link("one", "work/f/out");
            },
        ),
        Code::SourceHoldsHome => Proof::Seen(
            Trouble::new(
                folder,
                "store add ..",
                "add a folder beside the home",
                Mend::Hands(|_| ()),
            )
            .then("store add f"),
        ),
        Code::SourceChanged => seen(
            |sandbox| {
                folder(sandbox);
                // It has no bytes by what the system says, and some when it is read.
                sandbox.link("/proc/version", "work/growing");
            },
            "store add growing",
            "stop what writes to it, or add a copy",
            |sandbox| {
                sandbox
                    .sh("cat growing > copy; rm growing; mv copy growing")
                    .works();
            },
        ),
        Code::StoreSplit => Proof::Own(|| {
            let hint = "keep all of the home on one file system";
            show_fault(Code::StoreSplit, "switch", "EXDEV", hint);
        }),
        Code::SourceName => Proof::Own(long_name),
        Code::InsertBroken => Proof::Unreachable("it is not given any more"),
        Code::LayOutFailed => Proof::Own(lay_out),
        Code::NotAnId => then("store ls zzz", "dgmo store add", "store ls p"),
        Code::NoSuchPin => Proof::Seen(
            Trouble::new(pinned, "store unpin x", "run `dgmo store pins`", Mend::Run)
                .then("store unpin p"),
        ),
        Code::NotAFile => then("store cat p", "dgmo store ls ID", "store ls p"),
        Code::NotInTree => then("store ls p nope", "dgmo store ls ID", "store cat p one"),
        Code::ObjectNotATree => Proof::Own(not_a_tree),
        Code::RootNotRead => Proof::Seen(Trouble::new(
            |sandbox| {
                pinned(sandbox);
                sandbox.remove("home/pins");
                sandbox.link("pins", "home/pins");
            },
            "store pins",
            "run `dgmo repair`",
            Mend::Run,
        )),
        Code::RootDamaged => Proof::Seen(Trouble::new(
            |sandbox| {
                pinned(sandbox);
                sandbox.write("home/pins/p.json", "{");
            },
            "gc",
            "run `dgmo repair`",
            Mend::Run,
        )),
        Code::RootMissing => seen(
            |sandbox| {
                pinned(sandbox);
                let object = tree_object(sandbox);
                sandbox.remove(object);
            },
            "store pin q p",
            "bring it back with `dgmo repair`",
            |sandbox| drop(sandbox.dgmo("store add f").works()),
        ),
        Code::RootsUnknown => seen(
            |sandbox| {
                pinned(sandbox);
                // One whose like there is not: of others a record can be had.
                sandbox.manifest("env: {A: a}\n");
                sandbox.switch();
                let number = sandbox.current();
                sandbox.manifest("env: {A: b}\n");
                sandbox.switch();
                let folder = format!("home/profiles/default/generations/{number}");
                sandbox.write(format!("{folder}/record.json"), "{");
            },
            "gc --keep-generations",
            "run `dgmo repair`",
            |sandbox| {
                let ran = sandbox.dgmo("repair --json").exits(3);
                let document = ran.json();
                let found = super::finding_in(&document, "DG3002").unwrap();
                sandbox.sh(found["remedy"]["run"].as_str().unwrap()).works();
            },
        ),
        Code::IdAmbiguous => Proof::Seen(
            Trouble::new(
                |sandbox| {
                    pinned(sandbox);
                    for end in ["0", "1"] {
                        let name = format!("home/store/objects/ab/cd{end:0<60}");
                        sandbox.write(name, "");
                    }
                },
                "store ls abcd",
                "type more digits of the id",
                Mend::Hands(|_| ()),
            )
            .then("store path abcd1"),
        ),
        _ => unreachable!("{code} is not of this range"),
    }
}

fn fault(code: Code, error: &'static str, hint: &'static str) -> Proof {
    let test: fn() = match error {
        "EIO" => || {
            let hint = "put right what the system says of it";
            show_fault(Code::StoreNotWritten, "switch", "EIO", hint);
        },
        "ENOSPC" => || show_fault(Code::StoreFull, "switch", "ENOSPC", "run `dgmo gc`"),
        "EROFS" => || show_fault(Code::StoreReadOnly, "switch", "EROFS", "`--home DIR`"),
        _ => || show_fault(Code::StoreNotAllowed, "switch", "EACCES", "`--home DIR`"),
    };
    debug_assert!(!error.is_empty() && hint.len() < 80, "{code}");
    Proof::Own(test)
}

/// An object that is whole, and is no tree.
fn not_a_tree() {
    let sandbox = Sandbox::new();
    pinned(&sandbox);
    let hex = blake3::hash(b"no tree").to_hex();
    let path = format!("home/store/objects/{}/{}.t", &hex[..2], &hex[2..]);
    sandbox.write(&path, "no tree");
    let ran = sandbox.dgmo(&format!("store ls {hex}"));
    is_told(Code::ObjectNotATree, &ran, "use the newest dgmo");
    // Nobody needs it: collecting takes it away like anything else.
    sandbox.dgmo("gc").works();
    assert!(!sandbox.exists(&path));
    sandbox.dgmo("store ls p").works();
}

/// The same bytes as a file and as a program: the disk fails when the second is made of the first.
/// A folder whose file system is an archive, which has longer names than others.
fn long_name() {
    let sandbox = Sandbox::new();
    folder(&sandbox);
    let shown = ShownArchive(sandbox.work().join("shown"));
    let add = || sandbox.dgmo("store add shown");
    if !shown.show("n".repeat(300)) {
        println!("skipped: archives cannot be mounted here (Debian's package `archivemount`)");
        return;
    }
    is_told(Code::SourceName, &add(), "give it a shorter name");
    shown.hide();
    assert!(shown.show("n".repeat(200)));
    add().works();
}

/// Where an archive is mounted; not any more when this is gone.
struct ShownArchive(PathBuf);

impl ShownArchive {
    /// Mounts an archive with one file of that name, and tells whether that can be done.
    fn show(&self, name: String) -> bool {
        let archive = self.0.with_extension("tar");
        let mut tar = tar::Builder::new(fs::File::create(&archive).unwrap());
        let mut header = tar::Header::new_gnu();
        header.set_size(2);
        header.set_mode(0o644);
        tar.append_data(&mut header, name, b"hi".as_slice())
            .unwrap();
        tar.finish().unwrap();
        fs::create_dir_all(&self.0).unwrap();
        let mut mount = Command::new("archivemount");
        mount.args(["-o", "ro"]).arg(&archive).arg(&self.0);
        mount.output().is_ok_and(|it| it.status.success())
    }

    fn hide(&self) {
        drop(Command::new("umount").arg(&self.0).output());
    }
}

impl Drop for ShownArchive {
    fn drop(&mut self) {
        self.hide();
    }
}

fn lay_out() {
    if !cfg!(feature = "fault-injection") {
        return;
    }
    // A home of its own for each step: what one run brought into the store the next would not lay out again. Several
    // threads lay out, so a step is not the same each time: whoever misses it comes round again.
    let told = (0..150).cycle().take(1_500).find_map(|step| {
        let sandbox = Sandbox::with("packages: {one: {path: ./one}}\n");
        sandbox.program("work/one/bin/one", "#!/bin/sh\n");
        sandbox.write("work/one/share/one/copy", "#!/bin/sh\n");
        let ran = with_fault(&sandbox, "switch", &format!("fail:{step}:EIO"));
        ran.stderr
            .contains("error[DG2021]")
            .then_some((sandbox, ran))
    });
    let (sandbox, ran) = told.expect("a step tells it");
    is_told(
        Code::LayOutFailed,
        &ran,
        "put right what the system says of it",
    );
    sandbox.switch();
    sandbox.dgmo("store verify").works();
}
