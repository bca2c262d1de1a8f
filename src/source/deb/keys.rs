//! Whether a text is signed by who may sign it: `gpgv` tells, as it tells apt.
//!
//! A text is believed only as `gpgv` gives it back: what stands before or behind what is signed is not in it. One good
//! signature is enough, since archives sign with old keys and new ones; a bad one is refused whatever else there is.

use std::borrow::Cow;
use std::io;
use std::io::Write;
use std::path::PathBuf;

use tempfile::TempDir;

use super::sources::Keys;
use crate::process::Call;
use crate::source::CatalogueError;
use crate::source::FetchError;
use crate::source::base64;

const PROGRAM: &str = "gpgv";

/// The most a signed text may have.
const LARGEST: usize = 64 << 20;

/// Digests that can be forged: MD5, SHA-1 and RIPEMD-160 by their numbers in `OpenPGP`.
const BROKEN: &[&str] = &["1", "2", "3"];

/// What is signed.
pub(super) enum Signed<'a> {
    /// A text with its signature around it.
    Around(&'a [u8]),
    /// A text, and its signature beside it.
    Beside(&'a [u8], &'a [u8]),
}

/// The text, if one of `keys` signed it.
pub(super) fn believed(
    signed: &Signed<'_>,
    keys: &Keys,
    url: &str,
) -> Result<Vec<u8>, CatalogueError> {
    let refused = |why: String| {
        CatalogueError::from(FetchError::Signature {
            url: url.to_owned(),
            key: told(keys),
            why,
        })
    };
    let broken = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => CatalogueError::NoProgram {
            program: PROGRAM,
            offer: format!("an archive at `{url}`"),
        },
        _ => refused(error.to_string()),
    };
    if let Signed::Around(text) = signed
        && !is_one_message(text)
    {
        return Err(refused(
            "it is not one signed message and nothing else".to_owned(),
        ));
    }
    let folder = tempfile::tempdir().map_err(|error| refused(error.to_string()))?;
    let rings = rings(keys, &folder).map_err(refused)?;
    let mut call = Call::new(PROGRAM, folder.path()).with(["--status-fd", "2"]);
    for ring in &rings {
        call = call.with(["--keyring"]).with([ring]);
    }
    let put = |name: &str, bytes: &[u8]| {
        put(&folder, name, bytes).map_err(|error| refused(error.to_string()))
    };
    call = match signed {
        Signed::Around(text) => call.with(["--output", "-"]).with([put("text", text)?]),
        Signed::Beside(text, signature) => {
            call.with([put("signature", signature)?, put("text", text)?])
        }
    };
    let reply = call.reply(LARGEST).map_err(broken)?;
    let prints = match keys {
        Keys::Prints(prints, _) => prints.as_slice(),
        _ => &[],
    };
    verdict(&reply.stderr, prints).map_err(refused)?;
    Ok(match signed {
        Signed::Around(_) => reply.stdout,
        Signed::Beside(text, _) => text.to_vec(),
    })
}

/// Reads what `gpgv` reports of signatures, line by line; else says why none is good.
fn verdict(said: &str, prints: &[String]) -> Result<(), String> {
    let mut is_good = false;
    let mut found = false;
    let mut why: Cow<'_, str> = "it has no signature".into();
    for line in said
        .lines()
        .filter_map(|line| line.strip_prefix("[GNUPG:] "))
    {
        let words: Vec<&str> = line.split(' ').collect();
        match words[0] {
            "NEWSIG" => is_good = false,
            "GOODSIG" => is_good = true,
            "BADSIG" => return Err("the signature is of another text".to_owned()),
            "NO_PUBKEY" => {
                why = format!("the key {} is not among them", words[1..].join(" ")).into();
            }
            "EXPKEYSIG" => why = "the key that signed it has expired".into(),
            "REVKEYSIG" => why = "the key that signed it was revoked".into(),
            "EXPSIG" => why = "the signature has expired".into(),
            "VALIDSIG" if is_good => {
                let digest = words.get(8).copied().unwrap_or_default();
                let is_meant = prints.is_empty()
                    || prints.iter().any(|print| {
                        words.get(1) == Some(&print.as_str())
                            || words.last() == Some(&print.as_str())
                    });
                if BROKEN.contains(&digest) {
                    why = "the signature stands on a digest that can be forged".into();
                } else if is_meant {
                    found = true;
                } else {
                    why = "another key signed it than is named".into();
                }
            }
            _ => {}
        }
    }
    if found { Ok(()) } else { Err(why.into_owned()) }
}

fn told(keys: &Keys) -> String {
    match keys {
        Keys::Trusted => "anybody".to_owned(),
        Keys::Text(_) => "the key of its source".to_owned(),
        Keys::Prints(prints, _) => prints.join(", "),
        Keys::Files(files) if files.is_empty() => "any key apt trusts".to_owned(),
        Keys::Files(files) => {
            let names: Vec<String> = files.iter().map(|it| it.display().to_string()).collect();
            names.join(", ")
        }
    }
}

fn is_one_message(text: &[u8]) -> bool {
    const BEGIN: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
    const END: &str = "-----END PGP SIGNATURE-----";
    let text = String::from_utf8_lossy(text);
    let begins = text.lines().filter(|line| line.trim_end() == BEGIN).count();
    text.starts_with(BEGIN) && begins == 1 && text.trim_end().ends_with(END)
}

/// Files of keys as `gpgv` reads them: those that are text are turned into bytes.
fn rings(keys: &Keys, folder: &TempDir) -> Result<Vec<PathBuf>, String> {
    let files = match keys {
        Keys::Trusted => return Ok(Vec::new()),
        Keys::Text(text) => {
            let bytes = bytes_of(text).ok_or("the key of its source is not understood")?;
            let path = put(folder, "key", &bytes).map_err(|error| error.to_string())?;
            return Ok(vec![path]);
        }
        Keys::Files(files) | Keys::Prints(_, files) => files,
    };
    let mut rings = Vec::new();
    for (index, file) in files.iter().enumerate() {
        let cannot = |why: &str| format!("cannot use the keys in `{}`: {why}", file.display());
        let bytes = std::fs::read(file).map_err(|error| cannot(&error.to_string()))?;
        if !bytes.starts_with(b"-----BEGIN") {
            rings.push(std::path::absolute(file).map_err(|error| cannot(&error.to_string()))?);
            continue;
        }
        let text = String::from_utf8_lossy(&bytes);
        let bytes = bytes_of(&text).ok_or_else(|| cannot("they are not understood"))?;
        let ring = put(folder, &format!("ring{index}"), &bytes);
        rings.push(ring.map_err(|error| cannot(&error.to_string()))?);
    }
    if rings.is_empty() {
        return Err("there are no keys".to_owned());
    }
    Ok(rings)
}

/// The bytes of keys that are written as text: each block between its lines, without its checksum.
fn bytes_of(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut block: Option<String> = None;
    let mut is_head = false;
    for line in text.lines().map(str::trim) {
        if line.starts_with("-----BEGIN PGP PUBLIC KEY BLOCK") {
            block = Some(String::new());
            is_head = true;
        } else if line.starts_with("-----END") {
            bytes.extend(base64::decode(&block.take()?)?);
        } else if is_head {
            // A dot stands for an empty line in fields.
            is_head = !line.is_empty() && line != ".";
        } else if let Some(block) = block.as_mut().filter(|_| !line.starts_with('=')) {
            block.push_str(line);
        }
    }
    (!bytes.is_empty() && block.is_none()).then_some(bytes)
}

fn put(folder: &TempDir, name: &str, bytes: &[u8]) -> io::Result<PathBuf> {
    let mut file = tempfile::Builder::new()
        .prefix(name)
        .tempfile_in(folder.path())?;
    file.write_all(bytes)?;
    // It goes with its folder.
    let (_, path) = file.keep().map_err(|error| error.error)?;
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALID: &str = "VALIDSIG AA 2026-01-01 1 0 4 0 22 8 01 BB";

    #[test]
    fn one_good_signature_is_enough_and_a_bad_one_too_much() {
        let said = |lines: &[&str]| {
            let lines = lines.iter().map(|line| format!("[GNUPG:] {line}\n"));
            lines.collect::<String>()
        };
        let good = ["NEWSIG", "GOODSIG AA x", VALID];
        let unknown = ["NEWSIG", "ERRSIG CC", "NO_PUBKEY CC"];
        let none: &[String] = &[];
        assert_eq!(verdict(&said(&good), none), Ok(()));
        assert_eq!(verdict(&said(&[good, unknown].concat()), none), Ok(()));
        assert_eq!(verdict(&said(&[unknown, good].concat()), none), Ok(()));
        assert!(verdict(&said(&unknown), none).unwrap_err().contains("CC"));
        let bad = ["NEWSIG", "BADSIG AA x"];
        assert!(verdict(&said(&[&good[..], &bad].concat()), none).is_err());
        let expired = ["NEWSIG", "EXPKEYSIG AA x", VALID];
        assert!(
            verdict(&said(&expired), none)
                .unwrap_err()
                .contains("expired")
        );
        let weak = VALID.replace(" 8 01", " 2 01");
        assert!(verdict(&said(&["NEWSIG", "GOODSIG AA x", &weak]), none).is_err());
        for (print, is_meant) in [("AA", true), ("BB", true), ("CC", false)] {
            let prints = [print.to_owned()];
            assert_eq!(verdict(&said(&good), &prints).is_ok(), is_meant);
        }
        assert!(verdict("", none).is_err());
        // What a text says of itself is no report.
        assert!(verdict("GOODSIG AA\nVALIDSIG AA\n", none).is_err());
    }

    #[test]
    fn a_message_is_alone_in_its_text() {
        let message = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: X\n\na\n-----BEGIN PGP SIGNATURE-----\nx\n\
                       -----END PGP SIGNATURE-----\n";
        assert!(is_one_message(message.as_bytes()));
        for other in [
            format!("Origin: x\n{message}"),
            format!("{message}Origin: x\n"),
            format!("{message}{message}"),
            String::new(),
        ] {
            assert!(!is_one_message(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn keys_written_as_text_are_read() {
        let text = "-----BEGIN PGP PUBLIC KEY BLOCK-----\nVersion: x\n.\nAQID\n=abcd\n\
                    -----END PGP PUBLIC KEY BLOCK-----";
        assert_eq!(bytes_of(text), Some(vec![1, 2, 3]));
        assert_eq!(
            bytes_of("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAQID\n"),
            None
        );
        assert_eq!(bytes_of("nothing"), None);
    }
}
