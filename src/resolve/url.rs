//! Packages behind addresses: what is wanted, whether a lock has it already, and how it is locked.

use dgmo_schema::id::Digest;
use dgmo_schema::lock::LockedUrl;
use dgmo_schema::lock::Scope;
use dgmo_schema::manifest::DigestScope;
use dgmo_schema::manifest::ExpectedDigest;
use dgmo_schema::manifest::Packing;
use dgmo_schema::manifest::Requirement;
use dgmo_schema::manifest::Source;
use dgmo_schema::manifest::UrlSource;
use dgmo_schema::name::PackageName;
use dgmo_schema::system::System;
use dgmo_store::Added;
use dgmo_store::Content;
use dgmo_store::Escaping;
use dgmo_store::Unpack;
use dgmo_store::UnpackError;
use dgmo_store::hash_archive;
use dgmo_store::packing_of;

use super::PackageError;
use super::placeholder;
use super::program_name;
use crate::source::Downloads;
use crate::source::Expected;
use crate::source::Fetched;
use crate::source::Request;
use crate::source::redacted;

/// Ends of names that are packed in ways we cannot unpack; taken for a program they would only be noticed when run.
const CANNOT_UNPACK: &[&str] = &[
    ".7z", ".rar", ".deb", ".rpm", ".apk", ".dmg", ".pkg", ".msi", ".cab", ".lz", ".lz4", ".lzma",
    ".br", ".Z",
];

/// One address of a package, for one system or for all.
#[derive(Clone)]
pub(super) struct Wanted<'a> {
    pub(super) name: &'a PackageName,
    pub(super) version: Option<&'a str>,
    pub(super) scope: Scope,
    /// With user and password, if the manifest gives them.
    address: String,
    packing: Packing,
    strip: u32,
    program: Option<String>,
    digests: Vec<ExpectedDigest>,
    size: Option<u64>,
    signer: Option<String>,
}

/// The addresses of a package: one for all systems if they do not matter, else one for each.
pub(super) fn wanted<'a>(
    name: &'a PackageName,
    requirement: &'a Requirement,
    systems: &'a [System],
) -> Result<Vec<Wanted<'a>>, PackageError> {
    let Source::Url(source) = &requirement.source else {
        return Ok(Vec::new());
    };
    if placeholder::depends_on_system(&source.url) {
        let each = systems.iter().map(|system| {
            let scope = Scope::System(system.clone());
            wanted_for(name, requirement, source, system, scope)
        });
        return each.collect();
    }
    let by_system = |scope: &DigestScope| matches!(scope, DigestScope::System(_));
    if source.digest.keys().any(by_system) {
        let url = redacted(&source.url);
        return Err(PackageError::Digest { url });
    }
    // Nothing of the system goes into it.
    let any = System::this();
    wanted_for(name, requirement, source, &any, Scope::Any).map(|wanted| vec![wanted])
}

fn wanted_for<'a>(
    name: &'a PackageName,
    requirement: &Requirement,
    source: &'a UrlSource,
    system: &System,
    scope: Scope,
) -> Result<Wanted<'a>, PackageError> {
    let version = source.version.as_deref();
    let address = placeholder::fill(&source.url, version, system)?;
    let packing = match source.unpack {
        Some(packing) => packing,
        None => packing_by_name(&address)?,
    };
    let digest = |scope| source.digest.get(&scope).copied();
    let digests = [DigestScope::Any, DigestScope::System(system.clone())];
    Ok(Wanted {
        name,
        version,
        scope,
        packing,
        strip: source.strip,
        program: packing
            .is_program()
            .then(|| program_name(name, requirement)),
        digests: digests.into_iter().filter_map(digest).collect(),
        size: None,
        signer: source.signer(),
        address,
    })
}

fn packing_by_name(address: &str) -> Result<Packing, PackageError> {
    let path = address.split(['?', '#']).next().unwrap_or_default();
    let file = path.rsplit('/').next().unwrap_or_default();
    if CANNOT_UNPACK.iter().any(|ending| file.ends_with(ending)) {
        let url = redacted(address);
        return Err(PackageError::Packing { url });
    }
    Ok(packing_of(file))
}

impl Wanted<'_> {
    /// The whole address, if it holds what the lock must not.
    pub(super) fn secret_address(&self) -> Option<String> {
        (redacted(&self.address) != self.address).then(|| self.address.clone())
    }

    /// Whether what a lock says is still what the manifest asks for.
    pub(super) fn is_met_by(&self, locked: &LockedUrl) -> bool {
        self.is_same_bytes_as(locked)
            && locked.unpack == self.packing
            && locked.strip == self.strip
            && locked.program == self.program
    }

    /// Whether the bytes a lock names are still the ones the manifest asks for.
    fn is_same_bytes_as(&self, locked: &LockedUrl) -> bool {
        let fits = |expected: &ExpectedDigest| match expected {
            ExpectedDigest::Blake3(digest) => *digest == locked.digest,
            ExpectedDigest::Sha256(digest) => locked.sha256 == Some(hex(*digest)),
            // Not written down by itself: a lock of it is made anew.
            ExpectedDigest::Sha512(_) => false,
        };
        locked.url == redacted(&self.address)
            && locked.signer == self.signer
            && self.digests.iter().all(fits)
    }

    /// The same, and what the lock knows of the bytes: only how they are unpacked has changed, so only an update may
    /// bring others.
    pub(super) fn knowing(mut self, locked: Option<&LockedUrl>) -> Self {
        if let Some(locked) = locked.filter(|locked| self.is_same_bytes_as(locked)) {
            self.size = Some(locked.size);
            self.digests.push(ExpectedDigest::Blake3(locked.digest));
        }
        self
    }

    pub(super) fn request(&self) -> Request {
        let what = match &self.scope {
            Scope::Any => self.name.to_string(),
            Scope::System(system) => format!("{} for {system}", self.name),
        };
        let expected = Expected {
            size: self.size,
            digests: self.digests.clone(),
            signer: self.signer.clone(),
        };
        Request::new(what, &self.address, expected)
    }

    /// Fetches it, and finds out while it comes what it unpacks to.
    pub(super) fn lock(
        &self,
        downloads: &Downloads<'_>,
        request: &Request,
    ) -> Result<(LockedUrl, Vec<String>), PackageError> {
        let how = unpack(self.packing, self.strip, self.program.as_deref());
        let (fetched, added) = downloads.fetch_and(request, &|bytes| hash_archive(bytes, &how))?;
        self.locked(&fetched, added)
    }

    /// Writes down what was fetched, and the tree it unpacks to.
    fn locked(
        &self,
        fetched: &Fetched,
        added: Result<Added, UnpackError>,
    ) -> Result<(LockedUrl, Vec<String>), PackageError> {
        let url = redacted(&self.address);
        let added = added.map_err(|source| {
            let url = url.clone();
            PackageError::Unpack { url, source }
        })?;
        let Content::Folder(tree) = added.content else {
            unreachable!("unpacking gives a folder");
        };
        let locked = LockedUrl {
            url,
            size: fetched.size,
            digest: fetched.digest,
            sha256: self.digests.iter().find_map(|expected| match expected {
                ExpectedDigest::Sha256(digest) => Some(hex(*digest)),
                ExpectedDigest::Blake3(_) | ExpectedDigest::Sha512(_) => None,
            }),
            unpack: self.packing,
            strip: self.strip,
            program: self.program.clone(),
            signer: self.signer.clone(),
            tree,
        };
        Ok((locked, added.warnings))
    }
}

/// 32 bytes have one way to be written in hex, whatever they are a digest of.
fn hex(digest: [u8; 32]) -> String {
    Digest::from_bytes(digest).hex()
}

/// How the bytes of a locked package are unpacked.
pub(crate) fn unpack(packing: Packing, strip: u32, program: Option<&str>) -> Unpack {
    Unpack {
        strip,
        program: program.map(str::to_owned),
        // Realising leads them to where they lead in the package, or refuses.
        links: Escaping::Absolute,
        ..Unpack::new(packing)
    }
}
