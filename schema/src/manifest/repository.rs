//! Repositories of git: their addresses, and what is said of them alone.

use super::check::Checker;
use super::field::Field;
use super::raw::RawTable;
use super::raw::Text;
use super::text::Span;
use super::words;
use crate::code::Code;
use crate::name::TargetPath;

impl RawTable {
    /// What is said only of repositories of git, and where.
    pub(super) fn git_keys(&self) -> [(&'static str, Option<Span>); 3] {
        [
            ("rev", self.rev.as_ref().map(|field| field.span)),
            ("subdir", self.subdir.as_ref().map(|field| field.span)),
            (
                "submodules",
                self.submodules.as_ref().map(|field| field.span),
            ),
        ]
    }
}

impl Checker<'_> {
    /// What is said only of repositories of git says nothing of what comes `with` something else.
    pub(super) fn refuse_git_keys(&self, raw: &RawTable, with: &str) {
        for (key, span) in raw.git_keys() {
            if let Some(span) = span {
                let message = format!("`{key}` goes with `git`, not with `{with}`");
                self.reading.note(span, Code::ManifestEntry, message);
            }
        }
    }

    /// A tag, a branch or a commit, which is in place of a version.
    pub(super) fn rev(&self, field: Field<Text>, version: Option<&Field<Text>>) -> Option<String> {
        if let Some(version) = version {
            let message = "`rev` and `version` both say what is taken";
            let hint = "keep the one that says it; `version: main` follows a branch too".to_owned();
            self.reading
                .note_with_hint(version.span, Code::ManifestEntry, message, Some(hint));
        }
        let text = field.value?.0;
        let is_good = |c: char| c.is_alphanumeric() || "._/-+#".contains(c);
        if !text.is_empty()
            && !text.starts_with(['-', '/', '.'])
            && !text.contains("..")
            && text.chars().all(is_good)
        {
            return Some(text);
        }
        let message = format!("`{}` is no tag, branch or commit", words::shorten(&text));
        let hint = "write its name alone, without `refs/` and without `origin/`".to_owned();
        self.reading
            .note_with_hint(field.span, Code::ManifestValue, message, Some(hint));
        None
    }

    pub(super) fn subdir(&self, field: Field<String>) -> Option<String> {
        let text = field.value?;
        let text = text.trim_start_matches("./").trim_end_matches('/');
        match text.parse::<TargetPath>() {
            Ok(_) if !text.contains(':') => return Some(text.to_owned()),
            Ok(_) | Err(_) => {}
        }
        let message = format!("`{}` is no folder of a repository", words::shorten(text));
        self.reading.note(field.span, Code::ManifestValue, message);
        None
    }
}

/// Whether `name` can be the address of a repository; else what to write.
///
/// Nothing in it can be taken for an option, or for one of the ways of git that run a program (`ext::`).
pub fn check(name: &str) -> Result<(), &'static str> {
    const WRITE: &str = "write its address as `git clone` takes it (`https://…`, `ssh://…`, `git@host:path`, \
                         `file:///…`), or an absolute path";
    let odd = |c: char| c.is_control() || c.is_whitespace();
    if name.contains(odd) || name.contains("::") || name.starts_with('-') {
        return Err(WRITE);
    }
    let starts_well = |rest: &str| !rest.is_empty() && !rest.starts_with('-');
    if let Some((scheme, rest)) = name.split_once("://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or(rest);
        let (user, _) = host.rsplit_once('@').unwrap_or_default();
        return match scheme {
            _ if user.contains(':') => {
                Err("leave the password out: git asks its credential helper for it")
            }
            "https" | "http" | "ssh" | "git" if starts_well(host_of(host)) => Ok(()),
            "file" if rest.starts_with('/') => Ok(()),
            _ => Err(WRITE),
        };
    }
    let is_path = name.starts_with('/') || name.starts_with("~/");
    // `host:path`, as ssh has it: the colon comes before any slash.
    let is_ssh = || {
        name.split_once(':').is_some_and(|(host, path)| {
            !host.contains('/') && starts_well(host_of(host)) && starts_well(path)
        })
    };
    if is_path || is_ssh() {
        Ok(())
    } else {
        Err(WRITE)
    }
}

/// Without the user before it.
fn host_of(text: &str) -> &str {
    text.rsplit('@').next().unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_what_git_takes_and_nothing_that_runs_a_program() {
        for good in [
            "https://git.example.org/me/tools.git",
            "ssh://git@git.example.org:2222/me/tools",
            "git@git.example.org:me/tools.git",
            "git://localhost:9418/tools",
            "file:///srv/git/tools",
            "/srv/git/tools",
            "~/src/tools",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "tools",
            "../tools",
            "",
            "ext::sh -c touch",
            "ext::sh",
            "--upload-pack=touch",
            "ssh://-oProxyCommand=touch/x",
            "ssh://me@-oProxyCommand=touch/x",
            "git@-oProxyCommand=touch:x",
            "https://me:secret@git.example.org/x",
            "ftp://git.example.org/x",
            "file://git.example.org/x",
            "/srv/a b",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
