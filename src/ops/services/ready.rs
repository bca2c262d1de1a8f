//! Whether a service is ready: looked at as its `ready:` says, with its own variables.

use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use dgmo_schema::conduct::CheckKind;
use dgmo_schema::conduct::CommandLine;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::lapse::Lapse;
use dgmo_schema::name::ServiceName;

use super::Engine;
use super::Result;
use super::begin;
use super::chosen;
use super::target;
use crate::check;
use crate::check::Surroundings;
use crate::generation::Generations;
use crate::home::Scope;
use crate::process;
use crate::process::Run;
use crate::process::WhenInterrupted;
use crate::service::ServiceError;

/// What a look needs that may be made on any thread.
#[derive(Debug, Clone)]
pub(super) struct Around {
    pub(super) target: PathBuf,
    pub(super) bin: PathBuf,
    pub(super) scope: Scope,
    /// What the service gets.
    pub(super) variables: Vec<(OsString, OsString)>,
}

impl Around {
    /// Those of a service of a generation.
    pub(super) fn of(
        engine: &Engine<'_>,
        number: GenerationNumber,
        record: &Record,
        name: &ServiceName,
    ) -> Result<Self> {
        let own = record.conduct.services.get(name);
        let variables = record.env.iter().chain(own.iter().flat_map(|own| &own.env));
        Ok(Self {
            target: target(engine)?,
            bin: engine.profile.generation(number).join("view/bin"),
            scope: engine.scope,
            variables: variables
                .map(|(name, value)| (name.as_str().into(), value.into()))
                .collect(),
        })
    }
}

impl Surroundings for Around {
    fn run(&self, command: &CommandLine, timeout: Lapse) -> std::result::Result<(), String> {
        let mut path = self.bin.clone().into_os_string();
        if let Some(behind) = crate::env::Var::SearchPath.raw() {
            path.push(":");
            path.push(behind);
        }
        let mut environment = self.variables.clone();
        environment.push(("PATH".into(), path));
        let run = Run {
            program: process::locate(command.program(), &self.target),
            arguments: command.arguments().to_vec(),
            environment,
            folder: self.target.clone(),
            timeout: timeout.duration(),
            when_interrupted: WhenInterrupted::Ends,
        };
        match process::run(&run, &|_| ()) {
            Ok(ran) if ran.ending.is_success() => Ok(()),
            Ok(ran) => Err(ran.ending.to_string()),
            Err(error) => Err(format!("`{command}` cannot be started: {error}")),
        }
    }

    fn target(&self) -> &Path {
        &self.target
    }

    fn is_up(&self, _: &str) -> Option<std::result::Result<(), String>> {
        None
    }

    fn scope(&self) -> Scope {
        self.scope
    }
}

/// Looks once.
pub(super) fn look(
    kind: &CheckKind,
    timeout: Duration,
    around: &Around,
) -> std::result::Result<(), String> {
    let millis = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
    check::probe(kind, Lapse::from_millis(millis), around)
}

/// Between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(200);

/// How long one of them may take.
const LOOK: Duration = Duration::from_secs(5);

/// Waits until a service is ready, for as long as it may take to become so: the init system runs this behind its start.
pub fn await_ready(engine: &Engine<'_>, name: &ServiceName, at: Option<&str>) -> Result<()> {
    let generations = Generations::of(&engine.profile);
    let number = if let Some(words) = at {
        generations.find(words)?
    } else {
        begin::look(engine)?;
        generations.current()?
    };
    let record = generations.record(number)?;
    chosen(&record, std::slice::from_ref(name))?;
    let service = &record.conduct.services[name];
    let Some(kind) = &service.ready else {
        return Ok(());
    };
    let around = Around::of(engine, number, &record, name)?;
    let until = Instant::now() + service.start_timeout.duration();
    loop {
        let looked = match kind {
            CheckKind::Unit(other) => {
                is_up(engine, &record, other).unwrap_or_else(|| look(kind, LOOK, &around))
            }
            _ => look(kind, LOOK, &around),
        };
        match looked {
            Ok(()) => return Ok(()),
            Err(why) if Instant::now() >= until => {
                let service = name.clone();
                return Err(ServiceError::NotStarted { service, why }.into());
            }
            Err(_) => std::thread::sleep(BETWEEN_LOOKS),
        }
    }
}

fn is_up(
    engine: &Engine<'_>,
    record: &Record,
    name: &str,
) -> Option<std::result::Result<(), String>> {
    let (name, _) = record.conduct.services.get_key_value(name)?;
    let looked = super::look(engine, std::slice::from_ref(name)).ok()?;
    let is_well = looked.first().is_some_and(|status| status.state.is_well());
    Some(if is_well {
        Ok(())
    } else {
        Err(format!("`{name}` is not up"))
    })
}
