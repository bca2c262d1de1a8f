//! A service as a unit of systemd.
//!
//! `ExecStart` names the generation's own folder, not the pointer: what systemd starts again by itself between the
//! pointer's move and our `daemon-reload` is still what it was. Units are read again at each change, so the next start
//! is the new one; until then the running process keeps its trees, because collecting looks at processes.

use std::fmt::Write as _;
use std::path::Path;

use dgmo_schema::conduct::Restart;
use dgmo_schema::conduct::Service;
use dgmo_schema::id::Digest;
use dgmo_schema::lapse::Lapse;
use dgmo_schema::name::ProfileName;
use dgmo_schema::name::ServiceName;

use super::Setting;

/// The name of the unit of a service. A profile's name may end as a service's begins, so a colon is between them:
/// neither may hold one.
pub fn unit_name(profile: &ProfileName, service: &ServiceName) -> String {
    let name = match profile.as_str() {
        "default" => format!("dgmo-{service}"),
        _ => format!("dgmo-{profile}:{service}"),
    };
    // The only character of a name that systemd does not take.
    format!("{}.service", bounded(name.replace('+', "\\x2b")))
}

/// A name that has room for an ending and a folder's name in front: a file's may have 255 bytes.
pub(super) fn bounded(name: String) -> String {
    const MOST: usize = 200;
    if name.len() <= MOST {
        return name;
    }
    let digest = Digest::of(name.as_bytes()).to_string();
    let mark = &digest[digest.len() - 16..];
    format!("{}-{mark}", &name[..MOST - 17])
}

/// What a unit is written from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Unit<'a> {
    pub(super) profile: &'a ProfileName,
    pub(super) name: &'a ServiceName,
    pub(super) service: &'a Service,
    pub(super) setting: &'a Setting,
    /// The command that ends when the service is ready, where it says when that is.
    pub(super) wait: Option<&'a [String]>,
    /// What starts it at boot.
    pub(super) wanted_by: &'a str,
}

impl Unit<'_> {
    pub(super) fn render(&self) -> String {
        let Self {
            service, setting, ..
        } = self;
        let mut lines = vec!["# Written by dgmo; `dgmo switch` replaces it.".to_owned()];
        let set = |key: &str, value: &str| format!("{key}={value}");
        lines.push("[Unit]".to_owned());
        let description = service.description.clone();
        let described = description.unwrap_or_else(|| format!("{} (dgmo)", self.name));
        lines.push(set("Description", &plain(&described)));
        let after: Vec<String> = service
            .after
            .iter()
            .map(|name| unit_name(self.profile, name))
            .collect();
        if !after.is_empty() {
            lines.push(set("Wants", &after.join(" ")));
            lines.push(set("After", &after.join(" ")));
        }
        // It is started again for as long as it takes, at longer and longer intervals.
        lines.push("StartLimitIntervalSec=0\n\n[Service]\nType=exec".to_owned());
        let start = command(&setting.program, &setting.arguments);
        lines.push(set("ExecStart", &start));
        if let Some([program, arguments @ ..]) = self.wait {
            let wait = command(Path::new(program), arguments);
            lines.push(set("ExecStartPost", &wait));
        }
        let folder = setting.folder.display().to_string();
        lines.push(set("WorkingDirectory", &plain(&folder)));
        for (name, value) in &setting.env {
            let variable = quoted(&format!("{name}={value}"), Dollar::Plain);
            lines.push(set("Environment", &variable));
        }
        lines.push(set("Restart", restart(service.restart)));
        lines.push("RestartSec=500ms\nRestartSteps=7\nRestartMaxDelaySec=60s".to_owned());
        lines.push(set("TimeoutStartSec", &span(service.start_timeout)));
        lines.push(set("TimeoutStopSec", &span(service.stop_timeout)));
        lines.push("\n[Install]".to_owned());
        lines.push(set("WantedBy", self.wanted_by));
        lines.join("\n") + "\n"
    }
}

fn restart(restart: Restart) -> &'static str {
    match restart {
        Restart::Always => "always",
        Restart::OnFailure => "on-failure",
        Restart::Never => "no",
    }
}

fn span(lapse: Lapse) -> String {
    format!("{}ms", lapse.as_millis())
}

/// A program and its arguments. The path itself is never searched for variables, the first argument is; where that
/// makes a difference, `@` gives each of the two its own word.
fn command(program: &Path, arguments: &[String]) -> String {
    let path = program.display().to_string();
    let mut words = Vec::new();
    if path.contains('$') {
        words.push(format!("@{}", quoted(&path, Dollar::Plain)));
    }
    let first = if path.contains('$') {
        Dollar::Doubled
    } else {
        Dollar::Plain
    };
    words.push(quoted(&path, first));
    words.extend(arguments.iter().map(|word| quoted(word, Dollar::Doubled)));
    words.join(" ")
}

/// Whether a dollar sign would begin a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dollar {
    Plain,
    Doubled,
}

/// One word in double quotes that means exactly `text`: quotes, escapes, specifiers and variables are all made plain.
fn quoted(text: &str, dollar: Dollar) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '%' => out.push_str("%%"),
            '$' if dollar == Dollar::Doubled => out.push_str("$$"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A value that systemd takes to the end of the line: only specifiers mean something in it, and a backslash at its end.
fn plain(text: &str) -> String {
    let text = text.replace('%', "%%");
    text.trim_end_matches('\\').to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use dgmo_schema::conduct::CommandLine;
    use proptest::prelude::*;

    use super::*;

    /// What systemd makes of a line of words: quotes and escapes, then specifiers, then variables.
    fn read(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut chars = line.chars().peekable();
        while chars.peek().is_some() {
            let mut word = String::new();
            let mut is_quoted = false;
            while let Some(c) = chars.next() {
                match c {
                    '"' => is_quoted = !is_quoted,
                    ' ' if !is_quoted => break,
                    '\\' => match chars.next().unwrap() {
                        'n' => word.push('\n'),
                        't' => word.push('\t'),
                        'x' => {
                            let hex: String = chars.by_ref().take(2).collect();
                            word.push(char::from(u8::from_str_radix(&hex, 16).unwrap()));
                        }
                        plain => word.push(plain),
                    },
                    c => word.push(c),
                }
            }
            assert!(!is_quoted, "an open quote in {line}");
            words.push(word);
        }
        words
    }

    /// `%%` is one, and nothing else may begin with it.
    fn halve(text: &str, sign: char) -> String {
        let mut out = String::new();
        let mut chars = text.chars();
        while let Some(c) = chars.next() {
            out.push(c);
            if c == sign {
                assert_eq!(chars.next(), Some(sign), "a lone {sign} in {text}");
            }
        }
        out
    }

    proptest! {
        #[test]
        fn a_word_means_itself_whatever_is_in_it(words in prop::collection::vec("[^\0]{0,12}", 0..4), path in "/[^\0/]{1,12}") {
            let line = command(Path::new(&path), &words);
            prop_assert!(!line.contains('\n'));
            let mut found = read(&line).into_iter().map(|word| halve(&word, '%'));
            let first = found.next().unwrap();
            let (program, argument) = match first.strip_prefix('@') {
                Some(program) => (program.to_owned(), halve(&found.next().unwrap(), '$')),
                None => (first.clone(), halve(&first, '$')),
            };
            prop_assert_eq!(&program, &path);
            prop_assert_eq!(&argument, &path);
            let rest: Vec<String> = found.map(|word| halve(&word, '$')).collect();
            prop_assert_eq!(rest, words);
        }

        #[test]
        fn a_variable_means_itself(value in "[^\0]{0,20}") {
            let line = quoted(&format!("A={value}"), Dollar::Plain);
            let found: Vec<String> = read(&line).iter().map(|word| halve(word, '%')).collect();
            prop_assert_eq!(found, vec![format!("A={value}")]);
        }
    }

    #[test]
    fn every_name_makes_a_name_of_a_unit() {
        let name = |text: &str| unit_name(&"p".parse().unwrap(), &text.parse().unwrap());
        assert_eq!(name("c++"), "dgmo-p:c\\x2b\\x2b.service");
        let (one, other) = (
            format!("a{}", "+".repeat(127)),
            format!("a{}b", "+".repeat(126)),
        );
        assert!(name(&one).len() < 220);
        assert_ne!(name(&one), name(&other));
    }

    #[test]
    fn a_unit_reads_like_one() {
        let run = vec!["caddy".to_owned(), "run".to_owned(), "50% $x".to_owned()];
        let mut service = Service::of(CommandLine::try_from(run).unwrap());
        service.after = vec!["db".parse().unwrap()];
        let setting = Setting {
            program: "/g/view/bin/caddy".into(),
            arguments: service.run.arguments().to_vec(),
            env: BTreeMap::from([("A".to_owned(), "it's \"b\"".to_owned())]),
            folder: "/home/me".into(),
        };
        let unit = Unit {
            profile: &"work".parse().unwrap(),
            name: &"web".parse().unwrap(),
            service: &service,
            setting: &setting,
            wait: None,
            wanted_by: "default.target",
        };
        let expected = "# Written by dgmo; `dgmo switch` replaces it.\n[Unit]\nDescription=web (dgmo)\n\
                        Wants=dgmo-work:db.service\nAfter=dgmo-work:db.service\nStartLimitIntervalSec=0\n\n\
                        [Service]\nType=exec\nExecStart=\"/g/view/bin/caddy\" \"run\" \"50%% $$x\"\n\
                        WorkingDirectory=/home/me\nEnvironment=\"A=it's \\\"b\\\"\"\nRestart=on-failure\n\
                        RestartSec=500ms\nRestartSteps=7\nRestartMaxDelaySec=60s\nTimeoutStartSec=30000ms\n\
                        TimeoutStopSec=10000ms\n\n[Install]\nWantedBy=default.target\n";
        assert_eq!(unit.render(), expected);
    }
}
