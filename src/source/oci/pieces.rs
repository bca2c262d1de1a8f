//! What of a manifest becomes which piece of a package, and where it goes.
//!
//! ```text
//! a layer of an image       unpacked, its changes laid on those before, in `image`
//! a file with a name        there; an archive that says it is one is unpacked
//! a file without a name     called like the repository, if it is the only one
//! ```

use std::collections::BTreeMap;

use dgmo_schema::lock::Piece;
use dgmo_schema::manifest::Packing;
use dgmo_store::packing_of;

use super::manifest::About;
use super::manifest::Descriptor;
use super::manifest::Manifest;

/// Where an image lies in its package.
pub(crate) const IMAGE: &str = "image";

/// What starts other programs: nothing that people want to have under its own name.
const STARTERS: &[&str] = &[
    "ash",
    "bash",
    "busybox",
    "dash",
    "docker-entrypoint.sh",
    "dumb-init",
    "entrypoint.sh",
    "env",
    "sh",
    "su-exec",
    "tini",
    "zsh",
];

/// What pieces are called.
pub(super) struct Called<'a> {
    /// In the catalogue, with the digest of the manifest.
    pub(super) name: String,
    pub(super) version: &'a str,
    /// A file without a name of its own.
    pub(super) alone: &'a str,
}

/// The pieces of a manifest; else why it has none.
pub(super) fn of(manifest: &Manifest, called: &Called<'_>) -> Result<Vec<Piece>, String> {
    let layers = manifest.layers.iter().filter(|layer| !layer.is_empty());
    let layers: Vec<&Descriptor> = layers.collect();
    let is_alone = layers.len() == 1;
    let mut pieces = Vec::new();
    for layer in layers {
        let Some((packing, at)) = place(layer, is_alone.then_some(called.alone))? else {
            continue;
        };
        pieces.push(Piece {
            name: called.name.clone(),
            version: called.version.to_owned(),
            file: layer.digest.to_string(),
            size: Some(layer.size),
            digest: layer.digest,
            unpack: Some(packing),
            at,
        });
    }
    let of_images = pieces.iter().filter(|piece| is_layer(piece)).count();
    match (of_images, pieces.len()) {
        (_, 0) => Err("none of its layers is a file with a name or a layer of an image".to_owned()),
        (0, _) => Ok(pieces),
        (some, all) if some == all => Ok(pieces),
        _ => Err("it is an image and files at once".to_owned()),
    }
}

/// Whether a piece is a layer of an image.
pub(crate) fn is_layer(piece: &Piece) -> bool {
    piece.at == IMAGE && piece.unpack != Some(Packing::Program)
}

/// How a layer is packed and where it goes; nothing for what is no file.
fn place(layer: &Descriptor, alone: Option<&str>) -> Result<Option<(Packing, String)>, String> {
    let archive = archive(&layer.media);
    if layer.is_layer() {
        let packing = archive.unwrap_or(Packing::Tar);
        return Ok(Some((packing, IMAGE.to_owned())));
    }
    let Some(title) = &layer.title else {
        return Ok(match (archive, alone) {
            (Some(packing), _) => Some((packing, String::new())),
            (None, Some(name)) => Some((Packing::Program, name.to_owned())),
            (None, None) => None,
        });
    };
    if layer.is_folder {
        // Who packs a folder says so, and packs it with gzip where nothing else is said.
        return Ok(Some((archive.unwrap_or(Packing::TarGz), String::new())));
    }
    let named = packing_of(title);
    let is_archive = matches!(
        named,
        Packing::Tar
            | Packing::TarGz
            | Packing::TarXz
            | Packing::TarZst
            | Packing::TarBz2
            | Packing::Zip
    );
    if is_archive && (archive.is_some() || alone.is_some()) {
        return Ok(Some((named, String::new())));
    }
    Ok(Some((Packing::Program, path(title)?)))
}

/// What a media type says of an archive.
fn archive(media: &str) -> Option<Packing> {
    let media = media.split(';').next().unwrap_or_default().trim();
    let ends = |ends: &[&str]| ends.iter().any(|end| media.ends_with(end));
    if ends(&["tar+gzip", "tar.gzip", "tar+gz", "tar.gz"]) {
        Some(Packing::TarGz)
    } else if ends(&["tar+zstd", "tar.zstd", "tar.zst"]) {
        Some(Packing::TarZst)
    } else if ends(&[".tar", "+tar", "/x-tar", "/tar"]) {
        Some(Packing::Tar)
    } else {
        None
    }
}

/// A title as a path inside a package.
fn path(title: &str) -> Result<String, String> {
    let parts: Vec<&str> = title
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    let is_inside = !title.starts_with('/')
        && !parts.is_empty()
        && !parts.contains(&"..")
        && title.len() <= 1024
        && !title.chars().any(char::is_control);
    if is_inside {
        Ok(parts.join("/"))
    } else {
        let shown: String = title.chars().filter(|c| !c.is_control()).take(80).collect();
        Err(format!("`{shown}` is no name for a file in a package"))
    }
}

/// The programs that a package made of an image shows: what the image runs, and what `bin:` names without a folder.
/// Those without a folder are looked for where an image has its programs.
pub(super) fn programs(about: Option<&About>, bin: &[String]) -> BTreeMap<String, String> {
    let own = about.and_then(|about| about.program.as_deref());
    let mut programs = BTreeMap::new();
    for name in bin.iter().filter(|name| !name.contains('/')) {
        programs.insert(name.clone(), name.clone());
    }
    if let Some(path) = own {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_plain = path.starts_with('/') || !path.contains('/');
        let inside = self::path(path.trim_start_matches('/'));
        if let (true, Ok(inside)) = (is_plain && is_program(name), inside)
            && !STARTERS.contains(&name)
        {
            let path = if path.starts_with('/') {
                format!("{IMAGE}/{inside}")
            } else {
                inside
            };
            programs.insert(name.to_owned(), path);
        }
    }
    programs
}

fn is_program(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    !name.is_empty() && !name.starts_with('.') && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(layers: &[(&str, Option<&str>, bool)]) -> Result<Vec<(Packing, String)>, String> {
        let layers = layers.iter().map(|(media, title, is_folder)| Descriptor {
            media: (*media).to_owned(),
            digest: format!("sha256:{}", "0a".repeat(32)).parse().unwrap(),
            size: 1,
            title: title.map(str::to_owned),
            is_folder: *is_folder,
            platform: None,
            is_about_another: false,
        });
        let manifest = Manifest {
            config: None,
            layers: layers.collect(),
            created: None,
        };
        let called = Called {
            name: "hello@sha256:00".to_owned(),
            version: "1",
            alone: "hello",
        };
        let pieces = of(&manifest, &called)?.into_iter();
        Ok(pieces.map(|it| (it.unpack.unwrap(), it.at)).collect())
    }

    const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

    #[test]
    fn each_layer_goes_where_it_says() {
        let gzip = &format!("{LAYER}+gzip");
        for (layers, packing, at) in [
            (&[(LAYER, None, false)][..], Packing::Tar, "image"),
            (
                &[(
                    "application/vnd.docker.image.rootfs.diff.tar.gzip",
                    None,
                    false,
                )],
                Packing::TarGz,
                "image",
            ),
            (
                &[(&format!("{LAYER}+zstd"), None, false)],
                Packing::TarZst,
                "image",
            ),
            // What old clients call every file.
            (
                &[(LAYER, Some("hello.txt"), false)],
                Packing::Program,
                "hello.txt",
            ),
            (
                &[("a/b", Some("./bin//hello"), false)],
                Packing::Program,
                "bin/hello",
            ),
            (&[(gzip, Some("folder"), true)], Packing::TarGz, ""),
            (
                &[(gzip, Some("x.bottle.tar.gz"), false)],
                Packing::TarGz,
                "",
            ),
            (&[("a/b", Some("x.tar.zst"), false)], Packing::TarZst, ""),
            (
                &[("application/wasm", None, false)],
                Packing::Program,
                "hello",
            ),
            (
                &[(
                    "application/vnd.cncf.helm.chart.content.v1.tar+gzip",
                    None,
                    false,
                )],
                Packing::TarGz,
                "",
            ),
        ] {
            assert_eq!(
                pieces(layers).unwrap(),
                [(packing, at.to_owned())],
                "{layers:?}"
            );
        }
        let two = pieces(&[("a/b", Some("x.zip"), false), ("a/b", None, false)]).unwrap();
        assert_eq!(two, [(Packing::Program, "x.zip".to_owned())]);
    }

    #[test]
    fn what_is_no_package_is_refused() {
        for layers in [
            &[][..],
            &[("a/b", None, false), ("a/b", None, false)],
            &[("a/b", Some("../x"), false)],
            &[("a/b", Some("/etc/x"), false)],
            &[("a/b", Some("."), false)],
            &[("a/b", Some("a\u{1b}"), false)],
            &[(LAYER, None, false), ("a/b", Some("x"), false)],
            &[("application/vnd.oci.empty.v1+json", None, false)],
        ] {
            assert!(pieces(layers).is_err(), "{layers:?}");
        }
    }

    #[test]
    fn an_image_shows_what_it_runs_and_what_is_asked_for() {
        let shows = |program: &str, bin: &[&str]| {
            let about = About {
                program: Some(program.to_owned()),
                ..About::default()
            };
            let bin: Vec<String> = bin.iter().map(|it| (*it).to_owned()).collect();
            let programs = programs(Some(&about), &bin).into_iter();
            programs
                .map(|(name, path)| format!("{name}={path}"))
                .collect::<Vec<_>>()
        };
        assert_eq!(shows("/usr/bin/hello", &[]), ["hello=image/usr/bin/hello"]);
        assert_eq!(
            shows("hello", &["jq", "image/usr/bin/x"]),
            ["hello=hello", "jq=jq"]
        );
        for none in ["/bin/sh", "", "/", "./x", "/a b", "/../../x"] {
            assert_eq!(shows(none, &[]), Vec::<String>::new(), "{none}");
        }
    }
}
