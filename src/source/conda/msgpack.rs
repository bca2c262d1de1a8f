//! `MessagePack`, in which shards are written, as JSON: the same records in other letters, so that there is one reader of them.
//!
//! Bytes become hexadecimal digits, which is how JSON has digests, also where they are written as a list of numbers. What JSON has no letters for (extensions, numbers that
//! are none) becomes `null`. What comes of it has at most six times the bytes.

use serde::Serialize;

/// Lists and maps in each other; there are five at most.
const DEEPEST: usize = 32;

const SHORT: &str = "it is cut short";
const ODD: &str = "it is no MessagePack";

/// The same as JSON; what is wrong is told in words.
pub(super) fn to_json(bytes: &[u8]) -> Result<Vec<u8>, &'static str> {
    let mut writing = Writing {
        rest: bytes,
        json: Vec::with_capacity(bytes.len() * 2),
    };
    writing.value(0)?;
    if writing.rest.is_empty() {
        Ok(writing.json)
    } else {
        Err("more follows than there should be")
    }
}

struct Writing<'b> {
    rest: &'b [u8],
    json: Vec<u8>,
}

impl<'b> Writing<'b> {
    fn value(&mut self, depth: usize) -> Result<(), &'static str> {
        match self.byte()? {
            number @ 0x00..=0x7f => self.put(&number),
            head @ 0x80..=0x8f => self.map(u64::from(head & 0x0f), depth),
            head @ 0x90..=0x9f => self.list(u64::from(head & 0x0f), depth),
            head @ 0xa0..=0xbf => self.text(u64::from(head & 0x1f)),
            0xc0 => self.put(&()),
            head @ 0xc2..=0xc3 => self.put(&(head == 0xc3)),
            head @ 0xc4..=0xc6 => {
                let length = self.number(1 << (head - 0xc4))?;
                self.bytes(length)
            }
            head @ 0xc7..=0xc9 => {
                let length = self.number(1 << (head - 0xc7))?;
                self.extension(length)
            }
            0xca => {
                let bits = self.array()?;
                self.put(&f32::from_be_bytes(bits))
            }
            0xcb => {
                let bits = self.array()?;
                self.put(&f64::from_be_bytes(bits))
            }
            head @ 0xcc..=0xcf => {
                let number = self.number(1 << (head - 0xcc))?;
                self.put(&number)
            }
            head @ 0xd0..=0xd3 => {
                let number = self.signed(1 << (head - 0xd0))?;
                self.put(&number)
            }
            head @ 0xd4..=0xd8 => self.extension(1 << (head - 0xd4)),
            head @ 0xd9..=0xdb => {
                let length = self.number(1 << (head - 0xd9))?;
                self.text(length)
            }
            head @ 0xdc..=0xdd => {
                let length = self.number(2 << (head - 0xdc))?;
                self.list(length, depth)
            }
            head @ 0xde..=0xdf => {
                let length = self.number(2 << (head - 0xde))?;
                self.map(length, depth)
            }
            head @ 0xe0..=0xff => self.put(&i8::from_be_bytes([head])),
            0xc1 => Err(ODD),
        }
    }

    fn list(&mut self, length: u64, depth: usize) -> Result<(), &'static str> {
        if let Some(digest) = self.digest(length) {
            self.digits(&digest);
            return Ok(());
        }
        let depth = deeper(depth)?;
        self.json.push(b'[');
        for index in 0..length {
            self.comma(index);
            self.value(depth)?;
        }
        self.json.push(b']');
        Ok(())
    }

    fn map(&mut self, length: u64, depth: usize) -> Result<(), &'static str> {
        let depth = deeper(depth)?;
        self.json.push(b'{');
        for index in 0..length {
            self.comma(index);
            let length = match self.byte()? {
                head @ 0xa0..=0xbf => u64::from(head & 0x1f),
                head @ 0xd9..=0xdb => self.number(1 << (head - 0xd9))?,
                _ => return Err("a key in it is no text"),
            };
            self.text(length)?;
            self.json.push(b':');
            self.value(depth)?;
        }
        self.json.push(b'}');
        Ok(())
    }

    fn comma(&mut self, index: u64) {
        if index > 0 {
            self.json.push(b',');
        }
    }

    fn text(&mut self, length: u64) -> Result<(), &'static str> {
        let text = std::str::from_utf8(self.take(length)?);
        self.put(text.map_err(|_| "a text in it is not Unicode")?)
    }

    /// A digest that some write as a list of numbers: as many small ones as MD5 or SHA-256 have bytes.
    fn digest(&mut self, length: u64) -> Option<Vec<u8>> {
        if !matches!(length, 16 | 32) {
            return None;
        }
        let mut rest = self.rest;
        let mut bytes = Vec::new();
        for _ in 0..length {
            let ([byte @ 0x00..=0x7f, behind @ ..] | [0xcc, byte, behind @ ..]) = rest else {
                return None;
            };
            bytes.push(*byte);
            rest = behind;
        }
        self.rest = rest;
        Some(bytes)
    }

    fn bytes(&mut self, length: u64) -> Result<(), &'static str> {
        let bytes = self.take(length)?;
        self.digits(bytes);
        Ok(())
    }

    fn digits(&mut self, bytes: &[u8]) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        self.json.push(b'"');
        for byte in bytes {
            self.json.push(DIGITS[usize::from(byte >> 4)]);
            self.json.push(DIGITS[usize::from(byte & 0x0f)]);
        }
        self.json.push(b'"');
    }

    fn extension(&mut self, length: u64) -> Result<(), &'static str> {
        self.byte()?;
        self.take(length)?;
        self.put(&())
    }

    /// A number of that many bytes.
    fn number(&mut self, length: u64) -> Result<u64, &'static str> {
        let bytes = self.take(length)?.iter();
        Ok(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    fn signed(&mut self, length: u64) -> Result<i64, &'static str> {
        let unused = 64 - 8 * u32::try_from(length).map_err(|_| ODD)?;
        let number = self.number(length)?.cast_signed();
        Ok(number << unused >> unused)
    }

    fn put<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), &'static str> {
        serde_json::to_writer(&mut self.json, value).map_err(|_| ODD)
    }

    fn byte(&mut self) -> Result<u8, &'static str> {
        let (first, rest) = self.rest.split_first().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*first)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], &'static str> {
        let (first, rest) = self.rest.split_first_chunk().ok_or(SHORT)?;
        self.rest = rest;
        Ok(*first)
    }

    fn take(&mut self, length: u64) -> Result<&'b [u8], &'static str> {
        let length = usize::try_from(length).map_err(|_| SHORT)?;
        let (taken, rest) = self.rest.split_at_checked(length).ok_or(SHORT)?;
        self.rest = rest;
        Ok(taken)
    }
}

fn deeper(depth: usize) -> Result<usize, &'static str> {
    if depth < DEEPEST {
        Ok(depth + 1)
    } else {
        Err("it is nested too deep")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::writing::packed;
    use super::*;

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<i32>().prop_map(|number| Value::from(f64::from(number) / 4.0)),
            ".{0,40}".prop_map(Value::from),
            "[a-z]{250,270}".prop_map(Value::from),
            "[0-9a-f]{64}".prop_map(|hex| serde_json::json!({"sha256": hex, "md5": ""})),
        ];
        leaf.prop_recursive(4, 64, 20, |inner| {
            prop_oneof![
                proptest::collection::vec(inner.clone(), 0..20).prop_map(Value::from),
                proptest::collection::btree_map(".{0,8}", inner, 0..20)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn read(bytes: &[u8]) -> Result<Value, &'static str> {
        to_json(bytes).map(|json| serde_json::from_slice(&json).unwrap())
    }

    proptest! {
        #[test]
        fn what_others_write_is_the_same_as_json(value in value()) {
            let bytes = packed(&value);
            prop_assert_eq!(read(&bytes).unwrap(), value);
            // Whatever is cut off is missed.
            for cut in 0..bytes.len() {
                prop_assert!(to_json(&bytes[..cut]).is_err());
            }
        }

        #[test]
        fn whatever_comes_becomes_json_or_nothing(bytes: Vec<u8>) {
            if let Ok(json) = to_json(&bytes) {
                prop_assert!(json.len() <= 6 * bytes.len());
                prop_assert!(serde_json::from_slice::<Value>(&json).is_ok());
            }
        }
    }

    #[test]
    fn what_json_has_no_letters_for_is_null() {
        let cases: [(&[u8], &str); 8] = [
            (b"\xd6\xff\x00\x00\x00\x01", "null"),
            (b"\xc7\x02\x05ab", "null"),
            (b"\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00", "null"),
            (b"\xca\x3f\x80\x00\x00", "1.0"),
            (b"\xc4\x02\x0a\xff", "\"0aff\""),
            (b"\xd0\xff", "-1"),
            (b"\xe0", "-32"),
            (
                b"\xd3\x80\x00\x00\x00\x00\x00\x00\x00",
                "-9223372036854775808",
            ),
        ];
        for (bytes, expected) in cases {
            assert_eq!(to_json(bytes).unwrap(), expected.as_bytes(), "{bytes:?}");
        }
    }

    #[test]
    fn digests_are_read_however_they_are_written() {
        for length in [16_u8, 32] {
            let mut listed = vec![0xdc, 0, length];
            let bytes: Vec<u8> = (0..length).map(|it| it * 8).collect();
            for byte in &bytes {
                listed.extend(if *byte < 128 {
                    vec![*byte]
                } else {
                    vec![0xcc, *byte]
                });
            }
            let mut plain = vec![0xc4, length];
            plain.extend(&bytes);
            assert_eq!(to_json(&listed).unwrap(), to_json(&plain).unwrap());
            // One that is no byte makes it a list again.
            listed[3] = 0xc0;
            assert!(to_json(&listed).unwrap().starts_with(b"[null,8,"));
        }
    }

    #[test]
    fn what_would_cost_too_much_is_refused() {
        let deep = vec![0x91; 100_000];
        for bytes in [
            &deep[..],
            b"",
            b"\xc1",
            b"\xc0\xc0",
            b"\xa2\xff\xff",
            b"\x81\x01\xc0",
            b"\x81\xc4\x01a\xc0",
            b"\xdd\xff\xff\xff\xff",
            b"\xdf\xff\xff\xff\xff\xa1a\xc0",
            b"\xdb\xff\xff\xff\xff",
            b"\xc6\xff\xff\xff\xff",
            b"\xc9\xff\xff\xff\xff\x01",
        ] {
            assert!(
                to_json(bytes).is_err(),
                "{:?}",
                &bytes[..bytes.len().min(8)]
            );
        }
    }
}
