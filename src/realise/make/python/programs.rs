//! What an environment has besides modules: its Python, the programs of its wheels, and what they have for everybody.

use std::fs::File;
use std::io::Read;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::TreeId;
use dgmo_store::ReadError;
use dgmo_store::tree::LinkTarget;
use dgmo_store::tree::Node;

use super::ENVIRONMENT;
use super::Python;
use super::data_folder;
use super::entry_points;
use super::entry_points::EntryPoint;
use super::launcher;
use crate::realise::PackageError;
use crate::realise::graft::Graft;
use crate::realise::make::Making;

/// Puts them into a tree in which all modules are.
pub(super) struct Programs<'a> {
    pub(super) making: &'a Making<'a>,
    pub(super) python: &'a Python,
    pub(super) graft: Graft<'a>,
}

impl Programs<'_> {
    /// The Python of the environment. It has no name with a number: a launcher that looks for `python3.12` on a search
    /// path that leads here shall find one of the machine.
    pub(super) fn put_python(&mut self) -> Result<(), PackageError> {
        let text = launcher::python(&self.python.minor);
        self.add(&format!("{ENVIRONMENT}/bin/python"), &text)?;
        let target = LinkTarget::new(b"python").expect("it is a name");
        self.graft
            .put(&format!("{ENVIRONMENT}/bin/python3"), Node::Link(target))?;
        let start = self
            .making
            .insertion
            .add_bytes(launcher::START.as_bytes(), false)?;
        self.graft
            .put(&format!("{ENVIRONMENT}/lib/start.py"), Node::File(start))
    }

    /// What the tool finds of one of its wheels, its own among them: programs beside its Python, data below its prefix.
    pub(super) fn put_needed(&mut self, site: &str, wheel: TreeId) -> Result<(), PackageError> {
        let of_wheel = Graft::of(self.making.insertion, wheel)?;
        for point in self.entry_points(&of_wheel)? {
            let text = launcher::beside_python(&point);
            self.add(&format!("{ENVIRONMENT}/bin/{}", point.program), &text)?;
        }
        let Some(data) = data_folder(&of_wheel)? else {
            return Ok(());
        };
        for (name, script) in self.scripts(&of_wheel, &data)? {
            let place = format!("{ENVIRONMENT}/bin/{name}");
            match script {
                Script::Program(blob) => self.graft.put(&place, Node::Executable(blob))?,
                Script::Python(blob) => {
                    let path = format!("scripts/{name}");
                    self.graft
                        .put(&format!("{ENVIRONMENT}/{path}"), Node::File(blob))?;
                    self.add(&place, &launcher::script_beside_python(&path))?;
                }
            }
        }
        if let Some(Node::Folder(inside)) = of_wheel.get(&format!("{data}/data"))? {
            self.graft.lay(ENVIRONMENT, inside)?;
        }
        for kind in ["data", "headers", "scripts"] {
            if of_wheel.get(&format!("{data}/{kind}"))?.is_some() {
                self.graft.remove(&format!("{site}/{data}/{kind}"))?;
            }
        }
        if self.graft.list(&format!("{site}/{data}"))?.is_empty() {
            self.graft.remove(&format!("{site}/{data}"))?;
        }
        Ok(())
    }

    /// What the tool's own wheel has for everybody, where everybody finds it.
    pub(super) fn put_own(&mut self, wheel: TreeId) -> Result<(), PackageError> {
        let of_wheel = Graft::of(self.making.insertion, wheel)?;
        if let Some(data) = data_folder(&of_wheel)? {
            if let Some(Node::Folder(inside)) = of_wheel.get(&format!("{data}/data"))? {
                self.graft.lay("", inside)?;
            }
            if let Some(Node::Folder(inside)) = of_wheel.get(&format!("{data}/headers"))? {
                let name = data.split('-').next().unwrap_or(&data);
                self.graft.lay(&format!("include/{name}"), inside)?;
            }
            for (name, script) in self.scripts(&of_wheel, &data)? {
                let place = format!("bin/{name}");
                match script {
                    Script::Program(blob) => self.graft.put(&place, Node::Executable(blob))?,
                    Script::Python(_) => {
                        let path = format!("{ENVIRONMENT}/scripts/{name}");
                        let text = launcher::of_script(&path, &self.python.minor);
                        self.add(&place, &text)?;
                    }
                }
            }
        }
        for point in self.entry_points(&of_wheel)? {
            let text = launcher::of_entry_point(&point, &self.python.minor);
            self.add(&format!("bin/{}", point.program), &text)?;
        }
        Ok(())
    }

    /// The functions that are programs of a wheel.
    fn entry_points(&self, wheel: &Graft<'_>) -> Result<Vec<EntryPoint>, PackageError> {
        let mut all = Vec::new();
        for (name, node) in wheel.list("")? {
            let Some(Node::Folder(_)) = node.filter(|_| name.ends_with("-info")) else {
                continue;
            };
            let path = format!("{name}/entry_points.txt");
            let Some((blob, _)) = wheel.get(&path)?.and_then(|node| node.blob()) else {
                continue;
            };
            let text = self.making.insertion.read_blob(blob)?;
            let points = entry_points::read(&String::from_utf8_lossy(&text));
            all.extend(points.map_err(|why| PackageError::Put { path, why })?);
        }
        Ok(all)
    }

    /// The programs a wheel has beside its modules.
    fn scripts(
        &self,
        wheel: &Graft<'_>,
        data: &str,
    ) -> Result<Vec<(String, Script)>, PackageError> {
        let mut scripts = Vec::new();
        for (name, node) in wheel.list(&format!("{data}/scripts"))? {
            if let Some((blob, _)) = node.and_then(|node| node.blob()) {
                let script = if self.asks_for_python(blob)? {
                    Script::Python(blob)
                } else {
                    Script::Program(blob)
                };
                scripts.push((name, script));
            }
        }
        Ok(scripts)
    }

    /// Whether it wants the Python of its environment: its first line is `#!python` or `#!pythonw`. Others may be large.
    fn asks_for_python(&self, blob: BlobId) -> Result<bool, PackageError> {
        const ASKED: &[u8] = b"#!python";
        let path = self.making.insertion.blob_path(blob)?;
        let mut start = Vec::new();
        File::open(&path)
            .and_then(|file| file.take(ASKED.len() as u64).read_to_end(&mut start))
            .map_err(|source| ReadError::Io { path, source })?;
        Ok(start == ASKED)
    }

    fn add(&mut self, path: &str, text: &str) -> Result<(), PackageError> {
        let blob = self.making.insertion.add_bytes(text.as_bytes(), true)?;
        self.graft.put(path, Node::Executable(blob))
    }
}

/// A program of a wheel that is no function.
enum Script {
    Program(BlobId),
    /// One that is to be run by the Python of the environment.
    Python(BlobId),
}
