//! One file out of an archive.

use super::super::file_of_tar;
use super::by_hand::Tar;
use super::*;

fn found(tar: &[u8], name: &str, most: u64) -> Result<Option<Vec<u8>>, UnpackError> {
    file_of_tar(&mut Cursor::new(tar), Packing::Tar, name, most)
}

#[test]
fn the_file_is_found_among_others() {
    let tar = Tar::default()
        .folder("a/")
        .file("a/Cargo.toml.orig", b"no")
        .symlink("a/Cargo.toml", "/etc/passwd")
        .file("a/Cargo.toml", b"yes")
        .end();
    assert_eq!(
        found(&tar, "a/Cargo.toml", 3).unwrap(),
        Some(b"yes".to_vec())
    );
    assert_eq!(found(&tar, "Cargo.toml", 3).unwrap(), None);
}

#[test]
fn what_is_too_large_or_no_archive_is_refused() {
    let tar = Tar::default().file("x", b"four").end();
    let error = found(&tar, "x", 3).unwrap_err();
    assert!(matches!(error, UnpackError::Limit { .. }), "{error}");
    let error = found(b"<!DOCTYPE html>", "x", 3);
    assert!(matches!(error, Err(_) | Ok(None)));
    let gzip = file_of_tar(&mut Cursor::new(&tar), Packing::TarGz, "x", 9);
    assert!(matches!(gzip, Err(UnpackError::WrongPacking { .. })));
}
