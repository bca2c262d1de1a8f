//! What is said of objects.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::generation::GenerationNumber;
use crate::id::ObjectId;
use crate::name::PinName;

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum ObjectKind {
    /// A file's bytes.
    File,
    /// The bytes of a file that can be run.
    Executable,
    /// A link.
    Link,
    /// A tree: a folder.
    Tree,
}

/// `dgmo store add`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreAddReport {
    /// What was added, in the order asked for.
    pub added: Vec<AddedObject>,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

/// One thing that was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AddedObject {
    /// From where.
    pub from: String,
    /// Its id.
    pub id: ObjectId,
    /// What it is.
    pub kind: ObjectKind,
    /// How many files it has.
    pub files: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// How many objects came into the store.
    pub new_objects: u64,
    /// How many bytes came into the store.
    pub new_bytes: u64,
    /// The pin that keeps it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pin: Option<PinName>,
}

/// `dgmo store path`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StorePathReport {
    /// The object.
    pub id: ObjectId,
    /// Where it is.
    pub path: String,
}

/// `dgmo store ls`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreListReport {
    /// The tree, or the folder in it, that was listed.
    pub id: ObjectId,
    /// What is in it, in order.
    pub entries: Vec<ListedEntry>,
}

/// One name in a tree. Bytes that are not UTF-8 are shown as `\xNN`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ListedEntry {
    /// Its path below what was listed.
    pub path: String,
    /// What it is.
    pub kind: ObjectKind,
    /// Its object; a link has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<ObjectId>,
    /// How many bytes a file has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    /// What a link says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// `dgmo store verify`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreVerifyReport {
    /// How many objects were read.
    pub objects: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// How many laid-out trees were compared.
    pub trees: u64,
    /// What is wrong.
    pub findings: Vec<StoreFinding>,
}

/// One thing wrong in a store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreFinding {
    /// In one word.
    pub kind: StoreFindingKind,
    /// The file or folder it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The object it is about, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<ObjectId>,
    /// In a sentence.
    pub message: String,
}

/// What can be wrong in a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StoreFindingKind {
    /// The bytes of an object do not hash to its name.
    Damaged,
    /// A tree object is intact but not a tree.
    Malformed,
    /// A tree names an object that is not there.
    Missing,
    /// Something could not be read.
    Unreadable,
    /// Something is where only objects or laid-out trees should be.
    Foreign,
    /// A file has other permission bits than it should.
    WrongMode,
    /// A laid-out tree does not show what it should.
    LaidOut,
}

/// `dgmo store export`, `import` and `copy`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StoreTransferReport {
    /// What it was.
    pub what: TransferKind,
    /// The other side: a file or a home.
    pub other: String,
    /// The objects that were asked for.
    pub roots: Vec<ObjectId>,
    /// How many objects were looked at.
    pub objects: u64,
    /// How many bytes they have.
    pub bytes: u64,
    /// How many were new to the other side.
    pub new_objects: u64,
    /// How many bytes these have.
    pub new_bytes: u64,
}

/// Which way objects went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum TransferKind {
    /// Into an archive.
    Export,
    /// Out of an archive.
    Import,
    /// From home to home.
    Copy,
}

/// `dgmo store pins`, `pin` and `unpin`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PinsReport {
    /// The pins, by name.
    pub pins: Vec<ShownPin>,
}

/// One pin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShownPin {
    /// Its name.
    pub name: PinName,
    /// What it keeps.
    pub id: ObjectId,
    /// Why it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// `dgmo gc`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CollectReport {
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
    /// Whether the deleting goes on in the background.
    pub background: bool,
    /// The generations that were dropped, by profile.
    pub pruned: Vec<PrunedGenerations>,
    /// What `--target-free` came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target_free: Option<TargetFree>,
    /// How many objects nothing needs.
    pub objects: u64,
    /// How many laid-out trees nothing needs.
    pub trees: u64,
    /// How many bytes the files of these, and of the generations that were dropped, have.
    pub bytes: u64,
    /// How many bytes of the disk they take.
    pub disk_bytes: u64,
}

/// `dgmo gc --target-free`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetFree {
    /// How many bytes shall be free.
    pub asked: u64,
    /// How many were free before.
    pub before: u64,
    /// How many are free now; with `--dry-run`: would be.
    pub after: u64,
}

/// `dgmo gc --why ID`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptReport {
    /// The object.
    pub id: ObjectId,
    /// Whether it is a tree.
    pub kind: ObjectKind,
    /// What keeps it; empty: the next `dgmo gc` deletes it.
    pub kept_by: Vec<KeptBy>,
}

/// One thing that keeps an object, and the way from it down to the object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptBy {
    /// What keeps it.
    #[serde(flatten)]
    pub keeper: Keeper,
    /// The object at the beginning of the way.
    pub root: ObjectId,
    /// The names to follow from there, in order; none where it is that object itself.
    pub chain: Vec<KeptStep>,
}

/// What can keep an object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "keeper", rename_all = "kebab-case")]
pub enum Keeper {
    /// Generations, all in the same way.
    Generations {
        /// The profile.
        profile: String,
        /// Their numbers.
        generations: Vec<GenerationNumber>,
        /// The package, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        package: Option<String>,
        /// The home file, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        file: Option<String>,
    },
    /// A pin.
    Pin {
        /// Its name.
        pin: PinName,
    },
    /// A command that is under way.
    Lease,
    /// A program that runs.
    Running,
}

/// One step down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KeptStep {
    /// The name in the folder above.
    pub name: String,
    /// The object it leads to.
    pub id: ObjectId,
}

/// The generations of a profile that were dropped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PrunedGenerations {
    /// The profile.
    pub profile: String,
    /// Their numbers.
    pub generations: Vec<GenerationNumber>,
    /// How many bytes of state folders were kept with them.
    #[serde(default)]
    pub state_bytes: u64,
}
