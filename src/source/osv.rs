//! Advisories in the OSV format as they come: a record, a list of them, a folder, or the archive of an ecosystem.
//!
//! Databases are written by many hands. A record that cannot be read is named and passed over, and none is larger than
//! its budget; an archive is read entry by entry and never laid out.

use std::fs::File;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::path::Path;

use dgmo_schema::osv::Advisory;
use serde::Deserialize;

/// No record is larger; those that list every version of a large project have some hundred thousand bytes.
const LARGEST: u64 = 16 << 20;

/// No file of records in one list is larger.
const LARGEST_LIST: u64 = 256 << 20;

/// All records of an archive together have no more bytes.
const LARGEST_ALL: u64 = 16 << 30;

/// Folders in folders beyond this are no database.
const DEEPEST: usize = 8;

/// One record, or what could not be read: its name, and why.
pub type Told = Result<Advisory, (String, String)>;

/// Who is given each record.
pub type Each<'a> = &'a mut dyn FnMut(Told);

/// A file as it may be: a record, several, or what an answer of a server holds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    Several(Vec<serde_json::Value>),
    Answer { vulns: Vec<serde_json::Value> },
    One(Box<Advisory>),
}

/// Reads a file or a folder of records.
pub fn read_path(path: &Path, each: Each<'_>) -> io::Result<()> {
    read_below(path, DEEPEST, each)
}

fn read_below(path: &Path, depth: usize, each: Each<'_>) -> io::Result<()> {
    if !std::fs::metadata(path)?.is_dir() {
        return read_file(File::open(path)?, &path.display().to_string(), each);
    }
    let mut names: Vec<_> = std::fs::read_dir(path)?.collect::<io::Result<_>>()?;
    names.sort_by_key(std::fs::DirEntry::file_name);
    for entry in names {
        let path = entry.path();
        // What a link leads to may be the folder itself.
        let kind = entry.file_type()?;
        let is_record = path
            .extension()
            .is_some_and(|it| it == "json" || it == "zip");
        if kind.is_dir() && depth > 0 {
            read_below(&path, depth - 1, each)?;
        } else if kind.is_file() && is_record {
            let name = path.display().to_string();
            // One file of many that cannot be read hides nothing of the others.
            if let Err(why) = File::open(&path).and_then(|file| read_file(file, &name, each)) {
                each(Err((name, why.to_string())));
            }
        }
    }
    Ok(())
}

/// Reads an archive, or a file of records; `name` is what it is called.
pub fn read_file(mut file: File, name: &str, each: Each<'_>) -> io::Result<()> {
    let mut start = [0; 4];
    let count = file.read(&mut start)?;
    file.rewind()?;
    if start[..count].starts_with(b"PK") {
        return read_archive(file, name, each);
    }
    let mut text = Vec::new();
    file.take(LARGEST_LIST + 1).read_to_end(&mut text)?;
    if text.len() as u64 > LARGEST_LIST {
        each(too_large(name));
        return Ok(());
    }
    let several = match serde_json::from_slice(&text) {
        Ok(Document::One(one)) => {
            each(Ok(*one));
            return Ok(());
        }
        Ok(Document::Several(all) | Document::Answer { vulns: all }) => all,
        // Read as one record, it says what is wrong with it.
        Err(_) => {
            each(record(name, &text));
            return Ok(());
        }
    };
    for (index, value) in several.into_iter().enumerate() {
        let told = serde_json::from_value(value);
        each(told.map_err(|why| (format!("{name}, number {}", index + 1), why.to_string())));
    }
    Ok(())
}

fn read_archive(file: File, archive_name: &str, each: Each<'_>) -> io::Result<()> {
    let mut archive = zip::ZipArchive::new(file).map_err(io::Error::other)?;
    let mut left = LARGEST_ALL;
    for index in 0..archive.len() {
        let mut entry = match archive.by_index(index) {
            Ok(entry) => entry,
            Err(why) => {
                each(Err((
                    format!("entry {index} of {archive_name}"),
                    why.to_string(),
                )));
                continue;
            }
        };
        let name = match entry.name() {
            Ok(name) => name.into_owned(),
            Err(_) => format!("entry {index}"),
        };
        if Path::new(&name).extension().is_none_or(|it| it != "json") {
            continue;
        }
        let name = format!("{name} in {archive_name}");
        let mut text = Vec::new();
        let most = LARGEST.min(left);
        if let Err(why) = entry.by_ref().take(most + 1).read_to_end(&mut text) {
            each(Err((name, why.to_string())));
            continue;
        }
        if text.len() as u64 > most {
            each(too_large(&name));
            if left <= LARGEST {
                return Ok(());
            }
            continue;
        }
        left -= text.len() as u64;
        each(record(&name, &text));
    }
    Ok(())
}

fn too_large(name: &str) -> Told {
    Err((
        name.to_owned(),
        "it is larger than any record is".to_owned(),
    ))
}

fn record(name: &str, text: &[u8]) -> Told {
    serde_json::from_slice(text).map_err(|why| (name.to_owned(), why.to_string()))
}
