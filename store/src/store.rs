//! The store of one home, opened.

use std::collections::HashSet;
use std::fs;
use std::fs::File;
use std::io;
use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::event::Observer;
use dgmo_schema::event::Silent;
use dgmo_schema::id::TreeId;

use crate::durable;
use crate::failure::WriteError;
use crate::guard::ExclusiveGuard;
use crate::guard::GuardError;
use crate::guard::SharedGuard;
use crate::layout::Layout;
use crate::look;
use crate::meta::Access;
use crate::meta::Meta;
use crate::object::ObjectName;
use crate::objects::Objects;

/// A handle of the store; clones are the same store.
#[derive(Debug, Clone)]
pub struct Store {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    layout: Layout,
    objects: Objects,
    /// Features that let us only read.
    read_only: Vec<String>,
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("there is no dgmo home at `{}`", home.display())]
    Absent { home: PathBuf },
    #[error("the home `{}` was made by another version of dgmo: {why}", home.display())]
    Unsupported { home: PathBuf, why: String },
    #[error("`{}` is damaged", path.display())]
    Damaged {
        path: PathBuf,
        source: serde_json::Error,
    },
    #[error("cannot read `{}`", path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("cannot make the home")]
    Write(#[from] WriteError),
}

impl Diagnose for OpenError {
    fn code(&self) -> Code {
        match self {
            Self::Absent { .. } => Code::HomeMissing,
            Self::Unsupported { .. } => Code::HomeUnsupported,
            Self::Damaged { .. } => Code::HomeDamaged,
            Self::Io { .. } => Code::StoreNotRead,
            Self::Write(error) => error.code(),
        }
    }

    fn hint(&self) -> Option<Hint> {
        match self {
            Self::Absent { .. } => Some(Hint::Run("dgmo switch".to_owned())),
            Self::Unsupported { .. } => Some(Hint::Do(
                "use the version of dgmo that made this home, or a newer one".to_owned(),
            )),
            Self::Damaged { .. } => Some(Hint::Run("dgmo repair".to_owned())),
            Self::Io { .. } | Self::Write(_) => None,
        }
    }

    fn inner(&self) -> Option<&dyn Diagnose> {
        match self {
            Self::Write(error) => Some(error),
            _ => None,
        }
    }
}

impl Store {
    /// Opens the store of a home that is there; writes nothing.
    pub fn open(home: &Path) -> Result<Self, OpenError> {
        let layout = Layout::new(home);
        let meta = read_meta(&layout)?.ok_or_else(|| OpenError::Absent {
            home: home.to_owned(),
        })?;
        let read_only = match meta.access() {
            Access::Full => Vec::new(),
            Access::ReadOnly(features) => features,
            Access::None(why) => {
                let home = home.to_owned();
                return Err(OpenError::Unsupported { home, why });
            }
        };
        Ok(Self {
            inner: Arc::new(Inner {
                objects: Objects::new(layout.objects()),
                layout,
                read_only,
            }),
        })
    }

    /// Opens the store of a home, which is made if it is not there.
    ///
    /// After a crash, and beside others that do the same, the home is either not there yet (no `meta.json`) or whole.
    pub fn open_or_create(home: &Path) -> Result<Self, OpenError> {
        let layout = Layout::new(home);
        if read_meta(&layout)?.is_none() {
            create(&layout)?;
        }
        Self::open(home)
    }

    /// The same store for one who repairs it: what has these names counts as not there, and whatever is inserted under
    /// them takes its place.
    pub(crate) fn distrusting(&self, names: HashSet<ObjectName>) -> Self {
        let layout = self.layout().clone();
        Self {
            inner: Arc::new(Inner {
                objects: Objects::distrusting(layout.objects(), names),
                layout,
                read_only: self.inner.read_only.clone(),
            }),
        }
    }

    pub fn home(&self) -> &Path {
        self.inner.layout.home()
    }

    /// Where things are.
    pub fn layout(&self) -> &Layout {
        &self.inner.layout
    }

    pub(crate) fn objects(&self) -> &Objects {
        &self.inner.objects
    }

    /// The features of this home that we do not know and that let us only read; empty if we may write.
    pub fn read_only_because(&self) -> &[String] {
        &self.inner.read_only
    }

    /// Where the tree is when it is laid out.
    pub fn tree_path(&self, id: TreeId) -> PathBuf {
        self.inner.layout.tree(id)
    }

    /// Waits for the right to rely on what is there.
    pub fn share(&self) -> Result<SharedGuard, GuardError> {
        self.wait_to_share(&Silent)
    }

    /// As [`Self::share`], and says whom it waits for.
    pub fn wait_to_share(&self, observer: &dyn Observer) -> Result<SharedGuard, GuardError> {
        SharedGuard::take(self.layout(), observer)
    }

    /// Waits for the right to delete.
    pub fn exclude(&self) -> Result<ExclusiveGuard, GuardError> {
        self.wait_to_exclude(&Silent)
    }

    /// As [`Self::exclude`], and says whom it waits for.
    pub fn wait_to_exclude(&self, observer: &dyn Observer) -> Result<ExclusiveGuard, GuardError> {
        ExclusiveGuard::take(self.layout(), observer)
    }

    /// The right to delete, if nobody uses the store now.
    pub fn try_exclude(&self) -> Result<Option<ExclusiveGuard>, GuardError> {
        ExclusiveGuard::try_take(self.layout())
    }
}

fn read_meta(layout: &Layout) -> Result<Option<Meta>, OpenError> {
    let path = layout.meta();
    match fs::read(&path) {
        Ok(bytes) => match serde_json::from_slice(&bytes) {
            Ok(meta) => Ok(Some(meta)),
            Err(source) => Err(OpenError::Damaged { path, source }),
        },
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(OpenError::Io { path, source }),
    }
}

/// Makes a home: the folders and lock files first, `meta.json` last, which makes it one.
fn create(layout: &Layout) -> Result<(), OpenError> {
    let folders = [
        layout.objects(),
        layout.trees(),
        layout.staging(),
        layout.pins(),
        layout.leases(),
        layout.cache(),
    ];
    let above = layout.home().ancestors().skip(1);
    // One that cannot be looked at is somebody's.
    let is_missing = |folder: &&Path| matches!(look::is_there(folder), Ok(false));
    let made_above = above.take_while(is_missing).count();
    for folder in &folders {
        durable::make_folders(folder).map_err(WriteError::at(folder))?;
    }
    for file in [layout.gate(), layout.lock()] {
        make_lock_file(&file).map_err(WriteError::at(&file))?;
    }
    // Of those who make the same home at once, one does the rest.
    let gate = File::open(layout.gate()).map_err(WriteError::at(layout.gate()))?;
    gate.lock().map_err(WriteError::at(layout.gate()))?;
    if read_meta(layout)?.is_some() {
        return Ok(());
    }
    for folder in [layout.store(), layout.home().to_owned()] {
        durable::sync_folder(&folder).map_err(WriteError::at(&folder))?;
    }
    let path = layout.meta();
    let meta = Meta {
        made_above,
        ..Meta::new()
    };
    let mut text = serde_json::to_vec_pretty(&meta).expect("it is plain data");
    text.push(b'\n');
    durable::replace_file(&path, &text, 0o644).map_err(WriteError::at(&path))?;
    Ok(())
}

fn make_lock_file(path: &Path) -> io::Result<()> {
    if look::is_there(path)? {
        return Ok(());
    }
    match durable::write_new(path, b"", 0o644) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        result => result.map(drop),
    }
}
