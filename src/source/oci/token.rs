//! Tokens: a registry that wants one says where, and for what; who asks there gets one for a while.
//!
//! A token goes to the server it was got for, a password there or to where that server says tokens are, never from
//! `https:` to `http:`. A token that is over is refused, and another one is got then.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::OnceLock;
use std::sync::PoisonError;

use serde::Deserialize;

use super::super::Address;
use super::super::FetchError;
use super::super::Headers;
use super::super::address::Remote;
use super::super::address::Scheme;
use super::super::agent::Agents;
use super::super::base64;
use super::super::exchange::Failure;
use super::super::gate::Gate;
use super::super::transfer;
use super::login::Login;
use super::login::Logins;

/// The most bytes an answer with a token may have.
const LARGEST: u64 = 1 << 20;

/// Who we are said to be where tokens are changed.
const CLIENT: &str = "dgmo";

/// Who says who asks, to all registries.
#[derive(Default)]
pub(super) struct Tokens {
    logins: OnceLock<Logins>,
    /// By server and repository, the value of `Authorization`.
    known: Mutex<HashMap<(String, String), String>>,
}

impl Gate for Tokens {
    fn known(&self, at: &Remote) -> Option<String> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(&key(at)).cloned()
    }

    fn challenged(
        &self,
        agents: &Agents,
        at: &Remote,
        challenges: &[String],
    ) -> Result<Option<String>, Failure> {
        let (server, repository) = key(at);
        let logins = self.logins.get_or_init(Logins::of_this_machine);
        // Who asks without a name may be answered, too; why there is none is told if not.
        let (login, trouble) = match logins.find(&server, &repository) {
            Ok(login) => (login, None),
            Err(why) => (None, Some(why)),
        };
        let asked = Asked {
            agents,
            at,
            repository: &repository,
            login: login.as_ref(),
        };
        let answer = asked.answer(challenges);
        let answer = match (answer, trouble) {
            (Ok(Some(answer)), _) => answer,
            (Err(failure), None) => return Err(failure),
            (Ok(None), None) => return Ok(None),
            (_, Some(why)) => {
                return Err(Failure::Final(FetchError::Refused {
                    url: at.shown(),
                    status: format!("401 Unauthorized; {why}"),
                }));
            }
        };
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((server, repository), answer.clone());
        Ok(Some(answer))
    }
}

/// Server and repository of an address below `/v2/`.
fn key(at: &Remote) -> (String, String) {
    let path = at.path();
    let rest = path.split_once("/v2/").map_or("", |(_, rest)| rest);
    let ends = ["/tags/", "/manifests/", "/blobs/"].iter();
    let repository = ends
        .filter_map(|end| rest.rsplit_once(end))
        .map(|(repository, _)| repository)
        .min_by_key(|repository| repository.len());
    (at.authority(), repository.unwrap_or_default().to_owned())
}

/// One refusal to be answered.
struct Asked<'a> {
    agents: &'a Agents,
    at: &'a Remote,
    repository: &'a str,
    login: Option<&'a Login>,
}

impl Asked<'_> {
    fn answer(&self, challenges: &[String]) -> Result<Option<String>, Failure> {
        let challenges: Vec<Challenge> = challenges.iter().flat_map(|it| parse(it)).collect();
        let of = |scheme: &str| {
            let mut all = challenges.iter();
            all.find(|it| it.scheme.eq_ignore_ascii_case(scheme))
        };
        if let Some(Login::Token(token)) = self.login {
            return Ok(Some(format!("Bearer {token}")));
        }
        if let Some(bearer) = of("Bearer") {
            return Ok(Some(format!("Bearer {}", self.token(bearer)?)));
        }
        match (of("Basic"), self.login) {
            (Some(_), Some(Login::Password { user, password })) => Ok(Some(basic(user, password))),
            _ => Ok(None),
        }
    }

    /// A token, from where the registry says they are.
    fn token(&self, challenge: &Challenge) -> Result<String, Failure> {
        let realm = challenge.get("realm").unwrap_or_default();
        let wrong = |why: String| {
            Failure::Final(FetchError::Refused {
                url: self.at.shown(),
                status: format!("401 Unauthorized; {why}"),
            })
        };
        let Ok(Address::Remote(remote)) = Address::parse(realm) else {
            return Err(wrong("it does not say where tokens are".to_owned()));
        };
        if (self.at.scheme(), remote.scheme()) == (Scheme::Https, Scheme::Http) {
            let shown = remote.shown();
            return Err(wrong(format!(
                "it says that tokens are at `{shown}`, where all can read what we say"
            )));
        }
        let own = format!("repository:{}:pull", self.repository);
        let scope = challenge.get("scope").unwrap_or(&own);
        let service = challenge.get("service").unwrap_or_default();
        let bytes = match self.login {
            Some(Login::Identity(token)) => {
                let fields = [
                    ("grant_type", "refresh_token"),
                    ("service", service),
                    ("client_id", CLIENT),
                    ("scope", scope),
                    ("refresh_token", token),
                ];
                transfer::form(self.agents, &remote, &fields, LARGEST)?
            }
            _ => self.plain(&remote, service, scope)?,
        };
        read(&bytes).ok_or_else(|| wrong(format!("no token comes from `{}`", remote.shown())))
    }

    fn plain(&self, realm: &Remote, service: &str, scope: &str) -> Result<Vec<u8>, Failure> {
        let mut query = Vec::new();
        if !service.is_empty() {
            query.push(format!("service={}", escaped(service)));
        }
        // Several scopes are several parameters.
        query.extend(
            scope
                .split(' ')
                .map(|scope| format!("scope={}", escaped(scope))),
        );
        let mark = if realm.text().contains('?') { '&' } else { '?' };
        let url = format!("{}{mark}{}", realm.text(), query.join("&"));
        let Ok(Address::Remote(remote)) = Address::parse(&url) else {
            return Ok(Vec::new());
        };
        let headers = match self.login {
            Some(Login::Password { user, password }) => {
                Headers::default().authorized(&basic(user, password))
            }
            _ => Headers::default(),
        };
        transfer::small(self.agents, &remote, &headers, LARGEST)
    }
}

fn basic(user: &str, password: &str) -> String {
    format!(
        "Basic {}",
        base64::encode(format!("{user}:{password}").as_bytes())
    )
}

fn escaped(text: &str) -> String {
    super::super::forge::escaped(text)
}

/// The token of an answer. What cannot be a header's value is none.
fn read(bytes: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Said {
        #[serde(default)]
        token: Option<String>,
        #[serde(default)]
        access_token: Option<String>,
    }
    let said: Said = serde_json::from_slice(bytes).ok()?;
    let token = said
        .token
        .filter(|it| !it.is_empty())
        .or(said.access_token)?;
    let sendable = token.bytes().all(|byte| (b'!'..=b'~').contains(&byte));
    (sendable && !token.is_empty()).then_some(token)
}

/// One way in which a server wants to be told who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.parameters.iter();
        let found = all.find(|(known, _)| known.eq_ignore_ascii_case(name))?;
        Some(&found.1)
    }
}

/// The challenges of one header: `Bearer realm="…",service="…", Basic realm="…"`.
fn parse(header: &str) -> Vec<Challenge> {
    let mut challenges: Vec<Challenge> = Vec::new();
    let mut rest = header.trim_start_matches([',', ' ']);
    while !rest.is_empty() {
        let end = rest.find(['=', ' ', ',']).unwrap_or(rest.len());
        let (word, after) = rest.split_at(end);
        rest = match (after.strip_prefix('='), challenges.last_mut()) {
            (Some(value), Some(challenge)) => {
                let (value, after) = value_of(value);
                challenge.parameters.push((word.to_owned(), value));
                after
            }
            (Some(value), None) => value,
            (None, _) => {
                challenges.push(Challenge {
                    scheme: word.to_owned(),
                    parameters: Vec::new(),
                });
                after
            }
        };
        rest = rest.trim_start_matches([',', ' ', '\t']);
        if word.is_empty() && after.is_empty() {
            break;
        }
    }
    challenges
}

/// A value, in quotes or not, and what follows it.
fn value_of(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find([',', ' ']).unwrap_or(text.len());
        return (text[..end].to_owned(), &text[end..]);
    };
    let mut value = String::new();
    let mut letters = quoted.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return (value, &quoted[at + 1..]),
            '\\' => value.extend(letters.next().map(|(_, letter)| letter)),
            letter => value.push(letter),
        }
    }
    (value, "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn challenges_are_taken_apart() {
        let header = r#"Bearer realm="https://auth.example.org/token",service="r.example.org",scope="repository:a/b:pull,push""#;
        let found = parse(header);
        assert_eq!(found.len(), 1);
        assert_eq!(
            found[0].get("realm"),
            Some("https://auth.example.org/token")
        );
        assert_eq!(found[0].get("SCOPE"), Some("repository:a/b:pull,push"));
        let both = parse(r#"Basic realm="a \"b\"", Bearer realm=x"#);
        assert_eq!(both[0].get("realm"), Some("a \"b\""));
        assert_eq!(
            (both[1].scheme.as_str(), both[1].get("realm")),
            ("Bearer", Some("x"))
        );
        assert_eq!(parse(""), []);
        assert_eq!(parse("=x").len(), 1);
    }

    #[test]
    fn a_token_is_for_one_repository_of_one_server() {
        let key = |url: &str| match Address::parse(url).unwrap() {
            Address::Remote(remote) => key(&remote),
            Address::Local(_) => unreachable!(),
        };
        let expected = ("r.example.org".to_owned(), "a/b".to_owned());
        for path in ["tags/list?n=1", "manifests/1.2", "blobs/sha256:00"] {
            assert_eq!(
                key(&format!("https://r.example.org/v2/a/b/{path}")),
                expected
            );
        }
        assert_eq!(
            key("http://localhost:5000/v2/x/manifests/blobs").0,
            "localhost:5000"
        );
    }

    #[test]
    fn a_token_that_cannot_be_sent_is_none() {
        assert_eq!(
            read(br#"{"access_token":"a","expires_in":60}"#).as_deref(),
            Some("a")
        );
        assert_eq!(
            read(br#"{"token":"b","access_token":"a"}"#).as_deref(),
            Some("b")
        );
        for odd in [&b""[..], b"{}", b"{\"token\":\"a\\nb\"}", b"{\"token\":1}"] {
            assert_eq!(read(odd), None);
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(header in "[ -~]{0,60}") {
            parse(&header);
        }
    }
}
