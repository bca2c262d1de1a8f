//! An index of Python packages on loopback, with wheels made here.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Cursor;
use std::io::Write;

use serde_json::Value;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::Sandbox;
use crate::server::Answer;
use crate::server::Asked;
use crate::server::Server;

/// An index.
pub(crate) struct Index(Server<State>);

/// What it has, and how it behaves.
#[derive(Default)]
pub(crate) struct State {
    /// Of each project, the files.
    projects: BTreeMap<String, Vec<File>>,
    /// Whether its pages are HTML, as all were once.
    pub(crate) is_html: bool,
    /// Whether it says what files hash to.
    pub(crate) says_no_digests: bool,
    /// An answer in place of every page.
    pub(crate) instead: Option<String>,
    /// Who may ask.
    pub(crate) authorization: Option<String>,
    /// What was asked, in order.
    pub(crate) asked: Vec<String>,
}

/// A file of a project.
#[derive(Clone)]
pub(crate) struct File {
    pub(crate) name: String,
    pub(crate) bytes: Vec<u8>,
    /// What it is said to hash to, where that is not the truth.
    pub(crate) sha256: Option<String>,
    pub(crate) requires_python: Option<String>,
    pub(crate) yanked: Option<String>,
    pub(crate) uploaded: Option<String>,
    /// What lies beside it, where anything does.
    pub(crate) metadata: Option<String>,
}

impl File {
    pub(crate) fn new(name: &str, bytes: Vec<u8>) -> Self {
        Self {
            name: name.to_owned(),
            bytes,
            sha256: None,
            requires_python: None,
            yanked: None,
            uploaded: None,
            metadata: None,
        }
    }

    fn sha256(&self) -> String {
        self.sha256.clone().unwrap_or_else(|| sha256(&self.bytes))
    }
}

pub(crate) fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest: [u8; 32] = sha2::Sha256::digest(bytes).into();
    dgmo_schema::id::Digest::from_bytes(digest).hex()
}

/// A wheel to be made.
pub(crate) struct Wheel<'a> {
    pub(crate) name: &'a str,
    pub(crate) version: &'a str,
    pub(crate) tag: &'a str,
    /// More lines of its METADATA.
    pub(crate) says: &'a [&'a str],
    /// Its files.
    pub(crate) files: &'a [(&'a str, &'a str)],
}

impl Wheel<'_> {
    pub(crate) fn file_name(&self) -> String {
        let name = self.name.replace('-', "_");
        format!("{name}-{}-{}.whl", self.version, self.tag)
    }

    fn metadata(&self) -> String {
        let mut text = format!(
            "Metadata-Version: 2.1\nName: {}\nVersion: {}\n",
            self.name, self.version
        );
        for line in self.says {
            text.push_str(line);
            text.push('\n');
        }
        text.push_str("\nRequires-Dist: this-is-prose\n");
        text
    }

    pub(crate) fn bytes(&self) -> Vec<u8> {
        let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
        let info = format!("{}-{}.dist-info", self.name.replace('-', "_"), self.version);
        let own = [
            (format!("{info}/METADATA"), self.metadata()),
            (format!("{info}/WHEEL"), "Wheel-Version: 1.0\n".to_owned()),
        ];
        let files = self.files.iter().map(|(path, text)| {
            let path = path.replace("{info}", &info);
            (
                path.replace("{data}", &info.replace(".dist-info", ".data")),
                (*text).to_owned(),
            )
        });
        for (path, text) in files.chain(own) {
            zip.start_file(path, SimpleFileOptions::default()).unwrap();
            zip.write_all(text.as_bytes()).unwrap();
        }
        zip.finish().unwrap().into_inner()
    }

    pub(crate) fn file(&self) -> File {
        File::new(&self.file_name(), self.bytes())
    }
}

impl Index {
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

    pub(crate) fn publish(&self, project: &str, file: File) {
        self.change(|state| {
            let files = state.projects.entry(project.to_owned()).or_default();
            files.retain(|it| it.name != file.name);
            files.push(file);
        });
    }

    /// Publishes a wheel of Python alone.
    pub(crate) fn wheel(&self, name: &str, version: &str, says: &[&str], files: &[(&str, &str)]) {
        let wheel = Wheel {
            name,
            version,
            tag: "py3-none-any",
            says,
            files,
        };
        self.publish(name, wheel.file());
    }

    /// Changes what is said of a file.
    pub(crate) fn edit(&self, project: &str, name: &str, edit: impl FnOnce(&mut File)) {
        self.change(|state| {
            let files = state.projects.get_mut(project).unwrap();
            edit(files.iter_mut().find(|file| file.name == name).unwrap());
        });
    }

    /// Its address.
    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/simple", self.0.port())
    }

    /// A manifest with these packages.
    pub(crate) fn manifest(&self, sandbox: &Sandbox, packages: &str) {
        sandbox.manifest(&format!(
            "systems: [x86_64-linux]\nsources: {{pypi: {{url: \"{}\"}}}}\npackages:\n{packages}",
            self.url()
        ));
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        self.asked.push(asked.target.clone());
        match &self.authorization {
            Some(wanted) if asked.authorization().as_ref() != Some(wanted) => Answer::absent(),
            _ => Answer::of(self.found(&asked.target)),
        }
    }

    fn found(&self, target: &str) -> Option<Vec<u8>> {
        if let Some(name) = target.strip_prefix("/simple/") {
            if let Some(text) = &self.instead {
                return Some(text.clone().into_bytes());
            }
            let files = self.projects.get(name.strip_suffix('/')?)?;
            return Some(if self.is_html {
                self.html(files).into_bytes()
            } else {
                self.json(files).to_string().into_bytes()
            });
        }
        let name = target.strip_prefix("/files/")?;
        let files = self.projects.values().flatten();
        for file in files {
            if file.name == name {
                return Some(file.bytes.clone());
            }
            if name.strip_suffix(".metadata") == Some(&file.name) {
                return Some(file.metadata.clone()?.into_bytes());
            }
        }
        None
    }

    fn json(&self, files: &[File]) -> Value {
        let files = files.iter().map(|file| {
            json!({
                "filename": file.name,
                "url": format!("../../files/{}", file.name),
                "hashes": if self.says_no_digests { json!({}) } else { json!({"sha256": file.sha256()}) },
                "size": if self.says_no_digests { Value::Null } else { json!(file.bytes.len()) },
                "requires-python": file.requires_python,
                "upload-time": file.uploaded,
                "yanked": file.yanked.clone().map_or(Value::Bool(false), Value::String),
                "core-metadata": file.metadata.as_ref().map(|it| json!({"sha256": sha256(it.as_bytes())})),
            })
        });
        json!({"meta": {"api-version": "1.1"}, "name": "x", "files": files.collect::<Vec<_>>()})
    }

    fn html(&self, files: &[File]) -> String {
        let mut text = "<!DOCTYPE html><html><body>\n".to_owned();
        for file in files {
            let fragment = if self.says_no_digests {
                String::new()
            } else {
                format!("#sha256={}", file.sha256())
            };
            let mut more = String::new();
            if let Some(python) = &file.requires_python {
                let python = python.replace('>', "&gt;").replace('<', "&lt;");
                write!(more, " data-requires-python=\"{python}\"").unwrap();
            }
            if let Some(why) = &file.yanked {
                write!(more, " data-yanked=\"{why}\"").unwrap();
            }
            if file.metadata.is_some() {
                more.push_str(" data-dist-info-metadata=true");
            }
            let name = &file.name;
            writeln!(
                text,
                "<a href=\"../../files/{name}{fragment}\"{more}>{name}</a><br/>"
            )
            .unwrap();
        }
        text
    }
}
