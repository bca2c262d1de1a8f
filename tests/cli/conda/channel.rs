//! A channel of conda's on loopback, with packages made here as its build tools make them.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::io::Write;

use serde_json::Map;
use serde_json::Value;
use serde_json::json;
use zip::CompressionMethod;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::shelf::Shelf;
use crate::Sandbox;
use crate::pypi::sha256;
use crate::server::Answer;
use crate::server::Asked;
use crate::server::Server;

/// The place packages say they were built in.
pub(crate) fn placeholder() -> String {
    let mut text = "/home/builder/bld/tool_1700000000000/_h_env_".to_owned();
    while text.len() < 255 {
        text.push_str("placehold_");
    }
    text.truncate(255);
    text
}

/// How a package is packed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Conda,
    TarBz2,
}

/// A package to be made.
#[derive(Clone)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    pub(crate) version: &'static str,
    pub(crate) build: &'static str,
    pub(crate) number: u64,
    pub(crate) subdir: &'static str,
    pub(crate) form: Form,
    pub(crate) depends: Vec<&'static str>,
    pub(crate) constrains: Vec<&'static str>,
    pub(crate) timestamp: Option<u64>,
    /// Files: path, bytes, mode, and how they name their place if they do.
    pub(crate) files: Vec<(&'static str, Vec<u8>, u32, Option<&'static str>)>,
    pub(crate) links: Vec<(&'static str, &'static str)>,
    /// `info/link.json`
    pub(crate) link: Option<Value>,
    /// What stands for the place, where that is not the usual.
    pub(crate) short_placeholder: Option<&'static str>,
}

impl Package {
    pub(crate) fn new(name: &'static str, version: &'static str) -> Self {
        Self {
            name,
            version,
            build: "h1_0",
            number: 0,
            subdir: "linux-64",
            form: Form::Conda,
            depends: Vec::new(),
            constrains: Vec::new(),
            timestamp: None,
            files: Vec::new(),
            links: Vec::new(),
            link: None,
            short_placeholder: None,
        }
    }

    pub(crate) fn file(mut self, path: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((path, bytes.into(), 0o664, None));
        self
    }

    pub(crate) fn program(mut self, path: &'static str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((path, bytes.into(), 0o775, None));
        self
    }

    /// The last file names its place.
    pub(crate) fn placed(mut self, mode: &'static str) -> Self {
        self.files.last_mut().unwrap().3 = Some(mode);
        self
    }

    pub(crate) fn link(mut self, path: &'static str, target: &'static str) -> Self {
        self.links.push((path, target));
        self
    }

    pub(crate) fn needs(mut self, depends: &[&'static str]) -> Self {
        self.depends = depends.to_vec();
        self
    }

    pub(crate) fn constrains(mut self, constrains: &[&'static str]) -> Self {
        self.constrains = constrains.to_vec();
        self
    }

    pub(crate) fn build(mut self, build: &'static str, number: u64) -> Self {
        self.build = build;
        self.number = number;
        self
    }

    pub(crate) fn within(mut self, subdir: &'static str) -> Self {
        self.subdir = subdir;
        self
    }

    pub(crate) fn packed(mut self, form: Form) -> Self {
        self.form = form;
        self
    }

    fn stem(&self) -> String {
        format!("{}-{}-{}", self.name, self.version, self.build)
    }

    pub(crate) fn file_name(&self) -> String {
        let stem = self.stem();
        match self.form {
            Form::Conda => format!("{stem}.conda"),
            Form::TarBz2 => format!("{stem}.tar.bz2"),
        }
    }

    fn about(&self) -> Vec<(String, Vec<u8>)> {
        let files = self.files.iter().map(|(path, bytes, _, mode)| {
            let mut entry = json!({
                "_path": path, "path_type": "hardlink", "sha256": sha256(bytes), "size_in_bytes": bytes.len(),
            });
            if let Some(mode) = mode {
                entry["file_mode"] = json!(mode);
                entry["prefix_placeholder"] = match self.short_placeholder {
                    Some(short) => json!(short),
                    None => json!(placeholder()),
                };
            }
            entry
        });
        let links = self
            .links
            .iter()
            .map(|(path, _)| json!({"_path": path, "path_type": "softlink"}));
        let paths: Vec<Value> = files.chain(links).collect();
        let mut about = vec![
            ("info/index.json".to_owned(), self.record().to_string()),
            (
                "info/paths.json".to_owned(),
                json!({"paths": paths, "paths_version": 1}).to_string(),
            ),
            ("info/licenses/LICENSE".to_owned(), "free".to_owned()),
        ];
        if let Some(link) = &self.link {
            about.push(("info/link.json".to_owned(), link.to_string()));
        }
        about
            .into_iter()
            .map(|(path, text)| (path, text.into_bytes()))
            .collect()
    }

    fn tar(&self, has_package: bool, has_about: bool) -> Vec<u8> {
        let mut tar = tar::Builder::new(Vec::new());
        let mut put = |path: &str, bytes: &[u8], mode: u32| {
            let mut header = tar::Header::new_gnu();
            header.set_size(bytes.len() as u64);
            header.set_mode(mode);
            tar.append_data(&mut header, path, bytes).unwrap();
        };
        if has_package {
            for (path, bytes, mode, _) in &self.files {
                put(path, bytes, *mode);
            }
        }
        if has_about {
            for (path, bytes) in self.about() {
                put(&path, &bytes, 0o664);
            }
        }
        for (path, target) in self.links.iter().filter(|_| has_package) {
            let mut header = tar::Header::new_gnu();
            header.set_entry_type(tar::EntryType::Symlink);
            header.set_size(0);
            header.set_mode(0o777);
            tar.append_link(&mut header, path, target).unwrap();
        }
        tar.into_inner().unwrap()
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        if self.form == Form::TarBz2 {
            let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
            out.write_all(&self.tar(true, true)).unwrap();
            return out.finish().unwrap();
        }
        let stem = self.stem();
        let stored = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let parts = [
            (
                "metadata.json".to_owned(),
                br#"{"conda_pkg_format_version": 2}"#.to_vec(),
            ),
            (
                format!("info-{stem}.tar.zst"),
                zstd::encode_all(&*self.tar(false, true), 3).unwrap(),
            ),
            (
                format!("pkg-{stem}.tar.zst"),
                zstd::encode_all(&*self.tar(true, false), 3).unwrap(),
            ),
        ];
        for (name, bytes) in parts {
            zip.start_file(name, stored).unwrap();
            zip.write_all(&bytes).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    fn record(&self) -> Value {
        let mut record = json!({
            "name": self.name, "version": self.version, "build": self.build, "build_number": self.number,
            "depends": self.depends, "subdir": self.subdir, "license": "MIT",
        });
        if !self.constrains.is_empty() {
            record["constrains"] = json!(self.constrains);
        }
        if let Some(timestamp) = self.timestamp {
            record["timestamp"] = json!(timestamp);
        }
        if self.link.is_some() {
            record["noarch"] = json!("python");
        }
        record
    }
}

/// A server of channels.
pub(crate) struct Channel(Server<State>);

/// What it has, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    /// By path, such as `/lab/linux-64/a-1-0.conda`.
    files: BTreeMap<String, Vec<u8>>,
    /// Of each folder of a channel the records.
    records: BTreeMap<String, Map<String, Value>>,
    /// Lists in shards, where there are such.
    pub(crate) shelf: Option<Shelf>,
    /// Who may ask, as `Authorization` says it; everybody else is refused.
    pub(crate) only_for: Option<String>,
    /// Whether lists are not compressed, as all were once.
    pub(crate) is_plain: bool,
    /// An answer in place of every list.
    pub(crate) instead: Option<Vec<u8>>,
    /// What was asked, in order.
    asked: Vec<String>,
}

impl Channel {
    pub(crate) fn new() -> Self {
        Self(Server::start(State::default(), State::answer))
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        self.0.change(change)
    }

    /// What was asked since it was asked for last.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.0.change(|state| std::mem::take(&mut state.asked))
    }

    /// Publishes a package in the channel `lab`.
    pub(crate) fn publish(&self, package: &Package) {
        self.publish_in("lab", package, |_| {});
    }

    /// Publishes a package, of which something else may be said.
    pub(crate) fn publish_in(
        &self,
        channel: &str,
        package: &Package,
        edit: impl FnOnce(&mut Value),
    ) {
        let bytes = package.bytes();
        let mut record = package.record();
        record["sha256"] = json!(sha256(&bytes));
        record["size"] = json!(bytes.len());
        edit(&mut record);
        let folder = format!("/{channel}/{}", package.subdir);
        let name = package.file_name();
        self.change(|state| {
            state.files.insert(format!("{folder}/{name}"), bytes);
            let all = state.records.entry(folder).or_default();
            all.insert(name, record);
        });
    }

    pub(crate) fn url(&self, channel: &str) -> String {
        format!("http://127.0.0.1:{}/{channel}", self.0.port())
    }

    /// Writes all of it below a folder of a sandbox, with lists that are not compressed.
    pub(crate) fn lay_down(&self, sandbox: &Sandbox, folder: &str) {
        self.change(|state| {
            state.is_plain = true;
            for (path, bytes) in &state.files {
                sandbox.write(format!("{folder}{path}"), bytes);
            }
            for place in state.records.keys() {
                let list = format!("{place}/repodata.json");
                let bytes = state.found(&list).unwrap();
                sandbox.write(format!("{folder}{list}"), bytes);
            }
        });
    }

    /// A manifest whose packages come from the channel `lab`.
    pub(crate) fn manifest(&self, sandbox: &Sandbox, packages: &str) {
        sandbox.manifest(&format!(
            "systems: [x86_64-linux]\nsources: {{conda: {{url: \"{}\"}}}}\npackages:\n{packages}",
            self.url("lab")
        ));
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        self.asked.push(asked.target.clone());
        if self.only_for.is_some() && self.only_for != asked.authorization() {
            return Answer::new("401 Unauthorized", Vec::new());
        }
        Answer::of(self.found(&asked.target)).tagged(asked)
    }

    fn found(&self, target: &str) -> Option<Vec<u8>> {
        let (folder, name) = target.rsplit_once('/')?;
        if let Some(shelf) = &self.shelf {
            if let Some(found) = shelf.found(target, &self.records) {
                return Some(found);
            }
            if shelf.has_moved(target) {
                return self.files.get(&shelf.moved_from(target)?).cloned();
            }
        }
        let is_list = match name {
            "repodata.json" => self.is_plain,
            "repodata.json.zst" => !self.is_plain,
            _ => return self.files.get(target).cloned(),
        };
        let records = self.records.get(folder).filter(|_| is_list)?;
        if let Some(bytes) = &self.instead {
            return Some(bytes.clone());
        }
        let mut list = listed(records.clone());
        list["info"] = json!({"subdir": folder.rsplit('/').next()});
        list["repodata_version"] = json!(1);
        let text = list.to_string().into_bytes();
        Some(if self.is_plain {
            text
        } else {
            zstd::encode_all(&*text, 3).unwrap()
        })
    }
}

/// Records as lists have them.
pub(super) fn listed(records: impl IntoIterator<Item = (String, Value)>) -> Value {
    let (new, old): (Map<_, _>, Map<_, _>) = records
        .into_iter()
        .partition(|(name, _)| name.strip_suffix(".conda").is_some());
    json!({"packages": old, "packages.conda": new, "removed": []})
}
