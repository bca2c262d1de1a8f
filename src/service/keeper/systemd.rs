//! What is asked of systemd, over `systemctl`.

use std::collections::BTreeMap;
use std::ffi::OsStr;

use dgmo_schema::name::ProfileName;
use dgmo_schema::name::ServiceName;
use dgmo_schema::report::service::ServiceState;
use dgmo_schema::report::service::ServiceStatus;

use super::ServiceError;
use super::absent;
use crate::home::Scope;
use crate::process;
use crate::process::Answer;
use crate::service::unit::unit_name;

/// There is no such unit, or it does not run: what was to be stopped is stopped.
const NOT_LOADED: i32 = 5;

fn ask(scope: Scope, words: &[&str]) -> std::io::Result<Answer> {
    let mut arguments = Vec::new();
    if scope == Scope::User {
        arguments.push("--user");
    }
    arguments.extend(words);
    process::ask(OsStr::new("systemctl"), &arguments)
}

fn must(scope: Scope, words: &[&str]) -> Result<Answer, String> {
    match ask(scope, words) {
        Ok(answer) if answer.works() => Ok(answer),
        Ok(answer) => Err(answer.complaint()),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether there is one to talk to.
pub(super) fn answers(scope: Scope) -> Result<bool, ServiceError> {
    super::works("systemctl", ask(scope, &["show", "--property=Version"]))
}

/// Has it read its units again.
pub(super) fn reload(scope: Scope) -> Result<(), ServiceError> {
    let failed = |why| ServiceError::Init {
        program: "systemctl",
        why,
    };
    must(scope, &["daemon-reload"]).map(drop).map_err(failed)
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
    match ask(scope, &["stop", &unit_name(profile, name)]) {
        Ok(answer) if answer.works() || answer.code == Some(NOT_LOADED) => Ok(()),
        Ok(answer) => Err(failed(answer.complaint())),
        Err(error) => Err(failed(error.to_string())),
    }
}

/// A unit that failed before may be started at once: what it counted is forgotten.
pub(super) fn start(
    scope: Scope,
    profile: &ProfileName,
    name: &ServiceName,
) -> Result<(), ServiceError> {
    let failed = |why| ServiceError::NotStarted {
        service: name.clone(),
        why,
    };
    must(scope, &["start", &unit_name(profile, name)])
        .map(drop)
        .map_err(failed)
}

/// How units are: one call for all.
pub(super) fn look(
    scope: Scope,
    profile: &ProfileName,
    names: &[ServiceName],
) -> Result<Vec<ServiceStatus>, ServiceError> {
    let failed = |why| ServiceError::Init {
        program: "systemctl",
        why,
    };
    let units: Vec<String> = names.iter().map(|name| unit_name(profile, name)).collect();
    let mut words = vec![
        "show",
        "--property=Id,ActiveState,SubState,MainPID,NRestarts,Result",
    ];
    words.extend(units.iter().map(String::as_str));
    let answer = must(scope, &words).map_err(failed)?;
    let blocks: Vec<BTreeMap<&str, &str>> = answer.out.split("\n\n").map(properties).collect();
    let find = |(name, unit): (&ServiceName, &String)| {
        let block = blocks
            .iter()
            .find(|block| block.get("Id").is_some_and(|id| id == unit));
        block.map_or_else(|| absent(name, None), |block| status(name, block))
    };
    Ok(names.iter().zip(&units).map(find).collect())
}

fn properties(block: &str) -> BTreeMap<&str, &str> {
    block
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect()
}

fn status(name: &ServiceName, block: &BTreeMap<&str, &str>) -> ServiceStatus {
    let get = |key: &str| block.get(key).copied().unwrap_or_default();
    let state = match (get("ActiveState"), get("SubState")) {
        ("active" | "reloading", _) => ServiceState::Running,
        ("activating", "auto-restart" | "auto-restart-queued") => ServiceState::Resting,
        ("activating", _) => ServiceState::Starting,
        ("deactivating", _) => ServiceState::Stopping,
        ("failed", _) => ServiceState::Failed,
        _ => ServiceState::Stopped,
    };
    let number = |key: &str| get(key).parse::<u32>().ok().filter(|number| *number > 0);
    let result = Some(get("Result")).filter(|result| !matches!(*result, "" | "success"));
    ServiceStatus {
        name: name.clone(),
        state,
        pid: number("MainPID"),
        generation: None,
        restarts: number("NRestarts").unwrap_or(0),
        why: result.map(|result| format!("systemd says `{result}`")),
    }
}
