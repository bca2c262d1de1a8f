//! Archives that mean harm, each refused by name.

use super::super::limit::Limits;
use super::super::limit::Measure;
use super::by_hand::Tar;
use super::by_hand::Zip;
use super::by_hand::ZipEntry;
use super::by_hand::header;
use super::by_hand::seal;
use super::honest::pack;
use super::*;
use crate::insert::Escaping;
use dgmo_schema::code::Diagnose;

#[test]
fn names_that_lead_elsewhere_are_refused() {
    for name in ["/etc/passwd", "../x", "a/../../x", "a/..", "..", "//x"] {
        for kind in [b'0', b'1', b'2', b'5'] {
            let tar = Tar::default()
                .file("ok", b"")
                .entry(kind, name.as_bytes(), 0o644, b"ok", b"")
                .end();
            let error = refusal(&tar, Packing::Tar);
            assert!(matches!(error, UnpackError::Name { .. }), "{name}: {error}");
            assert!(error.to_string().contains(name), "{error}");
        }
        let zip = Zip::default().file(name, 0, b"").end();
        let error = refusal(&zip, Packing::Zip);
        assert!(matches!(error, UnpackError::Name { .. }), "{name}: {error}");
    }
    let zip = Zip::default().file("..\\x", 0, b"").end();
    assert!(matches!(
        refusal(&zip, Packing::Zip),
        UnpackError::Name { .. }
    ));
    let tar = Tar::default()
        .pax(b'x', &[("path", b"a\0b")])
        .file("a", b"")
        .end();
    assert!(matches!(
        refusal(&tar, Packing::Tar),
        UnpackError::Name { .. }
    ));
    let tar = Tar::default().file("", b"").end();
    assert!(matches!(
        refusal(&tar, Packing::Tar),
        UnpackError::Name { .. }
    ));
}

#[test]
fn devices_pipes_and_sockets_are_refused() {
    for kind in [b'3', b'4', b'6'] {
        let tar = Tar::default().entry(kind, b"x", 0o644, b"", b"").end();
        assert!(matches!(
            refusal(&tar, Packing::Tar),
            UnpackError::Kind { .. }
        ));
    }
    for mode in [0o010_644, 0o020_644, 0o060_644, 0o140_644] {
        let zip = Zip::default().file("x", mode, b"").end();
        assert!(matches!(
            refusal(&zip, Packing::Zip),
            UnpackError::Kind { .. }
        ));
    }
    let tar = Tar::default().entry(b'M', b"x", 0o644, b"", b"").end();
    assert!(matches!(
        refusal(&tar, Packing::Tar),
        UnpackError::Unsupported { .. }
    ));
}

#[test]
fn links_that_leave_the_tree_are_refused_even_by_a_detour() {
    let link = |name: &str, target: &str| Tar::default().symlink(name, target);
    for tar in [
        link("a", "/etc"),
        link("a", ".."),
        link("a", "b/../.."),
        link("d/a", "../../x"),
        link("d/e/a", "../.././../x"),
        // `d` is further up than its name says, so the way back from it leads out.
        link("d/deep/up", "../..").symlink("x", "d/deep/up/../y"),
        link("one", "two")
            .symlink("two", "three/..")
            .symlink("three", "d")
            .symlink("d", "../x"),
    ] {
        let error = refusal(&tar.clone().end(), Packing::Tar);
        assert!(matches!(error, UnpackError::Link { .. }), "{error}");
    }
    let zip = Zip::default().file("x", 0o120_777, b"../y").end();
    assert!(matches!(
        refusal(&zip, Packing::Zip),
        UnpackError::Link { .. }
    ));
}

#[test]
fn whole_paths_are_let_pass_where_somebody_looks_at_them_and_nothing_else() {
    let how = Unpack {
        links: Escaping::Absolute,
        ..Unpack::new(Packing::Tar)
    };
    let link = |name: &str, target: &str| Tar::default().symlink(name, target);
    let passed = link("a", "/opt/x/b").symlink("c", "a/d").end();
    assert_eq!(
        list(&passed, &how).unwrap().0,
        ["a -> /opt/x/b", "c -> a/d"]
    );
    for tar in [
        link("a", ".."),
        link("a", "/x").symlink("b", "a/../.."),
        link("d/deep/up", "../..").symlink("x", "d/deep/up/../y"),
    ] {
        let error = list(&tar.end(), &how).unwrap_err();
        assert!(matches!(error, UnpackError::Link { .. }), "{error}");
    }
}

#[test]
fn links_that_lead_nowhere_or_in_circles_stay_inside() {
    let tar = Tar::default()
        .symlink("a", "b")
        .symlink("b", "a")
        .symlink("c", "missing/../also/missing")
        .symlink("d", "d/d/d")
        .end();
    assert_eq!(names(&tar, Packing::Tar).len(), 4);
}

#[test]
fn hard_links_name_a_file_before_them() {
    for target in ["/etc/passwd", "../x", "later", "d", "", "gone/x"] {
        let tar = Tar::default()
            .folder("d")
            .hard_link("a", target)
            .file("later", b"")
            .end();
        let error = refusal(&tar, Packing::Tar);
        assert!(
            matches!(error, UnpackError::Link { .. }),
            "{target}: {error}"
        );
    }
}

#[test]
fn nothing_goes_through_an_earlier_link_or_file() {
    let tar = Tar::default()
        .folder("inside")
        .symlink("d", "inside")
        .file("d/x", b"")
        .end();
    let error = refusal(&tar, Packing::Tar);
    assert!(
        matches!(&error, UnpackError::Below { above, .. } if above == "d"),
        "{error}"
    );
    let tar = Tar::default().file("d", b"").file("d/x", b"").end();
    assert!(matches!(
        refusal(&tar, Packing::Tar),
        UnpackError::Below { .. }
    ));
    // A hard link cannot be used to get through one either.
    let tar = Tar::default()
        .symlink("d", "inside")
        .hard_link("x", "d/y")
        .end();
    assert!(matches!(
        refusal(&tar, Packing::Tar),
        UnpackError::Link { .. }
    ));
}

#[test]
fn one_name_is_one_kind() {
    let file = || Tar::default().file("a", b"");
    let link = || Tar::default().symlink("a", "b");
    let folder = || Tar::default().folder("a");
    for tar in [
        file().symlink("a", "b"),
        file().folder("a"),
        link().file("a", b""),
        link().folder("a"),
        folder().file("a", b""),
        folder().symlink("a", "b"),
    ] {
        let error = refusal(&tar.end(), Packing::Tar);
        assert!(matches!(error, UnpackError::Clash { .. }), "{error}");
    }
    let zip = Zip::default().file("a", 0, b"1").file("a", 0, b"2").end();
    assert!(matches!(
        refusal(&zip, Packing::Zip),
        UnpackError::Clash { .. }
    ));
}

#[test]
fn extensions_that_readers_disagree_about_are_refused() {
    for tar in [
        Tar::default().pax(b'g', &[("path", b"evil")]),
        Tar::default().pax(b'g', &[("size", b"1")]),
        Tar::default().pax(b'x', &[("GNU.sparse.major", b"1")]),
    ] {
        let error = refusal(&tar.file("a", b"").end(), Packing::Tar);
        assert!(matches!(error, UnpackError::Unsupported { .. }), "{error}");
    }
}

fn measure_of(archive: &[u8], packing: Packing, limits: Limits) -> Measure {
    let how = Unpack {
        limits,
        ..Unpack::new(packing)
    };
    match list(archive, &how).unwrap_err() {
        UnpackError::Limit { measure, .. } => measure,
        error => panic!("{error}"),
    }
}

#[test]
fn what_goes_past_a_limit_is_named() {
    let usual = Limits::default;
    let two = Tar::default().file("a", b"12345").file("b", b"12345").end();
    let zip = Zip::default()
        .file("a", 0, b"12345")
        .file("b", 0, b"12345")
        .end();
    for (archive, packing) in [(&two, Packing::Tar), (&zip, Packing::Zip)] {
        let measure = |limits| measure_of(archive, packing, limits);
        assert_eq!(
            measure(Limits {
                entries: 1,
                ..usual()
            }),
            Measure::Entries
        );
        assert_eq!(
            measure(Limits {
                bytes: 9,
                ..usual()
            }),
            Measure::Bytes
        );
        assert_eq!(
            measure(Limits {
                entry_bytes: 4,
                ..usual()
            }),
            Measure::EntryBytes
        );
    }
    let deep = Tar::default().file("a/b/c", b"").end();
    let limits = Limits {
        depth: 2,
        ..usual()
    };
    assert_eq!(measure_of(&deep, Packing::Tar, limits), Measure::Depth);
    let limits = Limits { name: 4, ..usual() };
    assert_eq!(measure_of(&deep, Packing::Tar, limits), Measure::Name);
    let how = Unpack {
        limits: Limits {
            bytes: 9,
            ..usual()
        },
        ..Unpack::new(Packing::Tar)
    };
    let error = list(&two, &how).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`b` goes past the limit: a total of bytes of 9 at most"
    );
    assert_eq!(error.code().as_str(), "DG2108");
}

#[test]
fn bombs_are_stopped_by_what_they_unpack_to() {
    let limits = || Limits {
        ratio_free: 1 << 20,
        ..Limits::default()
    };
    let body = vec![0; 4 << 20];
    let tar = Tar::default().file("zeros", &body).end();
    // After the end, only the compression is still to be checked.
    let mut tail = Tar::default().file("a", b"").end();
    tail.extend(&body);
    for bytes in [&tar, &tail] {
        for packing in [Packing::TarGz, Packing::TarZst, Packing::TarBz2] {
            let bomb = pack(bytes, packing);
            assert_eq!(measure_of(&bomb, packing, limits()), Measure::Ratio);
        }
    }
    let how = Unpack {
        program: Some("x".to_owned()),
        limits: limits(),
        ..Unpack::new(Packing::Gz)
    };
    let error = list(&pack(&body, Packing::Gz), &how).unwrap_err();
    assert!(matches!(
        error,
        UnpackError::Limit {
            measure: Measure::Ratio,
            ..
        }
    ));
}

#[test]
fn long_names_cannot_fill_the_memory() {
    let name = vec![0; 3 << 20];
    let tar = Tar::default()
        .entry(b'L', b"long", 0o644, b"", &name)
        .file("a", b"")
        .end();
    assert_eq!(
        measure_of(&tar, Packing::Tar, Limits::default()),
        Measure::Headers
    );
    let tar = Tar::default()
        .pax(b'x', &[("comment", &vec![b'c'; 3 << 20])])
        .file("a", b"")
        .end();
    assert_eq!(
        measure_of(&tar, Packing::Tar, Limits::default()),
        Measure::Headers
    );
}

#[test]
fn a_cut_anywhere_is_damage_and_never_a_smaller_tree() {
    let tar = Tar::default()
        .file("a", &b"text ".repeat(200))
        .symlink("l", "a")
        .program("b", b"program")
        .end();
    let whole = names(&tar, Packing::Tar);
    for length in (0..tar.len() - 1024).step_by(37) {
        let error = refusal(&tar[..length], Packing::Tar);
        let damaged = matches!(error, UnpackError::Damaged { .. });
        assert!(damaged, "{length}: {error}");
    }
    for packing in [
        Packing::TarGz,
        Packing::TarXz,
        Packing::TarZst,
        Packing::TarBz2,
    ] {
        let packed = pack(&tar, packing);
        for length in 0..packed.len() {
            let error = refusal(&packed[..length], packing);
            let refused = matches!(
                error,
                UnpackError::Damaged { .. } | UnpackError::WrongPacking { .. }
            );
            assert!(refused, "{packing:?} {length}: {error}");
        }
        assert_eq!(names(&packed, packing), whole);
    }
    let zip = Zip::default().file("a", 0, b"12345").end();
    for length in 0..zip.len() {
        refusal(&zip[..length], Packing::Zip);
    }
}

#[test]
fn sizes_that_lie_are_damage() {
    let mut tar = Tar::default().0;
    tar.extend(header(b'0', b"a", 0o644, b"", 1 << 20));
    tar.extend([0; 2048]);
    assert!(matches!(
        refusal(&tar, Packing::Tar),
        UnpackError::Damaged { .. }
    ));
    for says in [3, 7] {
        let zip = Zip::default().entry(&ZipEntry {
            name: b"a",
            mode: 0,
            body: b"12345",
            says,
            flags: 0,
            method: 0,
        });
        refusal(&zip.end(), Packing::Zip);
    }
    let mut negative = header(b'0', b"a", 0o644, b"", 0);
    negative[124..136].copy_from_slice(&[0xff; 12]);
    seal(&mut negative);
    refusal(&[&negative[..], &[0; 1024]].concat(), Packing::Tar);
}

#[test]
fn what_we_cannot_unpack_is_said() {
    for (flags, method) in [(1, 0), (0, 99), (0, 12)] {
        let zip = Zip::default().entry(&ZipEntry {
            name: b"secret",
            mode: 0,
            body: b"12345",
            says: 5,
            flags,
            method,
        });
        let error = refusal(&zip.end(), Packing::Zip);
        let said = matches!(error, UnpackError::Unsupported { .. });
        assert!(said, "{flags} {method}: {error:?}");
    }
}

#[test]
fn a_page_in_the_place_of_an_archive_is_recognised() {
    let page = b"<!DOCTYPE html><html>".repeat(100);
    for packing in [Packing::TarGz, Packing::TarXz, Packing::TarBz2] {
        let error = refusal(&page, packing);
        assert!(
            error.to_string().ends_with("it looks like a web page"),
            "{error}"
        );
    }
    let tar = Tar::default().file("a", b"").end();
    let error = refusal(&pack(&tar, Packing::TarGz), Packing::Tar);
    assert!(error.to_string().ends_with("it looks like gzip"), "{error}");
}
