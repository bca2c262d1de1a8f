//! What services said: from the supervisor's files, or from the journal of the machine.

use std::ffi::OsStr;

use dgmo_schema::name::ServiceName;
use dgmo_schema::report::service::RunBy;
use dgmo_schema::report::service::ServiceLine;
use dgmo_schema::report::service::ServiceLogsReport;

use super::Engine;
use super::Result;
use super::begin;
use super::chosen;
use super::keeper;
use crate::generation::Generations;
use crate::home::Scope;
use crate::ops::OpError;
use crate::process;
use crate::process::Program;
use crate::service;
use crate::service::ServiceError;

/// What is asked of logs.
#[derive(Debug, Clone)]
pub struct LogsRequest {
    /// Whose; none: of all.
    pub names: Vec<ServiceName>,
    /// So many lines of each.
    pub lines: usize,
}

/// The last lines of services, oldest first.
pub fn logs(engine: &Engine<'_>, request: &LogsRequest) -> Result<ServiceLogsReport> {
    let names = names(engine, request)?;
    let from_journal = keeper(engine)?.run_by() == RunBy::Systemd;
    let mut lines = Vec::new();
    for name in names {
        let own = if from_journal {
            journal(engine, &name, request.lines)?
        } else {
            service::logs::last_lines(&engine.profile, &name, request.lines)
                .map_err(OpError::io("read the logs in", &engine.profile.services()))?
        };
        lines.extend(own.into_iter().map(|line| ServiceLine {
            service: name.clone(),
            line,
        }));
    }
    // Each line begins with its time.
    lines.sort_by(|one, other| time(&one.line).cmp(time(&other.line)));
    Ok(ServiceLogsReport { lines })
}

/// Tells each further line; `tell` ends it by returning `false`.
pub fn follow_logs(
    engine: &Engine<'_>,
    request: &LogsRequest,
    tell: &mut dyn FnMut(&ServiceName, &str) -> bool,
) -> Result<()> {
    let names = names(engine, request)?;
    if keeper(engine)?.run_by() == RunBy::Systemd {
        return follow_journal(engine, &names);
    }
    service::logs::follow(&engine.profile, &names, tell)
        .map_err(OpError::io("read the logs in", &engine.profile.services()))?;
    Ok(())
}

fn names(engine: &Engine<'_>, request: &LogsRequest) -> Result<Vec<ServiceName>> {
    begin::look(engine)?;
    let generations = Generations::of(&engine.profile);
    let record = generations.record(generations.current()?)?;
    chosen(&record, &request.names)
}

fn time(line: &str) -> &str {
    line.split_whitespace().next().unwrap_or_default()
}

/// The words that ask the journal for services.
fn of_journal(engine: &Engine<'_>, names: &[ServiceName]) -> Vec<String> {
    let mut words = vec!["--no-pager".to_owned(), "--output=short-iso".to_owned()];
    if engine.scope == Scope::User {
        words.push("--user".to_owned());
    }
    for name in names {
        let unit = service::unit_name(engine.profile.name(), name);
        words.extend(["--unit".to_owned(), unit]);
    }
    words
}

fn journal(engine: &Engine<'_>, name: &ServiceName, lines: usize) -> Result<Vec<String>> {
    let mut words = of_journal(engine, std::slice::from_ref(name));
    words.push(format!("--lines={lines}"));
    let failed = |why| ServiceError::Init {
        program: "journalctl",
        why,
    };
    let answer = process::ask(OsStr::new("journalctl"), &words);
    let answer = answer.map_err(|error| failed(error.to_string()))?;
    if !answer.works() {
        return Err(failed(answer.complaint()).into());
    }
    Ok(answer.out.lines().map(ToOwned::to_owned).collect())
}

/// Becomes the journal's own reader, which knows when there is more.
fn follow_journal(engine: &Engine<'_>, names: &[ServiceName]) -> Result<()> {
    let mut words = of_journal(engine, names);
    words.extend(["--follow".to_owned(), "--lines=0".to_owned()]);
    let program = Program {
        path: "journalctl".into(),
        name: "journalctl".into(),
        arguments: words.into_iter().map(Into::into).collect(),
        variables: Vec::new(),
    };
    match process::become_program(&program) {
        Ok(_) => Ok(()),
        Err(error) => Err(ServiceError::Init {
            program: "journalctl",
            why: error.to_string(),
        }
        .into()),
    }
}
