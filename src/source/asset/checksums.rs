//! Reads the lists of digests that releases publish beside their files.

use std::collections::BTreeMap;

use dgmo_schema::manifest::ExpectedDigest;

/// How a digest was made; the later, the stronger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Algorithm {
    Sha256,
    Blake3,
    Sha384,
    Sha512,
}

/// A digest that somebody published.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Checksum {
    pub algorithm: Algorithm,
    /// In lower case.
    pub hex: String,
}

impl Checksum {
    /// The digest as it can be proven while bytes come; SHA-384 cannot, and hardly anybody publishes it.
    pub fn expected(&self) -> Option<ExpectedDigest> {
        let kind = match self.algorithm {
            Algorithm::Sha256 => "sha256",
            Algorithm::Blake3 => "b3",
            Algorithm::Sha512 => "sha512",
            Algorithm::Sha384 => return None,
        };
        format!("{kind}:{}", self.hex).parse().ok()
    }
}

/// The most bytes a list may have.
pub(in crate::source) const LARGEST_LIST: u64 = 4 << 20;

/// Why a list is not believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the checksums name `{name}` twice, with different digests")]
pub struct Conflict {
    pub name: String,
}

/// The digests in a list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Checksums {
    /// By name, as written but for a `./` in front.
    named: BTreeMap<String, Vec<Checksum>>,
    /// Digests without a name.
    alone: Vec<Checksum>,
}

/// More lines or longer ones are not of a release.
const MOST_LINES: usize = 100_000;
const LONGEST_LINE: usize = 4096;

impl Checksums {
    /// Reads the list in the file called `file`; what is not understood is left out. `MD5` and `SHA-1` are not believed
    /// and left out too.
    ///
    /// ```text
    /// <hex>  name        <hex> *name        SHA256 (name) = <hex>        name: <hex>        <hex>
    /// ```
    pub fn parse(file: &str, bytes: &[u8]) -> Self {
        let text = decode(bytes);
        let file = file.to_ascii_lowercase();
        let blake3 = file.contains("b3") || file.contains("blake3");
        let mut list = Self::default();
        for line in text.lines().take(MOST_LINES) {
            if line.len() <= LONGEST_LINE {
                list.take(line.trim(), blake3);
            }
        }
        list
    }

    /// The strongest digest for the file called `name`.
    pub fn of(&self, name: &str) -> Result<Option<Checksum>, Conflict> {
        if let Some(found) = self.named.get(name) {
            return strongest(name, found);
        }
        let below = self.named.iter().filter(|(path, _)| last(path) == name);
        let found: Vec<Checksum> = below.flat_map(|(_, sums)| sums.clone()).collect();
        strongest(name, &found)
    }

    /// The strongest digest in a file that speaks of `name` alone, and so may leave out the name.
    pub fn of_only(&self, name: &str) -> Result<Option<Checksum>, Conflict> {
        match self.of(name)? {
            None if self.named.is_empty() => strongest(name, &self.alone),
            found => Ok(found),
        }
    }

    fn take(&mut self, line: &str, blake3: bool) {
        let Some((checksum, name)) = tagged(line).or_else(|| plain(line, blake3)) else {
            return;
        };
        let name = name.strip_prefix("./").unwrap_or(name);
        if name.is_empty() {
            self.alone.push(checksum);
        } else {
            self.named
                .entry(name.to_owned())
                .or_default()
                .push(checksum);
        }
    }
}

/// Text in UTF-8 or, as PowerShell writes it, UTF-16, with or without a mark in front.
fn decode(bytes: &[u8]) -> String {
    match bytes {
        [0xff, 0xfe, rest @ ..] => {
            let units = rest
                .chunks_exact(2)
                .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
            char::decode_utf16(units)
                .map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER))
                .collect()
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

fn last(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn strongest(name: &str, found: &[Checksum]) -> Result<Option<Checksum>, Conflict> {
    let Some(best) = found.iter().max_by_key(|sum| sum.algorithm) else {
        return Ok(None);
    };
    let differs = |a: &Checksum, b: &Checksum| a.algorithm == b.algorithm && a.hex != b.hex;
    let conflict = found.iter().any(|a| found.iter().any(|b| differs(a, b)));
    if conflict {
        return Err(Conflict {
            name: name.to_owned(),
        });
    }
    Ok(Some(best.clone()))
}

/// `SHA256 (name) = <hex>`, also without the spaces.
fn tagged(line: &str) -> Option<(Checksum, &str)> {
    let (head, hex) = line.rsplit_once('=')?;
    let (tag, name) = head.trim_end().strip_suffix(')')?.split_once('(')?;
    let algorithm = match tag.trim().to_ascii_uppercase().as_str() {
        "SHA256" | "SHA2-256" | "SHA-256" => Algorithm::Sha256,
        "SHA384" | "SHA2-384" | "SHA-384" => Algorithm::Sha384,
        "SHA512" | "SHA2-512" | "SHA-512" => Algorithm::Sha512,
        "BLAKE3" => Algorithm::Blake3,
        _ => return None,
    };
    let hex = hex_of(hex.trim())?;
    (hex.len() == length(algorithm)).then_some((Checksum { algorithm, hex }, name))
}

/// `<hex>  name`, `<hex> *name`, `name: <hex>`, `name <hex>` or `<hex>`, each with `sha256:` before the digest or without.
fn plain(line: &str, blake3: bool) -> Option<(Checksum, &str)> {
    // Before a name with a backslash or a line's end in it, there is one more.
    let line = line.strip_prefix('\\').unwrap_or(line);
    if let Some(checksum) = checksum_of(line, blake3) {
        return Some((checksum, ""));
    }
    if let Some((hex, name)) = line.split_once(char::is_whitespace)
        && let Some(checksum) = checksum_of(hex, blake3)
    {
        let name = name.trim_start();
        return Some((checksum, name.strip_prefix('*').unwrap_or(name)));
    }
    let (name, hex) = line.rsplit_once(char::is_whitespace)?;
    let name = name.trim_end();
    let name = name.strip_suffix(':').unwrap_or(name);
    // `Hash : <hex>` is of a list with one value a line; its name stands elsewhere.
    let name = if name.trim_end().eq_ignore_ascii_case("hash") {
        ""
    } else {
        name
    };
    Some((checksum_of(hex, blake3)?, name))
}

fn checksum_of(text: &str, blake3: bool) -> Option<Checksum> {
    let (algorithm, hex) = match text.split_once(':') {
        Some(("sha256", hex)) => (Some(Algorithm::Sha256), hex),
        Some(("sha512", hex)) => (Some(Algorithm::Sha512), hex),
        Some(("blake3" | "b3", hex)) => (Some(Algorithm::Blake3), hex),
        Some(_) => return None,
        None => (None, text),
    };
    let hex = hex_of(hex)?;
    let by_length = match hex.len() {
        64 if blake3 => Algorithm::Blake3,
        64 => Algorithm::Sha256,
        96 => Algorithm::Sha384,
        128 => Algorithm::Sha512,
        _ => return None,
    };
    let algorithm = algorithm.unwrap_or(by_length);
    (hex.len() == length(algorithm)).then_some(Checksum { algorithm, hex })
}

fn hex_of(text: &str) -> Option<String> {
    let hex = !text.is_empty() && text.bytes().all(|b| b.is_ascii_hexdigit());
    hex.then(|| text.to_ascii_lowercase())
}

fn length(algorithm: Algorithm) -> usize {
    match algorithm {
        Algorithm::Sha256 | Algorithm::Blake3 => 64,
        Algorithm::Sha384 => 96,
        Algorithm::Sha512 => 128,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(file: &str, text: &str, name: &str) -> Option<Checksum> {
        Checksums::parse(file, text.as_bytes()).of(name).unwrap()
    }

    #[test]
    fn every_usual_form_is_read() {
        let hex = "AB".repeat(32);
        for text in [
            format!("{hex}  tool.zip"),
            format!("{hex} *tool.zip\r\n"),
            format!("\u{feff}{hex}\ttool.zip"),
            format!("{hex}  ./tool.zip"),
            format!("{hex}  dist/sub/tool.zip"),
            format!("{hex}  dist\\tool.zip"),
            format!("SHA256 (tool.zip) = {hex}"),
            format!("SHA2-256(tool.zip)= {hex}"),
            format!("tool.zip: sha256:{hex}"),
            format!("tool.zip {hex}"),
            format!(
                "# a remark\n\n{hex}  other\n{}  tool.zip\n{hex}  tool.zip",
                "0".repeat(40)
            ),
        ] {
            let found = of("SHA256SUMS", &text, "tool.zip").unwrap();
            assert_eq!(found.algorithm, Algorithm::Sha256, "{text}");
            assert_eq!(found.hex, hex.to_lowercase(), "{text}");
        }
    }

    #[test]
    fn a_file_beside_the_asset_may_leave_out_the_name_but_not_say_another() {
        let hex = "c".repeat(64);
        let only = |text: &str| {
            Checksums::parse("t.sha256", text.as_bytes())
                .of_only("t")
                .unwrap()
        };
        assert_eq!(only(&hex).unwrap().hex, hex);
        assert_eq!(
            only(&format!("Algorithm : SHA256\nHash      : {hex}"))
                .unwrap()
                .hex,
            hex
        );
        assert_eq!(only(&format!("{hex}  u")), None);
    }

    #[test]
    fn text_in_utf_16_is_read() {
        let hex = "d".repeat(64);
        let mut bytes = vec![0xff, 0xfe];
        bytes.extend(
            format!("{hex}  t")
                .encode_utf16()
                .flat_map(u16::to_le_bytes),
        );
        let found = Checksums::parse("t.sha256", &bytes).of("t").unwrap();
        assert_eq!(found.unwrap().hex, hex);
    }

    #[test]
    fn the_strongest_digest_wins_and_two_of_one_kind_are_refused() {
        let (a, b, long) = ("a".repeat(64), "b".repeat(64), "c".repeat(128));
        let found = of("sums", &format!("{a}  t\n{long}  t"), "t").unwrap();
        assert_eq!(found.algorithm, Algorithm::Sha512);
        assert_eq!(
            of("B3SUMS", &format!("{a}  t"), "t").unwrap().algorithm,
            Algorithm::Blake3
        );
        let list = Checksums::parse("sums", format!("{a}  t\n{b}  t").as_bytes());
        assert_eq!(list.of("t").unwrap_err().name, "t");
        let list = Checksums::parse("sums", format!("{a}  x/t\n{b}  y/t").as_bytes());
        assert!(list.of("t").is_err());
        assert_eq!(list.of("x/t").unwrap().unwrap().hex, a);
    }

    #[test]
    fn weak_and_broken_digests_are_left_out() {
        let short = "e".repeat(63);
        for text in [
            format!("{}  t", "a".repeat(32)),
            format!("{}  t", "a".repeat(40)),
            format!("{short}  t"),
            format!("SHA256 (t) = {short}"),
            format!("MD5 (t) = {}", "a".repeat(32)),
            "SHA256 ( = )".to_owned(),
        ] {
            assert_eq!(of("sums", &text, "t"), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_break_it(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400), text in ".{0,200}") {
            for bytes in [bytes.as_slice(), text.as_bytes()] {
                let list = Checksums::parse("x.b3", bytes);
                let _outcome = (list.of("t"), list.of_only("t"));
            }
        }
    }
}
