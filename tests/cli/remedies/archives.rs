//! Archives: those that are unpacked, and those that carry objects.

use dgmo_schema::code::Code;

use super::Mend;
use super::Proof;
use super::Sandbox;
use super::Trouble;
use super::store::folder;
use super::store::pinned;

fn seen(
    make: fn(&Sandbox),
    command: &'static str,
    hint: &'static str,
    hands: fn(&Sandbox),
) -> Proof {
    Proof::Seen(Trouble::new(make, command, hint, Mend::Hands(hands)))
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

/// An archive of ours, `x`, changed by `how`, and imported elsewhere.
fn imported(make: fn(&Sandbox), hint: &'static str) -> Proof {
    seen(make, "store import x --home ../other", hint, |sandbox| {
        if sandbox.work().join("x").is_dir() {
            sandbox.remove("work/x");
        }
        sandbox.dgmo("store export -o x p").works();
    })
}

fn exported(sandbox: &Sandbox) -> Vec<u8> {
    pinned(sandbox);
    sandbox.dgmo("store export -o x p").works();
    std::fs::read(sandbox.work().join("x")).unwrap()
}

#[expect(clippy::too_many_lines, reason = "a table: one line for each code")]
pub(super) fn proof(code: Code) -> Proof {
    match code {
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
        Code::ArchiveNotRead => Proof::Seen(Trouble::new(
            |sandbox| {
                folder(sandbox);
                sandbox.write("work/a.tar/inside", "");
            },
            "store add --unpack a.tar",
            "is a file that can be read",
            Mend::Hands(|sandbox| {
                sandbox.remove("work/a.tar");
                sandbox.sh("tar -cf a.tar f").works();
            }),
        )),
        // Folders in folders, deeper than anybody lays them.
        Code::ArchiveLimit => archived(
            |sandbox| {
                archive(
                    sandbox,
                    "d=f; for i in $(seq 300); do d=$d/d; done; mkdir -p $d; echo 1 > $d/x; \
                     tar -cf a.tar f; rm -r f; mkdir f",
                );
            },
            "unpack it by hand",
        ),
        Code::ArchiveUnsupported => archived(
            |sandbox| {
                archive(
                    sandbox,
                    "truncate -s 1M f/hole; echo end >> f/hole; tar --format=posix -Scf a.tar f",
                );
            },
            "unpack it with the program that made it",
        ),
        Code::ProgramName => Proof::Seen(
            Trouble::new(
                |sandbox| {
                    folder(sandbox);
                    sandbox.write("work/.hidden", "#!/bin/sh\n");
                    sandbox.write("work/shown", "#!/bin/sh\n");
                },
                "store add --unpack --packing program .hidden",
                "name the program with `bin: [NAME]`",
                Mend::Hands(|_| ()),
            )
            .then("store add --unpack --packing program shown"),
        ),
        Code::ExportNotWritten => Proof::Own(|| {
            let sandbox = Sandbox::new();
            pinned(&sandbox);
            let ran = sandbox.sh("dgmo store export p > /dev/full");
            super::is_told(Code::ExportNotWritten, &ran, "where there is room");
            sandbox.sh("dgmo store export p > x").works();
        }),
        Code::ImportNotAnArchive => imported(
            |sandbox| {
                pinned(sandbox);
                sandbox.write("work/x", "something else, long enough to be one");
            },
            "`dgmo store export` wrote",
        ),
        Code::ImportVersion => imported(
            |sandbox| {
                pinned(sandbox);
                sandbox.write("work/x", "dgmo archive 9\n-and what it may hold");
            },
            "or a newer one",
        ),
        Code::ImportDamaged => imported(
            |sandbox| {
                let mut bytes = exported(sandbox);
                let at = bytes.len() - 40;
                bytes[at] ^= 1;
                sandbox.write("work/x", bytes);
            },
            "copy the archive again",
        ),
        Code::ImportNotRead => imported(
            |sandbox| {
                pinned(sandbox);
                sandbox.write("work/x/inside", "");
            },
            "is a file that can be read",
        ),
        // A blob that says it is larger than anything.
        Code::ImportLimit => imported(
            |sandbox| {
                pinned(sandbox);
                let id = [7; 32];
                let mut bytes = b"dgmo archive 1\n-".to_vec();
                bytes.extend(1_u32.to_le_bytes());
                bytes.push(b'b');
                bytes.extend(id);
                bytes.push(b'f');
                bytes.extend((5_u64 << 40).to_le_bytes());
                bytes.extend(id);
                sandbox.write("work/x", bytes);
            },
            "export it again where it came from",
        ),
        Code::ImportLacking => imported(
            |sandbox| {
                pinned(sandbox);
                let id = blake3::hash(b"1").to_hex();
                sandbox.write("work/have", format!("b3:{id}\n"));
                sandbox.dgmo("store export -o x --have have p").works();
            },
            "without leaving anything out",
        ),
        _ => unreachable!("{code} is not of this range"),
    }
}
