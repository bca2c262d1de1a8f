//! Whoever runs the services of a profile: the init system, our own supervisor, or nobody.

mod launchd;
mod systemd;

use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::name::ServiceName;
use dgmo_schema::report::service::RunBy;
use dgmo_schema::report::service::ServiceState;
use dgmo_schema::report::service::ServiceStatus;

use super::ServiceError;
use super::control;
use super::control::Question;
use super::control::Reply;
use crate::home;
use crate::home::Profile;
use crate::home::Scope;
use crate::process::Answer;

/// Whoever runs the services of a profile.
#[derive(Debug, Clone)]
pub struct Keeper<'a> {
    profile: &'a Profile,
    scope: Scope,
    target: PathBuf,
    kind: KeeperKind,
}

/// Who that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeeperKind {
    /// `dgmo services run`.
    Supervisor,
    /// systemd.
    Systemd,
    /// launchd.
    Launchd,
    /// Nobody, and why.
    Nobody {
        /// In words.
        why: String,
    },
}

impl<'a> Keeper<'a> {
    /// Looks who it is. A supervisor that was started goes before the init system. That nobody can be asked does not
    /// mean that nobody is there.
    pub fn find(profile: &'a Profile, scope: Scope, target: &Path) -> Result<Self, ServiceError> {
        let kind = if control::is_supervised(profile)? {
            KeeperKind::Supervisor
        } else {
            init_system(scope, target)?
        };
        Ok(Self {
            profile,
            scope,
            target: target.to_owned(),
            kind,
        })
    }

    /// The init system, whether or not a supervisor runs too.
    pub fn init(profile: &'a Profile, scope: Scope, target: &Path) -> Result<Self, ServiceError> {
        Ok(Self {
            profile,
            scope,
            target: target.to_owned(),
            kind: init_system(scope, target)?,
        })
    }

    /// Who it is.
    pub fn kind(&self) -> &KeeperKind {
        &self.kind
    }

    /// The same for a report.
    pub fn run_by(&self) -> RunBy {
        match self.kind {
            KeeperKind::Supervisor => RunBy::Supervisor,
            KeeperKind::Systemd => RunBy::Systemd,
            KeeperKind::Launchd => RunBy::Launchd,
            KeeperKind::Nobody { .. } => RunBy::Nobody,
        }
    }

    /// Refuses where there is nobody.
    pub fn require(&self) -> Result<(), ServiceError> {
        match &self.kind {
            KeeperKind::Nobody { why } => Err(ServiceError::NobodyRuns { why: why.clone() }),
            _ => Ok(()),
        }
    }

    /// Stops services, in this order, and waits until they have. One that does not run is fine.
    pub fn stop(&self, names: &[ServiceName]) -> Result<(), ServiceError> {
        if names.is_empty() {
            return Ok(());
        }
        match self.kind {
            KeeperKind::Supervisor => {
                let services = names.to_vec();
                let reply = control::ask(self.profile, &Question::Stop { services })?;
                match reply.failed {
                    Some((service, why)) => Err(ServiceError::NotStopped { service, why }),
                    None => Ok(()),
                }
            }
            KeeperKind::Systemd => names
                .iter()
                .try_for_each(|name| systemd::stop(self.scope, self.profile.name(), name)),
            KeeperKind::Launchd => names
                .iter()
                .try_for_each(|name| launchd::stop(self.scope, self.profile.name(), name)),
            KeeperKind::Nobody { .. } => Ok(()),
        }
    }

    /// Has what the current generation says of services read again.
    pub fn reload(&self) -> Result<(), ServiceError> {
        match self.kind {
            KeeperKind::Systemd => systemd::reload(self.scope),
            // A supervisor does so when it is told to start; launchd does when something is loaded.
            _ => Ok(()),
        }
    }

    /// Starts services of the current generation, in this order, and waits until they are ready. One that runs
    /// already is fine.
    pub fn start(&self, names: &[ServiceName]) -> Result<(), ServiceError> {
        match self.kind {
            KeeperKind::Supervisor => {
                let services = names.to_vec();
                let reply = control::ask(self.profile, &Question::Start { services })?;
                match reply.failed {
                    Some((service, why)) => Err(ServiceError::NotStarted { service, why }),
                    None => Ok(()),
                }
            }
            KeeperKind::Systemd => names
                .iter()
                .try_for_each(|name| systemd::start(self.scope, self.profile.name(), name)),
            KeeperKind::Launchd => names.iter().try_for_each(|name| {
                launchd::start(self.scope, self.profile.name(), name, &self.target)
            }),
            KeeperKind::Nobody { .. } => Ok(()),
        }
    }

    /// How services are, in the order they are named.
    pub fn look(&self, names: &[ServiceName]) -> Result<Vec<ServiceStatus>, ServiceError> {
        match &self.kind {
            KeeperKind::Supervisor => {
                let Reply { services, .. } = control::ask(self.profile, &Question::Status)?;
                let find = |name: &ServiceName| {
                    let known = services.iter().find(|status| status.name == *name);
                    known.cloned().unwrap_or_else(|| absent(name, None))
                };
                Ok(names.iter().map(find).collect())
            }
            KeeperKind::Systemd => systemd::look(self.scope, self.profile.name(), names),
            KeeperKind::Launchd => names
                .iter()
                .map(|name| launchd::look(self.scope, self.profile.name(), name))
                .collect(),
            KeeperKind::Nobody { why } => Ok(names
                .iter()
                .map(|name| absent(name, Some(why.clone())))
                .collect()),
        }
    }
}

/// A service that nobody knows.
fn absent(name: &ServiceName, why: Option<String>) -> ServiceStatus {
    ServiceStatus {
        name: name.clone(),
        state: ServiceState::Stopped,
        pid: None,
        generation: None,
        restarts: 0,
        why,
    }
}

/// Whether a program is there and says that it did what it was asked for.
fn works(program: &'static str, asked: io::Result<Answer>) -> Result<bool, ServiceError> {
    match asked {
        Ok(answer) => Ok(answer.works()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(ServiceError::NotAsked {
            program,
            why: error.to_string(),
        }),
    }
}

/// The init system, where it answers and reads the files we put into `target`.
fn init_system(scope: Scope, target: &Path) -> Result<KeeperKind, ServiceError> {
    let nobody = |why: &str| {
        let why = why.to_owned();
        Ok(KeeperKind::Nobody { why })
    };
    let is_read = match scope {
        Scope::System => target == Path::new("/"),
        Scope::User if cfg!(target_os = "macos") => {
            home::user_home().is_ok_and(|home| home == target)
        }
        Scope::User => home::config_home().is_ok_and(|folder| folder == target.join(".config")),
    };
    if !is_read {
        return nobody("the init system does not look into the target folder");
    }
    if cfg!(target_os = "macos") {
        if launchd::answers()? {
            return Ok(KeeperKind::Launchd);
        }
        return nobody("launchd does not answer");
    }
    if systemd::answers(scope)? {
        return Ok(KeeperKind::Systemd);
    }
    nobody("no init system answers")
}
