//! Images and artefacts made here, to be pushed to whichever registry.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use serde_json::Value;
use serde_json::json;

use crate::Sandbox;

pub(crate) const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
pub(crate) const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub(crate) const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const EMPTY: &str = "application/vnd.oci.empty.v1+json";

/// Whom content is pushed to.
pub(crate) trait Push {
    fn blob(&self, repository: &str, bytes: &[u8]);
    fn manifest(&self, repository: &str, reference: &str, media: &str, bytes: &[u8]);
}

/// The digest of bytes, as registries write it.
pub(crate) fn digest(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest: [u8; 32] = sha2::Sha256::digest(bytes).into();
    format!(
        "sha256:{}",
        dgmo_schema::id::Digest::from_bytes(digest).hex()
    )
}

pub(crate) fn descriptor(media: &str, bytes: &[u8]) -> Value {
    json!({"mediaType": media, "digest": digest(bytes), "size": bytes.len()})
}

/// A script that says `words`.
pub(crate) fn script(words: &str) -> String {
    format!("#!/bin/sh\necho {words}\n")
}

/// A layer with these files. What ends in `*` can be run; `a -> b` is a link, `a = b` a hard link to a file of it.
pub(crate) fn layer(sandbox: &Sandbox, files: &[(&str, &str)]) -> Vec<u8> {
    let folder = tempfile::tempdir_in(sandbox.root()).unwrap();
    let root = folder.path();
    let at = |path: &str| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    };
    for (name, text) in files {
        if let Some((name, target)) = name.split_once(" -> ") {
            std::os::unix::fs::symlink(target, at(name)).unwrap();
        } else if let Some((name, target)) = name.split_once(" = ") {
            std::fs::hard_link(root.join(target), at(name)).unwrap();
        } else {
            let path = at(name.trim_end_matches('*'));
            std::fs::write(&path, text).unwrap();
            let mode = if name.ends_with('*') { 0o755 } else { 0o644 };
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }
    tar(root)
}

/// The folder as an archive, the same each time.
pub(crate) fn tar(folder: &std::path::Path) -> Vec<u8> {
    let output = Command::new("tar")
        .args(["--sort=name", "--mtime=@0", "--owner=0", "--group=0"])
        .args(["-czf", "-", "-C"])
        .arg(folder)
        .arg(".")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    output.stdout
}

/// Pushes an image that runs `/usr/bin/hello`, and gives its descriptor.
pub(crate) fn image(
    to: &dyn Push,
    repository: &str,
    reference: &str,
    (layers, more): (&[Vec<u8>], Value),
) -> Value {
    let mut config = json!({"os": "linux", "architecture": "amd64", "created": "2025-03-01T00:00:00Z",
        "config": {"Entrypoint": ["/usr/bin/hello"]}, "rootfs": {"type": "layers", "diff_ids": []}});
    for (key, value) in more.as_object().unwrap() {
        config[key] = value.clone();
    }
    let config = serde_json::to_vec(&config).unwrap();
    to.blob(repository, &config);
    for layer in layers {
        to.blob(repository, layer);
    }
    let layers: Vec<Value> = layers.iter().map(|it| descriptor(LAYER, it)).collect();
    manifest(
        to,
        (repository, reference),
        &json!({"schemaVersion": 2, "mediaType": MANIFEST, "config": descriptor(CONFIG, &config), "layers": layers}),
    )
}

/// Pushes an artefact of these files: title, media type, bytes.
pub(crate) fn artefact(
    to: &dyn Push,
    repository: &str,
    reference: &str,
    files: &[(&str, &str, &[u8])],
) -> Value {
    to.blob(repository, b"{}");
    let layers = files.iter().map(|(title, media, bytes)| {
        to.blob(repository, bytes);
        let mut layer = descriptor(media, bytes);
        layer["annotations"] = json!({"org.opencontainers.image.title": title});
        if title.ends_with('/') {
            layer["annotations"]["io.deis.oras.content.unpack"] = json!("true");
        }
        layer
    });
    let layers: Vec<Value> = layers.collect();
    manifest(
        to,
        (repository, reference),
        &json!({"schemaVersion": 2, "mediaType": MANIFEST, "artifactType": "application/x.tool",
            "config": descriptor(EMPTY, b"{}"), "layers": layers,
            "annotations": {"org.opencontainers.image.created": "2025-03-01T00:00:00Z"}}),
    )
}

/// Pushes an index: the manifests and their platforms, such as `linux/arm64`.
pub(crate) fn index(
    to: &dyn Push,
    repository: &str,
    reference: &str,
    entries: &[(Value, &str)],
) -> Value {
    let entries = entries.iter().map(|(entry, platform)| {
        let mut entry = entry.clone();
        let (os, architecture) = platform.split_once('/').unwrap();
        entry["platform"] = json!({"os": os, "architecture": architecture});
        entry
    });
    let entries: Vec<Value> = entries.collect();
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
    let bytes = serde_json::to_vec(&index).unwrap();
    to.manifest(repository, reference, INDEX, &bytes);
    descriptor(INDEX, &bytes)
}

/// Pushes a manifest as it is written.
pub(crate) fn manifest(
    to: &dyn Push,
    (repository, reference): (&str, &str),
    text: &Value,
) -> Value {
    let bytes = serde_json::to_vec(text).unwrap();
    let called = match reference {
        "" => digest(&bytes),
        reference => reference.to_owned(),
    };
    to.manifest(repository, &called, MANIFEST, &bytes);
    descriptor(MANIFEST, &bytes)
}
