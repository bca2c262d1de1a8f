//! How dgmo knows a secret again without keeping anything of it.
//!
//! `HOME/keys/secrets` is 32 random bytes that only the owner may read. The footprint holds the BLAKE3 of each secret
//! under that key: it tells whether a file is as we wrote it, and whoever has the footprint alone can try nothing out.

use std::fmt;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::id::Digest;
use dgmo_schema::manifest::SecretSource;
use dgmo_store::durable;
use zeroize::Zeroizing;

use super::ActivateError;

const KEY_LENGTH: usize = 32;

/// The key that secrets are known by; none where this home never had a secret.
#[derive(Clone, Default)]
pub struct Seal(Option<Zeroizing<[u8; KEY_LENGTH]>>);

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(…)")
    }
}

fn place(home: &Path) -> PathBuf {
    home.join("keys").join("secrets")
}

impl Seal {
    /// That of the home at `home`.
    pub fn load(home: &Path) -> Result<Self, ActivateError> {
        let path = place(home);
        let bytes = match fs::read(&path) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self(None)),
            Err(source) => return Err(ActivateError::Key { path, source }),
        };
        match <[u8; KEY_LENGTH]>::try_from(&bytes[..]) {
            Ok(key) => Ok(Self(Some(Zeroizing::new(key)))),
            Err(_) => Err(ActivateError::Key {
                path,
                source: io::Error::new(io::ErrorKind::InvalidData, "it is not 32 bytes long"),
            }),
        }
    }

    /// The same; one is made where there is none. The caller holds a profile's guard; of two that make one at once, the
    /// first to name it wins.
    pub fn load_or_make(home: &Path) -> Result<Self, ActivateError> {
        let found = Self::load(home)?;
        if found.0.is_some() {
            return Ok(found);
        }
        let path = place(home);
        let failed = |source| ActivateError::Key {
            path: path.clone(),
            source,
        };
        let folder = home.join("keys");
        durable::make_folders(&folder).map_err(failed)?;
        durable::set_mode(&folder, 0o700).map_err(failed)?;
        let mut key = Zeroizing::new([0; KEY_LENGTH]);
        getrandom::fill(&mut *key).map_err(|error| failed(io::Error::other(error.to_string())))?;
        let staged = folder.join(format!(".secrets.{}", std::process::id()));
        durable::remove_all(&staged).map_err(failed)?;
        let mut file = durable::write_new(&staged, b"", 0o600).map_err(failed)?;
        file.write_secret(&*key).map_err(failed)?;
        file.sync().map_err(failed)?;
        if durable::rename_no_replace(&staged, &path).map_err(failed)? == durable::Renamed::Existed
        {
            durable::remove_file(&staged).map_err(failed)?;
        }
        durable::sync_folder(&folder).map_err(failed)?;
        durable::sync_folder(home).map_err(failed)?;
        Self::load(home)
    }

    /// What `bytes`, fetched from `from`, are known by; nothing where there is no key.
    pub fn of(&self, from: &SecretSource, bytes: &[u8]) -> Option<Digest> {
        let mut hasher = self.hasher(from)?;
        hasher.update(bytes);
        Some(hasher.finalize().into())
    }

    /// The same for the file at `path`.
    pub(super) fn of_file(&self, from: &SecretSource, path: &Path) -> io::Result<Option<Digest>> {
        let Some(mut hasher) = self.hasher(from) else {
            return Ok(None);
        };
        io::copy(&mut File::open(path)?, &mut hasher)?;
        Ok(Some(hasher.finalize().into()))
    }

    /// Two secrets from different places are known by different digests, also where they are the same.
    fn hasher(&self, from: &SecretSource) -> Option<blake3::Hasher> {
        let key = self.0.as_ref()?;
        let mut hasher = blake3::Hasher::new_keyed(key);
        let from = serde_json::to_vec(from).expect("a source has string keys");
        hasher.update(&(from.len() as u64).to_le_bytes());
        hasher.update(&from);
        Some(hasher)
    }
}
