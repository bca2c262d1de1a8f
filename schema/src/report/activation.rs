//! What is said when a generation was made current, or would be.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::generation::GenerationNumber;
use crate::generation::Timestamp;
use crate::id::GenerationId;
use crate::name::CheckName;
use crate::name::ProfileName;
use crate::report::drift::Drift;
use crate::report::drift::SecretChange;
use crate::report::generation::DiffReport;
use crate::report::generation::PackageChange;
use crate::report::service::ServiceStatus;
use crate::system::System;

/// How a switch ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SwitchOutcome {
    /// A generation was made and is current.
    Switched,
    /// The current generation is what the manifest says; nothing was done.
    Unchanged,
    /// It is, but the target folder was not; that is mended.
    Repaired,
    /// Nothing was done because of `--dry-run`.
    Planned,
    /// It is current, and goes back by itself unless `dgmo confirm` comes in time.
    Awaiting,
    /// It did not stand its trial: the generation before is current again.
    #[serde(rename = "rolled_back")]
    RolledBack,
}

/// `dgmo switch`, `add`, `remove` and `update`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SwitchReport {
    /// How it ended.
    pub outcome: SwitchOutcome,
    /// The profile.
    pub profile: ProfileName,
    /// The manifest.
    pub manifest: String,
    /// The kind of machine it is for.
    pub system: System,
    /// The folder home files go to.
    pub target: String,
    /// The digest of what the manifest and the lock make.
    pub id: GenerationId,
    /// The generation that was current before.
    pub from: GenerationNumber,
    /// The generation that is current now; with `--dry-run` the number it would get.
    pub generation: GenerationNumber,
    /// What differs from the generation before.
    pub changes: DiffReport,
    /// What the lock has now that it had not.
    pub lock: Vec<PackageChange>,
    /// What changes in the target folder.
    pub target_changes: Vec<TargetChange>,
    /// What is done about secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretChange>,
    /// Paths that once were ours and that somebody else changed since: left as they are.
    pub left_alone: Vec<String>,
    /// How many bytes came into the store.
    pub new_bytes: u64,
    /// What else is run, stopped, started and looked at, in order.
    pub steps: Vec<PlannedStep>,
    /// How its trial went, where it was on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<TrialReport>,
    /// What a person should look at.
    pub warnings: Vec<String>,
}

/// `dgmo rollback` and `dgmo generations switch`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RollbackReport {
    /// How it ended.
    pub outcome: SwitchOutcome,
    /// The profile.
    pub profile: ProfileName,
    /// The generation that was current before.
    pub from: GenerationNumber,
    /// The generation that is current now, or would be.
    pub generation: GenerationNumber,
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
    /// What changes in the target folder.
    pub target_changes: Vec<TargetChange>,
    /// What is done about secrets.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SecretChange>,
    /// Paths that once were ours and that somebody else changed since: left as they are.
    pub left_alone: Vec<String>,
    /// What else is run, stopped, started and looked at, in order.
    pub steps: Vec<PlannedStep>,
    /// How its trial went, where it was on trial.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trial: Option<TrialReport>,
}

/// One change in the target folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TargetChange {
    /// The path below the target folder.
    pub path: String,
    /// What happens there.
    pub what: TargetDeed,
    /// The other name, where something gets one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
}

/// What can happen to a path of the target folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TargetDeed {
    /// It is put there.
    Added,
    /// It is replaced by another of ours.
    Changed,
    /// It is taken away.
    Removed,
    /// What was in the way gets another name.
    SetAside,
    /// What was set aside gets its name back.
    PutBack,
}

/// `dgmo status`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StatusReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation that is current.
    pub generation: GenerationNumber,
    /// Its id.
    pub id: GenerationId,
    /// The folder home files go to.
    pub target: String,
    /// How many packages it has.
    pub package_count: u64,
    /// How many home files it has.
    pub file_count: u64,
    /// What is not as the generation says.
    pub drift: Vec<Drift>,
    /// The change that waits to be confirmed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub awaiting: Option<AwaitingReport>,
    /// Files of the user that were set aside, and where they are.
    pub set_aside: Vec<TargetChange>,
    /// Services that should run and do not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services_down: Vec<ServiceStatus>,
}

/// A change that goes back by itself unless it is confirmed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AwaitingReport {
    /// The generation that is current on trial.
    pub generation: GenerationNumber,
    /// The generation it goes back to.
    pub back_to: GenerationNumber,
    /// Until when.
    pub deadline: Timestamp,
    /// How many seconds are left.
    pub seconds_left: u64,
}

/// `dgmo confirm`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfirmReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation that is current for good.
    pub generation: GenerationNumber,
    /// The generation it would have gone back to.
    pub from: GenerationNumber,
}

/// `dgmo check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HealthReport {
    /// The profile.
    pub profile: ProfileName,
    /// The generation that was looked at.
    pub generation: GenerationNumber,
    /// Whether everything holds.
    pub ok: bool,
    /// What was looked at.
    pub checks: Vec<CheckReport>,
}

/// One thing a change of generation runs, stops, starts or looks at, in the order in which it does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlannedStep {
    /// What kind of thing.
    pub what: StepKind,
    /// Its name, or the command.
    pub name: String,
    /// Whether the change is taken back when it fails.
    pub required: bool,
    /// How many bytes are copied, where some are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
}

/// What kind of thing a change of generation does besides moving the pointer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// Runs a hook before anything is changed.
    BeforeHook,
    /// Stops a service.
    Stop,
    /// Copies a state folder, to be kept with the generation that is left.
    State,
    /// Makes a state folder what was kept of it.
    BringBack,
    /// Starts a service.
    Start,
    /// Runs a hook after the change.
    AfterHook,
    /// Looks whether something holds.
    Check,
    /// Waits for `dgmo confirm`.
    Confirmation,
}

/// How the trial of a change went: what was run and what was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TrialReport {
    /// The generation that was tried.
    pub generation: GenerationNumber,
    /// The hooks that were run, in order.
    pub hooks: Vec<HookReport>,
    /// What was looked at.
    pub checks: Vec<CheckReport>,
    /// Until when `dgmo confirm` must come.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirm_by: Option<Timestamp>,
    /// Why it was taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_back: Option<String>,
}

/// A hook that was run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HookReport {
    /// Before or after the change.
    pub what: StepKind,
    /// The command, for people.
    pub command: String,
    /// Whether it ended with 0 in its time.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub took_ms: u64,
}

/// Something that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckReport {
    /// Its name.
    pub name: CheckName,
    /// What was looked at, for people.
    pub what: String,
    /// Whether the change stands only if it holds.
    pub required: bool,
    /// What came of it.
    pub state: CheckState,
    /// How often it was looked at.
    pub tries: u32,
    /// How long that took, in milliseconds.
    pub took_ms: u64,
    /// Why the last try failed, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

/// What can come of looking.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// It holds.
    Holds,
    /// It has failed.
    Failed,
    /// It was not looked at to the end, because another one had failed already.
    Undecided,
}
