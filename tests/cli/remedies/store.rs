//! The store and archives.

use std::fs;
use std::path::PathBuf;

use dgmo_schema::code::Code;

use super::Mend;
use super::Proof;
use super::RACE;
use super::Sandbox;
use super::Trouble;
use super::show_fault;

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
fn folder(sandbox: &Sandbox) {
    sandbox.manifest("");
    sandbox.write("work/f/one", "1");
    sandbox.switch();
}

/// The folder in the store, under a name.
fn pinned(sandbox: &Sandbox) {
    folder(sandbox);
    sandbox.dgmo("store add f --pin p").works();
}

/// The question was wrong; the hint leads to one that is right.
fn then(command: &'static str, hint: &'static str, right: &'static str) -> Proof {
    Proof::Seen(Trouble::new(pinned, command, hint, Mend::Hands(|_| ())).then(right))
}

/// An archive `a.tar` made by the system's own `tar`.
fn archive(sandbox: &Sandbox, how: &str) {
    folder(sandbox);
    sandbox.sh(how).works();
}

fn archived(make: fn(&Sandbox), hint: &'static str) -> Proof {
    seen(make, "store add --unpack a.tar", hint, |sandbox| {
        sandbox
            .sh("rm -f a.tar f/*; echo 1 > f/one; tar -cf a.tar f")
            .works();
    })
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
            "run `dgmo store verify`",
            Mend::Hands(|sandbox| {
                // The command tells how much is missing; its page says what helps then.
                sandbox.dgmo("store verify").exits(3);
                sandbox.switch();
                sandbox.dgmo("store verify").works();
            }),
        )),
        Code::ObjectDamaged => seen(
            |sandbox| {
                spread(sandbox);
                let object = tree_object(sandbox);
                sandbox.remove(&object);
                sandbox.write(object, "dgmo tree 1\n");
            },
            "status",
            "dgmo store",
            |sandbox| {
                let object = tree_object(sandbox);
                sandbox.dgmo("store verify").exits(3);
                sandbox.remove(object);
                sandbox.switch();
            },
        ),
        Code::StoreNotRead => seen(
            |sandbox| {
                spread(sandbox);
                let object = tree_object(sandbox);
                sandbox.remove(&object);
                fs::create_dir(object).unwrap();
            },
            "status",
            "",
            |sandbox| {
                let object = tree_object(sandbox);
                sandbox.remove(object);
                sandbox.switch();
            },
        ),
        Code::StoreNotWritten => fault(code, "EIO", ""),
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
            "",
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
        Code::HomeDamaged => seen(|sandbox| meta(sandbox, "{"), "status", "", right_meta),
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
            "",
            right_meta,
        ),
        Code::SourceNotRead => seen(
            |sandbox| {
                folder(sandbox);
                sandbox.link("g", "work/g");
            },
            "store add g/x",
            "",
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
            "",
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
            Trouble::new(folder, "store add ..", "", Mend::Hands(|_| ())).then("store add f"),
        ),
        Code::ArchiveDamaged => archived(
            |sandbox| {
                archive(
                    sandbox,
                    "head -c 100000 /dev/urandom > f/r; tar -cf b f; head -c 50000 b > a.tar",
                );
            },
            "fetch the archive again",
        ),
        Code::ArchiveWrongPacking => Proof::Seen(Trouble::new(
            |sandbox| archive(sandbox, "echo '<html>log in</html>' > a.tar.gz"),
            "store add --unpack a.tar.gz",
            "say how it is packed",
            Mend::Hands(|sandbox| drop(sandbox.sh("tar -czf a.tar.gz f").works())),
        )),
        Code::ArchiveName => archived(
            |sandbox| archive(sandbox, "tar -cPf a.tar ../${PWD##*/}/f/one"),
            "do not use this archive",
        ),
        Code::ArchiveKind => archived(
            |sandbox| archive(sandbox, "mkfifo f/p; tar -cf a.tar f"),
            "do not use this archive",
        ),
        Code::ArchiveLink => archived(
            |sandbox| archive(sandbox, "ln -s ../../../etc f/out; tar -cf a.tar f"),
            "do not use this archive",
        ),
        Code::ArchiveClash => archived(
            |sandbox| {
                archive(
                    sandbox,
                    "tar -cf a.tar f; rm -r f; echo x > f; tar -rf a.tar f; rm f; mkdir f",
                );
            },
            "do not use this archive",
        ),
        Code::ArchiveStrippedAway => Proof::Seen(
            Trouble::new(
                |sandbox| archive(sandbox, "tar -cf a.tar f"),
                "store add --unpack --strip 5 a.tar",
                "smaller number",
                Mend::Hands(|_| ()),
            )
            .then("store add --unpack --strip 1 a.tar"),
        ),
        Code::SourceChanged | Code::ArchiveNotRead => Proof::Unreachable(RACE),
        Code::StoreSplit => Proof::Unreachable("it needs a file system mounted inside the home"),
        Code::SourceName => {
            Proof::Unreachable("Linux makes no such name; the crate's own tests do")
        }
        Code::InsertBroken | Code::LayOutFailed => {
            Proof::Unreachable("it follows from another error, which is told")
        }
        Code::ArchiveLimit => Proof::Unreachable("the limits are far above what a test may write"),
        Code::NotAnId => then("store ls zzz", "dgmo store add", "store ls p"),
        Code::NoSuchPin => Proof::Seen(
            Trouble::new(pinned, "store unpin x", "run `dgmo store pins`", Mend::Run)
                .then("store unpin p"),
        ),
        Code::NotAFile => then("store cat p", "dgmo store ls ID", "store ls p"),
        Code::NotInTree => then("store ls p nope", "dgmo store ls ID", "store cat p one"),
        Code::ObjectNotATree
        | Code::RootNotRead
        | Code::RootDamaged
        | Code::RootMissing
        | Code::RootsUnknown
        | Code::IdAmbiguous
        | Code::ArchiveUnsupported
        | Code::ProgramName
        | Code::ExportNotWritten
        | Code::ImportNotAnArchive
        | Code::ImportVersion
        | Code::ImportDamaged
        | Code::ImportNotRead
        | Code::ImportLimit
        | Code::ImportLacking => {
            Proof::Unreachable("not yet made here; the store's own tests make it")
        }
        _ => unreachable!("{code} is not of this range"),
    }
}

fn fault(code: Code, error: &'static str, hint: &'static str) -> Proof {
    let test: fn() = match error {
        "EIO" => || show_fault(Code::StoreNotWritten, "switch", "EIO", ""),
        "ENOSPC" => || show_fault(Code::StoreFull, "switch", "ENOSPC", "run `dgmo gc`"),
        "EROFS" => || show_fault(Code::StoreReadOnly, "switch", "EROFS", "`--home DIR`"),
        _ => || show_fault(Code::StoreNotAllowed, "switch", "EACCES", "`--home DIR`"),
    };
    debug_assert!(!error.is_empty() && hint.len() < 80, "{code}");
    Proof::Own(test)
}
