//! Manifests and locks.

use dgmo_schema::code::Code;

use super::Mend;
use super::NOT_GIVEN_ANY_MORE;
use super::Proof;
use super::Sandbox;
use super::Trouble;
use super::show_fault;

/// Puts a manifest there that is right.
fn right(sandbox: &Sandbox) {
    sandbox.manifest("");
}

fn mended(make: fn(&Sandbox), hint: &'static str) -> Proof {
    Proof::Seen(Trouble::new(make, "switch", hint, Mend::Hands(right)))
}

fn tools(sandbox: &Sandbox) {
    sandbox.manifest("packages: {one: {path: ./one}}\n");
    for name in ["one", "two"] {
        sandbox.program(&format!("work/{name}/bin/{name}"), "#!/bin/sh\n");
    }
}

/// What the pages of a damaged lock say: remove it and run `dgmo lock`.
fn write_lock_anew(sandbox: &Sandbox) {
    sandbox.remove("work/dgmo.lock");
    sandbox.dgmo("lock").works();
}

fn with_lock(sandbox: &Sandbox, sample: &str) {
    right(sandbox);
    let sample = std::path::Path::new("tests/fixtures/hostile").join(sample);
    sandbox.write("work/dgmo.lock", std::fs::read(sample).unwrap());
}

#[expect(clippy::too_many_lines, reason = "a table: one line for each code")]
pub(super) fn proof(code: Code) -> Proof {
    match code {
        Code::ManifestMissing => {
            Proof::Seen(Trouble::new(|_| (), "switch", "run `dgmo init`", Mend::Run))
        }
        Code::ManifestUnreadable => Proof::Seen(Trouble::new(
            |sandbox| sandbox.link("dgmo.yaml", "work/dgmo.yaml"),
            "switch -f dgmo.yaml",
            "is a file you may read",
            Mend::Hands(|sandbox| {
                sandbox.remove("work/dgmo.yaml");
                right(sandbox);
            }),
        )),
        Code::ManifestSyntax => mended(|sandbox| sandbox.manifest("env: [A\n"), "dgmo explain DG"),
        Code::ManifestTooLarge => mended(
            |sandbox| sandbox.manifest(&"# much\n".repeat(200_000)),
            "include:",
        ),
        Code::ManifestUnknownKey => mended(
            |sandbox| sandbox.manifest("packges: {}\n"),
            "did you mean `packages`?",
        ),
        Code::ManifestDuplicateKey => mended(
            |sandbox| sandbox.manifest("env: {}\nenv: {}\n"),
            "remove one of the two",
        ),
        Code::ManifestValue => mended(
            |sandbox| sandbox.manifest("keep: {last: many}\n"),
            "dgmo explain DG",
        ),
        Code::ManifestFormat => mended(
            |sandbox| sandbox.write("work/dgmo.yaml", "name: x\n"),
            "dgmo: 1",
        ),
        Code::ManifestNotYet => mended(|sandbox| sandbox.manifest("plugins: {}\n"), "leave it out"),
        Code::ManifestName => mended(
            |sandbox| sandbox.manifest("files: {../a: {text: b}}\n"),
            "dgmo explain DG",
        ),
        Code::ManifestEntry => mended(
            |sandbox| sandbox.manifest("packages: {a: {path: x, url: \"https://y/z.zip\"}}\n"),
            "keep the one",
        ),
        Code::ManifestConflict => mended(
            |sandbox| sandbox.manifest("files: {a: {text: b}, a/b: {text: c}}\n"),
            "remove one of the two",
        ),
        Code::ManifestIncludeCycle => mended(
            |sandbox| sandbox.manifest("include: [dgmo.yaml]\n"),
            "remove one `include` of the circle",
        ),
        Code::ManifestIncludeMissing => mended(
            |sandbox| sandbox.manifest("include: [gone.yaml]\n"),
            "correct the path",
        ),
        Code::EditRefused => Proof::Seen(
            Trouble::new(
                |sandbox| {
                    tools(sandbox);
                    sandbox.write("work/dgmo.yaml", "{dgmo: 1}\n");
                },
                "add ./two --no-switch",
                "write by hand",
                Mend::Hands(|sandbox| {
                    sandbox.write(
                        "work/dgmo.yaml",
                        "{dgmo: 1, packages: {two: {path: \"./two\"}}}\n",
                    );
                }),
            )
            .then("switch"),
        ),
        Code::EditPresent => Proof::Seen(Trouble::new(
            tools,
            "add ./one --no-switch",
            "remove `one` first",
            Mend::Hands(|sandbox| drop(sandbox.dgmo("remove one --no-switch").works())),
        )),
        Code::EditAbsent => Proof::Seen(
            Trouble::new(
                tools,
                "remove two",
                "name one of `one`",
                Mend::Hands(|_| ()),
            )
            .then("remove one"),
        ),
        Code::ManifestExists => Proof::Seen(
            Trouble::new(
                right,
                "init",
                "give `dgmo init` another folder",
                Mend::Hands(|_| ()),
            )
            .then("init another"),
        ),
        Code::SystemNotCovered => Proof::Seen(Trouble::new(
            |sandbox| sandbox.manifest("systems: [aarch64-darwin]\n"),
            "switch",
            "to `systems:` in the manifest",
            Mend::Hands(|sandbox| {
                let this = format!(
                    "systems: [aarch64-darwin, {}-linux]\n",
                    std::env::consts::ARCH
                );
                sandbox.manifest(&this);
            }),
        )),
        Code::LockOutOfDate => Proof::Seen(Trouble::new(
            tools,
            "switch --locked",
            "run `dgmo lock`",
            Mend::Run,
        )),
        Code::LockUnreadable => Proof::Seen(Trouble::new(
            |sandbox| {
                right(sandbox);
                sandbox.link("dgmo.lock", "work/dgmo.lock");
            },
            "switch",
            "`dgmo lock` writes a new one",
            Mend::Hands(write_lock_anew),
        )),
        Code::LockDamaged => lock(|sandbox| with_lock(sandbox, "trailing.lock"), "dgmo lock"),
        Code::LockFormat => lock(|sandbox| with_lock(sandbox, "newer.lock"), "or a newer one"),
        Code::LockMergeConflict => lock(|sandbox| with_lock(sandbox, "conflict.lock"), "dgmo lock"),
        Code::LockUnwritable => Proof::Own(|| {
            show_fault(
                Code::LockUnwritable,
                "lock",
                "EACCES",
                "make the folder writable",
            );
        }),
        Code::ManifestChanged => Proof::Unreachable(NOT_GIVEN_ANY_MORE),
        _ => unreachable!("{code} is not of this range"),
    }
}

fn lock(make: fn(&Sandbox), hint: &'static str) -> Proof {
    Proof::Seen(Trouble::new(
        make,
        "switch",
        hint,
        Mend::Hands(write_lock_anew),
    ))
}
