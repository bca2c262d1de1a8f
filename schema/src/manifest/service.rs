//! Entries of `services` and `state`, from their shape to checked values.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::check::Checker;
use super::conduct::RawCommand;
use super::conduct::RawKind;
use super::conduct::Time;
use super::field::Entries;
use super::field::Field;
use super::part::Part;
use super::problem::Problem;
use super::raw::Text;
use super::text::Span;
use super::words;
use crate::code::Code;
use crate::conduct::CheckKind;
use crate::conduct::Restart;
use crate::conduct::Service;
use crate::conduct::StateFolder;
use crate::name::ServiceName;
use crate::name::VariableName;
use crate::nearest::nearest;

/// A program that runs for as long as its generation is current.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "Service", rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawService {
    /// The program and its arguments, as a list; `~/` at the start of one is the home folder. A program without a
    /// slash is looked up in the generation's `bin` first.
    #[schemars(required)]
    run: Option<Field<RawCommand>>,
    /// What it is, for people.
    description: Option<Field<Text>>,
    /// Variables it gets besides those of `env`.
    env: Option<Field<Entries<Text>>>,
    /// The folder it starts in: absolute, `~/…`, or below the home folder. Default: the home folder.
    folder: Option<Field<String>>,
    /// When it is started again: `always`, `on-failure` (the default) or `never`.
    restart: Option<Field<Restart>>,
    /// Services that must be ready before it starts, and that stop after it.
    after: Option<Field<Vec<Field<String>>>>,
    /// When it is ready. Default: as soon as it runs.
    ready: Option<Field<RawReady>>,
    /// How long it may take to become ready: `30s` by default.
    start_timeout: Option<Time>,
    /// How long it may take to end before it is killed: `10s` by default.
    stop_timeout: Option<Time>,
}

/// When a service is ready: exactly one of `tcp`, `http`, `exec`, `file` and `unit`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "Ready", deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["exec"]}, {"required": ["http"]}, {"required": ["tcp"]}, {"required": ["file"]}, {"required": ["unit"]}
]))]
pub(super) struct RawReady {
    /// `host:port` that accepts a connection.
    tcp: Option<Field<String>>,
    /// An address that answers.
    http: Option<Field<String>>,
    /// The status `http` must answer with. Default: any below 400.
    status: Option<Field<u32>>,
    /// A command that ends with 0.
    exec: Option<Field<RawCommand>>,
    /// A path that is there: absolute, `~/…`, or below the home folder.
    file: Option<Field<String>>,
    /// A unit of the init system, or a service of this manifest, that is active.
    unit: Option<Field<String>>,
}

/// A folder of data that is kept with each generation that used it.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "State", deny_unknown_fields)]
pub(super) struct RawState {
    /// Where it is: absolute, `~/…`, or below the home folder.
    #[schemars(required)]
    path: Option<Field<String>>,
    /// The services that use it: it is copied at a switch that touches one of them. Default: at every switch.
    services: Option<Field<Vec<Field<String>>>>,
}

/// Checks one service.
pub(super) fn service(
    checker: &Checker<'_>,
    raw: RawService,
    span: Span,
    name: &str,
) -> Option<Service> {
    let Some(run) = raw.run else {
        checker.note_left_out(span, name, "run", "`run: [program, argument]`");
        return None;
    };
    let run = run.value.and_then(|raw| checker.command(raw, run.span));
    let after = checker.service_names(raw.after);
    let env = checker.service_env(raw.env);
    let folder = raw
        .folder
        .and_then(|folder| checker.place_of_machine(folder));
    let what = format!("`ready` of `{}`", words::shorten(name));
    let ready = raw
        .ready
        .and_then(|ready| checker.ready(ready.value?, ready.span, &what));
    let description = raw.description.and_then(|text| checker.one_line(text));
    let usual = Service::of(run?);
    Some(Service {
        description,
        env,
        folder,
        restart: raw
            .restart
            .and_then(|restart| restart.value)
            .unwrap_or(usual.restart),
        after,
        ready,
        start_timeout: checker.some_lapse(raw.start_timeout, usual.start_timeout),
        stop_timeout: checker.lapse(raw.stop_timeout, usual.stop_timeout),
        ..usual
    })
}

/// Checks one state folder.
pub(super) fn state(
    checker: &Checker<'_>,
    raw: RawState,
    span: Span,
    name: &str,
) -> Option<StateFolder> {
    let services = checker.service_names(raw.services);
    let Some(path) = raw.path else {
        checker.note_left_out(span, name, "path", "`path: ~/.local/share/app`");
        return None;
    };
    let span = path.span;
    let path = checker.place_of_machine(path)?;
    if matches!(path.trim_end_matches('/'), "" | "~" | ".") {
        let message = format!("`{path}` holds more than the state of a program");
        let hint = "name the folder of the program's own data".to_owned();
        checker
            .reading
            .note_with_hint(span, Code::ManifestValue, message, Some(hint));
        return None;
    }
    Some(StateFolder { path, services })
}

impl Checker<'_> {
    fn note_left_out(&self, span: Span, name: &str, key: &str, example: &str) {
        if !self.reading.is_marred(span) {
            let message = format!("`{name}` has no `{key}`");
            let hint = format!("give it one, such as {example}");
            self.reading
                .note_with_hint(span, Code::ManifestEntry, message, Some(hint));
        }
    }

    fn service_names(&self, field: Option<Field<Vec<Field<String>>>>) -> Vec<ServiceName> {
        let mut names: Vec<ServiceName> = Vec::new();
        for item in field.and_then(|field| field.value).unwrap_or_default() {
            let Some(text) = item.value else { continue };
            match text.parse() {
                Ok(name) if names.contains(&name) => {}
                Ok(name) => names.push(name),
                Err(error) => {
                    let error: crate::name::NameError = error;
                    self.reading
                        .note(item.span, Code::ManifestName, error.to_string());
                }
            }
        }
        names
    }

    fn service_env(&self, field: Option<Field<Entries<Text>>>) -> BTreeMap<VariableName, String> {
        let checked = self.entries::<VariableName, _, _>(field, Self::variable);
        checked
            .into_iter()
            .map(|(name, placed)| (name, placed.value))
            .collect()
    }

    /// A path of the machine a generation runs on: not relative to the manifest.
    fn place_of_machine(&self, field: Field<String>) -> Option<String> {
        let path = field.value?;
        let why = if path.trim().is_empty() {
            "the path is empty"
        } else if path.chars().any(char::is_control) {
            "the path holds a control character"
        } else if path.split('/').any(|part| part == "..") {
            "the path must not hold the part `..`"
        } else if path.starts_with('~') && path != "~" && !path.starts_with("~/") {
            "only `~/` stands for the home folder"
        } else {
            return Some(path);
        };
        self.reading.note(field.span, Code::ManifestValue, why);
        None
    }

    fn one_line(&self, field: Field<Text>) -> Option<String> {
        let Text(text) = field.value?;
        if text.chars().any(char::is_control) {
            let message = "`description` must be one line of text";
            self.reading.note(field.span, Code::ManifestValue, message);
            return None;
        }
        Some(text)
    }

    fn ready(&self, raw: RawReady, span: Span, what: &str) -> Option<CheckKind> {
        let kind = RawKind {
            exec: raw.exec,
            http: raw.http,
            status: raw.status,
            tcp: raw.tcp,
            file: raw.file,
            unit: raw.unit,
        };
        self.check_kind(kind, span, what)
    }
}

/// What the services and state folders of a whole manifest say of each other and cannot be.
pub(super) fn conflicts(part: &Part) -> Vec<Problem> {
    let mut problems = Vec::new();
    for (name, service) in &part.services {
        for needed in &service.value.after {
            if !part.services.contains_key(needed) {
                let message = format!("`{name}` starts after `{needed}`, which is no service");
                problems.push(unknown(part, message, needed, service.at.place()));
            }
        }
    }
    for (name, folder) in &part.state {
        for used in &folder.value.services {
            if !part.services.contains_key(used) {
                let message = format!("`{name}` is used by `{used}`, which is no service");
                problems.push(unknown(part, message, used, folder.at.place()));
            }
        }
    }
    problems.extend(circle(part));
    problems.extend(nested(part));
    problems
}

fn unknown(part: &Part, message: String, name: &ServiceName, place: crate::code::Place) -> Problem {
    let known = part.services.keys().map(ServiceName::as_str);
    let hint = match nearest(name.as_str(), known) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("add a service `{name}`, or leave the name out"),
    };
    Problem::new(Code::ServiceUnknown, message, place).with_hint(hint)
}

/// The first circle of services that wait for each other.
fn circle(part: &Part) -> Option<Problem> {
    let mut done = std::collections::BTreeSet::new();
    for start in part.services.keys() {
        let mut path = Vec::new();
        if let Some(circle) = walk(part, start, &mut path, &mut done) {
            let names: Vec<String> = circle.iter().map(|name| format!("`{name}`")).collect();
            let message = format!(
                "services wait for each other in a circle: {}",
                names.join(" after ")
            );
            let place = part.services[circle[0]].at.place();
            return Some(
                Problem::new(Code::ServiceCircle, message, place)
                    .with_hint("take one `after` of the circle away"),
            );
        }
    }
    None
}

/// Follows `after` from `name`; a name that is on the path already closes a circle.
fn walk<'a>(
    part: &'a Part,
    name: &'a ServiceName,
    path: &mut Vec<&'a ServiceName>,
    done: &mut std::collections::BTreeSet<&'a ServiceName>,
) -> Option<Vec<&'a ServiceName>> {
    if let Some(at) = path.iter().position(|known| *known == name) {
        let mut circle = path[at..].to_vec();
        circle.push(name);
        return Some(circle);
    }
    if !done.insert(name) {
        return None;
    }
    let service = part.services.get(name)?;
    path.push(name);
    let found = service
        .value
        .after
        .iter()
        .find_map(|next| walk(part, next, path, done));
    path.pop();
    found
}

/// A folder in another would be copied twice, and brought back twice.
fn nested(part: &Part) -> Vec<Problem> {
    let mut problems = Vec::new();
    let plain = |path: &str| path.trim_end_matches('/').to_owned();
    for (name, folder) in &part.state {
        for (other, above) in part.state.iter().filter(|(other, _)| *other != name) {
            let (path, upper) = (plain(&folder.value.path), plain(&above.value.path));
            let same = path == upper && name > other;
            let below = path
                .strip_prefix(&upper)
                .is_some_and(|rest| rest.starts_with('/'));
            if same || below {
                let message = format!("the state folder `{name}` lies in that of `{other}`");
                problems.push(
                    Problem::new(Code::ManifestConflict, message, folder.at.place())
                        .with_other(above.at.place())
                        .with_hint("keep the outer one, and list all its services there"),
                );
            }
        }
    }
    problems
}
