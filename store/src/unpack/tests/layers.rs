//! Layers of images, which mean something only on top of others.

use super::super::Role;
use super::by_hand::Tar;
use super::*;

fn layer(tar: Tar) -> Result<(Vec<String>, Vec<String>), UnpackError> {
    let how = Unpack {
        role: Role::Layer,
        ..Unpack::new(Packing::Tar)
    };
    list(&tar.end(), &how)
}

fn folder(tar: Tar, name: &str) -> Tar {
    tar.entry(b'5', name.as_bytes(), 0o755, b"", b"")
}

#[test]
fn links_are_made_to_stay_inside() {
    let tar = Tar::default()
        .symlink("lib", "/usr/lib")
        .symlink("a/b/c", "/etc/x")
        .symlink("a/up", "../../../x");
    let (names, _) = layer(folder(folder(tar, "a"), "a/b")).unwrap();
    assert_eq!(
        names,
        [
            "a/",
            "a/b/",
            "a/b/c -> ../../etc/x",
            "a/up -> ../x",
            "lib -> usr/lib"
        ]
    );
}

#[test]
fn devices_and_pipes_are_left_out() {
    let tar = Tar::default()
        .entry(b'3', b"null", 0o666, b"", b"")
        .entry(b'6', b"pipe", 0o666, b"", b"")
        .file("x", b"1");
    let (names, warnings) = layer(tar).unwrap();
    assert_eq!(names, ["x: 1"]);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
}

#[test]
fn what_needs_the_layers_below_is_kept_for_them() {
    let tar = Tar::default()
        .file("usr/lib/x", b"1")
        .entry(b'1', b"twice", 0o644, b"usr/lib/x", b"")
        .entry(b'1', b"same", 0o644, b"./bin/below", b"");
    let (names, _) = layer(folder(tar, "usr")).unwrap();
    assert_eq!(
        names,
        [
            ".wh..dgmo.same.same -> bin/below",
            "twice: 1",
            "usr/",
            "usr/lib/",
            "usr/lib/.wh..dgmo.through -> .",
            "usr/lib/x: 1"
        ]
    );
}

#[test]
fn what_is_taken_away_below_a_file_is_nothing() {
    for tar in [
        Tar::default().file("var", b"1").file("var/.wh.cache", b""),
        Tar::default().file("var/.wh.cache", b"").file("var", b"1"),
    ] {
        assert_eq!(layer(tar).unwrap().0, ["var: 1"]);
    }
    let tar = Tar::default().file("var", b"1").file("var/x", b"");
    assert!(matches!(layer(tar), Err(UnpackError::Below { .. })));
}

#[test]
fn a_layer_is_judged_like_any_archive_otherwise() {
    for name in ["/etc/passwd", "../x", "a/../../x"] {
        let refused = layer(Tar::default().file(name, b""));
        assert!(matches!(refused, Err(UnpackError::Name { .. })), "{name}");
    }
    let outside = Tar::default().entry(b'1', b"x", 0o644, b"../../etc/passwd", b"");
    assert!(matches!(layer(outside), Err(UnpackError::Link { .. })));
}
