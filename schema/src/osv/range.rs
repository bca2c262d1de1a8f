//! Ranges of advisories: events along the order of versions, between which versions are affected or not.

use serde::Deserialize;
use serde::Deserializer;
use serde::de::Error;

use crate::version::Version;

/// A range: what happened at which version.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Range {
    /// Whose order its versions have.
    #[serde(rename = "type")]
    pub kind: Kind,
    /// The repository that commits are of.
    #[serde(default)]
    pub repo: Option<String>,
    /// In any order.
    #[serde(default)]
    pub events: Vec<Event>,
}

/// Whose order versions have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Kind {
    /// That of semantic versions.
    Semver,
    /// That of the ecosystem.
    Ecosystem,
    /// None that a list of versions could tell: they are commits.
    Git,
}

/// Something that happened at a version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// From here on it is affected; `0` is before every version.
    Introduced(String),
    /// From here on it is not.
    Fixed(String),
    /// The last one that is.
    LastAffected(String),
    /// Nothing is said of this one and later.
    Limit(String),
}

impl<'de> Deserialize<'de> for Event {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Raw {
            introduced: Option<String>,
            fixed: Option<String>,
            last_affected: Option<String>,
            limit: Option<String>,
        }
        let raw = Raw::deserialize(deserializer)?;
        match (raw.introduced, raw.fixed, raw.last_affected, raw.limit) {
            (Some(it), None, None, None) => Ok(Self::Introduced(it)),
            (None, Some(it), None, None) => Ok(Self::Fixed(it)),
            (None, None, Some(it), None) => Ok(Self::LastAffected(it)),
            (None, None, None, Some(it)) => Ok(Self::Limit(it)),
            _ => Err(D::Error::custom("an event that is not exactly one thing")),
        }
    }
}

/// An event at a version that was read; none is before every version.
struct At<'a> {
    version: Option<Version>,
    event: &'a Event,
}

impl Range {
    /// Whether a version is in it; none where one of its own cannot be read by that version's order, or it is of commits.
    pub fn holds(&self, version: &Version) -> Option<bool> {
        if self.kind == Kind::Git {
            return None;
        }
        let mut events = Vec::new();
        let mut limits = Vec::new();
        for event in &self.events {
            let (Event::Introduced(text)
            | Event::Fixed(text)
            | Event::LastAffected(text)
            | Event::Limit(text)) = event;
            let is_first = matches!(event, Event::Introduced(_)) && text == "0";
            let is_endless = matches!(event, Event::Limit(_)) && text == "*";
            let read = if is_first || is_endless {
                None
            } else {
                Some(Version::parse(version.scheme(), text).ok()?)
            };
            if matches!(event, Event::Limit(_)) {
                limits.push(read);
            } else {
                events.push(At {
                    version: read,
                    event,
                });
            }
        }
        // Where both are at one version it begins before it ends.
        events.sort_by(|one, other| {
            let begins = |at: &At<'_>| !matches!(at.event, Event::Introduced(_));
            (&one.version, begins(one)).cmp(&(&other.version, begins(other)))
        });
        let is_below = |limit: &Option<Version>| limit.as_ref().is_none_or(|it| version < it);
        if !limits.is_empty() && !limits.iter().any(is_below) {
            return Some(false);
        }
        let mut is_affected = false;
        for At { version: at, event } in &events {
            let order = at
                .as_ref()
                .map_or(std::cmp::Ordering::Greater, |at| version.cmp(at));
            match event {
                Event::Introduced(_) if order.is_ge() => is_affected = true,
                Event::Fixed(_) if order.is_ge() => is_affected = false,
                Event::LastAffected(_) if order.is_gt() => is_affected = false,
                _ => {}
            }
        }
        Some(is_affected)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::version::Scheme;

    fn version(number: u32) -> Version {
        Version::parse(Scheme::Npm, &text(number)).unwrap()
    }

    fn text(number: u32) -> String {
        format!("{}.{}.0", number / 3, number % 3)
    }

    fn range(events: Vec<Event>) -> Range {
        let (kind, repo) = (Kind::Semver, None);
        Range { kind, repo, events }
    }

    #[test]
    fn a_range_begins_before_every_version_at_zero() {
        let all = range(vec![Event::Introduced("0".to_owned())]);
        let first = Version::parse(Scheme::Npm, "0.0.0-0").unwrap();
        assert_eq!(all.holds(&first), Some(true));
        assert_eq!(range(Vec::new()).holds(&first), Some(false));
    }

    #[test]
    fn what_cannot_be_read_is_not_told() {
        let odd = range(vec![Event::Introduced("nonsense".to_owned())]);
        assert_eq!(odd.holds(&version(1)), None);
        for json in ["{}", r#"{"introduced":"1","fixed":"2"}"#, "[]", "7"] {
            assert!(serde_json::from_str::<Event>(json).is_err(), "{json}");
        }
    }

    proptest! {
        /// Intervals laid one after the other, walked version by version, against the events in any order.
        #[test]
        fn events_come_to_what_a_walk_over_all_versions_does(
            cuts in prop::collection::btree_set(1u32..30, 0..9),
            inclusive in any::<bool>(),
            limit in prop::option::of(1u32..30),
            turn in 0usize..10,
        ) {
            let cuts: Vec<u32> = cuts.into_iter().collect();
            let mut events = Vec::new();
            let mut is_in = [false; 31];
            for pair in cuts.chunks(2) {
                events.push(Event::Introduced(text(pair[0])));
                let end = pair.get(1).copied();
                match end {
                    Some(end) if inclusive => events.push(Event::LastAffected(text(end))),
                    Some(end) => events.push(Event::Fixed(text(end))),
                    None => {}
                }
                let past = end.map_or(31, |end| end + u32::from(inclusive));
                for at in pair[0]..past {
                    is_in[at as usize] = true;
                }
            }
            if let Some(limit) = limit {
                events.push(Event::Limit(text(limit)));
                for at in limit..31 {
                    is_in[at as usize] = false;
                }
            }
            let turn = turn % events.len().max(1);
            events.rotate_left(turn);
            let range = range(events);
            for at in 0..31u32 {
                prop_assert_eq!(range.holds(&version(at)), Some(is_in[at as usize]), "{}", text(at));
            }
        }
    }
}
