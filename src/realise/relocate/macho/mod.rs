//! Programs and libraries for macOS: the libraries they name by the path these would have had.
//!
//! Each name is in a command of the header, which is given a new length; behind the commands is room for that. A program
//! that is signed only against being damaged has its digests made anew; one that somebody signed stays as it is.
//!
//! ```text
//! header | commands | room | first section … | signature: digests of all pages before it
//! ```

mod signature;
#[cfg(test)]
mod tests;

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
