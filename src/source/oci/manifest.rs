//! The documents of a registry: what an image or an artefact is made of, and which there are for which machine.

use std::collections::BTreeMap;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::manifest::ExpectedDigest;
use serde::Deserialize;

/// What is asked for, in the forms that are understood.
pub(super) const FORMS: &str = "application/vnd.oci.image.index.v1+json, application/vnd.oci.image.manifest.v1+json, \
     application/vnd.docker.distribution.manifest.list.v2+json, application/vnd.docker.distribution.manifest.v2+json";

/// The most bytes such a document may have: registries take four million at most.
const LARGEST: usize = 8 << 20;

/// The most layers, or entries of an index.
const MOST: usize = 2048;

/// When something was made, among annotations.
const CREATED: &str = "org.opencontainers.image.created";

/// The name of a layer that is a file.
const TITLE: &str = "org.opencontainers.image.title";

/// Whether a layer with a name is an archive of a folder.
const IS_FOLDER: &str = "io.deis.oras.content.unpack";

/// One of the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Document {
    /// Which manifest is for which machine.
    Index(Index),
    /// What one image or artefact is made of.
    Manifest(Manifest),
}

/// Which manifests there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Index {
    pub(super) manifests: Vec<Descriptor>,
    pub(super) created: Option<Timestamp>,
}

/// What an image or an artefact is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Manifest {
    pub(super) config: Option<Descriptor>,
    pub(super) layers: Vec<Descriptor>,
    pub(super) created: Option<Timestamp>,
}

/// Something of a registry, by its digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Descriptor {
    pub(super) media: String,
    pub(super) digest: ExpectedDigest,
    pub(super) size: u64,
    /// The file's name, where it is a file.
    pub(super) title: Option<String>,
    /// Whether it is a folder, packed as an archive.
    pub(super) is_folder: bool,
    pub(super) platform: Option<Platform>,
    /// Whether it says something about another one, like where that was built.
    pub(super) is_about_another: bool,
}

/// A kind of machine, in words of this format.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(super) struct Platform {
    pub(super) os: String,
    pub(super) architecture: String,
    #[serde(default)]
    pub(super) variant: Option<String>,
}

/// What is said of an image as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct About {
    pub(super) platform: Option<Platform>,
    pub(super) created: Option<Timestamp>,
    /// What it runs.
    pub(super) program: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    #[serde(default)]
    schema_version: u64,
    #[serde(default)]
    config: Option<RawDescriptor>,
    #[serde(default)]
    layers: Option<Vec<RawDescriptor>>,
    /// What layers were called in the first manifests of artefacts.
    #[serde(default)]
    blobs: Option<Vec<RawDescriptor>>,
    #[serde(default)]
    manifests: Option<Vec<RawDescriptor>>,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawDescriptor {
    #[serde(default)]
    media_type: String,
    digest: String,
    size: u64,
    #[serde(default)]
    annotations: Option<BTreeMap<String, String>>,
    #[serde(default)]
    platform: Option<Platform>,
}

impl Document {
    /// Reads one; else why it is none.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, String> {
        if bytes.len() > LARGEST {
            return Err(format!("it has more than {LARGEST} bytes"));
        }
        let raw: Raw = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        if raw.schema_version != 2 {
            return Err(format!(
                "it is in form {}, and only form 2 is understood",
                raw.schema_version
            ));
        }
        let created = created(raw.annotations.as_ref());
        match (raw.manifests, raw.layers.or(raw.blobs)) {
            // Read as one by some and as the other by others, the same digest would be two things.
            (Some(_), Some(_)) => Err("it is an index and a manifest at once".to_owned()),
            (Some(manifests), None) => Ok(Self::Index(Index {
                manifests: descriptors(manifests)?,
                created,
            })),
            (None, Some(_))
                if raw
                    .config
                    .as_ref()
                    .is_some_and(|it| it.size > LARGEST as u64) =>
            {
                Err(format!(
                    "what it says of itself has more than {LARGEST} bytes"
                ))
            }
            (None, Some(layers)) => Ok(Self::Manifest(Manifest {
                config: raw.config.map(descriptor).transpose()?,
                layers: descriptors(layers)?,
                created,
            })),
            (None, None) => Err("it names no layers".to_owned()),
        }
    }
}

fn created(annotations: Option<&BTreeMap<String, String>>) -> Option<Timestamp> {
    moment(annotations?.get(CREATED)?)
}

/// A moment that means something: builds that can be repeated say 1970 or 1980.
fn moment(text: &str) -> Option<Timestamp> {
    const FIRST: u64 = 400_000_000;
    let json = serde_json::Value::String(text.to_owned());
    let moment: Timestamp = serde_json::from_value(json).ok()?;
    (moment.seconds() >= FIRST).then_some(moment)
}

fn descriptors(raw: Vec<RawDescriptor>) -> Result<Vec<Descriptor>, String> {
    if raw.len() > MOST {
        return Err(format!("it names more than {MOST} things"));
    }
    raw.into_iter().map(descriptor).collect()
}

fn descriptor(raw: RawDescriptor) -> Result<Descriptor, String> {
    let digest = raw.digest.parse().ok();
    let digest = digest.filter(|it| !matches!(it, ExpectedDigest::Blake3(_)));
    let mut annotations = raw.annotations.unwrap_or_default();
    Ok(Descriptor {
        media: raw.media_type,
        digest: digest.ok_or_else(|| format!("`{}` is no digest", shortened(&raw.digest)))?,
        size: raw.size,
        title: annotations.remove(TITLE).filter(|title| !title.is_empty()),
        is_folder: annotations.get(IS_FOLDER).is_some_and(|it| it == "true"),
        is_about_another: annotations.contains_key("vnd.docker.reference.type"),
        platform: raw.platform,
    })
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

impl Descriptor {
    /// Whether it says what an image as a whole is.
    pub(super) fn is_about_an_image(&self) -> bool {
        matches!(
            self.media.as_str(),
            "application/vnd.oci.image.config.v1+json"
                | "application/vnd.docker.container.image.v1+json"
        )
    }

    /// Whether it is a layer of an image.
    pub(super) fn is_layer(&self) -> bool {
        self.title.is_none()
            && [
                "application/vnd.oci.image.layer.",
                "application/vnd.docker.image.rootfs.",
            ]
            .iter()
            .any(|start| self.media.starts_with(start))
    }

    /// Whether there is nothing in it: it is there because something has to be.
    pub(super) fn is_empty(&self) -> bool {
        self.media == "application/vnd.oci.empty.v1+json"
    }
}

impl About {
    /// Reads it; what is not understood says nothing.
    pub(super) fn read(bytes: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Raw {
            #[serde(flatten)]
            platform: Option<Platform>,
            created: Option<String>,
            config: Option<RawConfig>,
        }
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct RawConfig {
            entrypoint: Option<Vec<String>>,
            cmd: Option<Vec<String>>,
        }
        let Ok(raw) = serde_json::from_slice::<Raw>(bytes) else {
            return Self::default();
        };
        let config = raw.config;
        let run = config.and_then(|config| {
            let entrypoint = config.entrypoint.filter(|it| !it.is_empty());
            entrypoint.or(config.cmd)?.into_iter().next()
        });
        Self {
            platform: raw.platform.filter(|it| !it.os.is_empty()),
            created: raw.created.as_deref().and_then(moment),
            program: run,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    fn read(text: &str) -> Result<Document, String> {
        Document::read(text.replace("DIGEST", DIGEST).as_bytes())
    }

    #[test]
    fn an_index_and_a_manifest_are_told_apart() {
        let index = r#"{"schemaVersion":2,"manifests":[{"mediaType":"m","digest":"DIGEST","size":1,
            "platform":{"os":"linux","architecture":"arm","variant":"v7","os.version":"x"}}]}"#;
        let Ok(Document::Index(index)) = read(index) else {
            panic!("no index");
        };
        let platform = index.manifests[0].platform.as_ref().unwrap();
        assert_eq!(platform.variant.as_deref(), Some("v7"));
        let manifest = r#"{"schemaVersion":2,"layers":[{"mediaType":"application/x","digest":"DIGEST","size":3,
            "annotations":{"org.opencontainers.image.title":"a","io.deis.oras.content.unpack":"true"}}],
            "annotations":{"org.opencontainers.image.created":"2025-02-03T04:05:06.789Z"}}"#;
        let Ok(Document::Manifest(manifest)) = read(manifest) else {
            panic!("no manifest");
        };
        assert!(manifest.layers[0].is_folder && !manifest.layers[0].is_layer());
        assert!(manifest.created.is_some());
    }

    #[test]
    fn what_is_neither_is_refused() {
        for text in [
            "",
            "[]",
            "{}",
            r#"{"schemaVersion":1,"layers":[]}"#,
            r#"{"schemaVersion":2}"#,
            r#"{"schemaVersion":2,"layers":[],"manifests":[]}"#,
            r#"{"schemaVersion":2,"layers":[{"digest":"sha256:00","size":1}]}"#,
            r#"{"schemaVersion":2,"layers":[{"digest":"../../x","size":1}]}"#,
            r#"{"schemaVersion":2,"layers":[{"digest":"DIGEST","size":-1}]}"#,
            r#"{"schemaVersion":2,"layers":[{"digest":"DIGEST"}]}"#,
            r#"{"schemaVersion":2,"layers":{"a":1}}"#,
            r#"{"schemaVersion":2,"layers":[],"config":{"digest":"DIGEST","size":99999999999}}"#,
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        let blake = DIGEST.replace("sha256", "b3");
        let text = format!(r#"{{"schemaVersion":2,"layers":[{{"digest":"{blake}","size":1}}]}}"#);
        assert!(read(&text).is_err());
    }

    #[test]
    fn an_image_says_what_it_runs() {
        let about = |text: &str| About::read(text.as_bytes());
        let whole = about(
            r#"{"os":"linux","architecture":"amd64","created":"2025-02-03T04:05:06Z",
            "config":{"Entrypoint":["/hello","-x"],"Cmd":["sh"]}}"#,
        );
        assert_eq!(whole.program.as_deref(), Some("/hello"));
        assert!(whole.platform.is_some() && whole.created.is_some());
        let other =
            about(r#"{"created":"1980-01-01T00:00:00Z","config":{"Entrypoint":[],"Cmd":["sh"]}}"#);
        assert_eq!(other.program.as_deref(), Some("sh"));
        assert_eq!((other.created, other.platform), (None, None));
        for odd in ["", "1", "{\"config\":1}", "{\"config\":{\"Cmd\":null}}"] {
            assert_eq!(about(odd), About::default(), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            drop(Document::read(&bytes));
            About::read(&bytes);
        }
    }
}
