//! One requirement as a sentence, with what of it there is not.

use dgmo_schema::version::Version;
use pubgrub::External;

use super::super::Asked;
use super::super::Numbers;
use super::super::Provider;
use super::super::ROOT;
use super::Leaf;
use super::story::Told;

/// The most versions that are named as left out.
const MOST_LEFT_OUT: usize = 3;

/// What is said of one package's need of another.
pub(super) fn of(provider: &Provider<'_>, told: Told<'_>) -> Vec<String> {
    let mut sentences = needs(provider, told);
    for leaf in told {
        match leaf {
            External::FromDependencyOf(package, numbers, needed, _) if is_none(provider, leaf) => {
                sentences.push(absence(provider, package, numbers, needed));
            }
            External::Custom(package, numbers, why) => {
                let who = who(provider, package, numbers);
                sentences.push(format!("{who} cannot be used: {why}"));
            }
            _ => {}
        }
    }
    sentences
}

/// What the newest version needs, and whether the others need it, too, be it in other ranges.
fn needs(provider: &Provider<'_>, told: Told<'_>) -> Vec<String> {
    let needs = told.iter().filter_map(|leaf| match leaf {
        External::FromDependencyOf(package, numbers, needed, _) => {
            let range = range(provider, package, numbers, needed)?;
            Some((newest(numbers), package, numbers, needed, range))
        }
        _ => None,
    });
    let mut needs: Vec<_> = needs.collect();
    needs.sort_by_key(|(newest, ..)| std::cmp::Reverse(*newest));
    let Some((_, package, numbers, needed, range)) = needs.first() else {
        return Vec::new();
    };
    let same = needs.iter().take_while(|it| it.4 == *range);
    let numbers = same.fold(Numbers::clone(numbers), |all, it| all.union(it.2));
    let sentence = requirement(provider, package, &numbers, needed, range);
    let has_others = needs.iter().any(|it| it.4 != *range);
    let sentence = sentence.map(|sentence| {
        if has_others {
            format!("{sentence} (its other versions need it, too)")
        } else {
            sentence
        }
    });
    sentence.into_iter().collect()
}

fn newest(numbers: &Numbers) -> Option<u32> {
    numbers.iter().last().and_then(|(_, end)| match end {
        std::ops::Bound::Included(it) | std::ops::Bound::Excluded(it) => Some(*it),
        std::ops::Bound::Unbounded => None,
    })
}

/// What is needed as it was asked, with a space before it; nothing where anything will do.
fn range(
    provider: &Provider<'_>,
    package: &str,
    numbers: &Numbers,
    needed: &str,
) -> Option<String> {
    let range = asked(provider, package, numbers, needed, |asked| {
        asked.range.to_string()
    })?;
    Some(match range.as_str() {
        "" | "*" => String::new(),
        range => format!(" {range}"),
    })
}

/// `a` 1.2 needs `b` >=2. What is needed at exactly the same version is the package itself, with a part of it.
fn requirement(
    provider: &Provider<'_>,
    package: &str,
    numbers: &Numbers,
    needed: &str,
    range: &str,
) -> Option<String> {
    if package == ROOT {
        return Some(format!("`{needed}`{range} is asked for"));
    }
    if base(package) == base(needed) {
        return None;
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

/// Whether it needs something of which no version at all is that.
pub(super) fn is_none(provider: &Provider<'_>, leaf: &Leaf) -> bool {
    let External::FromDependencyOf(_, _, package, among) = leaf else {
        return false;
    };
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
    let fits = |version: &Version| range.as_ref().is_none_or(|range| range.matches(version));
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
