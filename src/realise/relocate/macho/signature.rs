//! The signature of a program for macOS: digests of its pages, made by whoever built it or by nobody.

use std::ops::Range;

use sha2::Digest as _;
use sha2::Sha256;

use super::big;

pub(super) const SIGNATURES: u32 = 0xfade_0cc0;
pub(super) const PAGES: u32 = 0xfade_0c02;
const BY_SOMEBODY: u32 = 0x1_0000;
const FOR_NOBODY: u32 = 2;
pub(super) const SHA_256: u8 = 2;

/// Makes the digests of the first pages anew, up to the one that holds what is before `end`.
pub(super) fn made_anew(
    part: &mut [u8],
    signature: Range<usize>,
    end: usize,
) -> Result<(), &'static str> {
    const ODD: &str = "its signature is of a kind that is not known";
    let begin = signature.start;
    let all = part[signature].to_vec();
    if big(&all, 0) != Some(SIGNATURES) {
        return Err(ODD);
    }
    let count = big(&all, 8).filter(|count| *count < 64).ok_or(ODD)? as usize;
    let mut tables = Vec::new();
    for at in (0..count).map(|index| 12 + index * 8) {
        let kind = big(&all, at).ok_or(ODD)?;
        let place = big(&all, at + 4).ok_or(ODD)? as usize;
        let size = big(&all, place.saturating_add(4)).ok_or(ODD)?;
        if kind == BY_SOMEBODY && size > 8 {
            return Err("somebody signed it, which would not hold any more");
        }
        if big(&all, place) == Some(PAGES) {
            tables.push(place);
        }
    }
    if tables.is_empty() {
        return Err(ODD);
    }
    for table in tables {
        let new = digests(part, &all[table..], end).ok_or(ODD)?;
        let (at, digests) = new;
        let at = begin + table + at;
        part[at..at + digests.len()].copy_from_slice(&digests);
    }
    Ok(())
}

/// The digests of the first pages, and where in their table they are.
fn digests(part: &[u8], table: &[u8], end: usize) -> Option<(usize, Vec<u8>)> {
    let at = big(table, 16)? as usize;
    let count = big(table, 28)? as usize;
    let limit = big(table, 32)? as usize;
    let (size, kind, page) = (*table.get(36)?, *table.get(37)?, *table.get(39)?);
    let is_known = big(table, 12)? & FOR_NOBODY != 0 && (size, kind) == (32, SHA_256);
    if !is_known || !(12..=16).contains(&page) || limit > part.len() || limit < end {
        return None;
    }
    let pages = part[..limit]
        .chunks(1 << page)
        .take(end.div_ceil(1 << page));
    let digests: Vec<u8> = pages.flat_map(Sha256::digest).collect();
    let is_inside = digests.len() / 32 <= count && table.len() >= at.checked_add(count * 32)?;
    is_inside.then_some((at, digests))
}
