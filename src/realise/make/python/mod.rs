//! Wheels as one environment: where each file goes, what runs it, and its bytecode.
//!
//! ```text
//! bin/httpie                              a launcher for each entry point of the tool itself, and its own programs
//! share/…                                 what its wheel has for everybody, such as manual pages
//! env/lib/python3.12/site-packages/…      all wheels, over each other, each with its bytecode
//! env/bin/python                          what the tool has for `sys.executable`, and `python3`
//! env/bin/…                               beside it the programs of all wheels
//! env/share/…                             what all wheels have for everybody, where `sys.prefix` is
//! env/scripts/…                           scripts that are Python
//! env/lib/start.py                        what makes a Python that of the environment
//! ```
//!
//! To a tool it is what a virtual environment is: it starts `sys.executable` with a module of its own, looks for a
//! program beside it, or for what belongs to everybody below `sys.prefix`, and finds what was locked with it.
//!
//! Nothing in it names the folder it is in, so it can be moved, and nothing in it is ever written again: the bytecode
//! is there already and is believed without a look at the source, and launchers forbid Python to write any.

mod compile;
pub(super) mod entry_points;
mod launcher;
mod programs;

use dgmo_schema::id::Digest;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::LockedPieces;
use dgmo_store::tree::Node;

use super::Making;
use crate::realise::PackageError;
use crate::realise::graft::Graft;
use compile::Compiler;
use compile::Source;
use programs::Programs;

/// Where the environment is in the tree.
const ENVIRONMENT: &str = "env";

/// Part of what an environment is remembered by: another number where wheels become another one.
const JOINED_BY: u32 = 1;

/// What an environment is remembered by.
pub(super) fn asked(locked: &LockedPieces) -> Digest {
    let identity = locked.identity();
    Digest::of(format!("environment\n{JOINED_BY}\n{identity}\n").as_bytes())
}

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
    let mut programs = Programs {
        making,
        python: &python,
        graft,
    };
    for (piece, wheel) in making.locked.pieces.iter().zip(&wheels).rev() {
        programs.put_needed(&piece.at, wheel.tree)?;
    }
    programs.put_own(wheels[0].tree)?;
    // Last, since a wheel may have a program of that name.
    programs.put_python()?;
    programs.graft.finish()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytecode_is_where_python_looks_for_it() {
        assert_eq!(cached("a/b.py", "3.12"), "a/__pycache__/b.cpython-312.pyc");
        assert_eq!(cached("six.py", "3.9"), "__pycache__/six.cpython-39.pyc");
    }
}
