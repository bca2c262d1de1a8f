//! Who we are to a registry: what `docker login` and `podman login` keep, and the programs they keep it with.
//!
//! Read are the file in `REGISTRY_AUTH_FILE`, `containers/auth.json` in `XDG_RUNTIME_DIR` and in the folder of settings,
//! and `config.json` in `DOCKER_CONFIG` or `~/.docker`, the first that says something of a registry counting. Nothing is
//! read, and no program is run, before a registry has asked.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::path::PathBuf;

use serde::Deserialize;

use super::super::base64;
use crate::env::Var;
use crate::process;

/// The most bytes a settings file may have.
const LARGEST: u64 = 4 << 20;

/// The most bytes a program may answer.
const LARGEST_ANSWER: usize = 1 << 20;

/// What such a program calls the user where what it has is a token.
const TOKEN_USER: &str = "<token>";

/// What proves who asks.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Login {
    Password {
        user: String,
        password: String,
    },
    /// To be changed for another token where the registry says.
    Identity(String),
    /// What the registry itself takes.
    Token(String),
}

/// What the files say.
#[derive(Default)]
pub(super) struct Logins(Vec<File>);

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct File {
    #[serde(default)]
    auths: BTreeMap<String, Auth>,
    #[serde(default)]
    cred_helpers: BTreeMap<String, String>,
    #[serde(default)]
    creds_store: Option<String>,
}

#[derive(Clone, Default, Deserialize)]
struct Auth {
    /// Both, as base64.
    #[serde(default, rename = "auth")]
    pair: String,
    #[serde(default)]
    username: String,
    #[serde(default)]
    password: String,
    #[serde(default)]
    identitytoken: String,
    #[serde(default)]
    registrytoken: String,
}

/// How a program is asked for what it keeps of a registry: its answer, or why there is none.
type Ask<'a> = &'a dyn Fn(&str, &str) -> Result<Option<Login>, String>;

impl Logins {
    /// Those of this machine's user.
    pub(super) fn of_this_machine() -> Self {
        let files = paths().into_iter().filter_map(|path| {
            let text = read(&path)?;
            // A file that is not understood says nothing: it is not ours to complain of.
            serde_json::from_str(&text).ok()
        });
        Self(files.collect())
    }

    /// What proves who asks `registry` for `repository`; nothing where nobody knows.
    pub(super) fn find(&self, registry: &str, repository: &str) -> Result<Option<Login>, String> {
        self.find_with(registry, repository, &ask)
    }

    fn find_with(
        &self,
        registry: &str,
        repository: &str,
        ask: Ask<'_>,
    ) -> Result<Option<Login>, String> {
        let mut trouble = None;
        for file in &self.0 {
            let helper = named(&file.cred_helpers, registry).or(file.creds_store.as_ref());
            if let Some(helper) = helper {
                match ask(helper, registry) {
                    Ok(Some(login)) => return Ok(Some(login)),
                    Ok(None) => {}
                    Err(why) => trouble = Some(why),
                }
            }
            let whole = format!("{registry}/{repository}");
            let mut place = whole.as_str();
            loop {
                if let Some(login) = named(&file.auths, place).and_then(Auth::login) {
                    return Ok(Some(login));
                }
                match place.rsplit_once('/') {
                    Some((above, _)) => place = above,
                    None => break,
                }
            }
        }
        trouble.map_or(Ok(None), Err)
    }
}

/// What is said of `place`: its key may be written as an address.
fn named<'a, T>(map: &'a BTreeMap<String, T>, place: &str) -> Option<&'a T> {
    let bare = |key: &str| {
        let key = key.split_once("://").map_or(key, |(_, rest)| rest);
        let key = key.trim_end_matches('/');
        let versions = ["/v1", "/v2"].iter();
        let key = versions.fold(key, |key, version| key.strip_suffix(version).unwrap_or(key));
        key.to_owned()
    };
    map.get(place).or_else(|| {
        map.iter()
            .find(|(key, _)| bare(key) == place)
            .map(|it| it.1)
    })
}

impl Auth {
    fn login(&self) -> Option<Login> {
        if !self.registrytoken.is_empty() {
            return Some(Login::Token(self.registrytoken.clone()));
        }
        if !self.identitytoken.is_empty() {
            return Some(Login::Identity(self.identitytoken.clone()));
        }
        let decoded = base64::decode(self.pair.trim()).and_then(|it| String::from_utf8(it).ok());
        let pair = decoded.unwrap_or_default();
        let (user, password) = match pair.trim_end_matches('\0').split_once(':') {
            Some((user, password)) => (user.to_owned(), password.to_owned()),
            None => (self.username.clone(), self.password.clone()),
        };
        (!user.is_empty()).then_some(Login::Password { user, password })
    }
}

fn paths() -> Vec<PathBuf> {
    let user = Var::UserHome.absolute_path();
    let below = |path: &str| Some(user.as_ref()?.join(path));
    let settings = Var::ConfigHome.absolute_path().or_else(|| below(".config"));
    let docker = Var::DockerConfig.path().or_else(|| below(".docker"));
    let containers = "containers/auth.json";
    let paths = [
        Var::RegistryAuthFile.path(),
        Var::RuntimeFolder
            .absolute_path()
            .map(|it| it.join(containers)),
        settings.map(|it| it.join(containers)),
        docker.map(|it| it.join("config.json")),
    ];
    paths.into_iter().flatten().collect()
}

fn read(path: &Path) -> Option<String> {
    let is_small =
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST);
    is_small
        .then(|| std::fs::read_to_string(path).ok())
        .flatten()
}

/// Asks the program `docker-credential-NAME`.
fn ask(name: &str, registry: &str) -> Result<Option<Login>, String> {
    let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte);
    if name.is_empty() || !name.bytes().all(is_name) {
        return Err(format!("`{name}` names no program that keeps passwords"));
    }
    let program = format!("docker-credential-{name}");
    let failed = |why: String| format!("`{program}` cannot be asked: {why}");
    let question = process::Question {
        program: &OsString::from(&program),
        arguments: &["get".to_owned()],
        input: registry.as_bytes(),
        most: LARGEST_ANSWER,
    };
    let answer = process::question(&question).map_err(|error| failed(error.to_string()))?;
    let text = String::from_utf8_lossy(&answer.stdout);
    if !answer.status.success() {
        // The programs agree on these words, and on saying them here.
        if text.contains("not found") {
            return Ok(None);
        }
        let line = text.lines().next().unwrap_or_default().trim().to_owned();
        let why = if line.is_empty() {
            answer.status.to_string()
        } else {
            line
        };
        return Err(failed(why));
    }
    understood(&text).map_err(failed)
}

fn understood(text: &str) -> Result<Option<Login>, String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Said {
        #[serde(default)]
        username: String,
        #[serde(default)]
        secret: String,
    }
    let said: Said =
        serde_json::from_str(text).map_err(|_| "its answer is not understood".to_owned())?;
    Ok(match (said.username.as_str(), said.secret) {
        (TOKEN_USER, secret) => Some(Login::Identity(secret)),
        ("", _) => None,
        (user, password) => Some(Login::Password {
            user: user.to_owned(),
            password,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn logins(files: &[&str]) -> Logins {
        let read = |text: &&str| serde_json::from_str(text).unwrap();
        Logins(files.iter().map(read).collect())
    }

    fn shown(login: Option<Login>) -> String {
        match login {
            None => String::new(),
            Some(Login::Password { user, password }) => format!("{user}:{password}"),
            Some(Login::Identity(token)) => format!("identity {token}"),
            Some(Login::Token(token)) => format!("token {token}"),
        }
    }

    #[test]
    fn what_is_said_of_a_registry_is_for_it_alone() {
        let logins = logins(&[
            r#"{"auths":{"r.example.org/team":{"auth":"dDpw"},"r.example.org":{"auth":"YTpi"}}}"#,
            r#"{"auths":{"https://old.example.org/v1/":{"username":"o","password":"p"},
                "r.example.org:5000":{"identitytoken":"i"},"t.example.org":{"registrytoken":"x"},
                "empty.example.org":{},"r.example.org":{"auth":"bGF0ZXI6eA=="}}}"#,
        ]);
        for (registry, repository, expected) in [
            ("r.example.org", "team/x", "t:p"),
            ("r.example.org", "teams/x", "a:b"),
            ("r.example.org:5000", "x", "identity i"),
            ("old.example.org", "x", "o:p"),
            ("t.example.org", "x", "token x"),
            ("empty.example.org", "x", ""),
            ("example.org", "x", ""),
            ("r.example.org.evil.example", "x", ""),
        ] {
            let found = logins.find_with(registry, repository, &|_, _| Ok(None));
            assert_eq!(shown(found.unwrap()), expected, "{registry}/{repository}");
        }
    }

    #[test]
    fn a_program_is_asked_where_the_file_names_one() {
        let logins = logins(&[
            r#"{"credHelpers":{"a.example.org":"one"},"credsStore":"two","auths":{"c.example.org":{"auth":"YTpi"}}}"#,
        ]);
        let ask: Ask<'_> = &|name, registry| match (name, registry) {
            ("two", "c.example.org") => Ok(None),
            ("two", "d.example.org") => Err("no".to_owned()),
            _ => Ok(Some(Login::Identity(format!("{name} for {registry}")))),
        };
        let found = |registry| logins.find_with(registry, "x", ask).map(shown);
        assert_eq!(
            found("a.example.org").unwrap(),
            "identity one for a.example.org"
        );
        assert_eq!(
            found("b.example.org").unwrap(),
            "identity two for b.example.org"
        );
        assert_eq!(found("c.example.org").unwrap(), "a:b");
        assert_eq!(found("d.example.org"), Err("no".to_owned()));
        assert!(super::ask("../evil", "a.example.org").is_err());
    }

    #[test]
    fn what_such_a_program_says_is_understood() {
        assert_eq!(
            shown(understood(r#"{"ServerURL":"r","Username":"<token>","Secret":"s"}"#).unwrap()),
            "identity s"
        );
        assert_eq!(
            shown(understood(r#"{"Username":"u","Secret":"s"}"#).unwrap()),
            "u:s"
        );
        assert!(understood("not JSON").is_err());
    }
}
