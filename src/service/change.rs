//! What a change of generation means for its services: which stop, which start, which are left running.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use dgmo_schema::both::side_by_side;
use dgmo_schema::conduct::Service;
use dgmo_schema::generation::Record;
use dgmo_schema::name::PackageName;
use dgmo_schema::name::ServiceName;
use dgmo_schema::name::StateName;
use dgmo_schema::name::TargetPath;

use super::Ground;
use super::ServiceError;
use super::start_order;

/// One side of a change.
#[derive(Clone, Copy)]
pub struct Side<'a> {
    /// Where it stands.
    pub ground: Ground<'a>,
    /// Which package shows a program in its `bin`, where that is known.
    pub shown_by: &'a dyn Fn(&str) -> Option<PackageName>,
}

impl std::fmt::Debug for Side<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Side").field(&self.ground.place).finish()
    }
}

/// What happens to services at a change of generation.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// Those of the old side that stop, in order: the last started first.
    pub stop: Vec<ServiceName>,
    /// Those of the new side that start once it is current, in order.
    pub start: Vec<ServiceName>,
}

impl Changes {
    /// Whether nothing is stopped or started.
    pub fn is_empty(&self) -> bool {
        self.stop.is_empty() && self.start.is_empty()
    }

    /// Whether a service is stopped or started.
    pub fn touches(&self, name: &ServiceName) -> bool {
        self.stop.contains(name) || self.start.contains(name)
    }

    /// Whether the state folder `name` of `record` is to be kept at this change.
    pub fn touches_state(&self, record: &Record, name: &StateName) -> bool {
        record.conduct.state.get(name).is_some_and(|folder| {
            folder.services.is_empty()
                || folder.services.iter().any(|service| self.touches(service))
        })
    }
}

/// What going from one side to the other does; those in `also` are touched whether or not they differ.
pub fn changes(
    from: Side<'_>,
    to: Side<'_>,
    also: &BTreeSet<ServiceName>,
) -> Result<Changes, ServiceError> {
    let old = &from.ground.record.conduct.services;
    let new = &to.ground.record.conduct.services;
    let touched: BTreeSet<&ServiceName> = side_by_side(old, new)
        .filter(|(name, one, other)| match (one, other) {
            (Some(one), Some(other)) => also.contains(*name) || is_another(one, from, other, to),
            _ => true,
        })
        .map(|(name, ..)| name)
        .collect();
    let mut stop = start_order(old)?;
    stop.retain(|name| touched.contains(name));
    stop.reverse();
    let mut start = start_order(new)?;
    start.retain(|name| touched.contains(name));
    Ok(Changes { stop, start })
}

/// Whether a service that both sides have must be started again: it is told otherwise, or what it uses is another.
fn is_another(old: &Service, from: Side<'_>, new: &Service, to: Side<'_>) -> bool {
    is_told_otherwise(old, new)
        || variables(old, from.ground.record) != variables(new, to.ground.record)
        || from.ground.record.path != to.ground.record.path
        || uses_another_package(old, from, to)
        || uses_another_file(new, from, to)
}

/// Words for people, and what only concerns whoever runs it, are taken over without starting it again.
fn is_told_otherwise(old: &Service, new: &Service) -> bool {
    old.run != new.run || old.folder != new.folder || old.ready != new.ready
}

fn variables<'a>(service: &'a Service, record: &'a Record) -> BTreeMap<&'a str, &'a str> {
    let all = record.env.iter().chain(&service.env);
    all.map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn uses_another_package(service: &Service, from: Side<'_>, to: Side<'_>) -> bool {
    let program = service.run.program();
    if program.contains('/') {
        return false;
    }
    let (old, new) = ((from.shown_by)(program), (to.shown_by)(program));
    let name = match (&old, &new) {
        (Some(one), Some(other)) if one != other => return true,
        (Some(name), _) | (None, Some(name)) => name,
        (None, None) => return false,
    };
    from.ground.record.packages.get(name) != to.ground.record.packages.get(name)
}

/// Whether a home file that the service names, or that lies in the folder of settings with its program's name, differs.
fn uses_another_file(service: &Service, from: Side<'_>, to: Side<'_>) -> bool {
    let (old, new) = (&from.ground.record.files, &to.ground.record.files);
    side_by_side(old, new)
        .filter(|(_, old, new)| old != new)
        .any(|(path, ..)| is_used(service, path, to.ground))
}

fn is_used(service: &Service, path: &TargetPath, ground: Ground<'_>) -> bool {
    let program = Path::new(service.run.program()).file_name();
    let own = program.map(|name| Path::new(".config").join(name));
    if own.is_some_and(|own| Path::new(path.as_str()).starts_with(own)) {
        return true;
    }
    let folder = match &service.folder {
        Some(folder) => ground.locate(folder),
        None => ground.target.to_owned(),
    };
    let place = ground.target.join(path.as_str());
    let words = service.run.arguments().iter().chain(service.env.values());
    words
        .chain([&service.run.program().to_owned()])
        .flat_map(|word| {
            [
                Some(word.as_str()),
                word.split_once('=').map(|(_, value)| value),
            ]
        })
        .flatten()
        .filter(|word| word.contains('/') || word.contains('.'))
        .map(|word| match word.strip_prefix("~/") {
            Some(_) => ground.locate(word),
            None => folder.join(word),
        })
        .any(|named| named.starts_with(&place) || place.starts_with(&named) && named != folder)
}

#[cfg(test)]
mod tests {
    use dgmo_schema::conduct::CommandLine;
    use dgmo_schema::conduct::Conduct;
    use dgmo_schema::generation::Identity;
    use dgmo_schema::generation::RecordedContent;
    use dgmo_schema::generation::RecordedFile;
    use dgmo_schema::generation::RecordedPackage;
    use dgmo_schema::id::BlobId;
    use dgmo_schema::id::Digest;
    use dgmo_schema::id::TreeId;
    use dgmo_schema::manifest::Method;

    use super::*;

    fn service(words: &[&str], after: &[&str]) -> Service {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut service = Service::of(CommandLine::try_from(words).unwrap());
        service.after = after.iter().map(|name| name.parse().unwrap()).collect();
        service
    }

    /// `web` after `db`, both from the package `caddy` and `pg`; a settings file for each.
    fn record() -> Record {
        let package = |bytes: &[u8]| RecordedPackage {
            version: None,
            identity: Identity::Tree(TreeId(Digest::of(bytes))),
            bin: vec![],
            priority: 0,
        };
        let file = |bytes: &[u8]| RecordedFile {
            content: RecordedContent::File(BlobId(Digest::of(bytes))),
            mode: None,
            method: Method::Link,
        };
        Record {
            format: 1,
            system: "x86_64-linux".parse().unwrap(),
            packages: [
                ("caddy".parse().unwrap(), package(b"1")),
                ("pg".parse().unwrap(), package(b"2")),
            ]
            .into(),
            files: [
                ("web.conf".parse().unwrap(), file(b"w")),
                (".config/pg/conf".parse().unwrap(), file(b"p")),
                ("other".parse().unwrap(), file(b"o")),
            ]
            .into(),
            env: BTreeMap::new(),
            path: vec![],
            secrets: BTreeMap::new(),
            conduct: Conduct {
                services: [
                    (
                        "web".parse().unwrap(),
                        service(&["caddy", "--config", "~/web.conf"], &["db"]),
                    ),
                    ("db".parse().unwrap(), service(&["pg"], &[])),
                ]
                .into(),
                ..Conduct::default()
            },
        }
    }

    fn between(from: &Record, to: &Record) -> Changes {
        let shown_by = |program: &str| program.parse().ok();
        let side = |record| Side {
            ground: Ground {
                record,
                place: Path::new("/g"),
                target: Path::new("/home/me"),
                home: Path::new("/home/me"),
            },
            shown_by: &shown_by,
        };
        changes(side(from), side(to), &BTreeSet::new()).unwrap()
    }

    fn names(list: &[ServiceName]) -> Vec<&str> {
        list.iter().map(ServiceName::as_str).collect()
    }

    #[test]
    fn what_is_the_same_is_left_running() {
        assert!(between(&record(), &record()).is_empty());
        let mut to = record();
        to.files.remove("other");
        to.packages
            .insert("new".parse().unwrap(), to.packages["pg"].clone());
        assert!(between(&record(), &to).is_empty());
    }

    #[test]
    fn all_start_in_order_and_stop_in_the_other() {
        let mut none = record();
        none.conduct.services.clear();
        assert_eq!(names(&between(&none, &record()).start), ["db", "web"]);
        assert_eq!(names(&between(&record(), &none).stop), ["web", "db"]);
    }

    #[test]
    fn what_uses_another_package_or_file_or_variable_is_started_again() {
        type Change = fn(&mut Record);
        let table: [(&str, Change); 5] = [
            ("db", |to| {
                to.packages.get_mut("pg").unwrap().version = Some("2".to_owned());
            }),
            ("web", |to| {
                to.files.remove("web.conf");
            }),
            ("db", |to| {
                to.files.remove(".config/pg/conf");
            }),
            ("", |to| {
                to.conduct.services.get_mut("db").unwrap().description = Some("x".to_owned());
            }),
            ("db web", |to| {
                to.env.insert("A".parse().unwrap(), "b".to_owned());
            }),
        ];
        for (expected, change) in table {
            let mut to = record();
            change(&mut to);
            let changes = between(&record(), &to);
            assert_eq!(names(&changes.start).join(" "), expected);
            let back: Vec<&str> = names(&changes.stop).into_iter().rev().collect();
            assert_eq!(back.join(" "), expected);
        }
    }
}
