//! What kind of file an asset is, by its ending.

use dgmo_schema::manifest::Packing;
use dgmo_store::packing_of;

use super::words::names_a_system;

/// What the ending of a name says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A program, or an archive that may hold one.
    Program(Packing),
    /// A checksum, a signature or an attestation of another file.
    Companion,
    /// A package of a system's own package manager, an installer, a document, a library.
    Other,
}

/// Endings of files that speak of another file.
const COMPANIONS: &[&str] = &[
    "asc",
    "att",
    "b2",
    "b3",
    "blake2b",
    "blake3",
    "bundle",
    "cdx",
    "cer",
    "cert",
    "cosign",
    "crt",
    "digest",
    "intoto",
    "jsonl",
    "md5",
    "md5sum",
    "minisig",
    "pem",
    "proof",
    "provenance",
    "pub",
    "sbom",
    "sha1",
    "sha1sum",
    "sha224",
    "sha256",
    "sha256sum",
    "sha256sums",
    "sha384",
    "sha512",
    "sha512sum",
    "sha512sums",
    "shasum",
    "sig",
    "sigstore",
    "slsa",
    "spdx",
    "sum",
    "sums",
];

/// Endings of what is installed by something else, even inside an archive.
const INSTALLERS: &[&str] = &[
    "app",
    "appimage",
    "appx",
    "appxbundle",
    "deb",
    "dmg",
    "flatpak",
    "ipk",
    "mpkg",
    "msi",
    "msix",
    "msixbundle",
    "pkg",
    "rpm",
    "run",
    "snap",
    "xbps",
];

/// Words a name has when it is a list of digests.
const LISTS: &[&str] = &[
    "b3sums",
    "checksum",
    "checksums",
    "hashes",
    "md5sum",
    "md5sums",
    "sha1sum",
    "sha1sums",
    "sha256",
    "sha256sum",
    "sha256sums",
    "sha512",
    "sha512sum",
    "sha512sums",
    "shasum",
    "shasum256",
    "shasums",
    "shasums256",
    "shasums512",
    "sums",
];

/// The kind of the file called `name`.
pub(super) fn kind_of(name: &str) -> Kind {
    let name = name.to_ascii_lowercase();
    let packing = packing_of(&name);
    let inner = without_packing(&name);
    if [".whl", ".crate"].iter().any(|end| name.ends_with(end)) {
        return Kind::Other;
    }
    match ending(inner) {
        Some(end) if COMPANIONS.contains(&end) => Kind::Companion,
        Some(end) if INSTALLERS.contains(&end) => Kind::Other,
        _ if is_list(&name) => Kind::Companion,
        Some("txt" | "json") if [".sbom.", ".sigstore."].iter().any(|x| inner.contains(x)) => {
            Kind::Companion
        }
        Some("exe") if is_setup(inner) => Kind::Other,
        Some(end) if packing == Packing::Program && !may_end_a_program(inner, end) => Kind::Other,
        None if packing == Packing::Program && is_paper(&name) => Kind::Other,
        _ => Kind::Program(packing),
    }
}

/// `name` in lower case without the ending that tells its packing, and without `.exe`.
pub(super) fn stem_of(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let inner = without_packing(&name);
    inner.strip_suffix(".exe").unwrap_or(inner).to_owned()
}

/// Whether the name is of a list of digests: a whole word of it says so.
pub(super) fn is_list(name: &str) -> bool {
    name.to_ascii_lowercase()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| LISTS.contains(&word))
}

fn without_packing(name: &str) -> &str {
    if packing_of(name) == Packing::Program {
        return name;
    }
    let inner = name.rsplit_once('.').map_or(name, |(inner, _)| inner);
    inner.strip_suffix(".tar").unwrap_or(inner)
}

fn ending(name: &str) -> Option<&str> {
    name.rsplit_once('.')
        .map(|(_, end)| end)
        .filter(|end| !end.is_empty())
}

/// Dots also stand before numbers and systems: `tool-1.2`, `tool.linux-amd64`. A page of the manual is `tool.1`.
fn may_end_a_program(name: &str, end: &str) -> bool {
    let before = name[..name.len() - end.len() - 1].chars().next_back();
    if matches!(end, "7z" | "wasm") {
        return false;
    }
    let page = end.len() == 1 && !before.is_some_and(|c| c.is_ascii_digit());
    matches!(end, "exe" | "bin" | "elf")
        || (end.starts_with(|c: char| c.is_ascii_digit()) && !page)
        || end
            .split(|c: char| !c.is_ascii_alphanumeric())
            .any(names_a_system)
}

fn is_setup(name: &str) -> bool {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .any(|word| word.ends_with("setup") || word.starts_with("install"))
}

fn is_paper(name: &str) -> bool {
    matches!(
        name,
        "license" | "licence" | "readme" | "changelog" | "keys" | "notice" | "copying" | "install"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_unpacked_or_run_is_no_program() {
        for name in [
            "tool_1.0_amd64.deb",
            "tool-1.0-1.x86_64.rpm",
            "tool.AppImage",
            "tool.AppImage.tar.gz",
            "tool-Setup-1.0.exe",
            "ToolSetup.exe",
            "tool_installer.exe",
            "tool.msi",
            "tool_1_linux_arm64.pkg.tar.zst",
            "tool.vsix",
            "tool.wasm",
            "tool-1.0-py3-none-any.whl",
            "install.sh",
            "tool.1",
            "LICENSE",
            "Tool.app.tar.gz",
            "tool.7z",
        ] {
            assert_eq!(kind_of(name), Kind::Other, "{name}");
        }
    }

    #[test]
    fn what_speaks_of_another_file_is_a_companion() {
        for name in [
            "tool.tar.gz.sha256",
            "tool.tar.gz.asc",
            "tool.tar.gz.minisig",
            "tool.sigstore.json",
            "tool.tar.gz.sbom.json",
            "SHA256SUMS",
            "SHASUMS256.txt",
            "checksums.txt",
            "tool_1.0_checksums.txt",
            "sha256.sum",
            "tool.dmg-SHA256.txt",
            "multiple.intoto.jsonl",
        ] {
            assert_eq!(kind_of(name), Kind::Companion, "{name}");
        }
    }

    #[test]
    fn dots_before_numbers_and_systems_end_no_program() {
        for name in [
            "tool-1.2.3",
            "tool.linux-amd64",
            "tool.x86_64",
            "tool",
            "tool.exe",
            "tool_v1.0_amd64.darwin",
        ] {
            assert_eq!(kind_of(name), Kind::Program(Packing::Program), "{name}");
        }
        assert_eq!(kind_of("a.tgz"), Kind::Program(Packing::TarGz));
        assert_eq!(kind_of("a.exe.zip"), Kind::Program(Packing::Zip));
    }
}
