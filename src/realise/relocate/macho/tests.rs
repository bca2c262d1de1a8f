//! Programs for macOS made by hand, changed and damaged.

use proptest::prelude::*;
use sha2::Digest as _;
use sha2::Sha256;

use super::signature::PAGES;
use super::signature::SHA_256;
use super::signature::SIGNATURES;
use super::*;

/// Where the sample has its first content, and its signature.
const CONTENT: usize = 0x400;
const SIGNED: usize = 0x2000;

fn named(kind: u32, head: usize, name: &str) -> Vec<u8> {
    let mut bytes = vec![0; head];
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(8), 0);
    bytes[..4].copy_from_slice(&kind.to_le_bytes());
    let size = u32::try_from(bytes.len()).unwrap();
    bytes[4..8].copy_from_slice(&size.to_le_bytes());
    bytes[8..12].copy_from_slice(&u32::try_from(head).unwrap().to_le_bytes());
    bytes
}

fn low(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap().to_le_bytes()
}

fn high(value: usize) -> [u8; 4] {
    u32::try_from(value).unwrap().to_be_bytes()
}

/// A signature of `part`, which only guards against damage, or that somebody made.
fn signature(part: &[u8], by_somebody: bool) -> Vec<u8> {
    let digests: Vec<u8> = part.chunks(0x1000).flat_map(Sha256::digest).collect();
    let table = [
        &PAGES.to_be_bytes()[..],
        &high(44 + digests.len()),
        &high(0x20400),
        &high(if by_somebody { 0 } else { 2 }),
        &high(44),
        &[0; 8],
        &high(digests.len() / 32),
        &high(part.len()),
        &[32, SHA_256, 0, 12],
        &[0; 4],
        &digests,
    ]
    .concat();
    let mut all = SIGNATURES.to_be_bytes().to_vec();
    all.extend_from_slice(&high(0));
    all.extend_from_slice(&high(if by_somebody { 2 } else { 1 }));
    let head = 12 + if by_somebody { 16 } else { 8 };
    all.extend_from_slice(&[high(0), high(head)].concat());
    if by_somebody {
        all.extend_from_slice(&[high(0x1_0000), high(head + table.len())].concat());
    }
    all.extend_from_slice(&table);
    if by_somebody {
        all.extend_from_slice(&[high(0xfade_0b01), high(12), high(1)].concat());
    }
    all
}

fn sample(names: &[(u32, usize, &str)], by_somebody: bool) -> Vec<u8> {
    let mut segment = vec![0; 72 + 80];
    segment[..4].copy_from_slice(&SEGMENT.to_le_bytes());
    segment[4..8].copy_from_slice(&low(72 + 80));
    segment[64..68].copy_from_slice(&low(1));
    segment[72 + 48..72 + 52].copy_from_slice(&low(CONTENT));
    let room = 0x400;
    let signed = [low(SIGNATURE as usize), low(16), low(SIGNED), low(room)].concat();
    let names = names
        .iter()
        .map(|(kind, head, name)| named(*kind, *head, name));
    let mut commands = vec![segment];
    commands.extend(names);
    commands.push(signed);
    let count = commands.len();
    let commands = commands.concat();
    let mut bytes = THIN.to_le_bytes().to_vec();
    bytes.resize(16, 0);
    bytes.extend_from_slice(&[low(count), low(commands.len())].concat());
    bytes.resize(HEADER, 0);
    bytes.extend_from_slice(&commands);
    bytes.resize(CONTENT, 0);
    bytes.resize(SIGNED, 7);
    let signature = signature(&bytes, by_somebody);
    bytes.extend_from_slice(&signature);
    bytes.resize(SIGNED + room, 0);
    bytes
}

const NAMES: &[(u32, usize, &str)] = &[
    (0xc, 24, "/opt/foo/lib/libx.dylib"),
    (0xc, 24, "/usr/lib/libSystem.B.dylib"),
    (FOLDER, 12, "/opt/foo/lib"),
];

fn inside() -> Inside {
    Inside::with(&["bin/tool", "lib/libx.dylib"])
}

fn texts(bytes: &[u8]) -> Vec<String> {
    let commands = commands(bytes).unwrap();
    let texts = commands.iter().filter_map(Command::text);
    texts.map(|(_, text)| text.to_owned()).collect()
}

#[test]
fn names_lead_from_where_the_program_is_and_its_digests_are_true() {
    let before = sample(NAMES, false);
    let verdict = verdict("bin/tool", &before, &inside());
    assert!(verdict.tied.is_empty(), "{:?}", verdict.tied);
    let new = verdict.change.unwrap();
    assert_eq!(new.len(), before.len());
    assert_eq!(
        texts(&new),
        [
            "@loader_path/../lib/libx.dylib",
            "/usr/lib/libSystem.B.dylib",
            "@loader_path/../lib"
        ]
    );
    assert_eq!(new[CONTENT..SIGNED], before[CONTENT..SIGNED]);
    let signature = signature(&new[..SIGNED], false);
    assert_eq!(new[SIGNED..SIGNED + signature.len()], signature);
    // Once is enough.
    assert!(super::verdict("bin/tool", &new, &inside()).change.is_none());
}

#[test]
fn each_part_of_a_file_for_several_processors_is_changed() {
    let one = sample(NAMES, false);
    let place = 0x1000;
    let parts = [0, 1].map(|index| {
        let at = place + index * one.len();
        [high(7), high(3), high(at), high(one.len()), high(12)].concat()
    });
    let mut bytes = [FAT.to_be_bytes(), high(2)].concat();
    bytes.extend_from_slice(&parts.concat());
    assert!(may_be(&bytes));
    bytes.resize(place, 0);
    bytes.extend_from_slice(&one);
    bytes.extend_from_slice(&one);
    let new = verdict("bin/tool", &bytes, &inside()).change.unwrap();
    for part in new[place..].chunks(one.len()) {
        assert_eq!(texts(part)[0], "@loader_path/../lib/libx.dylib");
    }
    // A class of Java begins the same.
    assert!(!may_be(b"\xca\xfe\xba\xbe\0\0\0\x41"));
}

#[test]
fn what_somebody_signed_or_has_no_room_is_not_changed() {
    let signed = verdict("bin/tool", &sample(NAMES, true), &inside());
    assert_eq!(signed.change, None);
    assert!(signed.tied[0].contains("signed"), "{:?}", signed.tied);
    let long = "x".repeat(CONTENT - HEADER - 152 - 16 - 48 - 32 - 13);
    let names = [NAMES[0], (FOLDER, 12, &long), NAMES[2]];
    let full = verdict("bin/tool", &sample(&names, false), &inside());
    assert!(full.tied[0].contains("room"), "{:?}", full.tied);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]
    #[test]
    fn a_damaged_program_breaks_nothing(
        changes in prop::collection::vec((prop_oneof![0usize..0x200, SIGNED..SIGNED + 0x100], any::<u8>()), 1..8),
        cut in prop::option::of(0usize..SIGNED + 0x400),
    ) {
        let mut bytes = sample(NAMES, false);
        for (at, byte) in changes {
            bytes[at] = byte;
        }
        bytes.truncate(cut.unwrap_or(bytes.len()));
        let length = bytes.len();
        if let Some(new) = verdict("bin/tool", &bytes, &inside()).change {
            prop_assert_eq!(new.len(), length);
        }
    }
}
