//! Programs and libraries for macOS: the libraries they name by the path these would have had.
//!
//! Each name is in a command of the header, which is given a new length; behind the commands is room for that. A program
//! that is signed only against being damaged has its digests made anew; one that somebody signed stays as it is.
//!
//! ```text
//! header | commands | room | first section … | signature: digests of all pages before it
//! ```

mod signature;

use std::ops::Range;

use super::Verdict;
use super::inside::Inside;
use super::inside::folder_of;
use super::inside::way;

const THIN: u32 = 0xfeed_facf;
const FAT: u32 = 0xcafe_babe;
const HEADER: usize = 32;

/// Honest ones have one part for each of a few processors.
const MOST_PARTS: usize = 16;
const MOST_COMMANDS: u32 = 4096;

const SEGMENT: u32 = 0x19;
const SIGNATURE: u32 = 0x1d;
const ID: u32 = 0xd;
const FOLDER: u32 = 0x8000_001c;
/// Libraries that are loaded, whether they must be there or not.
const LIBRARIES: &[u32] = &[0xc, 0x20, 0x8000_0018, 0x8000_001f, 0x8000_0023];

/// Whether a file begins like one. A class of Java does, too, with a number where this one has how many parts it has.
pub(super) fn may_be(start: &[u8]) -> bool {
    let Some(first) = start.first_chunk::<4>() else {
        return false;
    };
    let count = start.get(4..8).and_then(|four| four.first_chunk());
    let count = count.map_or(u32::MAX, |four| u32::from_be_bytes(*four));
    u32::from_le_bytes(*first) == THIN
        || (u32::from_be_bytes(*first) == FAT && (count as usize) <= MOST_PARTS)
}

/// What the file at `path` becomes.
pub(super) fn verdict(path: &str, bytes: &[u8], inside: &Inside) -> Verdict<Vec<u8>> {
    let mut verdict = Verdict::default();
    let mut changed = bytes.to_vec();
    let mut is_changed = false;
    for part in parts(bytes).unwrap_or_default() {
        let Some(commands) = commands(&bytes[part.clone()]) else {
            continue;
        };
        let mut led = |name: &str| {
            let own = inside.own(name, "")?;
            verdict.prefixes.insert(own.prefix);
            let way = way(folder_of(path), &own.path);
            Some(format!("@loader_path/{way}"))
        };
        let new: Vec<Command> = commands.iter().map(|it| it.led(&mut led)).collect();
        if new == commands {
            continue;
        }
        match rewritten(&bytes[part.clone()], &new) {
            Ok(new) => {
                changed[part].copy_from_slice(&new);
                is_changed = true;
            }
            Err(why) => verdict.tied.push(format!(
                "`{path}` names the place it was built for, and cannot be changed: {why}"
            )),
        }
    }
    verdict.change = is_changed.then_some(changed);
    verdict
}

/// The parts of a file, one for each processor.
fn parts(bytes: &[u8]) -> Option<Vec<Range<usize>>> {
    let whole = 0..bytes.len();
    if number(bytes, 0)? == THIN {
        return Some(vec![whole]);
    }
    let count = usize::try_from(big(bytes, 4)?).ok()?;
    let mut parts: Vec<Range<usize>> = Vec::new();
    for at in (0..count.min(MOST_PARTS)).map(|index| 8 + index * 20) {
        let begin = usize::try_from(big(bytes, at + 8)?).ok()?;
        let end = begin.checked_add(usize::try_from(big(bytes, at + 12)?).ok()?)?;
        bytes.get(begin..end)?;
        let is_apart = parts.iter().all(|it| it.end <= begin || end <= it.start);
        if !is_apart {
            return None;
        }
        parts.push(begin..end);
    }
    Some(parts)
}

/// One command of the header.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Command {
    kind: u32,
    bytes: Vec<u8>,
}

impl Command {
    /// The text it holds, and where.
    fn text(&self) -> Option<(usize, &str)> {
        if self.kind != ID && self.kind != FOLDER && !LIBRARIES.contains(&self.kind) {
            return None;
        }
        let at = usize::try_from(number(&self.bytes, 8)?).ok()?;
        let text = self.bytes.get(at..).filter(|_| at >= 12)?;
        let text = text.split(|byte| *byte == 0).next()?;
        Some((at, str::from_utf8(text).ok()?))
    }

    /// The same with another text, if there is one for it.
    fn led(&self, to: &mut dyn FnMut(&str) -> Option<String>) -> Self {
        let Some((at, text)) = self.text() else {
            return self.clone();
        };
        let Some(new) = to(text) else {
            return self.clone();
        };
        let mut bytes = self.bytes[..at].to_vec();
        bytes.extend_from_slice(new.as_bytes());
        bytes.push(0);
        bytes.resize(bytes.len().next_multiple_of(8), 0);
        let size = u32::try_from(bytes.len()).expect("a name is short");
        bytes[4..8].copy_from_slice(&size.to_le_bytes());
        Self {
            kind: self.kind,
            bytes,
        }
    }
}

fn commands(part: &[u8]) -> Option<Vec<Command>> {
    if number(part, 0)? != THIN {
        return None;
    }
    let count = number(part, 16)?;
    let mut at = HEADER;
    let mut commands = Vec::new();
    for _ in 0..count.min(MOST_COMMANDS) {
        let size = usize::try_from(number(part, at + 4)?).ok()?;
        let bytes = part.get(at..at.checked_add(size)?)?;
        if size < 8 {
            return None;
        }
        commands.push(Command {
            kind: number(bytes, 0)?,
            bytes: bytes.to_vec(),
        });
        at += size;
    }
    (count <= MOST_COMMANDS && at - HEADER == number(part, 20)? as usize).then_some(commands)
}

/// A part with other commands.
fn rewritten(part: &[u8], commands: &[Command]) -> Result<Vec<u8>, &'static str> {
    const DAMAGED: &str = "its tables do not fit together";
    let table = commands.iter().map(|it| it.bytes.as_slice());
    let table: Vec<u8> = table.collect::<Vec<_>>().concat();
    let old = number(part, 20).ok_or(DAMAGED)? as usize;
    let room = first_content(commands).ok_or(DAMAGED)?;
    let end = HEADER + table.len();
    if end > room || room > part.len() {
        return Err("there is no room for a longer name");
    }
    let mut new = part.to_vec();
    // Nothing may be lost that somebody put between the commands and the first content.
    let free = new.get(HEADER + old..end.max(HEADER + old));
    if free.is_none_or(|free| free.iter().any(|byte| *byte != 0)) {
        return Err("there is something behind its commands");
    }
    new[HEADER..end.max(HEADER + old)].fill(0);
    new[HEADER..end].copy_from_slice(&table);
    let size = u32::try_from(table.len()).map_err(|_| DAMAGED)?;
    new[20..24].copy_from_slice(&size.to_le_bytes());
    let signature = commands.iter().find(|it| it.kind == SIGNATURE);
    if let Some(signature) = signature {
        let range = linked(signature, new.len()).ok_or(DAMAGED)?;
        signature::made_anew(&mut new, range, end.max(HEADER + old))?;
    }
    Ok(new)
}

/// Where the first section has its content.
fn first_content(commands: &[Command]) -> Option<usize> {
    let mut first = None;
    for command in commands.iter().filter(|it| it.kind == SEGMENT) {
        let count = number(&command.bytes, 64)? as usize;
        let sections = command.bytes.get(72..)?.chunks_exact(80);
        for section in sections.take(count) {
            let offset = number(section, 48)? as usize;
            if offset > 0 && first.is_none_or(|first| offset < first) {
                first = Some(offset);
            }
        }
    }
    first
}

/// The stretch that a command leads to.
fn linked(command: &Command, length: usize) -> Option<Range<usize>> {
    let begin = number(&command.bytes, 8)? as usize;
    let end = begin.checked_add(number(&command.bytes, 12)? as usize)?;
    (end <= length).then_some(begin..end)
}

/// A number as the processors have it.
fn number(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*four))
}

/// A number with its higher byte first.
fn big(bytes: &[u8], at: usize) -> Option<u32> {
    let four = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_be_bytes(*four))
}

#[cfg(test)]
mod tests {
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
}
