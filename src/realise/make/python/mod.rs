//! Wheels as one environment: where each file goes, what runs it, and its bytecode.
//!
//! ```text
//! bin/httpie                              a launcher for each entry point of the tool itself, and its own programs
//! share/…                                 what its wheel has for everybody, such as manual pages
//! env/lib/python3.12/site-packages/…      all wheels, over each other, each with its bytecode
//! env/scripts/…                           its scripts that are Python
//! ```
//!
//! Nothing in it names the folder it is in, so it can be moved, and nothing in it is ever written again: the bytecode
//! is there already and is believed without a look at the source, and launchers forbid Python to write any.

mod compile;
pub(super) mod entry_points;
mod launcher;

use dgmo_schema::id::BlobId;
use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_store::tree::Node;

use super::Making;
use crate::realise::PackageError;
use crate::realise::graft::Graft;
use compile::Compiler;
use compile::Source;

/// Part of what a wheel's tree is remembered by: another number where wheels become something else.
const MADE_BY: u32 = 2;

/// Whether this machine has the Python `minor`.
pub(super) fn is_on_this_machine(minor: &str) -> bool {
    Compiler::find(minor).is_some()
}

/// A wheel on its way into an environment.
struct Wheel {
    /// As it was unpacked.
    unpacked: TreeId,
    /// The same, what belongs to everybody moved to its place. Of one that was made before only the tool's is looked at.
    tree: TreeId,
    /// With its bytecode, if it was made before.
    compiled: Option<TreeId>,
}

impl Wheel {
    /// The wheel of the tool itself.
    fn of_tool(
        making: &Making<'_>,
        python: &Python,
        unpacked: TreeId,
    ) -> Result<Self, PackageError> {
        Ok(Self {
            unpacked,
            tree: making.relocated(spread(making, unpacked)?)?,
            compiled: python.known(making, unpacked)?,
        })
    }

    /// A wheel that the tool needs: what was made of it before is all there is to know of it.
    fn of_need(
        making: &Making<'_>,
        python: &Python,
        unpacked: TreeId,
    ) -> Result<Self, PackageError> {
        let compiled = python.known(making, unpacked)?;
        let tree = match compiled {
            Some(compiled) => compiled,
            None => making.relocated_need(spread(making, unpacked)?)?,
        };
        Ok(Self {
            unpacked,
            tree,
            compiled,
        })
    }
}

pub(super) fn join(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    let python = Python::of(making)?;
    let mut wheels = Vec::with_capacity(trees.len());
    for (index, tree) in trees.iter().enumerate() {
        wheels.push(match index {
            0 => Wheel::of_tool(making, &python, *tree)?,
            _ => Wheel::of_need(making, &python, *tree)?,
        });
    }
    compile_all(making, &python, &mut wheels)?;
    let mut graft = Graft::new(making.insertion);
    // Of what several have, that of the tool itself counts: it is laid last.
    for (piece, wheel) in making.locked.pieces.iter().zip(&wheels).rev() {
        graft.lay(&piece.at, wheel.compiled.unwrap_or(wheel.tree))?;
    }
    let site = &making.locked.pieces[0].at;
    place_data(&mut graft, site, wheels[0].tree, making)?;
    let launchers = Launchers {
        making,
        python: &python,
        site,
    };
    launchers.put(&mut graft, wheels[0].tree)?;
    graft.finish()
}

/// The Python an environment was locked for.
struct Python {
    /// `3.12`
    minor: String,
}

impl Python {
    fn of(making: &Making<'_>) -> Result<Self, PackageError> {
        let runtime = making.locked.runtime.as_deref().unwrap_or_default();
        let version = runtime.strip_prefix("python ").unwrap_or_default();
        let mut numbers = version.split('.');
        let is_number = |text: &&str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        match (
            numbers.next().filter(is_number),
            numbers.next().filter(is_number),
        ) {
            (Some(major), Some(minor)) => Ok(Self {
                minor: format!("{major}.{minor}"),
            }),
            _ => Err(PackageError::Put {
                path: making.locked.of.to_string(),
                why: format!("the lock names no Python to run it, but `{runtime}`"),
            }),
        }
    }

    /// What a wheel with its bytecode is remembered by: how it was unpacked, so that it is not looked through for the
    /// places it names to learn that it was.
    fn asked(&self, unpacked: TreeId) -> Digest {
        Digest::of(format!("wheel\n{MADE_BY}\n{unpacked}\n{}\n", self.minor).as_bytes())
    }

    /// What was made of a wheel before, where what is there may be used.
    fn known(&self, making: &Making<'_>, unpacked: TreeId) -> Result<Option<TreeId>, PackageError> {
        match making.made {
            Some(made) => {
                crate::realise::pieces::known(making.insertion, made, self.asked(unpacked))
            }
            None => Ok(None),
        }
    }
}

/// Whether a folder at the top of a wheel is that for what goes elsewhere.
fn is_data(name: &str) -> bool {
    name.strip_suffix(".data").is_some()
}

/// The name of the folder of a wheel in which lies what does not go to where all is: `NAME-1.0.data`.
fn data_folder(graft: &Graft<'_>) -> Result<Option<String>, PackageError> {
    let names = graft.list("")?.into_iter().map(|(name, _)| name);
    Ok(names.filter(|name| is_data(name)).min())
}

/// A wheel with what it has for where all is laid there. Most have nothing, and stay what they are.
fn spread(making: &Making<'_>, tree: TreeId) -> Result<TreeId, PackageError> {
    let mut graft = Graft::of(making.insertion, tree)?;
    let Some(data) = data_folder(&graft)? else {
        return Ok(tree);
    };
    for kind in ["purelib", "platlib"] {
        let path = format!("{data}/{kind}");
        if let Some(Node::Folder(inside)) = graft.get(&path)? {
            graft.remove(&path)?;
            graft.lay("", inside)?;
        }
    }
    graft.finish()
}

/// Puts what the tool's own wheel has for everybody where everybody finds it.
fn place_data(
    graft: &mut Graft<'_>,
    site: &str,
    wheel: TreeId,
    making: &Making<'_>,
) -> Result<(), PackageError> {
    let of_wheel = Graft::of(making.insertion, wheel)?;
    let Some(data) = data_folder(&of_wheel)? else {
        return Ok(());
    };
    if let Some(Node::Folder(inside)) = of_wheel.get(&format!("{data}/data"))? {
        graft.lay("", inside)?;
    }
    if let Some(Node::Folder(inside)) = of_wheel.get(&format!("{data}/headers"))? {
        let name = data.split('-').next().unwrap_or(&data);
        graft.lay(&format!("include/{name}"), inside)?;
    }
    for kind in ["data", "headers", "scripts"] {
        if of_wheel.get(&format!("{data}/{kind}"))?.is_some() {
            graft.remove(&format!("{site}/{data}/{kind}"))?;
        }
    }
    if graft.list(&format!("{site}/{data}"))?.is_empty() {
        graft.remove(&format!("{site}/{data}"))?;
    }
    Ok(())
}

/// Compiles those that were not before, where there is the Python to do so.
fn compile_all(
    making: &Making<'_>,
    python: &Python,
    wheels: &mut [Wheel],
) -> Result<(), PackageError> {
    if wheels.iter().all(|wheel| wheel.compiled.is_some()) {
        return Ok(());
    }
    let Some(compiler) = Compiler::find(&python.minor) else {
        return Ok(());
    };
    let mut sources = Vec::new();
    for (at, wheel) in wheels.iter().enumerate() {
        if wheel.compiled.is_none() {
            collect(making, wheel.tree, at, "", &mut sources)?;
        }
    }
    let Some(bytecodes) = compiler.compile(making, &sources)? else {
        return Ok(());
    };
    let mut grafts: Vec<Option<Graft<'_>>> = Vec::new();
    for wheel in wheels.iter() {
        let graft = match wheel.compiled {
            Some(_) => None,
            None => Some(Graft::of(making.insertion, wheel.tree)?),
        };
        grafts.push(graft);
    }
    for (source, bytecode) in sources.iter().zip(bytecodes) {
        let (Some(graft), Some(bytecode)) = (&mut grafts[source.wheel], bytecode) else {
            continue;
        };
        let blob = making.insertion.add_bytes(&bytecode, false)?;
        graft.put(&cached(&source.path, &python.minor), Node::File(blob))?;
    }
    for (wheel, graft) in wheels.iter_mut().zip(grafts) {
        if let Some(graft) = graft {
            let tree = graft.finish()?;
            if let Some(made) = making.made {
                made.keep(python.asked(wheel.unpacked), tree);
            }
            wheel.compiled = Some(tree);
        }
    }
    Ok(())
}

/// Where the bytecode of `a/b.py` is looked for: `a/__pycache__/b.cpython-312.pyc`.
fn cached(path: &str, minor: &str) -> String {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let stem = name.strip_suffix(".py").unwrap_or(name);
    let slash = if folder.is_empty() { "" } else { "/" };
    let tag = minor.replace('.', "");
    format!("{folder}{slash}__pycache__/{stem}.cpython-{tag}.pyc")
}

/// Every source of Python below `tree`, but for what lies in a wheel for others.
fn collect(
    making: &Making<'_>,
    tree: TreeId,
    wheel: usize,
    at: &str,
    sources: &mut Vec<Source>,
) -> Result<(), PackageError> {
    for entry in making.insertion.read_tree(tree)?.entries() {
        let name = entry.name.to_string();
        let path = if at.is_empty() {
            name.clone()
        } else {
            format!("{at}/{name}")
        };
        match entry.node {
            Node::File(blob) | Node::Executable(blob) if name.strip_suffix(".py").is_some() => {
                sources.push(Source { wheel, blob, path });
            }
            Node::Folder(inside) if !(at.is_empty() && is_data(&name)) => {
                collect(making, inside, wheel, &path, sources)?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// What makes the programs of a tool.
struct Launchers<'a> {
    making: &'a Making<'a>,
    python: &'a Python,
    site: &'a str,
}

impl Launchers<'_> {
    fn put(&self, graft: &mut Graft<'_>, wheel: TreeId) -> Result<(), PackageError> {
        let of_wheel = Graft::of(self.making.insertion, wheel)?;
        self.put_scripts(graft, &of_wheel)?;
        for (name, node) in of_wheel.list("")? {
            let Some(Node::Folder(_)) = node.filter(|_| name.ends_with("-info")) else {
                continue;
            };
            let path = format!("{name}/entry_points.txt");
            let Some((blob, _)) = of_wheel.get(&path)?.and_then(|node| node.blob()) else {
                continue;
            };
            let text = self.making.insertion.read_blob(blob)?;
            let points = entry_points::read(&String::from_utf8_lossy(&text));
            for point in points.map_err(|why| PackageError::Put { path, why })? {
                let text = launcher::of_entry_point(&point, &self.python.minor, self.site);
                self.add(graft, &format!("bin/{}", point.program), text.as_bytes())?;
            }
        }
        Ok(())
    }

    /// The programs a wheel has beside its modules: those for Python get a launcher, the others are as they are.
    fn put_scripts(&self, graft: &mut Graft<'_>, wheel: &Graft<'_>) -> Result<(), PackageError> {
        let Some(data) = data_folder(wheel)? else {
            return Ok(());
        };
        for (name, node) in wheel.list(&format!("{data}/scripts"))? {
            let Some((blob, _)) = node.and_then(|node| node.blob()) else {
                continue;
            };
            if !self.is_for_python(blob)? {
                graft.put(&format!("bin/{name}"), Node::Executable(blob))?;
                continue;
            }
            let script = format!("env/scripts/{name}");
            graft.put(&script, Node::File(blob))?;
            let text = launcher::of_script(&script, &self.python.minor, self.site);
            self.add(graft, &format!("bin/{name}"), text.as_bytes())?;
        }
        Ok(())
    }

    /// Whether a script asks for the Python of its environment: its first line is `#!python` or `#!pythonw`.
    fn is_for_python(&self, blob: BlobId) -> Result<bool, PackageError> {
        let bytes = self.making.insertion.read_blob(blob)?;
        Ok(bytes.starts_with(b"#!python"))
    }

    fn add(&self, graft: &mut Graft<'_>, path: &str, bytes: &[u8]) -> Result<(), PackageError> {
        let blob = self.making.insertion.add_bytes(bytes, true)?;
        graft.put(path, Node::Executable(blob))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytecode_is_where_python_looks_for_it() {
        assert_eq!(cached("a/b.py", "3.12"), "a/__pycache__/b.cpython-312.pyc");
        assert_eq!(cached("six.py", "3.9"), "__pycache__/six.cpython-39.pyc");
    }
}
