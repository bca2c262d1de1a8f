//! Patterns of names: those of shells, as chezmoi has them, and the little of Perl's that stow folders use.

/// Whether `path` is as `pattern` says: `*` is anything within a name, `**` anything at all, `?` one character.
pub(super) fn shell(pattern: &str, path: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let path: Vec<char> = path.chars().collect();
    let tokens = shell_tokens(&pattern);
    matches(&tokens, &path)
}

/// A pattern of Perl's as stow takes it, if it holds no more than `.`, `.*`, `.+`, `^`, `$` and what is escaped.
///
/// One with a slash is matched against the path in the package, which then begins with one; any other against the name.
pub(super) fn perl(pattern: &str) -> Option<Perl> {
    let has_slash = pattern.contains('/');
    let mut rest = pattern;
    let begins = rest.strip_prefix('^');
    rest = begins.unwrap_or(rest);
    let mut tokens = Vec::new();
    let mut chars = rest.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            // stow itself has a name match as a whole, and a path from a slash to its end.
            '$' if chars.peek().is_none() => {}
            '.' => match chars.peek() {
                Some('*') => {
                    chars.next();
                    tokens.push(Token::Anything);
                }
                Some('+') => {
                    chars.next();
                    tokens.extend([Token::One, Token::Anything]);
                }
                _ => tokens.push(Token::One),
            },
            '\\' => match chars.next() {
                Some(c) if !c.is_ascii_alphanumeric() => tokens.push(Token::Exactly(c)),
                _ => return None,
            },
            '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            c => tokens.push(Token::Exactly(c)),
        }
        if matches!(chars.peek(), Some('*' | '+' | '?' | '{')) {
            return None;
        }
    }
    if has_slash && begins.is_none() {
        tokens.insert(0, Token::Anything);
    }
    Some(Perl { tokens, has_slash })
}

/// A pattern that is understood.
#[derive(Debug, Clone)]
pub(super) struct Perl {
    tokens: Vec<Token>,
    has_slash: bool,
}

impl Perl {
    /// Whether it is about this name, at this path of the package.
    pub(super) fn is_about(&self, name: &str, path: &str) -> bool {
        let text = if self.has_slash {
            format!("/{path}")
        } else {
            name.to_owned()
        };
        matches(&self.tokens, &text.chars().collect::<Vec<_>>())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Exactly(char),
    /// One character.
    One,
    /// One character but a slash.
    OneOfName,
    Anything,
    /// Anything without a slash.
    AnythingOfName,
}

fn shell_tokens(pattern: &[char]) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(c) = pattern.get(at) {
        at += 1;
        match c {
            '*' if pattern.get(at) == Some(&'*') => {
                at += 1;
                // `**/x` is about `x` too.
                if pattern.get(at) == Some(&'/') && tokens.is_empty() {
                    at += 1;
                }
                tokens.push(Token::Anything);
            }
            '*' => tokens.push(Token::AnythingOfName),
            '?' => tokens.push(Token::OneOfName),
            c => tokens.push(Token::Exactly(*c)),
        }
    }
    tokens
}

/// Walks both at once and remembers every place the pattern may be at, so that no pattern takes long.
fn matches(tokens: &[Token], text: &[char]) -> bool {
    let close = |places: &mut Vec<bool>| {
        for at in 0..tokens.len() {
            if places[at] && matches!(tokens[at], Token::Anything | Token::AnythingOfName) {
                places[at + 1] = true;
            }
        }
    };
    let mut places = vec![false; tokens.len() + 1];
    places[0] = true;
    close(&mut places);
    for c in text {
        let mut next = vec![false; tokens.len() + 1];
        for (at, token) in tokens.iter().enumerate() {
            if !places[at] {
                continue;
            }
            match token {
                Token::Exactly(wanted) if wanted == c => next[at + 1] = true,
                Token::One => next[at + 1] = true,
                Token::OneOfName if *c != '/' => next[at + 1] = true,
                Token::Anything => next[at] = true,
                Token::AnythingOfName if *c != '/' => next[at] = true,
                _ => {}
            }
        }
        close(&mut next);
        places = next;
    }
    places[tokens.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn patterns_of_shells() {
        let table = [
            ("README.md", "README.md", true),
            ("*.md", "README.md", true),
            ("*.md", "docs/README.md", false),
            ("**/*.md", "docs/deep/README.md", true),
            ("**/*.md", "README.md", true),
            (".config/*", ".config/x", true),
            (".config/*", ".config/x/y", false),
            (".config/**", ".config/x/y", true),
            ("a?c", "abc", true),
            ("a?c", "a/c", false),
        ];
        for (pattern, path, expected) in table {
            assert_eq!(shell(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn patterns_of_stow() {
        let table = [
            (r"\.git", ".git", ".git", true),
            (r"\.git", ".gitconfig", ".gitconfig", false),
            (r".+~", "x~", "a/x~", true),
            (r"^/README.*", "README.md", "README.md", true),
            (r"^/README.*", "README.md", "a/README.md", false),
            (r"notes/.*", "x", "a/notes/x", true),
        ];
        for (pattern, name, path, expected) in table {
            let understood = perl(pattern).unwrap();
            assert_eq!(
                understood.is_about(name, path),
                expected,
                "{pattern} {path}"
            );
        }
        for odd in ["a|b", "[ab]", "(a)", "a*", "\\d", "x{2}"] {
            assert!(perl(odd).is_none(), "{odd}");
        }
    }

    proptest! {
        #[test]
        fn no_pattern_is_too_odd_and_none_takes_long(pattern in "[a*?/.]{0,60}", text in "[a/]{0,200}") {
            let _ = shell(&pattern, &text);
            if let Some(perl) = perl(&pattern) {
                let _ = perl.is_about(&text, &text);
            }
        }

        #[test]
        fn a_text_is_about_itself(text in "[a-z/]{0,40}") {
            prop_assert!(shell(&text, &text));
        }
    }
}
