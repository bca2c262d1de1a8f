//! What is asked of launchd, over `launchctl`.

use std::ffi::OsStr;
use std::path::Path;

use dgmo_schema::name::ProfileName;
use dgmo_schema::name::ServiceName;
use dgmo_schema::report::service::ServiceState;
use dgmo_schema::report::service::ServiceStatus;

use super::ServiceError;
use super::absent;
use crate::home::Scope;
use crate::process;
use crate::process::Answer;
use crate::service::agent::label;

fn ask(words: &[&str]) -> std::io::Result<Answer> {
    process::ask(OsStr::new("launchctl"), words)
}

/// Whether there is one to talk to.
pub(super) fn answers() -> Result<bool, ServiceError> {
    super::works("launchctl", ask(&["managername"]))
}

fn domain(scope: Scope) -> String {
    match scope {
        Scope::System => "system".to_owned(),
        Scope::User => format!("gui/{}", user()),
    }
}

#[cfg(unix)]
fn user() -> u32 {
    rustix::process::getuid().as_raw()
}

#[cfg(windows)]
fn user() -> u32 {
    0
}

pub(super) fn stop(
    scope: Scope,
    profile: &ProfileName,
    name: &ServiceName,
) -> Result<(), ServiceError> {
    let failed = |why| ServiceError::NotStopped {
        service: name.clone(),
        why,
    };
    let place = format!("{}/{}", domain(scope), label(profile, name));
    match ask(&["bootout", &place]) {
        Ok(answer) if answer.works() => Ok(()),
        // What it does not know does not run.
        Ok(answer) => match ask(&["print", &place]) {
            Ok(known) if known.works() => Err(failed(answer.complaint())),
            _ => Ok(()),
        },
        Err(error) => Err(failed(error.to_string())),
    }
}

pub(super) fn start(
    scope: Scope,
    profile: &ProfileName,
    name: &ServiceName,
    target: &Path,
) -> Result<(), ServiceError> {
    let failed = |why| ServiceError::NotStarted {
        service: name.clone(),
        why,
    };
    let label = label(profile, name);
    let folder = match scope {
        Scope::User => target.join("Library/LaunchAgents"),
        Scope::System => target.join("Library/LaunchDaemons"),
    };
    let file = folder.join(format!("{label}.plist")).display().to_string();
    let domain = domain(scope);
    match ask(&["bootstrap", &domain, &file]) {
        Ok(answer) if answer.works() => Ok(()),
        // It is loaded already: then it is only to run.
        Ok(answer) => match ask(&["kickstart", &format!("{domain}/{label}")]) {
            Ok(started) if started.works() => Ok(()),
            _ => Err(failed(answer.complaint())),
        },
        Err(error) => Err(failed(error.to_string())),
    }
}

pub(super) fn look(
    scope: Scope,
    profile: &ProfileName,
    name: &ServiceName,
) -> Result<ServiceStatus, ServiceError> {
    let place = format!("{}/{}", domain(scope), label(profile, name));
    let answer = ask(&["print", &place]).map_err(|error| ServiceError::Init {
        program: "launchctl",
        why: error.to_string(),
    })?;
    if !answer.works() {
        return Ok(absent(name, None));
    }
    let value = |key: &str| {
        answer
            .out
            .lines()
            .find_map(|line| line.trim().strip_prefix(key)?.trim().strip_prefix("= "))
    };
    let pid = value("pid").and_then(|pid| pid.parse().ok());
    let code = value("last exit code").filter(|code| *code != "0" && !code.starts_with('('));
    let state = match (pid, code) {
        (Some(_), _) => ServiceState::Running,
        (None, Some(_)) => ServiceState::Failed,
        (None, None) => ServiceState::Stopped,
    };
    Ok(ServiceStatus {
        state,
        pid,
        why: code.map(|code| format!("it ended with {code}")),
        ..absent(name, None)
    })
}
