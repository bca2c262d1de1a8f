//! The key `checks`: what must hold, or should, after a change of generation.

use schemars::JsonSchema;
use serde::Deserialize;

use super::command::RawCommand;
use super::command::Time;
use crate::code::Code;
use crate::conduct::CheckKind;
use crate::conduct::HealthCheck;
use crate::manifest::check::Checker;
use crate::manifest::check::bad_file_path;
use crate::manifest::field::Field;
use crate::manifest::text::Span;
use crate::manifest::words;

/// What is looked at after a change: exactly one of `exec`, `http`, `tcp`, `file` and `unit`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename = "Check", deny_unknown_fields)]
#[schemars(extend("oneOf" = [
    {"required": ["exec"]}, {"required": ["http"]}, {"required": ["tcp"]}, {"required": ["file"]}, {"required": ["unit"]}
]))]
pub(in crate::manifest) struct RawCheck {
    /// A command that must end with 0, as a list.
    exec: Option<Field<RawCommand>>,
    /// An address that must answer with a status below 400, or with `status`.
    http: Option<Field<String>>,
    /// The status `http` must answer with.
    #[schemars(range(min = 100, max = 599))]
    status: Option<Field<u32>>,
    /// `host:port` that must accept a connection.
    tcp: Option<Field<String>>,
    /// A path that must be there: absolute, below the home folder with `~/`, or below the target folder.
    file: Option<Field<String>>,
    /// A unit of the init system, or a service of this manifest, that must be active.
    unit: Option<Field<String>>,
    /// Whether the change is taken back when it fails; else it is only told. Default: true.
    required: Option<Field<bool>>,
    /// For so long after the change a failure does not count. Default: 0s.
    grace: Option<Time>,
    /// From the end of one try to the start of the next. Default: 1s.
    interval: Option<Time>,
    /// How long one try may take. Default: 10s.
    timeout: Option<Time>,
    /// It has failed after so many failures in a row. Default: 3.
    #[schemars(range(min = 1))]
    fail_after: Option<Field<u32>>,
    /// It holds after so many successes in a row. Default: 1.
    #[schemars(range(min = 1))]
    ok_after: Option<Field<u32>>,
}

/// What is looked at, as it is written: for checks, and for when a service is ready.
#[derive(Debug)]
pub(in crate::manifest) struct RawKind {
    pub(in crate::manifest) exec: Option<Field<RawCommand>>,
    pub(in crate::manifest) http: Option<Field<String>>,
    pub(in crate::manifest) status: Option<Field<u32>>,
    pub(in crate::manifest) tcp: Option<Field<String>>,
    pub(in crate::manifest) file: Option<Field<String>>,
    pub(in crate::manifest) unit: Option<Field<String>>,
}

impl Checker<'_> {
    /// One check.
    pub(in crate::manifest) fn health_check(
        &self,
        raw: RawCheck,
        span: Span,
        name: &str,
    ) -> Option<HealthCheck> {
        let what = format!("the check `{}`", words::shorten(name));
        let kind = RawKind {
            exec: raw.exec,
            http: raw.http,
            status: raw.status,
            tcp: raw.tcp,
            file: raw.file,
            unit: raw.unit,
        };
        let kind = self.check_kind(kind, span, &what)?;
        let standard = HealthCheck::of(kind);
        Some(HealthCheck {
            required: value_or(raw.required, standard.required),
            grace: self.lapse(raw.grace, standard.grace),
            interval: self.lapse(raw.interval, standard.interval),
            timeout: self.some_lapse(raw.timeout, standard.timeout),
            fail_after: self.count(raw.fail_after, "fail_after", standard.fail_after),
            ok_after: self.count(raw.ok_after, "ok_after", standard.ok_after),
            kind: standard.kind,
        })
    }

    /// What is looked at: exactly one of the kinds. `what` is whose it is, for messages.
    pub(in crate::manifest) fn check_kind(
        &self,
        raw: RawKind,
        span: Span,
        what: &str,
    ) -> Option<CheckKind> {
        let written: Vec<(&str, Span)> = [
            ("exec", raw.exec.as_ref().map(|field| field.span)),
            ("http", raw.http.as_ref().map(|field| field.span)),
            ("tcp", raw.tcp.as_ref().map(|field| field.span)),
            ("file", raw.file.as_ref().map(|field| field.span)),
            ("unit", raw.unit.as_ref().map(|field| field.span)),
        ]
        .into_iter()
        .filter_map(|(key, span)| Some((key, span?)))
        .collect();
        let choice = "`exec:`, `http:`, `tcp:`, `file:` and `unit:`";
        match written[..] {
            [_] => {}
            [] => {
                if !self.reading.is_marred(span) {
                    let message = format!("{what} says nothing of what to look at");
                    let hint = Some(format!("give it one of {choice}"));
                    self.reading
                        .note_with_hint(span, Code::ManifestEntry, message, hint);
                }
                return None;
            }
            [(first, _), (second, at), ..] => {
                let message = format!("{what} has both `{first}` and `{second}`");
                let hint = Some(format!(
                    "keep one of {choice}; a second check has a name of its own"
                ));
                self.reading
                    .note_with_hint(at, Code::ManifestEntry, message, hint);
            }
        }
        if let (Some(status), None) = (&raw.status, &raw.http) {
            let message = "`status` is only for `http`";
            self.reading.note(status.span, Code::ManifestEntry, message);
        }
        if let Some(exec) = raw.exec {
            return Some(CheckKind::Exec(self.command(exec.value?, exec.span)?));
        }
        if let Some(http) = raw.http {
            let status = raw.status.and_then(|field| self.status(&field));
            return Some(CheckKind::Http {
                url: self.checked(http, bad_address)?,
                status,
            });
        }
        if let Some(tcp) = raw.tcp {
            return Some(CheckKind::Tcp(self.checked(tcp, bad_endpoint)?));
        }
        if let Some(file) = raw.file {
            return Some(CheckKind::File(self.checked(file, bad_file_path)?));
        }
        Some(CheckKind::Unit(self.checked(raw.unit?, bad_unit)?))
    }

    fn checked(
        &self,
        field: Field<String>,
        why: fn(&str) -> Option<&'static str>,
    ) -> Option<String> {
        let text = field.value?;
        if let Some(why) = why(&text) {
            let message = format!("`{}` cannot be looked at: {why}", words::shorten(&text));
            self.reading.note(field.span, Code::ManifestValue, message);
            return None;
        }
        Some(text)
    }

    fn status(&self, field: &Field<u32>) -> Option<u16> {
        let number = field.value?;
        let status = u16::try_from(number)
            .ok()
            .filter(|n| (100..600).contains(n));
        if status.is_none() {
            let message = format!("{number} is not a status of HTTP");
            let hint = Some("write a number from 100 to 599, such as 204".to_owned());
            self.reading
                .note_with_hint(field.span, Code::ManifestValue, message, hint);
        }
        status
    }

    fn count(&self, field: Option<Field<u32>>, key: &str, standard: u32) -> u32 {
        match field {
            Some(Field {
                value: Some(0),
                span,
            }) => {
                let message = format!("`{key}` must be at least 1");
                self.reading.note(span, Code::ManifestValue, message);
                standard
            }
            field => value_or(field, standard),
        }
    }
}

fn value_or<T>(field: Option<Field<T>>, standard: T) -> T {
    field.and_then(|field| field.value).unwrap_or(standard)
}

/// Why a text is no address to ask.
fn bad_address(url: &str) -> Option<&'static str> {
    let rest = url
        .strip_prefix("http://")
        .or_else(|| url.strip_prefix("https://"));
    match rest {
        None => Some("an address begins with `http://` or `https://`"),
        Some(rest) if rest.starts_with(['/', ':', '?', '#']) || rest.is_empty() => {
            Some("the address names no host")
        }
        Some(rest) if rest.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            Some("the address holds a space")
        }
        Some(_) => None,
    }
}

/// Why a text is no `host:port`.
fn bad_endpoint(text: &str) -> Option<&'static str> {
    let Some((host, port)) = text.rsplit_once(':') else {
        return Some("write `host:port`, such as `127.0.0.1:5432`");
    };
    if host.is_empty() || host.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Some("it names no host; write `host:port`");
    }
    match port.parse::<u16>() {
        Ok(0) | Err(_) => Some("the port must be a number from 1 to 65535"),
        Ok(_) => None,
    }
}

/// Why a text cannot name a unit: it is handed to the init system as an argument.
fn bad_unit(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.starts_with('-') {
        return Some("it is no name of a unit");
    }
    let odd = |c: char| c.is_whitespace() || c.is_control() || c == '/';
    name.chars()
        .any(odd)
        .then_some("the name of a unit has no spaces and no `/`")
}
