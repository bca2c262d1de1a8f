//! Files of this machine: proven like those of others, and read where they are.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::path::Path;
use std::path::PathBuf;

use super::Expected;
use super::FetchError;
use super::Fetched;
use super::Request;
use super::downloads::unsigned;
use super::partial::Digests;
use super::signature::Signer;

/// A file of this machine is proven like any other, and read where it is.
pub(super) fn fetch(
    request: &Request,
    signer: Option<&Signer>,
    path: PathBuf,
) -> Result<Fetched, FetchError> {
    let Expected { size, digests, .. } = &request.expected;
    let url = super::redacted(&request.url);
    let mut file = read(&path, File::open(&path))?;
    let (found, found_size) = read(&path, Digests::of(&mut file, digests))?;
    if let Some(expected) = size.filter(|size| *size != found_size) {
        let found = found_size;
        return Err(FetchError::WrongSize {
            url,
            expected,
            found,
        });
    }
    if let Some((expected, found)) = found.differ_from(digests) {
        return Err(FetchError::WrongDigest {
            url,
            expected,
            found,
        });
    }
    if let Some(signer) = signer {
        let text = beside(&path, signer)?;
        read(&path, file.rewind())?;
        read(&path, signer.check(&text, &mut file))?.map_err(|why| unsigned(request, why))?;
    }
    read(&path, file.rewind())?;
    Ok(Fetched {
        file,
        path,
        size: found_size,
        digest: found.blake3,
        received: 0,
        link: None,
    })
}

/// The signature beside a file of this machine, under the first name there is.
fn beside(path: &Path, signer: &Signer) -> Result<Vec<u8>, FetchError> {
    let with = |ending: &&str| {
        let mut beside = path.to_owned().into_os_string();
        beside.push(ending);
        PathBuf::from(beside)
    };
    let mut places = signer.endings().iter().map(with);
    let first = places.next().expect("a signature has a name");
    // Where there is none, the usual name is told.
    let found = [first.clone()]
        .into_iter()
        .chain(places)
        .find(|it| it.exists());
    let beside = found.unwrap_or(first);
    let file = read(&beside, File::open(&beside))?;
    let mut bytes = Vec::new();
    read(&beside, file.take(signer.largest()).read_to_end(&mut bytes))?;
    Ok(bytes)
}

fn read<T>(path: &Path, result: io::Result<T>) -> Result<T, FetchError> {
    result.map_err(|source| FetchError::Local {
        path: path.to_owned(),
        source,
    })
}
