//! What a repository calls its commits: tags and branches.

use std::collections::BTreeMap;

/// Names of commits. Where a tag says more than a commit, it stands for the commit it says it of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Refs {
    pub(super) tags: BTreeMap<String, String>,
    pub(super) branches: BTreeMap<String, String>,
}

impl Refs {
    /// Reads what `git ls-remote` prints: an id, a tab and a name on each line. A line that is none is not looked at.
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut refs = Self::default();
        let mut meant = BTreeMap::new();
        for line in String::from_utf8_lossy(text).lines() {
            let Some((id, name)) = line.split_once('\t') else {
                continue;
            };
            if !is_commit(id) || name.chars().any(char::is_control) {
                continue;
            }
            if let Some(branch) = name.strip_prefix("refs/heads/") {
                refs.branches.insert(branch.to_owned(), id.to_owned());
            } else if let Some(tag) = name.strip_prefix("refs/tags/") {
                match tag.strip_suffix("^{}") {
                    Some(tag) => meant.insert(tag.to_owned(), id.to_owned()),
                    None => refs.tags.insert(tag.to_owned(), id.to_owned()),
                };
            }
        }
        refs.tags.extend(meant);
        refs
    }

    /// The commit that `name` stands for: a tag goes before a branch, as in git.
    pub(super) fn commit(&self, name: &str) -> Option<&str> {
        let found = self.tags.get(name).or_else(|| self.branches.get(name));
        found.map(String::as_str)
    }
}

/// Whether a text is the whole id of an object, in either of the two digests git has.
pub(super) fn is_commit(text: &str) -> bool {
    matches!(text.len(), 40 | 64)
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_stands_for_the_commit_it_speaks_of() {
        let (one, two, three) = ("1".repeat(40), "2".repeat(40), "3".repeat(64));
        let text = format!(
            "{one}\trefs/heads/main\n{one}\trefs/tags/v1\n{two}\trefs/tags/v1^{{}}\n{three}\trefs/tags/main\n\
             {one}\trefs/pull/1/head\nshort\trefs/heads/x\nno line at all\n{one}\trefs/heads/\u{1b}x\n"
        );
        let refs = Refs::parse(text.as_bytes());
        assert_eq!(refs.branches.len(), 1);
        assert_eq!(refs.commit("v1"), Some(two.as_str()));
        assert_eq!(
            refs.commit("main"),
            Some(three.as_str()),
            "a tag goes first"
        );
        assert_eq!(refs.commit("x"), None);
        assert_eq!(Refs::parse(&[0xff, 0, b'\n']), Refs::default());
    }
}
