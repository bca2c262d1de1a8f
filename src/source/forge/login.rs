//! Who we are to a forge: tokens of the environment, and of the forges' own programs.
//!
//! A token is given only to the server it is for. Those of the environment are for the server that the environment
//! names, or else for the forge of the name: a manifest that names another server does not get them.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::catalogue::Catalogue;
use serde::Deserialize;

use super::place::authority;
use super::place::usual;
use crate::env::Var;

/// The most bytes a settings file of such a program may have.
const LARGEST: u64 = 1 << 20;

/// The token for the API on `host`, if there is one.
pub(super) fn token(catalogue: Catalogue, host: &str) -> Option<String> {
    from_environment(catalogue, host).or_else(|| from_settings(catalogue, host))
}

fn from_environment(catalogue: Catalogue, host: &str) -> Option<String> {
    let named = |var: Var| {
        let text = var.text()?;
        Some(authority(&text).to_owned())
    };
    let is_usual = || authority(&usual(catalogue).0) == host;
    let is = |var: Var| named(var).is_some_and(|named| named == host);
    let vars: &[Var] = match catalogue {
        Catalogue::Github if is_usual() => &[Var::GhToken, Var::GithubToken],
        Catalogue::Github if is(Var::GhHost) => &[Var::GhEnterpriseToken],
        Catalogue::Gitlab if is(Var::GitlabHost) => &[Var::GitlabToken],
        Catalogue::Gitlab if named(Var::GitlabHost).is_none() && is_usual() => &[Var::GitlabToken],
        Catalogue::Forgejo if is(Var::ForgejoServer) => &[Var::ForgejoToken],
        _ => &[],
    };
    vars.iter().find_map(|var| var.text())
}

/// What the forge's own program keeps. It may keep its tokens elsewhere, in a key ring; then there is none here.
fn from_settings(catalogue: Catalogue, host: &str) -> Option<String> {
    let folder = settings_folder()?;
    match catalogue {
        Catalogue::Github => of_gh(&read(&folder.join("gh/hosts.yml"))?, host),
        Catalogue::Gitlab => of_glab(&read(&folder.join("glab-cli/config.yml"))?, host),
        _ => of_tea(&read(&folder.join("tea/config.yml"))?, host),
    }
}

fn settings_folder() -> Option<PathBuf> {
    let home = || Some(Var::UserHome.absolute_path()?.join(".config"));
    Var::ConfigHome.absolute_path().or_else(home)
}

/// A file that cannot be read is as good as none: nobody told us to look there.
fn read(path: &Path) -> Option<String> {
    let is_small =
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST);
    is_small
        .then(|| std::fs::read_to_string(path).ok())
        .flatten()
}

#[derive(Deserialize)]
struct Known {
    #[serde(default, alias = "oauth_token")]
    token: Option<String>,
    #[serde(default)]
    url: String,
}

fn of_gh(text: &str, host: &str) -> Option<String> {
    let host = host.strip_prefix("api.").unwrap_or(host);
    let mut hosts: BTreeMap<String, Known> = serde_yaml::from_str(text).ok()?;
    hosts.remove(host)?.token
}

fn of_glab(text: &str, host: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Settings {
        hosts: BTreeMap<String, Known>,
    }
    let mut settings: Settings = serde_yaml::from_str(text).ok()?;
    settings.hosts.remove(host)?.token
}

fn of_tea(text: &str, host: &str) -> Option<String> {
    #[derive(Deserialize)]
    struct Settings {
        logins: Vec<Known>,
    }
    let settings: Settings = serde_yaml::from_str(text).ok()?;
    let mut logins = settings.logins.into_iter();
    logins.find(|login| authority(&login.url) == host)?.token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_where_the_forges_own_programs_keep_them() {
        let gh =
            "git.example.org:\n    user: me\n    oauth_token: gho_1\n    git_protocol: https\n";
        assert_eq!(of_gh(gh, "git.example.org").as_deref(), Some("gho_1"));
        assert_eq!(of_gh(gh, "api.git.example.org").as_deref(), Some("gho_1"));
        assert_eq!(of_gh(gh, "other.example.org"), None);
        let glab = "git_protocol: ssh\nhosts:\n    lab.example.org:\n        token: glpat-2\n        api_protocol: https\n";
        assert_eq!(of_glab(glab, "lab.example.org").as_deref(), Some("glpat-2"));
        let tea = "logins:\n- name: x\n  url: https://tea.example.org\n  token: abc\n  default: true\npreferences:\n  editor: false\n";
        assert_eq!(of_tea(tea, "tea.example.org").as_deref(), Some("abc"));
        for text in ["", "[1", "a: 1", "hosts: x"] {
            assert_eq!(
                of_gh(text, "a")
                    .or(of_glab(text, "a"))
                    .or(of_tea(text, "a")),
                None
            );
        }
    }
}
