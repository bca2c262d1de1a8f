//! Programs that run while a generation is current, and the data they change.
//!
//! `change` tells what a change of generation starts and stops; `unit` and `agent` write the init system's files;
//! `keeper` talks to whoever runs the services: systemd, launchd, or our own `supervise`. `state` keeps their folders.

mod agent;
mod change;
mod control;
mod files;
mod keeper;
pub mod logs;
mod order;
mod setting;
pub mod state;
#[cfg(unix)]
pub mod supervise;
mod unit;

pub use change::Changes;
pub use change::Side;
pub use change::changes;
pub use control::is_supervised;
pub use files::Rendering;
pub use files::UNITS;
pub use files::links;
pub use files::render;
pub use files::texts;
pub use keeper::Keeper;
pub use keeper::KeeperKind;
pub use order::start_order;
pub use setting::Ground;
pub use setting::Setting;
pub use unit::unit_name;

use std::io;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::code::Code;
use dgmo_schema::code::Diagnose;
use dgmo_schema::code::Hint;
use dgmo_schema::name::ServiceName;

use crate::home;

/// Why services could not be started, stopped, looked at or written down.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("the program `{program}` of the service `{service}` is not there")]
    NoProgram {
        service: ServiceName,
        program: String,
    },
    #[error("service `{service}` did not start: {why}")]
    NotStarted { service: ServiceName, why: String },
    #[error("service `{service}` did not stop: {why}")]
    NotStopped { service: ServiceName, why: String },
    #[error("`{program}` cannot do that: {why}")]
    Init { program: &'static str, why: String },
    #[error("whether an init system runs the services cannot be told: `{program}`: {why}")]
    NotAsked { program: &'static str, why: String },
    #[error("no init system answers, and no supervisor runs")]
    NobodyRuns { why: String },
    #[error("the services are run by {who} already")]
    RunElsewhere { who: String },
    #[error("the current generation has no service `{service}`")]
    NoSuchService { service: ServiceName },
    #[error("services wait for each other in a circle: {names}")]
    Circle { names: String },
    #[error("the supervisor does not answer as it should")]
    Supervisor { source: io::Error },
    #[error("cannot {deed} `{}`", path.display())]
    Io {
        deed: &'static str,
        path: PathBuf,
        source: io::Error,
    },
}

impl ServiceError {
    /// For `map_err`: what could not be done with `path`.
    pub(crate) fn io<'a>(
        deed: &'static str,
        path: &'a Path,
    ) -> impl FnOnce(io::Error) -> Self + 'a {
        move |source| Self::Io {
            deed,
            path: path.to_owned(),
            source,
        }
    }
}

impl Diagnose for ServiceError {
    fn code(&self) -> Code {
        match self {
            Self::NoProgram { .. } => Code::ServiceProgram,
            Self::NotStarted { .. } => Code::ServiceNotStarted,
            Self::NotStopped { .. } | Self::Init { .. } => Code::ServiceNotStopped,
            Self::NotAsked { .. } | Self::NobodyRuns { .. } => Code::ServicesNotRun,
            Self::RunElsewhere { .. } => Code::ServicesRunElsewhere,
            Self::NoSuchService { .. } => Code::ServiceNone,
            Self::Circle { .. } => Code::ServiceCircle,
            Self::Supervisor { .. } => Code::SupervisorLost,
            Self::Io { source, .. } => home::code_of(source),
        }
    }

    fn hint(&self) -> Option<Hint> {
        Some(match self {
            Self::NoProgram { program, .. } => Hint::Do(format!(
                "correct `run:`, or add the package that has `{program}`"
            )),
            Self::NotStarted { service, .. } => {
                Hint::Run(format!("dgmo services logs {service}"))
            }
            Self::NotStopped { .. } | Self::NoSuchService { .. } | Self::Init { .. } => {
                Hint::Run("dgmo services status".to_owned())
            }
            Self::NotAsked { program, .. } => Hint::Do(format!(
                "run `{program}` by hand to see what is wrong with it, or take it out of `PATH`"
            )),
            Self::NobodyRuns { .. } => Hint::Do(
                "start `dgmo services run` in a terminal of its own, or as the entry of the container"
                    .to_owned(),
            ),
            Self::RunElsewhere { .. } => Hint::Do(
                "stop them there first: `dgmo services status` says who runs them".to_owned(),
            ),
            Self::Circle { .. } => Hint::Do("take one `after` of the circle away".to_owned()),
            Self::Supervisor { .. } => {
                Hint::Do("run the command again, and look at what the supervisor prints".to_owned())
            }
            Self::Io { source, .. } => return Some(home::hint_for(source)),
        })
    }
}
