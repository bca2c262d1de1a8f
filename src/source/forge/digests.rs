//! What a release's file hashes to, by those who tell: the forge, and the lists that lie beside it.

use dgmo_schema::manifest::ExpectedDigest;

use super::super::Downloads;
use super::super::FetchError;
use super::super::asset;
use super::super::asset::Checksum;
use super::super::asset::Checksums;
use super::super::asset::Covers;
use super::super::asset::LARGEST_LIST;
use super::super::catalogue::CatalogueError;
use super::place::Place;
use super::release::File;
use super::release::Release;
use dgmo_schema::system::System;

/// The digest of the file `index`, if anybody tells it. Two that differ are an error: one of them lies.
pub(super) fn find(
    downloads: &Downloads<'_>,
    place: &Place,
    release: &Release,
    (index, system): (usize, &System),
) -> Result<Option<ExpectedDigest>, CatalogueError> {
    let file = &release.files[index];
    let beside = beside(downloads, place, release, (index, system))?;
    match (file.digest, beside) {
        (Some(one), Some(other)) if is_same_kind(&one, &other) && one != other => {
            Err(CatalogueError::TwoDigests {
                file: file.name.clone(),
                one: one.to_string(),
                other: other.to_string(),
            })
        }
        (told, beside) => Ok(told.or(beside)),
    }
}

/// What the lists beside the file say: the first of them that tells counts.
fn beside(
    downloads: &Downloads<'_>,
    place: &Place,
    release: &Release,
    (index, system): (usize, &System),
) -> Result<Option<ExpectedDigest>, CatalogueError> {
    let files: Vec<_> = release.files.iter().map(File::as_asset).collect();
    for found in asset::companions(&files, index, system).checksums {
        let list = &release.files[found.index];
        if list.size.is_some_and(|size| size > LARGEST_LIST) {
            continue;
        }
        let sums = match read_list(downloads, place, release, list) {
            Err(CatalogueError::Fetch(FetchError::TooLarge { .. })) => continue,
            sums => sums?,
        };
        let name = &release.files[index].name;
        let digest = match found.covers {
            Covers::Only => sums.of_only(name),
            Covers::Several => sums.of(name),
        };
        let digest = digest.map_err(|conflict| CatalogueError::TwoDigests {
            file: conflict.name,
            one: format!("one in `{}`", list.name),
            other: "another in the same list".to_owned(),
        })?;
        if let Some(expected) = digest.as_ref().and_then(Checksum::expected) {
            return Ok(Some(expected));
        }
    }
    Ok(None)
}

/// Whether the list names the file. One that cannot be had names nothing.
pub(super) fn names(
    (downloads, place, release): (&Downloads<'_>, &Place, &Release),
    list: usize,
    file: &str,
) -> bool {
    let list = &release.files[list];
    if list.size.is_some_and(|size| size > LARGEST_LIST) {
        return false;
    }
    let sums = read_list(downloads, place, release, list);
    sums.is_ok_and(|sums| {
        let found = if asset::speaks_only_of(&list.name, file) {
            sums.of_only(file)
        } else {
            sums.of(file)
        };
        !matches!(found, Ok(None))
    })
}

fn read_list(
    downloads: &Downloads<'_>,
    place: &Place,
    release: &Release,
    list: &File,
) -> Result<Checksums, CatalogueError> {
    let request = place.beside(&release.tag, list);
    let bytes = downloads.within(LARGEST_LIST).document(&request)?;
    Ok(Checksums::parse(&list.name, &bytes))
}

fn is_same_kind(one: &ExpectedDigest, other: &ExpectedDigest) -> bool {
    std::mem::discriminant(one) == std::mem::discriminant(other)
}
