//! Reads a text from its beginning to its end, and knows where it is.

/// What is wrong, and at which byte.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) why: String,
}

#[derive(Debug, Clone)]
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    pub(super) fn at(&self) -> usize {
        self.at
    }

    pub(super) fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest().is_empty()
    }

    pub(super) fn skip_space(&mut self) {
        self.at = self.text.len() - self.rest().trim_start().len();
    }

    /// Takes these characters where they are next.
    pub(super) fn eat(&mut self, wanted: &str) -> bool {
        let found = self.rest().starts_with(wanted);
        if found {
            self.at += wanted.len();
        }
        found
    }

    /// Takes a word where it stands alone.
    pub(super) fn eat_word(&mut self, word: &str) -> bool {
        let goes_on =
            |rest: &str| rest.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
        let rest = self.rest().strip_prefix(word);
        rest.is_some_and(|rest| !goes_on(rest)) && self.eat(word)
    }

    /// Takes the first of these that is next, or nothing, and says which. Longer ones have to stand first.
    pub(super) fn eat_one<'b>(&mut self, wanted: &[&'b str]) -> &'b str {
        wanted
            .iter()
            .find(|text| self.eat(text))
            .copied()
            .unwrap_or_default()
    }

    /// Takes everything before the first of these characters, and says where it began.
    pub(super) fn until(&mut self, end: impl Fn(char) -> bool) -> (usize, &'a str) {
        let length = self.rest().find(end).unwrap_or(self.rest().len());
        (self.at, self.take(length))
    }

    /// Takes so many bytes, which end at a character.
    pub(super) fn take(&mut self, length: usize) -> &'a str {
        let taken = &self.rest()[..length];
        self.at += length;
        taken
    }

    pub(super) fn fault<T>(&self, why: impl Into<String>) -> Result<T, Fault> {
        fault(self.at, why)
    }
}

pub(super) fn fault<T>(at: usize, why: impl Into<String>) -> Result<T, Fault> {
    Err(Fault {
        at,
        why: why.into(),
    })
}
