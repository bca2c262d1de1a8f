//! The packages that archives list for one architecture.

use std::collections::BTreeMap;
use std::io::BufReader;
use std::io::Read;

use dgmo_schema::id::Digest;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::Packing;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_store::decoded;

use super::control;
use super::control::Stanza;
use super::relation;
use super::relation::Relation;
use super::release;
use super::release::Release;
use super::sources::Archive;
use crate::source::CatalogueError;
use crate::source::Downloads;

/// The most bytes a list may have when it is unpacked.
const LARGEST: u64 = 1 << 30;

/// How lists are packed, what is smallest first.
const PACKINGS: [(&str, Packing); 4] = [
    ("Packages.xz", Packing::Xz),
    ("Packages.zst", Packing::Zst),
    ("Packages.gz", Packing::Gz),
    ("Packages", Packing::Program),
];

/// The fields we use.
const WANTED: &[&str] = &[
    "package",
    "version",
    "architecture",
    "filename",
    "size",
    "sha256",
    "depends",
    "pre-depends",
    "provides",
];

/// One version of a package.
#[derive(Debug, Clone)]
pub(super) struct Package {
    pub(super) version: Version,
    /// Whether it is for each architecture.
    pub(super) is_for_all: bool,
    pub(super) file: String,
    pub(super) size: u64,
    pub(super) digest: ExpectedDigest,
    needs: String,
    provides: String,
}

impl Package {
    /// What it needs: one of each list.
    pub(super) fn needs(&self) -> Result<Vec<Vec<Relation>>, String> {
        relation::parse(&self.needs)
    }
}

/// Who stands for a name: a package in one version, and which version of the name that is, where it is told.
#[derive(Debug, Clone)]
pub(super) struct Provider {
    pub(super) package: String,
    pub(super) version: Version,
    pub(super) as_version: Option<Version>,
}

/// What archives have for one architecture.
#[derive(Debug, Default)]
pub(super) struct Index {
    packages: BTreeMap<String, Vec<Package>>,
    providers: BTreeMap<String, Vec<Provider>>,
}

impl Index {
    /// The versions of a package, in no order.
    pub(super) fn versions(&self, name: &str) -> &[Package] {
        self.packages.get(name).map_or(&[], Vec::as_slice)
    }

    pub(super) fn find(&self, name: &str, version: &Version) -> Option<&Package> {
        self.versions(name).iter().find(|it| it.version == *version)
    }

    /// Who stands for a name, besides the package that has it.
    pub(super) fn providers(&self, name: &str) -> &[Provider] {
        self.providers.get(name).map_or(&[], Vec::as_slice)
    }

    /// Adds what `archive` lists for `architecture`.
    pub(super) fn add(
        &mut self,
        archive: &Archive,
        (release, architecture): (&Release, &str),
        downloads: &Downloads<'_>,
    ) -> Result<(), CatalogueError> {
        for folder in archive.lists(architecture) {
            if folder.ends_with("-all/") && release.has_no_list_for_all {
                continue;
            }
            let listed = PACKINGS.iter().find_map(|(name, packing)| {
                let path = format!("{folder}{name}");
                let (size, digest) = release.files.get(&path)?;
                Some((path, *packing, *size, *digest))
            });
            // An archive need not have each architecture.
            let Some((path, packing, size, digest)) = listed else {
                continue;
            };
            let mut urls = archive.at(&path);
            if release.by_hash {
                let hex = Digest::from_bytes(digest).hex();
                let mut by_hash = archive.at(&format!("{folder}by-hash/SHA256/{hex}"));
                by_hash.append(&mut urls);
                urls = by_hash;
            }
            let mut request = release::request(urls, &format!("{} {path}", archive.suite));
            request.expected.size = Some(size);
            request.expected.digests = vec![ExpectedDigest::Sha256(digest)];
            let fetched = downloads.fetch(&request)?;
            self.read(fetched.file, (packing, architecture))
                .map_err(|error| CatalogueError::Answer {
                    url: super::super::redacted(&request.url),
                    why: error.to_string(),
                })?;
        }
        Ok(())
    }

    fn read(
        &mut self,
        from: impl Read,
        (packing, architecture): (Packing, &str),
    ) -> std::io::Result<()> {
        let from = BufReader::new(decoded(from, packing)?.take(LARGEST));
        control::read(from, WANTED, |stanza| {
            self.take(stanza, architecture);
        })
    }

    /// Takes a package; one that is not whole, or for others, is none.
    fn take(&mut self, mut stanza: Stanza, architecture: &str) -> Option<()> {
        let own = stanza.remove("architecture")?;
        if own != architecture && own != "all" {
            return None;
        }
        let name = stanza.remove("package")?;
        let version = Version::parse(Scheme::Debian, &stanza.remove("version")?).ok()?;
        let digest = Digest::from_hex(stanza.remove("sha256")?.as_bytes())?;
        let file = stanza.remove("filename")?;
        let file = file.strip_prefix("./").unwrap_or(&file).to_owned();
        let needs = [stanza.remove("pre-depends"), stanza.remove("depends")];
        let needs: Vec<String> = needs.into_iter().flatten().collect();
        let package = Package {
            version,
            is_for_all: own == "all",
            size: stanza.remove("size")?.parse().ok()?,
            digest: ExpectedDigest::Sha256(*digest.as_bytes()),
            needs: needs.join(", "),
            provides: stanza.remove("provides").unwrap_or_default(),
            file: is_below(&file).then_some(file)?,
        };
        // What an earlier archive has goes before the same version of a later one.
        if self.find(&name, &package.version).is_some() {
            return None;
        }
        for provided in relation::parse(&package.provides)
            .unwrap_or_default()
            .into_iter()
            .flatten()
        {
            let provider = Provider {
                package: name.clone(),
                version: package.version.clone(),
                as_version: provided.range.exact().cloned(),
            };
            self.providers
                .entry(provided.package)
                .or_default()
                .push(provider);
        }
        self.packages.entry(name).or_default().push(package);
        Some(())
    }
}

/// Whether a path stays in its archive.
pub(super) fn is_below(path: &str) -> bool {
    let is_name = |part: &str| !part.is_empty() && part != "." && part != "..";
    path.split('/').all(is_name)
        && !path.contains([':', '?', '#', '%', '\\'])
        && !path.contains(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_whole_or_not_ours_is_no_package() {
        let hex = "ab".repeat(32);
        let stanza = |name: &str, file: &str, architecture: &str| {
            format!(
                "Package: {name}\nVersion: 1.0-1\nArchitecture: {architecture}\nFilename: {file}\nSize: 5\n\
                 SHA256: {hex}\nDepends: libx (>= 1) | y\nProvides: virtual (= 2), other\n\n"
            )
        };
        let text = [
            stanza("good", "pool/good.deb", "amd64"),
            stanza("all", "./pool/all.deb", "all"),
            stanza("arm", "pool/arm.deb", "arm64"),
            stanza("out", "../out.deb", "amd64"),
            stanza("far", "https://h/far.deb", "amd64"),
            "Package: half\nVersion: 1\n\n".to_owned(),
        ];
        let mut index = Index::default();
        let text = text.concat();
        index
            .read(text.as_bytes(), (Packing::Program, "amd64"))
            .unwrap();
        let names: Vec<&String> = index.packages.keys().collect();
        assert_eq!(names, ["all", "good"]);
        assert!(index.versions("all")[0].is_for_all);
        assert_eq!(index.versions("good")[0].needs().unwrap()[0].len(), 2);
        assert_eq!(index.providers("virtual").len(), 2);
        assert_eq!(
            index.providers("virtual")[0]
                .as_version
                .as_ref()
                .unwrap()
                .as_str(),
            "2"
        );
        assert_eq!(index.providers("other")[0].as_version, None);
    }
}
