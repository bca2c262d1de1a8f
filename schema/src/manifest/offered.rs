//! What packages may be called in their catalogues.

use super::archive;
use super::repository;
use crate::catalogue::Catalogue;

/// What to write in the place of a name that cannot be one.
type Check = Result<(), &'static str>;

/// Whether `name` can be a package there; else what to write.
pub(super) fn check_name(catalogue: Catalogue, name: &str) -> Check {
    let parts: Vec<&str> = name.split('/').collect();
    match catalogue {
        Catalogue::Github | Catalogue::Gitlab | Catalogue::Forgejo => of_forge(catalogue, &parts),
        Catalogue::Npm => of_npm(name),
        Catalogue::Pypi => of_pypi(name),
        Catalogue::Git => repository::check(name),
        Catalogue::Deb => archive::check_name(name),
        Catalogue::Oci => of_registry(&parts),
        Catalogue::Crates => of_crates(name),
        Catalogue::Conda => of_conda(name),
    }
}

fn all_of(text: &str, others: &[u8]) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || others.contains(&b);
    text.bytes().all(fits)
}

/// A repository of a forge, behind its host or not.
fn of_forge(catalogue: Catalogue, parts: &[&str]) -> Check {
    let word = |part: &&str| !part.is_empty() && !part.starts_with('.') && all_of(part, b"._-+~:");
    let words = parts.iter().all(word);
    let has_host = parts[0].contains(['.', ':']);
    let (good, what) = match catalogue {
        Catalogue::Github => (
            parts.len() == 2 + usize::from(has_host),
            "write `owner/name`, or `host/owner/name` for a server of your own",
        ),
        Catalogue::Gitlab => (
            parts.len() >= 2 + usize::from(has_host),
            "write `group/name`, or `host/group/name` for a server of your own",
        ),
        _ => (parts.len() == 3, "write `host/owner/name`"),
    };
    if words && good { Ok(()) } else { Err(what) }
}

fn of_npm(name: &str) -> Check {
    let plain =
        |part: &str| !part.is_empty() && !part.starts_with(['.', '_']) && all_of(part, b"._-~");
    let good = match name.strip_prefix('@').and_then(|rest| rest.split_once('/')) {
        Some((scope, rest)) => plain(scope) && plain(rest),
        None => plain(name),
    };
    if good && name.len() <= 214 {
        Ok(())
    } else {
        Err("write `name` or `@scope/name`")
    }
}

fn of_pypi(name: &str) -> Check {
    let edge = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
    if all_of(name, b"._-") && edge(name.chars().next()) && edge(name.chars().last()) {
        Ok(())
    } else {
        Err("write its name as `pip install` takes it, without version and extras")
    }
}

fn of_crates(name: &str) -> Check {
    let begins = name.starts_with(|c: char| c.is_ascii_alphabetic());
    if begins && all_of(name, b"_-") && name.len() <= 64 {
        Ok(())
    } else {
        Err("write its name as `cargo install` takes it, without a version")
    }
}

fn of_conda(name: &str) -> Check {
    let (channel, package) = name
        .split_once("::")
        .map_or((None, name), |(channel, package)| (Some(channel), package));
    let plain =
        |text: &str| !text.is_empty() && !text.starts_with(['.', '-']) && all_of(text, b"._-");
    if plain(package) && channel.is_none_or(|it| it.split('/').all(plain)) {
        Ok(())
    } else {
        Err("write `name` or `channel::name`, without version and build")
    }
}

/// A repository of a registry, behind its host or not.
fn of_registry(parts: &[&str]) -> Check {
    let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
    let repository = match parts {
        [host, rest @ ..] if is_host(host) && !rest.is_empty() => rest,
        parts => parts,
    };
    if repository
        .last()
        .is_some_and(|last| last.contains([':', '@']))
    {
        return Err("write what follows its name into `version:`");
    }
    let host = match parts.len() - repository.len() {
        0 => None,
        _ => parts.first(),
    };
    let good_host = host.is_none_or(|host| {
        let inner = |b: u8| b.is_ascii_alphanumeric() || b".-:[]".contains(&b);
        host.bytes().all(inner) && host.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '[')
    });
    let good = |part: &&str| {
        let edge =
            |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
        edge(part.chars().next()) && edge(part.chars().last()) && part.bytes().all(inner)
    };
    let length: usize = parts.iter().map(|part| part.len() + 1).sum();
    if good_host && !repository.is_empty() && repository.iter().all(good) && length <= 256 {
        Ok(())
    } else {
        Err("write `host/name` in small letters, or `name` where `sources:` names the registry")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_judged_as_their_catalogue_does() {
        use Catalogue::{Conda, Crates, Forgejo, Git, Github, Gitlab, Npm, Oci, Pypi};
        for (catalogue, good) in [
            (Github, "cli/cli"),
            (Github, "git.example.org/cli/cli"),
            (Gitlab, "a/b/c"),
            (Gitlab, "localhost:8080/a/b"),
            (Forgejo, "git.example.org/a/b"),
            (Npm, "typescript"),
            (Npm, "@biomejs/biome"),
            (Pypi, "zope.interface"),
            (Git, "git@git.example.org:me/tools.git"),
            (Oci, "registry.example.org/tools/hello"),
            (Oci, "localhost:5000/hello"),
            (Oci, "[::1]:5000/a__b/c-d.e"),
            (Oci, "tools/hello"),
            (Crates, "fd-find"),
            (Conda, "cmake"),
            (Conda, "_libgcc_mutex"),
            (Conda, "lab/label/dev::lib.x-1"),
        ] {
            assert_eq!(check_name(catalogue, good), Ok(()), "{good}");
        }
        for (catalogue, bad) in [
            (Github, "cli"),
            (Github, "a/../b"),
            (Github, "a/b/c"),
            (Github, "https://example.org/a/b"),
            (Gitlab, "git.example.org/a"),
            (Forgejo, "a/b"),
            (Npm, "@biomejs"),
            (Npm, "../x"),
            (Npm, "a/b"),
            (Pypi, "a[b]"),
            (Pypi, "-a"),
            (Pypi, ""),
            (Git, "tools"),
            (Crates, ""),
            (Crates, "1x"),
            (Crates, "a/b"),
            (Crates, "../x"),
            (Oci, ""),
            (Oci, "registry.example.org/"),
            (Oci, "registry.example.org/Tools"),
            (Oci, "registry.example.org/hello:1.2"),
            (Oci, "hello@sha256:00"),
            (Oci, "https://registry.example.org/hello"),
            (Oci, "a/../b"),
            (Oci, "r.example.org/a/_b"),
            (Conda, "cmake=3"),
            (Conda, "a/b"),
            (Conda, "../a::b"),
            (Conda, "::b"),
        ] {
            assert!(check_name(catalogue, bad).is_err(), "{bad}");
        }
    }
}
