//! Finds the checksums and signatures that a release has for an asset.

use dgmo_schema::system::System;

use super::choose::Asset;
use super::kind::is_list;
use super::kind::stem_of;
use super::reading::Reading;
use super::reading::Said;

/// What a release has to prove one of its files, by places in its list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Companions {
    /// Files with digests, the ones for this asset alone first.
    pub checksums: Vec<ChecksumFile>,
    /// Signatures of the asset, and of the files in `checksums`.
    pub signatures: Vec<SignatureFile>,
}

/// A file with digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChecksumFile {
    pub index: usize,
    pub covers: Covers,
}

/// Which files a list of digests speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Covers {
    /// This asset; the name of it may be left out.
    Only,
    /// Several; only a line with the asset's name counts.
    Several,
}

/// A signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignatureFile {
    pub index: usize,
    /// The file it signs.
    pub of: usize,
    pub kind: SignatureKind,
}

/// How a signature was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SignatureKind {
    Minisign,
    /// A bundle that holds the certificate and the proof of its entry in the log too.
    CosignBundle,
    /// A signature alone: one of cosign's proves something to who has the key, and it may be made with GPG as well.
    Alone,
    /// By its name it is made with GPG: reported, not checked.
    Unchecked,
}

const SIGNATURES: &[(&str, SignatureKind)] = &[
    (".minisig", SignatureKind::Minisign),
    (".sigstore.json", SignatureKind::CosignBundle),
    (".sigstore", SignatureKind::CosignBundle),
    (".cosign.bundle", SignatureKind::CosignBundle),
    (".bundle", SignatureKind::CosignBundle),
    (".asc", SignatureKind::Unchecked),
    (".sig", SignatureKind::Alone),
    (".gpg", SignatureKind::Unchecked),
];

const OWN: &[&str] = &[
    ".sha256",
    ".sha256sum",
    ".sha256.txt",
    "-sha256.txt",
    ".sha384",
    ".sha512",
    ".sha512sum",
    ".sha512.txt",
    ".b3",
    ".blake3",
    ".digest",
];

/// Finds what there is for the asset at `chosen`, which is for `system`. Nothing, if there is no such place.
pub fn companions(assets: &[Asset], chosen: usize, system: &System) -> Companions {
    let Some(asset) = assets.get(chosen) else {
        return Companions::default();
    };
    let name = asset.name.to_ascii_lowercase();
    let stem = stem_of(&asset.name);
    let mut checksums: Vec<ChecksumFile> = assets
        .iter()
        .enumerate()
        .filter_map(|(index, other)| {
            let covers = covers(&other.name.to_ascii_lowercase(), &name, &stem, system)?;
            Some(ChecksumFile { index, covers })
        })
        .collect();
    checksums.sort_by_key(|file| (file.covers, &assets[file.index].name));
    let signed = [chosen]
        .into_iter()
        .chain(checksums.iter().map(|f| f.index));
    let mut signatures: Vec<SignatureFile> =
        signed.flat_map(|of| signatures_of(assets, of)).collect();
    signatures.sort_by_key(|file| (file.kind, &assets[file.index].name));
    Companions {
        checksums,
        signatures,
    }
}

/// Whether the list called `list` speaks of `file` alone, as both are called.
pub fn speaks_only_of(list: &str, file: &str) -> bool {
    let (list, file) = (list.to_ascii_lowercase(), file.to_ascii_lowercase());
    list.strip_prefix(&file)
        .is_some_and(|end| OWN.contains(&end))
}

fn covers(other: &str, name: &str, stem: &str, system: &System) -> Option<Covers> {
    if other.starts_with(name) {
        return speaks_only_of(other, name).then_some(Covers::Only);
    }
    // `tool-linux.sha256` beside `tool-linux.tar.gz` may be of the program inside.
    if let Some(end) = other.strip_prefix(stem)
        && OWN.contains(&end)
    {
        return Some(Covers::Several);
    }
    let signature = SIGNATURES.iter().any(|(end, _)| other.ends_with(end));
    (!signature && is_release_list(other, system)).then_some(Covers::Several)
}

/// Whether this lists the digests of the release, or of its files for `system`.
fn is_release_list(other: &str, system: &System) -> bool {
    let document = [".txt", "sums", "sum", "checksums", ".sha256", ".sha512"]
        .iter()
        .any(|end| other.ends_with(end));
    if !document || !is_list(other) {
        return false;
    }
    // Another asset's own file has that one's ending before its own.
    let own_of_another = OWN.iter().any(|end| {
        other
            .strip_suffix(end)
            .is_some_and(|rest| !rest.ends_with("checksums") && rest.contains('.'))
    });
    let bare = format!(
        "{}.tar.gz",
        other.replace("checksums", "").replace('.', "_")
    );
    let for_another = Reading::of(&bare, "", &[]).is_some_and(|reading| {
        let os = reading.os != Said::Nothing && !reading.is_for_os(system.os());
        let arch = reading.arch != Said::Nothing && reading.fit(system).is_none();
        os || arch
    });
    !own_of_another && !for_another
}

fn signatures_of(assets: &[Asset], of: usize) -> Vec<SignatureFile> {
    let signed = assets[of].name.to_ascii_lowercase();
    let found = assets.iter().enumerate().filter_map(|(index, other)| {
        let other = other.name.to_ascii_lowercase();
        let end = other.strip_prefix(&signed)?;
        let (_, kind) = SIGNATURES.iter().find(|(ending, _)| *ending == end)?;
        Some(SignatureFile {
            index,
            of,
            kind: *kind,
        })
    });
    found.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Found<T> = Vec<(String, T)>;

    fn found(names: &[&str]) -> (Found<Covers>, Found<SignatureKind>) {
        let assets: Vec<Asset> = names
            .iter()
            .map(|name| Asset {
                name: (*name).to_owned(),
                size: None,
            })
            .collect();
        let all = companions(&assets, 0, &"x86_64-linux".parse().unwrap());
        let name = |index: usize| assets[index].name.clone();
        (
            all.checksums
                .iter()
                .map(|f| (name(f.index), f.covers))
                .collect(),
            all.signatures
                .iter()
                .map(|f| (name(f.index), f.kind))
                .collect(),
        )
    }

    #[test]
    fn the_asset_s_own_file_comes_before_the_list_of_the_release() {
        for list in [
            "SHA256SUMS",
            "checksums.txt",
            "sha256.sum",
            "tool_1.0_checksums.txt",
            "tool_1.0_SHA256SUMS",
            "shasum256.txt",
            "SHASUMS256.txt",
            "checksums.sha256",
            "tool_linux_amd64_checksums.txt",
        ] {
            let own = "tool-linux.tar.gz.sha256";
            let (checksums, _) = found(&["tool-linux.tar.gz", list, own, "tool-mac.tar.gz.sha256"]);
            let expected = [
                (own.to_owned(), Covers::Only),
                (list.to_owned(), Covers::Several),
            ];
            assert_eq!(checksums, expected, "{list}");
        }
    }

    #[test]
    fn lists_for_other_systems_and_other_files_digests_are_left_out() {
        let (checksums, _) = found(&[
            "tool-linux-amd64.tar.gz",
            "tool_darwin_checksums.txt",
            "tool-linux-arm64.tar.gz.sha256",
            "checksums.txt.sig",
            "tool-linux-amd64.tar.gz.sbom.json",
        ]);
        assert_eq!(checksums, []);
    }

    #[test]
    fn signatures_of_the_asset_and_of_its_checksums_are_found() {
        let (_, signatures) = found(&[
            "t.tgz",
            "t.tgz.minisig",
            "t.tgz.asc",
            "SHA256SUMS",
            "SHA256SUMS.sigstore.json",
            "SHA256SUMS.sig",
            "u.tgz.minisig",
        ]);
        let names: Vec<&str> = signatures.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "t.tgz.minisig",
                "SHA256SUMS.sigstore.json",
                "SHA256SUMS.sig",
                "t.tgz.asc"
            ]
        );
    }
}
