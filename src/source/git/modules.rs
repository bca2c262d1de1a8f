//! Where submodules are: what `.gitmodules` says.

use std::collections::BTreeMap;

/// Reads what `git config --null --get-regexp` prints of it: paths, and the addresses found from `base`.
pub(super) fn parse(bytes: &[u8], base: &str) -> Vec<(String, String)> {
    let mut found: BTreeMap<String, (Option<String>, Option<String>)> = BTreeMap::new();
    for entry in String::from_utf8_lossy(bytes).split('\0') {
        let Some((key, value)) = entry.split_once('\n') else {
            continue;
        };
        if let Some(name) = key.strip_suffix(".path") {
            found.entry(name.to_owned()).or_default().0 = Some(value.to_owned());
        } else if let Some(name) = key.strip_suffix(".url") {
            found.entry(name.to_owned()).or_default().1 = Some(resolved(base, value));
        }
    }
    let both = found
        .into_values()
        .filter_map(|(path, url)| Some((path?, url?)));
    both.collect()
}

/// An address that may be relative to that of the repository that names it.
fn resolved(base: &str, url: &str) -> String {
    if !url.starts_with("./") && !url.starts_with("../") {
        return url.to_owned();
    }
    let mut base = base.trim_end_matches('/');
    let mut rest = url;
    loop {
        if let Some(next) = rest.strip_prefix("./") {
            rest = next;
        } else if let Some(next) = rest.strip_prefix("../") {
            rest = next;
            base = match base.rfind(['/', ':']) {
                // The colon of `host:path` stays, and nothing is above a host.
                Some(at) if base.as_bytes()[at] == b':' => {
                    return format!("{}{rest}", &base[..=at]);
                }
                Some(at) if !base[..at].ends_with('/') => &base[..at],
                _ => base,
            };
        } else {
            return format!("{base}/{rest}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_from_the_repository_that_names_them() {
        for (base, url, found) in [
            ("https://h/a/b.git", "https://x/y", "https://x/y"),
            ("https://h/a/b.git", "../c.git", "https://h/a/c.git"),
            ("https://h/a/b.git/", "./c", "https://h/a/b.git/c"),
            ("https://h", "../../c", "https://h/c"),
            ("git@h:b.git", "../c.git", "git@h:c.git"),
            ("git@h:a/b.git", "../c.git", "git@h:a/c.git"),
            ("/srv/a", "../b", "/srv/b"),
        ] {
            assert_eq!(resolved(base, url), found, "{base} {url}");
        }
    }

    #[test]
    fn a_submodule_has_a_path_and_an_address() {
        let text = b"submodule.a.path\nlib/a\0submodule.a.url\n../a\0submodule.b.path\nb\0x\0";
        let found = parse(text, "https://h/x");
        assert_eq!(found, [("lib/a".to_owned(), "https://h/a".to_owned())]);
    }
}
