//! No text makes reading a manifest panic, hang or eat the memory.
#![no_main]

use std::cell::OnceCell;
use std::fs;

use libfuzzer_sys::fuzz_target;

thread_local! {
    /// A manifest is read from a file, because it may include others.
    static FOLDER: OnceCell<tempfile::TempDir> = const { OnceCell::new() };
}

fuzz_target!(|text: &str| {
    FOLDER.with(|folder| {
        let folder = folder.get_or_init(|| tempfile::tempdir().expect("room for one file"));
        let path = folder.path().join("dgmo.yaml");
        fs::write(&path, text).expect("room for one file");
        let _an_error_is_fine = dgmo::manifest::load(&path);
    });
});
