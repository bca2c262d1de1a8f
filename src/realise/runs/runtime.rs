//! Whether a tool will find what it is run with: in its own package, in one of the same profile, or on this machine.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dgmo_schema::event::Event;
use dgmo_schema::id::TreeId;
use dgmo_schema::lock::LockedPieces;
use dgmo_schema::name::PackageName;
use dgmo_store::Insertion;
use dgmo_store::tree::Node;

use crate::env::Var;
use crate::process;
use crate::realise::PackageError;
use crate::realise::make;
use crate::source::own_node;

/// Tells of tools that were put together now and will not run.
pub(in crate::realise) fn warn(
    insertion: &Insertion<'_>,
    tools: &[(&PackageName, &LockedPieces)],
    trees: &BTreeMap<PackageName, TreeId>,
) -> Result<(), PackageError> {
    for (name, locked) in tools.iter().filter(|(name, _)| trees.contains_key(*name)) {
        let Some(wanted) = Wanted::of(locked) else {
            continue;
        };
        if wanted.is_in(insertion, trees)? || wanted.is_on_this_machine() {
            continue;
        }
        let text = format!(
            "package `{name}`: it runs with {}, which neither another package nor this machine has; `{}` adds it",
            wanted.shown, wanted.command
        );
        insertion.observer().observe(Event::Warning(text));
    }
    Ok(())
}

/// What a tool is run with.
struct Wanted {
    /// For people.
    shown: String,
    /// What adds it.
    command: String,
    /// As it is called in `bin`.
    program: String,
    /// Of a Python, its first two numbers.
    python: Option<String>,
}

impl Wanted {
    fn of(locked: &LockedPieces) -> Option<Self> {
        let runtime = locked.runtime.as_deref()?;
        let (runtime, version) = runtime.split_once(' ').unwrap_or((runtime, ""));
        match runtime {
            "python" => Some(Self {
                shown: format!("Python {version}"),
                command: format!("dgmo add python@{version}"),
                program: format!("python{version}"),
                python: Some(version.to_owned()),
            }),
            "node" if own_node(locked).is_none() => Some(Self {
                shown: "node".to_owned(),
                command: "dgmo add node".to_owned(),
                program: "node".to_owned(),
                python: None,
            }),
            _ => None,
        }
    }

    fn is_in(
        &self,
        insertion: &Insertion<'_>,
        trees: &BTreeMap<PackageName, TreeId>,
    ) -> Result<bool, PackageError> {
        for tree in trees.values() {
            if let Some(Node::Folder(bin)) = insertion.read_tree(*tree)?.get(b"bin")
                && insertion
                    .read_tree(*bin)?
                    .get(self.program.as_bytes())
                    .is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn is_on_this_machine(&self) -> bool {
        if let Some(minor) = &self.python {
            return make::has_python(minor);
        }
        let path = Var::SearchPath.raw().unwrap_or_default();
        let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
        process::find_program(self.program.as_ref(), &folders).is_some()
    }
}
