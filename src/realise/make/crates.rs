//! A build of a crate as a package: a release like any other, or with its programs where the crate says they are.

use dgmo_schema::event::Event;
use dgmo_schema::id::TreeId;
use dgmo_store::tree::Node;

use super::Making;
use super::release;
use crate::realise::PackageError;
use crate::realise::graft::Graft;

pub(super) fn join(making: &Making<'_>, trees: &[TreeId]) -> Result<TreeId, PackageError> {
    let [tree] = trees else {
        return release::join(making, trees);
    };
    let mut graft = Graft::of(making.insertion, *tree)?;
    let mut is_shown = false;
    for (name, path) in &making.locked.programs {
        match graft.get(path)? {
            Some(Node::File(blob) | Node::Executable(blob)) => {
                // Archives made on other systems may not say that it can be run.
                graft.put(&format!("bin/{name}"), Node::Executable(blob))?;
                is_shown = true;
            }
            _ => making.insertion.observer().observe(Event::Warning(format!(
                "package `{}`: its program `{name}` would be `{path}`, which it does not have",
                making.name
            ))),
        }
    }
    if is_shown {
        graft.finish()
    } else {
        release::join(making, trees)
    }
}
