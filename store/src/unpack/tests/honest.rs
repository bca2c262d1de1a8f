//! Archives as the system's own programs write them.

use std::io::Write;
use std::path::Path;
use std::process::Command;

use super::by_hand::Tar;
use super::by_hand::Zip;
use super::*;

#[test]
fn a_tar_archive_becomes_a_tree() {
    let tar = Tar::default()
        .folder("./")
        .folder("./bin/")
        .program("./bin/tool", b"#!/bin/sh\n")
        .file("./share/doc/readme", b"hello")
        .symlink("./bin/alias", "tool")
        .symlink("./share/up", "../bin/../share/doc")
        .hard_link("./bin/same", "./bin/tool")
        .end();
    assert_eq!(
        names(&tar, Packing::Tar),
        [
            "bin/",
            "bin/alias -> tool",
            "bin/same* #!/bin/sh\n",
            "bin/tool* #!/bin/sh\n",
            "share/",
            "share/doc/",
            "share/doc/readme: hello",
            "share/up -> ../bin/../share/doc",
        ]
    );
}

#[test]
fn leading_folders_are_stripped_from_names_and_from_what_hard_links_name() {
    let tar = Tar::default()
        .folder("tool-1.0/")
        .file("tool-1.0/readme", b"r")
        .program("tool-1.0/bin/tool", b"t")
        .hard_link("tool-1.0/bin/same", "tool-1.0/bin/tool")
        .file("top", b"left out")
        .end();
    let how = Unpack {
        strip: 1,
        ..Unpack::new(Packing::Tar)
    };
    let (names, _) = list(&tar, &how).unwrap();
    assert_eq!(names, ["bin/", "bin/same* t", "bin/tool* t", "readme: r"]);
    let how = Unpack { strip: 2, ..how };
    assert_eq!(list(&tar, &how).unwrap().0, ["same* t", "tool* t"]);
    let how = Unpack { strip: 3, ..how };
    let error = list(&tar, &how).unwrap_err();
    assert!(
        matches!(&error, UnpackError::StrippedAway { strip: 3, top } if *top == ["tool-1.0", "top"]),
        "{error}"
    );
}

#[test]
fn long_names_of_both_dialects_are_read() {
    let long = format!("{}/file", ["folder"; 40].join("/"));
    let target = ["target"; 40].join("/");
    let gnu = Tar::default()
        .entry(
            b'L',
            b"././@LongLink",
            0o644,
            b"",
            format!("{long}\0").as_bytes(),
        )
        .entry(
            b'K',
            b"././@LongLink",
            0o644,
            b"",
            format!("{target}\0").as_bytes(),
        )
        .symlink("short", "short")
        .end();
    let pax = Tar::default()
        .pax(b'g', &[("comment", b"0123456789abcdef")])
        .pax(
            b'x',
            &[("path", long.as_bytes()), ("linkpath", target.as_bytes())],
        )
        .symlink("short", "short")
        .end();
    let names_of_gnu = names(&gnu, Packing::Tar);
    assert_eq!(names_of_gnu.last().unwrap(), &format!("{long} -> {target}"));
    assert_eq!(names_of_gnu, names(&pax, Packing::Tar));
}

#[test]
fn names_need_not_be_unicode() {
    let tar = Tar::default()
        .entry(b'0', b"caf\xe9", 0o644, b"", b"x")
        .end();
    assert_eq!(names(&tar, Packing::Tar).len(), 1);
}

#[test]
fn of_a_file_given_twice_the_last_counts_and_that_is_said() {
    let tar = Tar::default().file("a", b"1").file("a", b"2").end();
    let (names, warnings) = list(&tar, &Unpack::new(Packing::Tar)).unwrap();
    assert_eq!(names, ["a: 2"]);
    assert_eq!(warnings, ["`a` comes twice; the last one counts"]);
}

#[test]
fn set_user_bits_are_dropped_and_case_collisions_told() {
    let tar = Tar::default()
        .entry(b'0', b"d/su", 0o4755, b"", b"x")
        .file("d/Su", b"y")
        .end();
    let (names, warnings) = list(&tar, &Unpack::new(Packing::Tar)).unwrap();
    assert_eq!(names, ["d/", "d/Su: y", "d/su* x"]);
    assert_eq!(
        warnings,
        [
            "`d/su` is set-user or set-group; dropped",
            "`Su` and `su` in `d` differ only in case",
        ]
    );
}

#[test]
fn names_that_differ_in_how_a_letter_is_written_are_told() {
    let tar = Tar::default()
        .file("caf\u{e9}", b"one sign")
        .file("cafe\u{301}", b"two signs")
        .file("CAFE\u{301}", b"and in capitals")
        .end();
    let (names, warnings) = list(&tar, &Unpack::new(Packing::Tar)).unwrap();
    assert_eq!(names.len(), 3);
    let told = |text: &str| warnings.iter().filter(|it| it.contains(text)).count();
    assert_eq!(
        told("at the top differ only in how letters with marks are written"),
        1
    );
    assert_eq!(told("at the top differ only in case"), 1);
}

#[test]
fn a_zip_without_modes_finds_programs_by_how_they_begin() {
    let zip = Zip::default()
        .file("bin/", 0, b"")
        .file("bin/elf", 0, b"\x7fELF....")
        .file("bin/script", 0, b"#!")
        .file("readme", 0, b"text")
        .end();
    assert_eq!(
        names(&zip, Packing::Zip),
        [
            "bin/",
            "bin/elf* \u{7f}ELF....",
            "bin/script* #!",
            "readme: text"
        ]
    );
}

#[test]
fn a_zip_with_modes_is_believed() {
    let zip = Zip::default()
        .file("tool", 0o100_755, b"text")
        .file("data", 0o100_644, b"#!no")
        .file("link", 0o120_777, b"tool")
        .file("folder", 0o040_755, b"")
        .end();
    assert_eq!(
        names(&zip, Packing::Zip),
        ["data: #!no", "folder/", "link -> tool", "tool* text"]
    );
}

#[test]
fn a_single_program_gets_its_place_in_bin() {
    let how = |packing| Unpack {
        program: Some("jq".to_owned()),
        ..Unpack::new(packing)
    };
    let bytes = b"\x7fELF program".repeat(1000);
    let expected = list(&bytes, &how(Packing::Program)).unwrap().0;
    assert!(expected[1].starts_with("bin/jq* \u{7f}ELF"));
    for packing in [Packing::Gz, Packing::Xz, Packing::Zst, Packing::Bz2] {
        let packed = pack(&bytes, packing);
        assert_eq!(list(&packed, &how(packing)).unwrap().0, expected);
    }
    for name in ["", "..", "a/b"] {
        let how = Unpack {
            program: Some(name.to_owned()),
            ..how(Packing::Program)
        };
        let error = list(&bytes, &how).unwrap_err();
        assert!(matches!(error, UnpackError::ProgramName { .. }), "{name}");
    }
}

#[test]
fn every_compression_gives_the_same_tree() {
    let tar = Tar::default().file("a/b", &b"text ".repeat(5000)).end();
    let expected = names(&tar, Packing::Tar);
    for packing in [
        Packing::TarGz,
        Packing::TarXz,
        Packing::TarZst,
        Packing::TarBz2,
    ] {
        assert_eq!(names(&pack(&tar, packing), packing), expected);
    }
}

#[test]
fn where_the_compression_knows_its_end_the_end_of_the_archive_may_be_missing() {
    let tar = Tar::default().file("a", b"1").0;
    assert_eq!(names(&pack(&tar, Packing::TarGz), Packing::TarGz), ["a: 1"]);
    let error = refusal(&tar, Packing::Tar);
    assert!(matches!(error, UnpackError::Damaged { .. }));
}

#[test]
fn what_the_system_packs_comes_out_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("pkg");
    let long = "n".repeat(120);
    crate::durable::make_folders(&root.join("bin")).unwrap();
    crate::durable::write_new(&root.join("bin/tool"), b"#!tool", 0o755).unwrap();
    crate::durable::write_new(&root.join(&long), b"long", 0o644).unwrap();
    crate::durable::symlink(Path::new("bin/tool"), &root.join("link")).unwrap();
    let expected = [
        "bin/".to_owned(),
        "bin/tool* #!tool".to_owned(),
        "link -> bin/tool".to_owned(),
        format!("{long}: long"),
    ];
    let pack = |arguments: &[&str]| {
        system(folder.path(), arguments).then(|| std::fs::read(folder.path().join("out")).unwrap())
    };
    for (arguments, packing) in [
        (
            &["tar", "--format=gnu", "-cf", "out", "pkg"][..],
            Packing::Tar,
        ),
        (
            &["tar", "--format=posix", "-czf", "out", "pkg"],
            Packing::TarGz,
        ),
        (
            &["tar", "--format=pax", "-cJf", "out", "pkg"],
            Packing::TarXz,
        ),
        (&["tar", "--zstd", "-cf", "out", "./pkg"], Packing::TarZst),
        (&["tar", "-cjf", "out", "pkg"], Packing::TarBz2),
        (&["sh", "-c", "zip -q -y -r - pkg > out"], Packing::Zip),
    ] {
        let Some(archive) = pack(arguments) else {
            continue;
        };
        let how = Unpack {
            strip: 1,
            ..Unpack::new(packing)
        };
        assert_eq!(list(&archive, &how).unwrap().0, expected, "{arguments:?}");
    }
}

/// Whether the command is there and did well.
#[expect(
    clippy::disallowed_methods,
    reason = "a test asks the system's own programs"
)]
fn system(folder: &Path, arguments: &[&str]) -> bool {
    let status = Command::new(arguments[0])
        .args(&arguments[1..])
        .current_dir(folder)
        .status();
    status.is_ok_and(|status| status.success())
}

pub(super) fn pack(bytes: &[u8], packing: Packing) -> Vec<u8> {
    match packing {
        Packing::Gz | Packing::TarGz => {
            let mut encoder =
                flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Packing::Zst | Packing::TarZst => zstd::encode_all(bytes, 3).unwrap(),
        Packing::Bz2 | Packing::TarBz2 => {
            let mut encoder =
                bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::default());
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        Packing::Xz | Packing::TarXz => {
            let options = lzma_rust2::XzOptions::with_preset(1);
            let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), options).unwrap();
            encoder.write_all(bytes).unwrap();
            encoder.finish().unwrap()
        }
        _ => bytes.to_vec(),
    }
}
