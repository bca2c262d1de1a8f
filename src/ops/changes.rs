//! How two generations, two locks or two states of the target folder differ: pure.

use std::collections::BTreeMap;

use dgmo_schema::both::side_by_side;
use dgmo_schema::conduct::Conduct;
use dgmo_schema::generation::Record;
use dgmo_schema::generation::RecordedFile;
use dgmo_schema::generation::RecordedSecret;
use dgmo_schema::lock::Lock;
use dgmo_schema::lock::LockedPackage;
use dgmo_schema::name::TargetPath;
use dgmo_schema::report::activation::TargetChange;
use dgmo_schema::report::activation::TargetDeed;
use dgmo_schema::report::generation::Change;
use dgmo_schema::report::generation::DiffReport;
use dgmo_schema::report::generation::FileChange;
use dgmo_schema::report::generation::PackageChange;

use crate::activate::Op;
use crate::activate::Plan;

/// What `to` has that `from` had not, and so on.
pub(super) fn between(from: &Record, to: &Record) -> DiffReport {
    if std::ptr::eq(from, to) {
        return DiffReport::default();
    }
    let packages = changed(&from.packages, &to.packages)
        .map(|(name, change)| PackageChange {
            name: name.clone(),
            change,
            from: from
                .packages
                .get(name)
                .and_then(|package| package.version.clone()),
            to: to
                .packages
                .get(name)
                .and_then(|package| package.version.clone()),
            size_from: None,
            size_to: None,
        })
        .collect();
    let mut env: Vec<FileChange> = changed(&from.env, &to.env)
        .map(|(name, change)| FileChange {
            name: name.to_string(),
            change,
        })
        .collect();
    if from.path != to.path {
        env.push(FileChange {
            name: "PATH".to_owned(),
            change: Change::Changed,
        });
    }
    DiffReport {
        from: String::new(),
        to: String::new(),
        packages,
        files: changed(&contents(from), &contents(to))
            .map(|(path, change)| FileChange {
                name: path.to_string(),
                change,
            })
            .collect(),
        env,
        conduct: between_conducts(&from.conduct, &to.conduct),
        size_change: None,
    }
}

/// What a home file's content is, or where a secret comes from.
#[derive(PartialEq)]
enum Content<'a> {
    File(&'a RecordedFile),
    Secret(&'a RecordedSecret),
}

fn contents(record: &Record) -> BTreeMap<&TargetPath, Content<'_>> {
    let files = record.files.iter();
    let secrets = record.secrets.iter();
    files
        .map(|(path, file)| (path, Content::File(file)))
        .chain(secrets.map(|(path, secret)| (path, Content::Secret(secret))))
        .collect()
}

/// What `to` does otherwise than `from`, besides being there.
fn between_conducts(from: &Conduct, to: &Conduct) -> Vec<FileChange> {
    let mut changes = Vec::new();
    let hooks = |conduct: &Conduct| {
        let lists = [
            ("before-switch", conduct.hooks.before_switch.clone()),
            ("after-switch", conduct.hooks.after_switch.clone()),
        ];
        lists
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .collect::<BTreeMap<_, _>>()
    };
    named(&mut changes, "hooks", &hooks(from), &hooks(to));
    named(&mut changes, "service", &from.services, &to.services);
    named(&mut changes, "state", &from.state, &to.state);
    named(&mut changes, "check", &from.checks, &to.checks);
    changes
}

fn named<K: Ord + ToString, V: PartialEq>(
    changes: &mut Vec<FileChange>,
    kind: &str,
    from: &BTreeMap<K, V>,
    to: &BTreeMap<K, V>,
) {
    changes.extend(changed(from, to).map(|(name, change)| FileChange {
        name: format!("{kind} {}", name.to_string()),
        change,
    }));
}

/// What `to` locks otherwise than `from`.
pub(super) fn between_locks(from: &Lock, to: &Lock) -> Vec<PackageChange> {
    let version = |package: Option<&LockedPackage>| package.and_then(|p| p.version.clone());
    changed(&from.packages, &to.packages)
        .map(|(name, change)| PackageChange {
            name: name.clone(),
            change,
            from: version(from.packages.get(name)),
            to: version(to.packages.get(name)),
            size_from: None,
            size_to: None,
        })
        .collect()
}

/// The keys of two maps whose values differ, in order.
fn changed<'a, K: Ord, V: PartialEq>(
    from: &'a BTreeMap<K, V>,
    to: &'a BTreeMap<K, V>,
) -> impl Iterator<Item = (&'a K, Change)> {
    side_by_side(from, to).filter_map(|sides| match sides {
        (key, None, Some(_)) => Some((key, Change::Added)),
        (key, Some(_), None) => Some((key, Change::Removed)),
        (key, Some(one), Some(other)) if one != other => Some((key, Change::Changed)),
        _ => None,
    })
}

/// A change of a package as one line of text.
pub(super) fn in_words(change: &PackageChange) -> String {
    let version =
        |text: &Option<String>| text.as_ref().map(|v| format!(" {v}")).unwrap_or_default();
    let name = &change.name;
    match change.change {
        Change::Added => format!("{name}{} would be added", version(&change.to)),
        Change::Removed => format!("{name}{} would be removed", version(&change.from)),
        Change::Changed if change.from == change.to => {
            format!("{name}{} has other content", version(&change.to))
        }
        Change::Changed => {
            format!(
                "{name} would go from{} to{}",
                version(&change.from),
                version(&change.to)
            )
        }
    }
}

/// What a plan does to the target folder, as told to people: folders made and removed are left out.
pub(super) fn of_plan(plan: &Plan) -> Vec<TargetChange> {
    let mut changes: Vec<TargetChange> = plan
        .before
        .iter()
        .chain(&plan.after)
        .filter_map(of_op)
        .collect();
    changes.sort_by(|one, other| one.path.cmp(&other.path));
    changes
}

fn of_op(op: &Op) -> Option<TargetChange> {
    let path = op.path().to_string();
    let change = |what| TargetChange {
        path: path.clone(),
        what,
        to: None,
    };
    match op {
        Op::MakeFolder { .. }
        | Op::RemoveFolder { .. }
        | Op::Keep { .. }
        | Op::Unkeep { .. }
        | Op::Delete { .. } => None,
        Op::SetAside { to, .. } => Some(TargetChange {
            to: Some(to.to_string()),
            ..change(TargetDeed::SetAside)
        }),
        Op::PutBack { from, .. } => Some(TargetChange {
            to: Some(from.to_string()),
            ..change(TargetDeed::PutBack)
        }),
        Op::Put {
            before: None,
            after: Some(_),
            ..
        } => Some(change(TargetDeed::Added)),
        Op::Put {
            before: Some(_),
            after: Some(_),
            ..
        } => Some(change(TargetDeed::Changed)),
        Op::Put { after: None, .. } => Some(change(TargetDeed::Removed)),
    }
}
