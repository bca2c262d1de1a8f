//! Who vouches for a release's file: whose signature of it lies beside it, or of a list of digests that names it.

use dgmo_schema::lock::SignedBy;
use dgmo_schema::manifest::Cosign;
use dgmo_schema::system::System;

use super::super::Downloads;
use super::super::FetchError;
use super::super::asset;
use super::super::asset::Companions;
use super::super::asset::SignatureKind;
use super::super::catalogue::CatalogueError;
use super::super::signed_list::beside;
use super::digests;
use super::place::Place;
use super::place::escaped;
use super::release::File;
use super::release::Release;

/// What signatures a signer makes, as far as they prove something.
struct Kinds {
    proofs: &'static [SignatureKind],
    /// Whether one alone, which is no proof of this signer, may be taken for one.
    wants_bundle: bool,
}

impl Kinds {
    fn of(signer: &str) -> Self {
        let (proofs, wants_bundle): (&[_], _) = match signer.parse::<Cosign>() {
            Ok(Cosign::Key(_)) => (&[SignatureKind::CosignBundle, SignatureKind::Alone], false),
            Ok(Cosign::Identity { .. }) => (&[SignatureKind::CosignBundle], true),
            Err(()) => (&[SignatureKind::Minisign], false),
        };
        Self {
            proofs,
            wants_bundle,
        }
    }

    fn sign(&self, all: &Companions, of: usize) -> bool {
        has(all, of, |kind| self.proofs.contains(&kind))
    }
}

fn has(all: &Companions, of: usize, is_meant: impl Fn(SignatureKind) -> bool) -> bool {
    let mut signatures = all.signatures.iter();
    signatures.any(|it| it.of == of && is_meant(it.kind))
}

/// What the lock says of who must have signed the file `index`: `signer`, and which list where the file has no signature
/// of its own.
pub(super) fn signed_by(
    downloads: &Downloads<'_>,
    (place, release): (&Place, &Release),
    (index, system): (usize, &System),
    signer: &str,
) -> Result<String, CatalogueError> {
    let files: Vec<_> = release.files.iter().map(File::as_asset).collect();
    let all = asset::companions(&files, index, system);
    let kinds = Kinds::of(signer);
    if kinds.sign(&all, index) {
        return Ok(signer.to_owned());
    }
    let lists = || all.checksums.iter().map(|it| it.index);
    let signed: Vec<usize> = lists().filter(|list| kinds.sign(&all, *list)).collect();
    let asked = (downloads, place, release);
    let names = |list: &&usize| digests::names(asked, **list, &release.files[index].name);
    // One that does not name it is refused later, in words that name both.
    if let Some(list) = signed.iter().find(names).or(signed.first()) {
        let list = name_of(place, release, (index, *list));
        let list = Some(list.as_str());
        return Ok(SignedBy { signer, list }.to_string());
    }
    let is_alone = |of: &usize| has(&all, *of, |kind| kind == SignatureKind::Alone);
    let alone = [index].into_iter().chain(lists()).find(is_alone);
    match alone.filter(|_| kinds.wants_bundle) {
        Some(of) => Err(without_bundle(place, release, (index, of), signer)),
        // What a list of files does not tell may lie beside it all the same.
        None => Ok(signer.to_owned()),
    }
}

/// How the list is named that lies beside the file, or elsewhere.
fn name_of(place: &Place, release: &Release, (file, list): (usize, usize)) -> String {
    let address = |index: usize| place.beside(&release.tag, &release.files[index]).url;
    let name = escaped(&release.files[list].name);
    if beside(&address(file), &name) == address(list) {
        name
    } else {
        super::super::redacted(&address(list))
    }
}

fn without_bundle(
    place: &Place,
    release: &Release,
    (file, of): (usize, usize),
    signer: &str,
) -> CatalogueError {
    let url = place.beside(&release.tag, &release.files[file]).url;
    FetchError::Signature {
        url: super::super::redacted(&url),
        key: signer.to_owned(),
        why: format!(
            "`{}` is signed without a bundle, and no log says who that was",
            release.files[of].name
        ),
    }
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_named_as_it_lies_beside_the_file_or_by_its_address() {
        let file = |name: &str, url: Option<&str>| File {
            name: name.to_owned(),
            size: None,
            url: url.map(str::to_owned),
            digest: None,
        };
        let elsewhere = Some("https://files.example.org/1/SUMS");
        for offer in ["github:git.example.org/a/b", "gitlab:git.example.org/a/b"] {
            let place = Place::of(&offer.parse().unwrap(), &std::collections::BTreeMap::new());
            for (tool, (name, list), expected) in [
                (None, ("SUMS 1", None), "SUMS%201"),
                (
                    None,
                    ("SUMS", elsewhere),
                    "https://files.example.org/1/SUMS",
                ),
                (
                    Some("https://files.example.org/1/t.tgz"),
                    ("SUMS", elsewhere),
                    "SUMS",
                ),
            ] {
                let release = Release {
                    tag: "v1/2".to_owned(),
                    published: None,
                    is_prerelease: false,
                    files: vec![file("t.tgz", tool), file(name, list)],
                };
                assert_eq!(name_of(&place, &release, (0, 1)), expected, "{offer}");
            }
        }
    }
}
