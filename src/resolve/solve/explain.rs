//! Why there is no choice, in sentences: who needs what, and what of it there is not.

use pubgrub::DerivationTree;
use pubgrub::External;

use super::Asked;
use super::Numbers;
use super::Provider;
use super::ROOT;

/// The most sentences; the rest is the same story again.
const MOST: usize = 12;

/// The most versions that are named as left out.
const MOST_LEFT_OUT: usize = 3;

/// One sentence for each requirement that takes part, from what is asked for to what is not there.
pub(super) fn explain(
    provider: &Provider<'_>,
    tree: &DerivationTree<String, Numbers, String>,
) -> Vec<String> {
    let mut leaves = Vec::new();
    collect(tree, &mut leaves);
    let mut sentences: Vec<String> = Vec::new();
    let mut say = |sentence: String| {
        if !sentences.contains(&sentence) {
            sentences.push(sentence);
        }
    };
    let is_of_root =
        |leaf: &&&External<_, _, _>| matches!(leaf, External::FromDependencyOf(p, ..) if p == ROOT);
    let first = leaves.iter().filter(is_of_root);
    let others = leaves.iter().filter(|leaf| !is_of_root(leaf));
    for leaf in first.chain(others) {
        match leaf {
            External::FromDependencyOf(package, numbers, needed, among) => {
                if let Some(sentence) = requirement(provider, package, numbers, needed) {
                    say(sentence);
                }
                if is_none(provider, needed, among) {
                    say(absence(provider, package, numbers, needed));
                }
            }
            External::Custom(package, numbers, why) => {
                let who = who(provider, package, numbers);
                say(format!("{who} cannot be used: {why}"));
            }
            External::NoVersions(..) | External::NotRoot(..) => {}
        }
    }
    let more = sentences.len().saturating_sub(MOST);
    sentences.truncate(MOST);
    if more > 0 {
        sentences.push(format!("and {more} more like these"));
    }
    sentences
}

type Leaf = External<String, Numbers, String>;

fn collect<'t>(tree: &'t DerivationTree<String, Numbers, String>, leaves: &mut Vec<&'t Leaf>) {
    let mut waiting = vec![tree];
    let mut seen = std::collections::HashSet::new();
    while let Some(tree) = waiting.pop() {
        match tree {
            DerivationTree::External(leaf) => leaves.push(leaf),
            DerivationTree::Derived(derived) => {
                // What stands in it more than once is told once.
                if derived.shared_id.is_none_or(|id| seen.insert(id)) {
                    waiting.push(&derived.cause2);
                    waiting.push(&derived.cause1);
                }
            }
        }
    }
}

/// `a` 1.2 needs `b` >=2. What is needed at exactly the same version is the package itself, with a part of it.
fn requirement(
    provider: &Provider<'_>,
    package: &str,
    numbers: &Numbers,
    needed: &str,
) -> Option<String> {
    let range = asked(provider, package, numbers, needed, |asked| {
        asked.range.to_string()
    })?;
    if package != ROOT && base(package) == base(needed) {
        return None;
    }
    let range = if range.is_empty() || range == "*" {
        String::new()
    } else {
        format!(" {range}")
    };
    if package == ROOT {
        return Some(format!("`{needed}`{range} is asked for"));
    }
    let who = who(provider, package, numbers);
    Some(format!("{who} needs `{needed}`{range}"))
}

/// The package without the parts of it that are asked for.
fn base(package: &str) -> &str {
    package.split('[').next().unwrap_or(package)
}

/// What the newest of these versions asks of `needed`.
fn asked<T>(
    provider: &Provider<'_>,
    package: &str,
    numbers: &Numbers,
    needed: &str,
    of: impl Fn(&Asked) -> T,
) -> Option<T> {
    let all = provider.asked.borrow();
    let versions = all.keys().filter(|(name, _)| name == package);
    let newest = versions
        .filter(|(_, index)| numbers.contains(index))
        .max_by_key(|(_, it)| *it)?;
    all[newest].get(needed).map(of)
}

/// `a` 1.2, or `a` 1.2 to 1.5.
fn who(provider: &Provider<'_>, package: &str, numbers: &Numbers) -> String {
    let known = provider.known.borrow();
    let Some(offered) = known.get(package) else {
        return format!("`{package}`");
    };
    let among = (0u32..)
        .zip(&offered.versions)
        .filter(|(index, _)| numbers.contains(index));
    let among: Vec<_> = among.map(|(_, it)| it.version.as_str()).collect();
    match among[..] {
        [] => format!("`{package}`"),
        [only] => format!("`{package}` {only}"),
        [first, .., last] if among.len() == offered.versions.len() => {
            format!("`{package}`, from {first} to {last},")
        }
        [first, .., last] => format!("`{package}` {first} to {last}"),
    }
}

/// Whether no version at all is among these.
fn is_none(provider: &Provider<'_>, package: &str, among: &Numbers) -> bool {
    let known = provider.known.borrow();
    let offered = known.get(package).map_or(&[][..], |it| &it.versions[..]);
    let mut indexes = (0u32..).zip(offered);
    !indexes.any(|(index, _)| among.contains(&index))
}

/// What there is of a package none of whose versions fits, and why not more.
fn absence(provider: &Provider<'_>, package: &str, numbers: &Numbers, needed: &str) -> String {
    let known = provider.known.borrow();
    let Some(offered) = known.get(needed) else {
        return format!("there is no `{needed}`");
    };
    let range = asked(provider, package, numbers, needed, |asked| {
        asked.range.clone()
    });
    let fits = |version: &dgmo_schema::version::Version| {
        range.as_ref().is_none_or(|range| range.matches(version))
    };
    let left_out: Vec<String> = offered
        .left_out
        .iter()
        .rev()
        .filter(|it| fits(&it.version))
        .take(MOST_LEFT_OUT)
        .map(|it| format!("{}: {}", it.version, it.why))
        .collect();
    let newest = offered.versions.last().map(|it| it.version.to_string());
    match (newest, left_out.is_empty()) {
        (None, true) => format!("there is no `{needed}`"),
        (Some(newest), true) => {
            format!("no version of `{needed}` is that; the newest that can be used is {newest}")
        }
        (_, false) => format!(
            "no version of `{needed}` can be used ({})",
            left_out.join("; ")
        ),
    }
}
