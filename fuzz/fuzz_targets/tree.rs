//! A tree object has exactly one encoding: what decodes encodes to the same bytes.
#![no_main]

use dgmo_store::tree::Tree;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(tree) = Tree::decode(bytes) {
        assert_eq!(tree.encode(), bytes);
    }
});
