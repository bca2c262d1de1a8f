//! What of a lock advisories may be about: each package of a catalogue and each piece, by its name where advisories are
//! written.

use std::collections::BTreeMap;

use dgmo_schema::catalogue::Catalogue;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::Locked;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::name::PackageName;
use dgmo_schema::osv::Affected;
use dgmo_schema::version::Scheme;
use dgmo_schema::version::Version;
use dgmo_schema::version::python::normal_name;

/// The word of the format for the ecosystem that cargo's packages are of.
const CARGO: &str = concat!("crates", ".io");

/// A name in an ecosystem, as it is compared: the word before a colon, and the one spelling of the name.
type Key = (String, String);

/// Something in one version.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    /// The package of the manifest it belongs to.
    pub package: PackageName,
    /// What it is called by those who publish it.
    pub name: String,
    /// Its version, as the lock has it.
    pub version: String,
}

/// All that a lock has, to be found by name.
pub(super) struct Subjects {
    by_key: BTreeMap<Key, BTreeMap<Subject, Version>>,
    /// Packages that no advisory could be found for: what they come from has no ecosystem.
    pub(super) unknown: Vec<PackageName>,
    /// How many there are.
    pub(super) count: usize,
}

impl Subjects {
    pub(super) fn of(lock: &Lock) -> Self {
        let mut subjects = Self {
            by_key: BTreeMap::new(),
            unknown: Vec::new(),
            count: 0,
        };
        for (name, package) in &lock.packages {
            let mut is_known = false;
            for build in package.builds.values() {
                if let Locked::Pieces(of) = build {
                    is_known |= subjects.add(name, package.version.as_deref(), of);
                }
            }
            if !is_known {
                subjects.unknown.push(name.clone());
            }
        }
        subjects.count = subjects.by_key.values().map(BTreeMap::len).sum();
        subjects
    }

    /// Adds what a package consists of; tells whether there is an ecosystem for it.
    fn add(&mut self, package: &PackageName, version: Option<&str>, of: &LockedPieces) -> bool {
        let (ecosystem, scheme) = match of.of.catalogue {
            Catalogue::Npm => ("npm", Scheme::Npm),
            Catalogue::Pypi => ("PyPI", Scheme::Pep440),
            Catalogue::Deb => ("Debian", Scheme::Debian),
            Catalogue::Crates => (CARGO, Scheme::Npm),
            Catalogue::Github | Catalogue::Gitlab | Catalogue::Forgejo | Catalogue::Git => {
                ("GIT", Scheme::Release)
            }
            Catalogue::Oci | Catalogue::Conda => return false,
        };
        if matches!(
            of.of.catalogue,
            Catalogue::Npm | Catalogue::Pypi | Catalogue::Deb
        ) {
            for piece in &of.pieces {
                let name = match of.of.catalogue {
                    Catalogue::Deb => source_of(&piece.file).unwrap_or(&piece.name),
                    _ => &piece.name,
                };
                let version = match of.of.catalogue {
                    Catalogue::Deb => without_rebuild(&piece.version),
                    _ => &piece.version,
                };
                let subject = Subject {
                    package: package.clone(),
                    name: piece.name.clone(),
                    version: piece.version.clone(),
                };
                self.put(key(ecosystem, name), subject, (scheme, version));
            }
            return true;
        }
        let Some(version) = version else { return false };
        let name = match of.of.catalogue {
            Catalogue::Crates => of.of.name.clone(),
            Catalogue::Git => repository(&of.of.name),
            catalogue => repository(&at_its_forge(catalogue, &of.of.name)),
        };
        let subject = Subject {
            package: package.clone(),
            name: of.of.name.clone(),
            version: version.to_owned(),
        };
        self.put(key(ecosystem, &name), subject, (scheme, version));
        true
    }

    fn put(&mut self, key: Key, subject: Subject, (scheme, version): (Scheme, &str)) {
        // A version its own catalogue could not order would not have been locked.
        if let Ok(version) = Version::parse(scheme, version) {
            self.by_key.entry(key).or_default().insert(subject, version);
        }
    }

    /// What an entry of an advisory may be about.
    pub(super) fn meant(&self, affected: &Affected) -> Vec<(&Subject, &Version)> {
        let named = affected.package.iter().map(|package| {
            let ecosystem = package.ecosystem.split(':').next().unwrap_or_default();
            key(ecosystem, &package.name)
        });
        let repositories = affected.ranges.iter().filter_map(|it| it.repo.as_ref());
        let repositories = repositories.map(|repo| key("GIT", &repository(repo)));
        let mut found: Vec<_> = named
            .chain(repositories)
            .filter_map(|key| self.by_key.get(&key))
            .flatten()
            .filter(|(_, version)| is_of_its_release(affected, version))
            .collect();
        found.sort_by_key(|(subject, _)| *subject);
        found.dedup_by_key(|(subject, _)| *subject);
        found
    }
}

fn key(ecosystem: &str, name: &str) -> Key {
    let name = match ecosystem {
        "PyPI" => normal_name(name),
        "GIT" => name.to_ascii_lowercase(),
        _ => name.to_owned(),
    };
    (ecosystem.to_owned(), name)
}

/// Whether an entry for one release of Debian may be about this version: one that names its release is of no other.
fn is_of_its_release(affected: &Affected, version: &Version) -> bool {
    let release = affected
        .package
        .as_ref()
        .and_then(|it| it.ecosystem.split_once(':'));
    let named = version
        .as_str()
        .split_once("+deb")
        .or_else(|| version.as_str().split_once("~deb"));
    let (Some((_, release)), Some((_, named))) = (release, named) else {
        return true;
    };
    let number: String = named.chars().take_while(char::is_ascii_digit).collect();
    number == release
}

/// The source package of a file of an archive: the folder of the pool that it lies in.
fn source_of(file: &str) -> Option<&str> {
    let mut folders = file.rsplit('/').skip(1);
    let folder = folders.next()?;
    let is_pool = folders.any(|it| it == "pool");
    is_pool.then_some(folder)
}

/// The version of the source: without the number of a rebuild, which changed nothing in it.
fn without_rebuild(version: &str) -> &str {
    match version.rsplit_once("+b") {
        Some((before, after)) if !after.is_empty() && after.bytes().all(|b| b.is_ascii_digit()) => {
            before
        }
        _ => version,
    }
}

/// A repository as it is compared: host and path.
fn repository(address: &str) -> String {
    let rest = address.split_once("://").map_or(address, |(_, rest)| rest);
    let rest = rest.rsplit_once('@').map_or(rest, |(_, rest)| rest);
    rest.trim_end_matches('/')
        .trim_end_matches(".git")
        .to_owned()
}

/// A name of a forge with its host; a name without one is of the forge that gave the catalogue its name.
fn at_its_forge(catalogue: Catalogue, name: &str) -> String {
    let has_host = name
        .split('/')
        .next()
        .is_some_and(|first| first.contains('.'));
    if has_host {
        name.to_owned()
    } else {
        format!("{catalogue}.com/{name}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a lock of one package, put together from one piece, has that an entry of an advisory is about.
    fn is_told(of: &str, version: &str, file: &str, affected: &serde_json::Value) -> bool {
        let name = of.rsplit([':', '/']).next().unwrap();
        let pieces = serde_json::json!({"of": of, "pieces": [{"name": name, "version": version, "file": file,
            "digest": format!("sha256:{}", "0".repeat(64))}]});
        let build = Locked::Pieces(serde_json::from_value(pieces).unwrap());
        let package = dgmo_schema::lock::LockedPackage {
            version: Some(version.to_owned()),
            runs_with: None,
            recipes: Vec::new(),
            builds: BTreeMap::from([(dgmo_schema::lock::Scope::Any, build)]),
        };
        let packages = BTreeMap::from([("tool".parse().unwrap(), package)]);
        let subjects = Subjects::of(&Lock { packages });
        let affected: Affected = serde_json::from_value(affected.clone()).unwrap();
        let meant = subjects.meant(&affected);
        meant.iter().any(|(_, version)| affected.is_about(version))
    }

    #[test]
    fn names_and_orders_are_those_of_each_ecosystem() {
        let events = |kind: &str, fixed: &str| serde_json::json!([{"type": kind, "events": [{"introduced": "0"}, {"fixed": fixed}]}]);
        let of = |ecosystem: &str, name: &str, fixed: &str| {
            serde_json::json!({"package": {"ecosystem": ecosystem, "name": name},
                "ranges": events("ECOSYSTEM", fixed)})
        };
        let pool = "pool/main/o/openssl/libssl3_3.0.11_amd64.deb";
        let entry = of("Debian:12", "openssl", "3.0.11-1~deb12u3");
        assert!(is_told("deb:libssl3", "3.0.11-1~deb12u2+b1", pool, &entry));
        assert!(!is_told("deb:libssl3", "3.0.11-1~deb12u3", pool, &entry));
        // One that names its release is of no other.
        assert!(!is_told("deb:libssl3", "3.0.11-1~deb11u2", pool, &entry));
        let entry = of("PyPI", "My_Tool", "2.0");
        assert!(is_told(
            "pypi:my-tool",
            "2.0rc1",
            "my_tool-2.0rc1.whl",
            &entry
        ));
        assert!(!is_told("pypi:my-tool", "2.0.post1", "x.whl", &entry));
        let entry = of(CARGO, "tool", "1.10.0");
        assert!(is_told("crates:tool", "1.9.0", "x", &entry));
        assert!(!is_told("npm:tool", "1.9.0", "x", &entry));
        let of_git = serde_json::json!({"ranges": [{"type": "GIT", "repo": "https://git.example.org/Me/Tool.git",
            "events": [{"introduced": "0"}]}], "versions": ["v1.2.0"]});
        let name = "forgejo:git.example.org/me/tool";
        assert!(is_told(name, "1.2.0", "x", &of_git));
        assert!(!is_told(name, "1.3.0", "x", &of_git));
    }

    #[test]
    fn a_file_of_a_pool_tells_its_source() {
        let table = [
            ("pool/main/o/openssl/libssl3_3.0.deb", Some("openssl")),
            ("debian/pool/main/j/jq/jq_1.6.deb", Some("jq")),
            ("./jq_1.6.deb", None),
            ("jq.deb", None),
        ];
        for (file, source) in table {
            assert_eq!(source_of(file), source, "{file}");
        }
        assert_eq!(without_rebuild("1.6-2.1+b3"), "1.6-2.1");
        assert_eq!(without_rebuild("1.6+beta"), "1.6+beta");
    }

    #[test]
    fn a_repository_is_the_same_however_it_is_written() {
        for address in [
            "https://git.example.org/a/b.git",
            "ssh://git@git.example.org/a/b",
            "git.example.org/a/b/",
        ] {
            assert_eq!(repository(address), "git.example.org/a/b");
        }
    }
}
