//! The list of all that a channel has for one system, read in one pass: hundreds of megabytes, one record at a time.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::io::BufReader;
use std::io::Read;
use std::rc::Rc;

use serde::de::DeserializeSeed;
use serde::de::Deserializer;
use serde::de::IgnoredAny;
use serde::de::MapAccess;
use serde::de::Visitor;

use super::record::Raw;

/// The most bytes of a list; the largest there are have some hundred millions.
const LARGEST: u64 = 4 << 30;

/// The most bytes between the end of one record and that of the next.
const LARGEST_RECORD: u64 = 16 << 20;

/// Reads a list and hands each record to `take`. What is wrong with it is told in words.
pub(super) fn read(
    from: impl Read,
    take: &mut dyn FnMut(Raw) -> io::Result<()>,
) -> Result<(), String> {
    let left = Rc::new(Cell::new(LARGEST_RECORD));
    let metered = Metered {
        inner: from.take(LARGEST),
        left: Rc::clone(&left),
    };
    let reader = BufReader::with_capacity(128 << 10, metered);
    let mut json = serde_json::Deserializer::from_reader(reader);
    let list = List { left, take };
    let read = list.deserialize(&mut json).and_then(|()| json.end());
    read.map_err(|error| error.to_string())
}

/// Lets only so many bytes pass until it is told that they were good for something.
struct Metered<R> {
    inner: R,
    left: Rc<Cell<u64>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let left = self.left.get().checked_sub(count as u64);
        let left = left.ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidData, "one entry of it is too large")
        })?;
        self.left.set(left);
        Ok(count)
    }
}

/// The whole list.
struct List<'t> {
    left: Rc<Cell<u64>>,
    take: &'t mut dyn FnMut(Raw) -> io::Result<()>,
}

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the list of a channel")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        let mut has_packages = false;
        while let Some(key) = map.next_key::<String>()? {
            if key == "packages" || key == "packages.conda" {
                has_packages = true;
                map.next_value_seed(Records(&mut self))?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
            self.left.set(LARGEST_RECORD);
        }
        if has_packages {
            Ok(())
        } else {
            Err(serde::de::Error::custom("it lists no packages"))
        }
    }
}

/// The records of one of its two parts.
struct Records<'l, 't>(&'l mut List<'t>);

impl<'de> DeserializeSeed<'de> for Records<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Records<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("records by the names of their files")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(file) = map.next_key::<String>()? {
            let mut record: Raw = map.next_value()?;
            record.file = file;
            (self.0.take)(record).map_err(serde::de::Error::custom)?;
            self.0.left.set(LARGEST_RECORD);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(text: &str) -> Result<Vec<String>, String> {
        let mut files = Vec::new();
        read(text.as_bytes(), &mut |record| {
            files.push(record.file);
            Ok(())
        })?;
        Ok(files)
    }

    #[test]
    fn both_parts_of_a_list_are_read() {
        let text = r#"{"info":{"subdir":"noarch"},"packages":{"a-1-0.tar.bz2":{"name":"a","version":"1","build":"0"}},
            "packages.conda":{"a-2-0.conda":{"name":"a","version":"2","build":"0"}},"removed":["x"],"repodata_version":1}"#;
        assert_eq!(files(text).unwrap(), ["a-1-0.tar.bz2", "a-2-0.conda"]);
    }

    #[test]
    fn what_is_no_list_is_told() {
        for text in [
            "",
            "<html>",
            "[]",
            "{}",
            "{\"packages\":[]}",
            "{\"packages\":{\"a\":1}}",
            "{\"packages\":{}",
            "{\"packages\":{}} more",
        ] {
            assert!(files(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_endless_entry_ends() {
        let endless = b"{\"packages\":{\"".chain(io::repeat(b'a'));
        let why = read(endless, &mut |_| Ok(())).unwrap_err();
        assert!(why.contains("too large"), "{why}");
    }
}
