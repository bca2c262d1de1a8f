//! A lock that can be read is written as itself: reading it again gives the same lock.
#![no_main]

use dgmo_schema::lock::Lock;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(lock) = Lock::from_json(text) {
        let again = Lock::from_json(&lock.to_json()).expect("what we write we read");
        assert!(again == lock);
    }
});
