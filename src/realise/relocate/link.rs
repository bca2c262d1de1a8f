//! Links that are whole paths.

use super::Verdict;
use super::inside::Inside;
use super::inside::folder_of;
use super::inside::is_of_system;
use super::inside::way;

/// Where the link at `path`, which says `target` now, shall lead.
pub(super) fn verdict(path: &str, target: &str, inside: &Inside) -> Verdict<String> {
    let mut verdict = Verdict::default();
    if !target.starts_with('/') {
        return verdict;
    }
    if let Some(own) = inside.own(target, path) {
        let way = way(folder_of(path), &own.path);
        let way = if way.is_empty() { ".".to_owned() } else { way };
        verdict.change = Some(way);
        verdict.prefixes.insert(own.prefix);
    } else if is_of_system(target) {
        verdict.told.push(format!(
            "`{path}` is a link to `{target}`: what is there is of the machine"
        ));
    } else {
        verdict.tied.push(format!(
            "`{path}` is a link to `{target}`, which it does not have"
        ));
    }
    verdict
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_leads_into_the_package_to_the_system_or_nowhere() {
        let inside = Inside::with(&["lib/libx.so.1", "lib/a/b", "bin/tool"]);
        for (path, target, change, told, tied) in [
            (
                "lib/libx.so",
                "/opt/foo/lib/libx.so.1",
                Some("libx.so.1"),
                0,
                0,
            ),
            ("bin/lib", "/opt/foo/lib", Some("../lib"), 0, 0),
            ("lib/up", "/opt/foo/lib", Some("."), 0, 0),
            ("lib/certs", "/etc/ssl/certs", None, 1, 0),
            ("bin/python", "/usr/bin/python3", None, 1, 0),
            ("bin/tool", "/opt/foo/bin/tool", None, 0, 1),
            ("bin/x", "/home/me/secret", None, 0, 1),
            ("bin/x", "tool", None, 0, 0),
        ] {
            let verdict = verdict(path, target, &inside);
            assert_eq!(verdict.change.as_deref(), change, "{target}");
            assert_eq!(
                (verdict.told.len(), verdict.tied.len()),
                (told, tied),
                "{target}"
            );
        }
    }
}
