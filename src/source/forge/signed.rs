//! Signatures in a release that nobody asked to have checked: it is told whose they say they are, and what to write.

use dgmo_schema::catalogue::Offer;
use dgmo_schema::event::Event;
use dgmo_schema::manifest::Cosign;
use dgmo_schema::system::System;

use super::super::Downloads;
use super::super::asset;
use super::super::asset::Companions;
use super::super::asset::SignatureKind;
use super::super::catalogue::Ask;
use super::super::sigstore;
use super::digests;
use super::place::Place;
use super::release::File;
use super::release::Release;

/// Tells what to write to have a signature of the file `index` checked, or of a list that names it.
pub(super) fn tell(
    downloads: &Downloads<'_>,
    (ask, written): (&Ask<'_>, &Offer),
    (place, release): (&Place, &Release),
    (index, system): (usize, &System),
) {
    // Once is enough.
    if ask.systems.first() != Some(system) {
        return;
    }
    let files: Vec<_> = release.files.iter().map(File::as_asset).collect();
    let all = asset::companions(&files, index, system);
    let claimed = |of: usize| claim(downloads, (place, release), (&all, of));
    let asked = (downloads, place, release);
    let names = |list: usize| digests::names(asked, list, &release.files[index].name);
    let of_list = || {
        let mut lists = all.checksums.iter().map(|it| it.index);
        lists.find_map(|list| Some((list, claimed(list).filter(|_| names(list))?)))
    };
    let (what, (tool, signer)) = match claimed(index) {
        Some(claim) => ("is signed".to_owned(), claim),
        None => match of_list() {
            Some((list, claim)) => {
                let list = &release.files[list].name;
                (format!("is named in `{list}`, which is signed"), claim)
            }
            None => return,
        },
    };
    let name = ask.package;
    downloads.observer().observe(Event::Note(format!(
        "`{name}` {what} with {tool}, which is not checked; to have it checked each time, write\n  \
         {name}: {{{}: {}, {tool}: {signer}}}",
        written.catalogue.word(),
        written.name
    )));
}

/// With what the file `of` is signed, and whose signature it says it is, as a manifest would.
fn claim(
    downloads: &Downloads<'_>,
    (place, release): (&Place, &Release),
    (all, of): (&Companions, usize),
) -> Option<(&'static str, String)> {
    let find = |kind: SignatureKind| {
        let mut signatures = all.signatures.iter();
        signatures.find(|it| it.of == of && it.kind == kind)
    };
    let bundle = find(SignatureKind::CosignBundle).map(|it| &release.files[it.index]);
    if let Some(signer) = bundle.and_then(|it| signer_in(downloads, (place, release), it)) {
        return Some(("cosign", signer));
    }
    // Which key it is stands where its publisher says it, not in the signature.
    find(SignatureKind::Minisign).map(|_| ("minisign", "\"RW…\"".to_owned()))
}

/// Nobody asked for it, so nobody misses what cannot be fetched.
fn signer_in(
    downloads: &Downloads<'_>,
    (place, release): (&Place, &Release),
    bundle: &File,
) -> Option<String> {
    let request = place.beside(&release.tag, bundle);
    let bytes = downloads
        .within(sigstore::LARGEST)
        .document(&request)
        .ok()?;
    match sigstore::claim(&bytes)? {
        Cosign::Identity { identity, issuer } => Some(format!(
            "{{identity: \"{}\", issuer: \"{issuer}\"}}",
            any_tag(&identity)
        )),
        Cosign::Key(_) => None,
    }
}

/// The next release has another tag.
fn any_tag(identity: &str) -> String {
    match identity.split_once("@refs/tags/") {
        Some((before, tag)) => {
            let stars = vec!["*"; tag.split('/').count()].join("/");
            format!("{before}@refs/tags/{stars}")
        }
        None => identity.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_becomes_any_tag_of_its_kind() {
        assert_eq!(
            any_tag("https://a/b@refs/tags/v1"),
            "https://a/b@refs/tags/*"
        );
        assert_eq!(any_tag("c@refs/tags/cli/v1"), "c@refs/tags/*/*");
        assert_eq!(any_tag("ann@acme.example"), "ann@acme.example");
    }
}
