//! Versions as Python orders them, PEP 440: `1!2.0rc1.post2.dev3+local.4`.

use std::cmp::Ordering;

use crate::version::digits::Digits;
use crate::version::digits::dotted;
use crate::version::digits::split_row;
use crate::version::digits::trim;

/// The derived order is PEP 440's: each field's variants stand in the order of versions.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    epoch: Digits,
    /// Without zeros at the end: 1.0 is 1.
    release: Vec<Digits>,
    stage: Stage,
    post: Option<Digits>,
    development: Development,
    local: Vec<Label>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Stage {
    /// Nothing but `.devN`: before each pre-release.
    Development,
    Alpha(Digits),
    Beta(Digits),
    Candidate(Digits),
    Released,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Development {
    At(Digits),
    Done,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Label {
    Word(String),
    Number(Digits),
}

impl Key {
    pub(super) fn is_prerelease(&self) -> bool {
        self.stage != Stage::Released || self.development != Development::Done
    }

    pub(super) fn is_post(&self) -> bool {
        self.post.is_some()
    }

    pub(super) fn has_local(&self) -> bool {
        !self.local.is_empty()
    }

    /// Whether it is before `bound` and does not lead to it, as `2.0rc1` does to `2.0`.
    pub(super) fn is_below(&self, bound: &Self) -> bool {
        if bound.is_prerelease() {
            return self < bound;
        }
        let stage = match bound.post {
            Some(_) => bound.stage.clone(),
            None => Stage::Development,
        };
        let development = Development::At(Digits::ZERO);
        let first = Self {
            stage,
            development,
            local: Vec::new(),
            ..bound.clone()
        };
        *self < first
    }

    /// Whether it is behind `bound` and its local labels, and is not what was published of it once more.
    pub(super) fn is_above(&self, bound: &Self) -> bool {
        let published_again = bound.post.is_none()
            && bound.development == Development::Done
            && self.post.is_some()
            && self.epoch == bound.epoch
            && self.release == bound.release
            && self.stage == bound.stage;
        self.compare_public(bound).is_gt() && !published_again
    }

    /// Compares without the local labels of `self`.
    pub(super) fn compare_public(&self, other: &Self) -> Ordering {
        Self {
            local: Vec::new(),
            ..self.clone()
        }
        .cmp(other)
    }

    /// Whether its release begins with these numbers, in the epoch of `other`.
    pub(super) fn in_series(&self, other: &Self, numbers: &[Digits]) -> bool {
        self.epoch == other.epoch
            && numbers
                .iter()
                .enumerate()
                .all(|(index, wanted)| self.release.get(index).unwrap_or(&Digits::ZERO) == wanted)
    }
}

/// What is left to read, in small letters.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    /// Takes one of these words with the mark before it, and says which; `1.0a1`, `1.0.a1` and `1.0-alpha.1` are one.
    fn word(&mut self, words: &[&str]) -> Option<usize> {
        let text = self.0.strip_prefix(['.', '-', '_']).unwrap_or(self.0);
        let index = words.iter().position(|word| text.starts_with(word))?;
        self.0 = &text[words[index].len()..];
        Some(index)
    }

    /// The number after a word, which may be left out and then is zero.
    fn number(&mut self) -> Digits {
        let text = self.0.strip_prefix(['.', '-', '_']).unwrap_or(self.0);
        let (row, rest) = split_row(text);
        if row.is_empty() {
            return Digits::ZERO;
        }
        self.0 = rest;
        Digits::of(row)
    }
}

/// Longer words first, so that `alpha` is not `a` with something behind it.
const STAGES: &[&str] = &["alpha", "beta", "preview", "pre", "rc", "a", "b", "c"];

pub(super) fn parse(text: &str) -> Result<Key, String> {
    let lower = text.to_ascii_lowercase();
    let text = lower.strip_prefix('v').unwrap_or(&lower);
    let (epoch, text) = match text.split_once('!') {
        Some((epoch, rest)) if !epoch.is_empty() && split_row(epoch).1.is_empty() => {
            (Digits::of(epoch), rest)
        }
        Some((epoch, _)) => return Err(format!("its epoch `{epoch}` is not a number")),
        None => (Digits::ZERO, text),
    };
    let (text, local) = text
        .split_once('+')
        .map_or((text, None), |(text, local)| (text, Some(local)));
    let (release, rest) = dotted(text);
    if release.is_empty() {
        return Err("it does not begin with a number".to_owned());
    }
    let tail = rest;
    let mut rest = Rest(tail);
    let stage = stage(&mut rest);
    let post = post(&mut rest);
    let development = match rest.word(&["dev"]) {
        Some(_) => Development::At(rest.number()),
        None => Development::Done,
    };
    if !rest.0.is_empty() {
        return Err(format!("nobody knows what `{tail}` means"));
    }
    let stage = match (stage, &post, &development) {
        (Some(stage), ..) => stage,
        (None, None, Development::At(_)) => Stage::Development,
        (None, ..) => Stage::Released,
    };
    let local = local.map(labels).transpose()?.unwrap_or_default();
    Ok(Key {
        epoch,
        release: trim(release, &Digits::ZERO),
        stage,
        post,
        development,
        local,
    })
}

fn stage(rest: &mut Rest) -> Option<Stage> {
    let word = STAGES[rest.word(STAGES)?];
    let number = rest.number();
    Some(match word {
        "alpha" | "a" => Stage::Alpha(number),
        "beta" | "b" => Stage::Beta(number),
        _ => Stage::Candidate(number),
    })
}

/// `.post1`, also spelled `-1`.
fn post(rest: &mut Rest) -> Option<Digits> {
    if let Some(text) = rest.0.strip_prefix('-') {
        let (row, after) = split_row(text);
        if !row.is_empty() {
            rest.0 = after;
            return Some(Digits::of(row));
        }
    }
    rest.word(&["post", "rev", "r"]).map(|_| rest.number())
}

fn labels(text: &str) -> Result<Vec<Label>, String> {
    text.split(['.', '-', '_'])
        .map(|label| match split_row(label) {
            ("", "") => Err("a label after `+` is empty".to_owned()),
            (row, "") => Ok(Label::Number(Digits::of(row))),
            _ if label.bytes().all(|byte| byte.is_ascii_alphanumeric()) => {
                Ok(Label::Word(label.to_owned()))
            }
            _ => Err(format!("`{label}` is not a label of letters and digits")),
        })
        .collect()
}

impl Key {
    /// The first version behind this one and all its local labels.
    pub(super) fn after_local(&self) -> String {
        let release: Vec<String> = self.release.iter().map(ToString::to_string).collect();
        let release = if release.is_empty() {
            "0".to_owned()
        } else {
            release.join(".")
        };
        let stage = match &self.stage {
            Stage::Alpha(number) => format!("a{number}"),
            Stage::Beta(number) => format!("b{number}"),
            Stage::Candidate(number) => format!("rc{number}"),
            Stage::Development | Stage::Released => String::new(),
        };
        let end = match (&self.post, &self.development) {
            (None, Development::At(number)) => format!(".dev{}", number.next()),
            (Some(post), Development::At(number)) => format!(".post{post}.dev{}", number.next()),
            (Some(post), Development::Done) => format!(".post{}.dev0", post.next()),
            (None, Development::Done) => ".post0.dev0".to_owned(),
        };
        format!("{}!{release}{stage}{end}", self.epoch)
    }
}
