//! Builds of one package, in the order people want them.
//!
//! Fewer features to think twice about, then the higher version, then the higher build number. Builds of one version that
//! differ only in what they need come in the order of that: of those for several Pythons, the one for the newest.

use std::cmp::Ordering;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::collections::HashMap;

use dgmo_schema::generation::Timestamp;
use dgmo_schema::version::Version;

use super::record::Record;
use super::spec::Spec;

/// Builds of one package.
#[derive(Debug, Default)]
pub(super) struct Choice {
    /// Those that can be chosen, rising.
    pub(super) rising: Vec<Record>,
    /// Those that cannot, and why not.
    pub(super) left_out: Vec<(Record, String)>,
    /// Where those that can are, by how they are spelled.
    at: HashMap<String, usize>,
}

/// Tells the newest version of a package that a requirement takes.
pub(super) type Newest<'n, E> = dyn Fn(&str) -> Result<Option<Version>, E> + 'n;

impl Choice {
    /// Sorts `records`. Where versions are the same, `newest` is asked what goes with each.
    pub(super) fn new<E>(
        records: &[Record],
        not_after: Option<Timestamp>,
        newest: &Newest<'_, E>,
    ) -> Result<Self, E> {
        let mut choice = Self::default();
        for record in records {
            match unusable(record, not_after) {
                Some(why) => choice.left_out.push((record.clone(), why)),
                None => choice.rising.push(record.clone()),
            }
        }
        let apart = |it: &Record| (Reverse(it.features), it.version.clone(), it.number);
        let late = |it: &Record| (it.published, it.build.clone());
        choice.rising.sort_by_cached_key(|it| (apart(it), late(it)));
        let mut sorted = Vec::with_capacity(choice.rising.len());
        for same in choice
            .rising
            .chunk_by(|one, other| apart(one) == apart(other))
        {
            sorted.extend(by_needs(same, newest)?);
        }
        choice.rising = sorted;
        let spelled = choice.rising.iter().enumerate();
        choice.at = spelled.map(|(at, it)| (it.spelled(), at)).collect();
        Ok(choice)
    }

    /// The build that is spelled so.
    pub(super) fn get(&self, spelled: &str) -> Option<&Record> {
        self.at.get(spelled).map(|at| &self.rising[*at])
    }

    /// Those that a requirement takes, whether they can be chosen or not.
    pub(super) fn taken(&self, spec: &Spec) -> Vec<String> {
        let all = self.rising.iter();
        let all = all.chain(self.left_out.iter().map(|(record, _)| record));
        all.filter(|it| spec.takes(&it.version, &it.build, it.number))
            .map(Record::spelled)
            .collect()
    }
}

fn unusable(record: &Record, not_after: Option<Timestamp>) -> Option<String> {
    if record.digest.is_none() {
        return Some("its channel does not tell its SHA-256".to_owned());
    }
    match (not_after, record.published) {
        (Some(limit), Some(published)) if published > limit => {
            Some("it is younger than is asked for".to_owned())
        }
        (Some(_), None) => Some("nobody tells when it was published".to_owned()),
        _ => None,
    }
}

/// Builds of one version, by the newest versions of what all of them need in their own way.
fn by_needs<E>(same: &[Record], newest: &Newest<'_, E>) -> Result<Vec<Record>, E> {
    let [_, _, ..] = same else {
        return Ok(same.to_vec());
    };
    let names = differing(same);
    let mut ranked = Vec::with_capacity(same.len());
    for record in same {
        let mut ranks: Vec<Option<Version>> = Vec::with_capacity(names.len());
        for name in &names {
            let text = need(record, name).unwrap_or_default();
            ranks.push(newest(text)?);
        }
        ranked.push((ranks, record.clone()));
    }
    // Stable: what is the same by this stays in the order it came in.
    ranked.sort_by(|(one, _), (other, _)| compare(one, other));
    Ok(ranked.into_iter().map(|(_, record)| record).collect())
}

fn compare(one: &[Option<Version>], other: &[Option<Version>]) -> Ordering {
    one.cmp(other)
}

/// The packages that all of these need, but not all in the same way; Python first, since people think of it first.
fn differing(same: &[Record]) -> Vec<String> {
    let names = |record: &Record| -> BTreeSet<String> {
        let names = record.depends.iter().map(|text| name_of(text).to_owned());
        names.collect()
    };
    let mut common = names(&same[0]);
    for record in &same[1..] {
        let own = names(record);
        common.retain(|name| own.contains(name));
    }
    common.retain(|name| {
        let first = need(&same[0], name);
        same.iter().any(|record| need(record, name) != first)
    });
    let mut names: Vec<String> = common.into_iter().collect();
    names.sort_by_key(|name| name != "python");
    names
}

fn need<'r>(record: &'r Record, name: &str) -> Option<&'r str> {
    let mut needs = record.depends.iter().map(String::as_str);
    needs.find(|text| name_of(text) == name)
}

fn name_of(text: &str) -> &str {
    let end = text.find(|c: char| c.is_whitespace() || "=<>!~[".contains(c));
    &text[..end.unwrap_or(text.len())]
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use dgmo_schema::version::Scheme;

    use super::*;

    fn record(text: &str) -> Record {
        let sha256 = "ab".repeat(32);
        let text =
            format!("{{\"name\":\"a\",\"sha256\":\"{sha256}\",\"file\":\"a.conda\",{text}}}");
        Record::new(serde_json::from_str(&text).unwrap(), "c/noarch").unwrap()
    }

    #[test]
    fn what_people_want_most_comes_last() {
        let records = [
            r#""version":"2","build":"py312_0","depends":["python 3.12"]"#,
            r#""version":"2","build":"py39_1","build_number":1,"depends":["python 3.9"]"#,
            r#""version":"2","build":"py313_1","build_number":1,"depends":["python 3.13"]"#,
            r#""version":"2","build":"py310_1","build_number":1,"depends":["python 3.10"],"timestamp":1700000000"#,
            r#""version":"10","build":"debug","track_features":"debug""#,
            r#""version":"1","build":"h_9","build_number":9"#,
        ]
        .map(record);
        let newest = |text: &str| -> Result<_, Infallible> {
            let number = text.split(' ').nth(1).unwrap_or("0");
            Ok(Version::parse(Scheme::Conda, number).ok())
        };
        let Ok(choice) = Choice::new(&records, None, &newest);
        let builds: Vec<&str> = choice.rising.iter().map(|it| it.build.as_str()).collect();
        assert_eq!(
            builds,
            ["debug", "h_9", "py312_0", "py39_1", "py310_1", "py313_1"]
        );
        assert_eq!(choice.get("2=py39_1").unwrap().number, 1);
        let spec = Spec::parse("a 2.* py31*").unwrap();
        assert_eq!(choice.taken(&spec), ["2=py312_0", "2=py310_1", "2=py313_1"]);
        let Ok(old) = Choice::new(&records, Some(Timestamp::from_seconds(1)), &newest);
        assert!(old.rising.is_empty());
        assert_eq!(old.left_out.len(), records.len());
    }
}
