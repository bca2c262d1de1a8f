//! No bytes make unpacking panic, or hold more than the limits allow. The first byte says how they are packed.
#![no_main]

use std::io::Cursor;

use dgmo_schema::manifest::Packing;
use dgmo_store::unpack::Unpack;
use dgmo_store::unpack::hash_archive;
use libfuzzer_sys::fuzz_target;

const PACKINGS: &[Packing] = &[
    Packing::Tar,
    Packing::TarGz,
    Packing::TarXz,
    Packing::TarZst,
    Packing::TarBz2,
    Packing::Zip,
];

fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else {
        return;
    };
    let mut how = Unpack::new(PACKINGS[usize::from(*first) % PACKINGS.len()]);
    how.strip = u32::from(*first) / 64;
    how.limits.entries = 1_000;
    how.limits.bytes = 16 << 20;
    how.limits.entry_bytes = 16 << 20;
    if let Ok(added) = hash_archive(&mut Cursor::new(bytes.to_vec()), &how) {
        assert!(added.files <= how.limits.entries && added.bytes <= how.limits.bytes);
    }
});
