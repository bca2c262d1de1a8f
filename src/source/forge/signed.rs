//! Signatures beside a release's file that nobody asked to have checked: it is told whose they say they are.

use dgmo_schema::event::Event;
use dgmo_schema::manifest::Cosign;
use dgmo_schema::system::System;

use super::super::Downloads;
use super::super::asset;
use super::super::asset::SignatureKind;
use super::super::catalogue::Ask;
use super::super::sigstore;
use super::place::Place;
use super::release::File;
use super::release::Release;

/// Tells what to write to have the signature of the file `index` checked, where there is one of cosign's.
pub(super) fn tell(
    downloads: &Downloads<'_>,
    ask: &Ask<'_>,
    (place, release): (&Place, &Release),
    (index, system): (usize, &System),
) {
    // Once is enough.
    if ask.systems.first() != Some(system) {
        return;
    }
    let files: Vec<_> = release.files.iter().map(File::as_asset).collect();
    let mut signatures = asset::companions(&files, index, system)
        .signatures
        .into_iter();
    let found = signatures.find(|it| it.of == index && it.kind == SignatureKind::CosignBundle);
    let Some(bundle) = found.map(|it| &release.files[it.index]) else {
        return;
    };
    if let Some(signer) = claim(downloads, (place, release), bundle) {
        let (name, offer) = (ask.package, &ask.source.offer);
        downloads.observer().observe(Event::Note(format!(
            "`{name}` is signed with cosign, which is not checked; to have it checked each time, write\n  \
             {name}: {{{}: {}, cosign: {signer}}}",
            offer.catalogue.word(),
            offer.name
        )));
    }
}

/// Whose signature it says it is, as a manifest would. Nobody asked for it, so nobody misses what cannot be fetched.
fn claim(
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
