//! What is said of programs that run in a generation, of shells and of projects.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::generation::GenerationNumber;
use crate::id::TreeId;
use crate::name::PackageName;
use crate::name::ProfileName;

/// `dgmo run`, `exec` and `shell` with `--dry-run`: what would be started, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RunReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation the program would live in.
    pub generation: GenerationNumber,
    /// The package it is of, where one was named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageName>,
    /// Its file.
    pub program: String,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// Variables that would be set.
    pub variables: BTreeMap<String, String>,
}

/// `dgmo which`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhichReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation.
    pub generation: GenerationNumber,
    /// What was asked for.
    pub name: String,
    /// The program in the generation's view.
    pub program: String,
    /// Where it really is.
    pub file: String,
    /// The package it is of; none where no package of the generation has that tree.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<PackageName>,
    /// The version of the package.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The tree it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tree: Option<TreeId>,
    /// Packages of the generation that have a program of this name too, and do not show it.
    pub hidden: Vec<PackageName>,
    /// All programs of this name on the search path, in its order.
    pub on_path: Vec<OnPath>,
    /// Whether this is the one that a shell starts now.
    pub starts: bool,
}

/// A program on the search path.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OnPath {
    /// Its path.
    pub path: String,
    /// Whether it is the generation's.
    pub ours: bool,
}

/// `dgmo why`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhyReport {
    /// What was asked for.
    pub asked: String,
    /// What that is: `package`, `file`, `tree` or `blob`.
    pub kind: String,
    /// The id of the object.
    pub id: String,
    /// Every way from a root to it; none if the next `dgmo gc` deletes it.
    pub chains: Vec<WhyChain>,
}

/// A way from a root to a thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhyChain {
    /// The root: `generation`, `pin`, `lease` or `process`.
    pub root: String,
    /// The root in words: `generation 12 of profile default (current)`.
    pub name: String,
    /// The profile, where the root is a generation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub profile: Option<ProfileName>,
    /// The generation, where it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<GenerationNumber>,
    /// What leads from the root to the thing, the thing last.
    pub steps: Vec<WhyStep>,
}

/// One step of the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct WhyStep {
    /// What it is: `package`, `home file`, `folder`, `file` or `tree`.
    pub what: String,
    /// Its name.
    pub name: String,
    /// Its object.
    pub id: String,
}

/// `dgmo tree`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TreeReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation.
    pub generation: GenerationNumber,
    /// Whether it is the current one.
    pub current: bool,
    /// Its packages.
    pub packages: Vec<TreePackage>,
    /// How many home files it has.
    pub home_file_count: u64,
    /// The bytes of their contents.
    pub home_file_bytes: u64,
    /// Everything it needs in the store, each object once.
    pub closure: ClosureSize,
}

/// A package in a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TreePackage {
    /// Its name.
    pub name: PackageName,
    /// Its version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Its tree.
    pub tree: TreeId,
    /// Its programs.
    pub programs: Vec<String>,
    /// What it needs in the store.
    pub closure: ClosureSize,
    /// The bytes of what nothing else in the generation needs.
    pub own_bytes: u64,
    /// Whether a part of it is not in the store.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

/// How much a closure is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ClosureSize {
    /// Its files, each content once.
    pub blobs: u64,
    /// Its folders, each once.
    pub trees: u64,
    /// The bytes of its files.
    pub bytes: u64,
}

/// `dgmo tree --graph` and `dgmo why --graph`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphReport {
    /// What it is a graph of.
    pub of: String,
    /// The things in it.
    pub nodes: Vec<GraphNode>,
    /// Which leads to which.
    pub edges: Vec<GraphEdge>,
    /// Things that need each other in a circle, by their ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub circles: Vec<Vec<String>>,
    /// Packages of which it is not known what they are put together from: no lock has them any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<PackageName>,
}

/// A thing in a graph.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphNode {
    /// What edges call it: a letter and a number.
    pub id: String,
    /// What it is: `generation`, `view`, `package`, `piece`, `file`, `service`, …
    pub kind: String,
    /// What it is called, with its version.
    pub name: String,
}

/// One thing leads to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GraphEdge {
    /// The one.
    pub from: String,
    /// The other.
    pub to: String,
    /// How, where that is not plain.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub how: String,
}

/// `dgmo allow` and `dgmo deny`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectReport {
    /// The folder.
    pub folder: String,
    /// The profile of its environment.
    pub profile: ProfileName,
    /// What was decided: `allowed`, `denied` or `forgotten`.
    pub consent: String,
    /// Whether it was so before.
    pub unchanged: bool,
    /// The files it was decided for: a change of any of them ends it.
    pub files: Vec<String>,
    /// The generation its environment has, where it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub generation: Option<GenerationNumber>,
    /// What to do next.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
}

/// `dgmo allow --list`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectsReport {
    /// The folders that were decided about.
    pub projects: Vec<ProjectSummary>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProjectSummary {
    /// The folder.
    pub folder: String,
    /// The profile of its environment.
    pub profile: ProfileName,
    /// `allowed`, `changed` (since it was allowed) or `denied`.
    pub consent: String,
}

/// `dgmo hook`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HookReport {
    /// The shell it is for.
    pub shell: String,
    /// What that shell shall run when it starts.
    pub script: String,
}
