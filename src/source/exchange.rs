//! One request and the answer to it, redirects followed: what may be tried again, and what is final.

use std::error::Error;
use std::io;
use std::time::Duration;

use dgmo_schema::generation::Timestamp;
use ureq::Body;
use ureq::http::Request;
use ureq::http::Response;
use ureq::http::header;

use super::FetchError;
use super::Headers;
use super::address::Remote;
use super::agent::Agents;
use crate::clock::Clock;

const MOST_REDIRECTS: usize = 10;

/// Why one attempt did not bring the bytes.
#[derive(Debug)]
pub(super) enum Failure {
    /// Another attempt would not either.
    Final(FetchError),
    /// Another attempt may.
    Again {
        why: Box<dyn Error + Send + Sync>,
        /// How long the server asks to wait.
        wait: Option<Duration>,
    },
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        Self::Final(error)
    }
}

impl Failure {
    pub(super) fn again(why: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Again {
            why: why.into(),
            wait: None,
        }
    }
}

/// Asks for `address` and follows redirects. The answer has a status below 400, or 416.
pub(super) fn exchange(
    agents: &Agents,
    address: &Remote,
    headers: &Headers,
    conditions: &[(header::HeaderName, String)],
) -> Result<Response<Body>, Failure> {
    let asking = Asking {
        agents,
        address,
        headers,
        conditions,
    };
    let mut at = address.clone();
    let mut proof = headers.gate().and_then(|gate| gate.known(address));
    let mut refusals = 0;
    for _ in 0..=MOST_REDIRECTS {
        let response = asking.ask(&at, proof.as_deref())?;
        let status = response.status().as_u16();
        match status {
            403 | 429 if is_used_up(&response) => {
                return Err(Failure::Final(FetchError::RateLimited {
                    url: address.shown(),
                    until: text_header(&response, &RATE_RESET).and_then(|text| text.parse().ok()),
                    known: headers.for_its_own().next().is_some() || proof.is_some(),
                }));
            }
            401 if refusals == 0 && at.is_same_server(address) && headers.gate().is_some() => {
                refusals += 1;
                proof = asking.answer(&at, &response)?;
            }
            301 | 302 | 303 | 307 | 308 => at = follow(address, &at, &response)?,
            408 | 425 | 429 | 500..=599 => {
                return Err(Failure::Again {
                    why: format!("the server answers {}", response.status()).into(),
                    wait: retry_after(&response),
                });
            }
            200 | 206 | 304 | 416 => return Ok(response),
            _ => {
                return Err(Failure::Final(FetchError::Refused {
                    url: address.shown(),
                    status: response.status().to_string(),
                }));
            }
        }
    }
    Err(Failure::Final(FetchError::Redirect {
        url: address.shown(),
        why: format!("more than {MOST_REDIRECTS} redirects in a row"),
    }))
}

/// One question, which may be asked of several servers on the way to its answer.
struct Asking<'a> {
    agents: &'a Agents,
    address: &'a Remote,
    headers: &'a Headers,
    conditions: &'a [(header::HeaderName, String)],
}

impl Asking<'_> {
    /// What to say to a server that asks who we are.
    fn answer(&self, at: &Remote, response: &Response<Body>) -> Result<Option<String>, Failure> {
        let said = response.headers().get_all(header::WWW_AUTHENTICATE);
        let said = said.iter().filter_map(|value| value.to_str().ok());
        let challenges: Vec<String> = said.map(str::to_owned).collect();
        let answer = match self.headers.gate() {
            Some(gate) => gate.challenged(self.agents, at, &challenges)?,
            None => None,
        };
        let refused = || FetchError::Refused {
            url: self.address.shown(),
            status: response.status().to_string(),
        };
        Ok(Some(answer.ok_or_else(refused)?))
    }

    fn ask(&self, at: &Remote, proof: Option<&str>) -> Result<Response<Body>, Failure> {
        let mut request = Request::get(at.text());
        for (name, value) in self.headers.for_all() {
            request = request.header(name, value);
        }
        if at.is_same_server(self.address) {
            for (name, value) in self.headers.for_its_own() {
                request = request.header(name, value);
            }
            if let Some(proof) = proof {
                request = request.header(header::AUTHORIZATION, proof);
            }
        }
        for (name, value) in self.conditions {
            request = request.header(name, value);
        }
        let request = request
            .body(())
            .map_err(|error| Failure::again(error.to_string()))?;
        self.agents
            .for_remote(at)
            .run(request)
            .map_err(|error| judge(self.address, error))
    }
}

/// Forges count who asks how often, and say so in these.
const RATE_LEFT: header::HeaderName = header::HeaderName::from_static("x-ratelimit-remaining");
const RATE_RESET: header::HeaderName = header::HeaderName::from_static("x-ratelimit-reset");

/// Registries of images say it so, with the seconds they count over: `0;w=21600`.
const IMAGES_LEFT: header::HeaderName = header::HeaderName::from_static("ratelimit-remaining");

fn is_used_up(response: &Response<Body>) -> bool {
    [RATE_LEFT, IMAGES_LEFT].iter().any(|name| {
        let left = text_header(response, name);
        left.is_some_and(|left| left.split(';').next() == Some("0"))
    })
}

fn follow(address: &Remote, at: &Remote, response: &Response<Body>) -> Result<Remote, Failure> {
    let wrong = |why: String| {
        Failure::Final(FetchError::Redirect {
            url: address.shown(),
            why,
        })
    };
    let location = text_header(response, &header::LOCATION)
        .ok_or_else(|| wrong("it redirects without saying where to".to_owned()))?;
    at.redirected(&location).map_err(wrong)
}

/// What an error of the client means for the download of `address`.
fn judge(address: &Remote, error: ureq::Error) -> Failure {
    match error {
        ureq::Error::Tls(_) | ureq::Error::Rustls(_) | ureq::Error::Pem(_) => {
            certificate(address, error)
        }
        ureq::Error::Io(error) if speaks_of_a_certificate(&error) => certificate(address, error),
        ureq::Error::ConnectProxyFailed(why) if !is_passing(&why) => {
            Failure::Final(FetchError::Proxy {
                proxy: "the proxy for this address".to_owned(),
                why,
            })
        }
        error => Failure::again(error),
    }
}

fn certificate(address: &Remote, error: impl Into<Box<dyn Error + Send + Sync>>) -> Failure {
    Failure::Final(FetchError::Certificate {
        url: address.shown(),
        source: error.into(),
    })
}

/// The TLS library hands its errors through as I/O errors; this is how its text for them starts.
fn speaks_of_a_certificate(error: &io::Error) -> bool {
    error.to_string().starts_with("invalid peer certificate")
}

/// Whether a proxy's refusal may be over soon: a status of the five hundreds, or no answer at all.
fn is_passing(why: &str) -> bool {
    !why.split(|letter: char| !letter.is_ascii_digit())
        .any(|word| word.len() == 3 && word.starts_with('4'))
}

/// How long the server asks to wait: so many seconds, or until a moment. That is compared with the server's own clock
/// where it tells it: ours may be wrong.
fn retry_after(response: &Response<Body>) -> Option<Duration> {
    let asked = text_header(response, &header::RETRY_AFTER)?;
    if let Ok(seconds) = asked.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let until = moment(&asked)?;
    let now = text_header(response, &header::DATE).and_then(|date| moment(&date));
    let now = now.unwrap_or_else(|| Clock::from_environment().now());
    Some(Duration::from_secs(
        until.seconds().saturating_sub(now.seconds()),
    ))
}

/// The longest that a document is good for, whatever its server says: what was published since shall be found.
pub(super) const LONGEST_GOOD: u64 = 10 * 60;

/// Until when an answer is good without asking again, in seconds since 1970.
pub(super) fn good_until(response: &Response<Body>) -> Option<u64> {
    let said = text_header(response, &header::CACHE_CONTROL)?.to_ascii_lowercase();
    let words = || said.split(',').map(str::trim);
    if words().any(|word| word.starts_with("no-cache") || word == "no-store") {
        return None;
    }
    let seconds = words().find_map(|word| word.strip_prefix("max-age="))?;
    let seconds: u64 = seconds.trim_matches('"').parse().ok()?;
    // How long somebody between had it already.
    let age = text_header(response, &header::AGE).and_then(|age| age.parse().ok());
    let left = seconds.saturating_sub(age.unwrap_or(0)).min(LONGEST_GOOD);
    (left > 0).then(|| Clock::from_environment().now().seconds() + left)
}

/// A moment as HTTP writes it today: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn moment(text: &str) -> Option<Timestamp> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let words: Vec<&str> = text.split_ascii_whitespace().collect();
    let [_, day, month, year, time, "GMT"] = words[..] else {
        return None;
    };
    let month = MONTHS.iter().position(|known| *known == month)? + 1;
    let text = format!("{year}-{month:02}-{day}T{time}Z");
    humantime::parse_rfc3339(&text).ok().map(Timestamp::from)
}

/// A header's value, if it is there and is text.
pub(super) fn text_header(response: &Response<Body>, name: &header::HeaderName) -> Option<String> {
    let value = response.headers().get(name)?.to_str().ok()?;
    Some(value.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_read_as_http_writes_it() {
        let seconds = |text| moment(text).map(Timestamp::seconds);
        assert_eq!(seconds("Sun, 06 Nov 1994 08:49:37 GMT"), Some(784_111_777));
        for odd in [
            "",
            "tomorrow",
            "Sun, 06 Nov 1994 08:49:37 CET",
            "Sun, 32 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nob 1994 08:49:37 GMT",
            "1994-11-06T08:49:37Z",
        ] {
            assert_eq!(seconds(odd), None, "{odd}");
        }
    }
}
