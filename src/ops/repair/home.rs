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
use dgmo_store::meta::Meta;
use dgmo_store::repair::move_to_found;

use super::Healer;
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
            if cache == layout.cache() || fs::symlink_metadata(&cache).is_ok() {
                self.folder(&layout, &cache, Code::CacheDamaged)?;
            }
        }
        for file in [layout.gate(), layout.lock()] {
            self.lock_file(&layout, &file)?;
        }
        for finding in health::permissions(&root) {
            self.close(finding)?;
        }
        self.leftovers(&layout)?;
        let Ok(store) = Store::open(&root) else {
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
            Err(OpenError::Absent { .. }) if layout.objects().is_dir() => false,
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
        let there = fs::symlink_metadata(path).ok();
        if path.is_dir() {
            return Ok(());
        }
        let message = match there {
            None => format!("the folder `{}` is missing", path.display()),
            Some(_) => format!("`{}` is not a folder", path.display()),
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
        if File::open(path).is_ok() && path.is_file() {
            return Ok(());
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
        let entries = fs::read_dir(layout.staging()).into_iter().flatten();
        for entry in entries.flatten() {
            let path = entry.path();
            let owner = File::open(path.join("owner"));
            let is_dead = owner.is_ok_and(|owner| owner.try_lock().is_ok());
            // One without an owner is about to be used, or somebody else put it there.
            let is_stray = !path.join("owner").exists() && !is_empty_folder(&path);
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

fn is_empty_folder(path: &Path) -> bool {
    fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_none())
}
