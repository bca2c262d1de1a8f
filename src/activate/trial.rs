//! The record of a trial: what a change of generation did so far, so that anybody can take it back.
//!
//! ```text
//! profiles/NAME/journal/trial.json    there from before the pointer moves until the verdict
//! ```
//!
//! It is on disk before anything runs and gone after the verdict. Found by a command that holds the profile's guard,
//! it means that whoever began it is dead: a generation that is not proven never stays current.

use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::conduct::Hook;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Timestamp;
use dgmo_schema::name::ServiceName;
use dgmo_schema::name::StateName;
use dgmo_store::durable;
use serde::Deserialize;
use serde::Serialize;

use super::ActivateError;
use super::KeptSecret;
use crate::home::Profile;

/// What a change of generation did so far.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// The format; 1.
    format: u32,
    /// Tells this trial from every other.
    pub id: String,
    /// Which command began it.
    pub action: Action,
    /// Where the pointer was: where it goes back to.
    pub from: GenerationNumber,
    /// The generation on trial.
    pub to: GenerationNumber,
    /// How far it is.
    pub stage: Stage,
    /// The hooks that were started, in order.
    #[serde(default)]
    pub ran: Vec<Hook>,
    /// What of services and state was touched.
    #[serde(default)]
    pub touched: Touched,
    /// The secrets it replaced or removed, kept beside their places until the verdict.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<KeptSecret>,
}

/// Which command began a trial, as hooks are told it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// A new generation.
    Switch,
    /// One that was there before.
    Rollback,
    /// The way back from either.
    Back,
    /// No way at all: a look at what is current.
    Check,
}

impl Action {
    /// As hooks are told it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Switch => "switch",
            Self::Rollback => "rollback",
            Self::Back => "back",
            Self::Check => "check",
        }
    }
}

/// How far a trial is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Under way: not proven.
    Trying,
    /// Everything holds; a person must say so until the deadline.
    Awaiting(Confirmation),
    /// It failed; it is being taken back.
    Back {
        /// Why, for people.
        why: String,
    },
}

/// Until when a person must confirm.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Confirmation {
    /// Since when it is waited.
    pub since: Timestamp,
    /// Until when.
    pub deadline: Timestamp,
    /// The start of the machine it was asked in: after another one nobody watches any more.
    pub boot: Option<String>,
}

impl Confirmation {
    /// Whether it is too late: the deadline is past, the machine was started again, or the clock was set back.
    ///
    /// Where it is not told which start of the machine this is, the clock alone decides.
    pub fn is_over(&self, now: Timestamp, boot: Option<&str>) -> bool {
        let was_restarted = match (self.boot.as_deref(), boot) {
            (Some(then), Some(now)) => then != now,
            (None, _) | (_, None) => false,
        };
        now >= self.deadline || now < self.since || was_restarted
    }
}

/// What of services and state a change touched, as far as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Touched {
    /// Services that were stopped.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stopped: Vec<ServiceName>,
    /// Services that were started.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub started: Vec<ServiceName>,
    /// State folders that are kept with the generation that is left.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub copied: Vec<StateName>,
    /// State folders that become what was kept of them; all of `copied` is done by then.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub brought: Vec<StateName>,
    /// State folders that were kept with the generation on trial on the way back from it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<StateName>,
}

fn path(profile: &Profile) -> PathBuf {
    profile.journal().join("trial.json")
}

impl Trial {
    /// One that begins.
    pub fn new(id: String, action: Action, from: GenerationNumber, to: GenerationNumber) -> Self {
        Self {
            format: 1,
            id,
            action,
            from,
            to,
            stage: Stage::Trying,
            ran: Vec::new(),
            touched: Touched::default(),
            kept: Vec::new(),
        }
    }

    /// The trial of `profile`, if one is under way, waits or was interrupted.
    pub fn read(profile: &Profile) -> Result<Option<Self>, ActivateError> {
        let path = path(profile);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(ActivateError::io("read", &path, source)),
        };
        match serde_json::from_slice(&text) {
            Ok(trial) => Ok(Some(trial)),
            Err(source) => Err(ActivateError::Damaged { path, source }),
        }
    }

    /// Brings what is known to disk: before each deed, so that no deed is forgotten.
    pub fn save(&self, profile: &Profile) -> Result<(), ActivateError> {
        let text = serde_json::to_vec(self).expect("a trial has string keys");
        let path = path(profile);
        durable::replace_file(&path, &text, 0o644)
            .map_err(|source| ActivateError::io("write", &path, source))
    }

    /// Ends it: the verdict. Nobody goes back any more, so what was kept in `target` for that goes first. On disk before
    /// this returns.
    pub fn end(&self, profile: &Profile, target: &Path) -> Result<(), ActivateError> {
        for kept in &self.kept {
            let at = target.join(kept.at.as_str());
            kept.forget(target)
                .map_err(|source| ActivateError::io("remove", &at, source))?;
        }
        Self::close(profile)
    }

    /// Ends one that cannot be read.
    pub fn close(profile: &Profile) -> Result<(), ActivateError> {
        let path = path(profile);
        let failed = |source| ActivateError::io("remove", &path, source);
        match durable::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
            _ => {}
        }
        durable::sync_folder(&profile.journal()).map_err(failed)
    }

    /// Whether it waits for a person.
    pub fn waits(&self) -> bool {
        matches!(self.stage, Stage::Awaiting(_))
    }

    /// Whether nobody can prove it any more: then it is taken back.
    pub fn is_over(&self, now: Timestamp, boot: Option<&str>) -> bool {
        match &self.stage {
            Stage::Trying | Stage::Back { .. } => true,
            Stage::Awaiting(confirmation) => confirmation.is_over(now, boot),
        }
    }
}
