//! The home's own folders and files, which hold nothing by themselves.

use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;

use dgmo_schema::code::Code;
use dgmo_store::Layout;
use dgmo_store::OpenError;
use dgmo_store::Store;
use dgmo_store::durable;
use dgmo_store::look;
use dgmo_store::meta::Meta;
use dgmo_store::repair::move_to_found;

use super::Healer;
use super::is_folder;
use super::is_there;
use super::names_in;
use super::store_if_whole;
use crate::health;
use crate::health::Finding;
use crate::ops::OpError;
use crate::ops::Result;

impl Healer<'_> {
    /// Looks at the folders and lock files every home has, and at who may write to it.
    pub(super) fn home(&mut self) -> Result<()> {
        let root = self.engine.home.root().to_owned();
        let layout = Layout::new(&root);
        self.meta(&layout)?;
        for folder in [
            layout.objects(),
            layout.trees(),
            layout.staging(),
            layout.pins(),
            layout.leases(),
        ] {
            self.folder(&layout, &folder, Code::HomeNotWhole)?;
        }
        for cache in [layout.cache(), self.engine.home.downloads()] {
            // Only the cache itself is always there.
            if cache == layout.cache() || is_there(&cache)? {
                self.folder(&layout, &cache, Code::CacheDamaged)?;
            }
        }
        for file in [layout.gate(), layout.lock()] {
            self.lock_file(&layout, &file)?;
        }
        let open = health::permissions(&root).map_err(OpError::io("look at", &root))?;
        for finding in open {
            self.close(finding)?;
        }
        self.leftovers(&layout)?;
        let Some(store) = store_if_whole(self.engine)? else {
            return Ok(());
        };
        for finding in health::reserve(&store) {
            self.mended(finding, "it is made again");
        }
        Ok(())
    }

    /// `meta.json` is all that says that this is a home; its features are lost with it, of which there are none yet.
    fn meta(&mut self, layout: &Layout) -> Result<()> {
        let is_damaged = match Store::open(layout.home()) {
            Err(OpenError::Damaged { .. }) => true,
            Err(OpenError::Absent { .. }) if is_folder(&layout.objects())? => false,
            Err(error) => return Err(error.into()),
            Ok(_) => return Ok(()),
        };
        let path = layout.meta();
        let message = if is_damaged {
            format!("`{}` is damaged", path.display())
        } else {
            format!("`{}` is missing", path.display())
        };
        if !self.dry_run {
            move_to_found(layout, &path)?;
            let mut text = serde_json::to_vec_pretty(&Meta::new()).expect("it is plain data");
            text.push(b'\n');
            durable::replace_file(&path, &text, 0o644).map_err(OpError::io("write", &path))?;
        }
        let code = if is_damaged {
            Code::HomeDamaged
        } else {
            Code::HomeNotWhole
        };
        self.mended(
            Finding::new(code, message).at(&path),
            "it is written anew, for a home of format 1",
        );
        Ok(())
    }

    fn folder(&mut self, layout: &Layout, path: &Path, code: Code) -> Result<()> {
        // One that cannot be looked at is not missing: what it holds would be moved away with it.
        if is_folder(path)? {
            return Ok(());
        }
        let message = if is_there(path)? {
            format!("`{}` is not a folder", path.display())
        } else {
            format!("the folder `{}` is missing", path.display())
        };
        if !self.dry_run {
            move_to_found(layout, path)?;
            durable::make_folders(path).map_err(OpError::io("make the folder", path))?;
            let above = path.parent().unwrap_or(path);
            durable::sync_folder(above).map_err(OpError::io("sync", above))?;
        }
        self.mended(Finding::new(code, message).at(path), "it is made again");
        Ok(())
    }

    fn lock_file(&mut self, layout: &Layout, path: &Path) -> Result<()> {
        match File::open(path).and_then(|file| file.metadata()) {
            Ok(there) if there.is_file() => return Ok(()),
            // Who holds it would not see another one in its place.
            Err(error) if is_plain_file(path)? => {
                return Err(OpError::io("open", path)(error).into());
            }
            _ => {}
        }
        let message = format!("the lock file `{}` cannot be used", path.display());
        if !self.dry_run {
            // A link to itself is there and cannot be opened.
            move_to_found(layout, path)?;
            match durable::write_new(path, b"", 0o644) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                written => drop(written.map_err(OpError::io("write", path))?),
            }
        }
        let finding = Finding::new(Code::HomeNotWhole, message).at(path);
        self.mended(finding, "it is made again");
        Ok(())
    }

    fn close(&mut self, finding: Finding) -> Result<()> {
        if let (false, Some(path)) = (self.dry_run, finding.path()) {
            durable::set_mode(&path, 0o755).map_err(OpError::io("close", &path))?;
        }
        self.mended(finding, "only its owner may write there now");
        Ok(())
    }

    /// What dead insertions left; the next insertion removes it.
    fn leftovers(&mut self, layout: &Layout) -> Result<()> {
        let staging = layout.staging();
        for name in names_in(&staging)? {
            let path = staging.join(name);
            let owner = path.join("owner");
            let (is_dead, is_stray) = match File::open(&owner) {
                Ok(owner) => (owner.try_lock().is_ok(), false),
                // One without an owner is about to be used, or somebody else put it there.
                Err(error) if is_absence(&error) || look::leads_round(&error) => {
                    (false, !is_empty_folder(&path)?)
                }
                Err(error) => return Err(OpError::io("open", &owner)(error).into()),
            };
            if is_stray && !self.dry_run {
                move_to_found(layout, &path)?;
            }
            if is_dead || is_stray {
                let message = format!("`{}` was left by a process that died", path.display());
                let finding = Finding::new(Code::Leftovers, message).at(&path);
                self.mended(finding, "it is removed");
            }
        }
        if !self.dry_run
            && let Ok(store) = Store::open(layout.home())
        {
            drop(store.begin(self.engine.observer)?);
        }
        Ok(())
    }
}

/// One that is gone by now is as good as empty.
fn is_empty_folder(path: &Path) -> Result<bool> {
    Ok(!is_there(path)? || is_folder(path)? && names_in(path)?.is_empty())
}

fn is_plain_file(path: &Path) -> Result<bool> {
    match fs::symlink_metadata(path) {
        Err(error) if is_absence(&error) => Ok(false),
        there => Ok(there.map_err(OpError::io("look at", path))?.is_file()),
    }
}

fn is_absence(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}
