//! One attempt to bring the rest of a download.

use std::cell::RefCell;
use std::io;
use std::io::Read;
use std::time::Instant;

use dgmo_schema::event::Observer;
use dgmo_schema::event::Task;
use dgmo_schema::event::Unit;
use ureq::Body;
use ureq::http::Response;
use ureq::http::header;

use super::Expected;
use super::FetchError;
use super::Headers;
use super::MinimumRate;
use super::Settings;
use super::address::Remote;
use super::agent::Agents;
use super::exchange::Failure;
use super::exchange::exchange;
use super::exchange::good_until;
use super::exchange::text_header;
use super::partial::Facts;
use super::partial::Partial;
use super::total::Share;

/// One attempt: what is asked for, and where it goes.
pub(super) struct Transfer<'a> {
    pub(super) agents: &'a Agents,
    pub(super) settings: &'a Settings,
    pub(super) observer: &'a dyn Observer,
    pub(super) what: &'a str,
    pub(super) address: &'a Remote,
    pub(super) headers: &'a Headers,
    pub(super) expected: &'a Expected,
    /// What it adds to the total of several.
    pub(super) share: RefCell<Share<'a>>,
}

/// What the head of an answer says of the body.
struct Coming {
    facts: Facts,
    /// Where in the whole the body starts.
    from: u64,
    /// How long the whole is, if it is told.
    total: Option<u64>,
}

impl Transfer<'_> {
    /// Brings what is missing in `partial` and proves the whole. Gives the number of bytes that came.
    pub(super) fn run(&self, partial: &mut Partial<'_>) -> Result<u64, Failure> {
        let conditions = self.conditions(partial);
        let goes_on = conditions.iter().any(|(name, _)| name == header::RANGE);
        let mut response = exchange(self.agents, self.address, self.headers, &conditions)?;
        let received = match response.status().as_u16() {
            // Nothing has changed since all of it came.
            304 if partial.is_whole() => {
                if let Some(good_until) = good_until(&response) {
                    self.kept(partial.keep_until(good_until))?;
                }
                return Ok(0);
            }
            206 if goes_on => {
                let coming = self.rest(partial, &response)?;
                self.receive(partial, &coming, &mut response)?
            }
            200 => {
                let coming = self.whole(&response)?;
                self.begin(partial, &coming)?;
                self.receive(partial, &coming, &mut response)?
            }
            // We may have had all of it already; then there is no range left to ask for.
            416 if goes_on
                && content_range(&response)
                    .is_some_and(|(_, total)| total == Some(partial.len())) =>
            {
                0
            }
            status => {
                self.kept(partial.clear())?;
                return Err(Failure::again(format!(
                    "the server answers {status}, which does not fit what was asked"
                )));
            }
        };
        self.prove(partial, goes_on)?;
        Ok(received)
    }

    /// Under which conditions, and from where on, the bytes are wanted.
    fn conditions(&self, partial: &Partial<'_>) -> Vec<(header::HeaderName, String)> {
        let facts = partial.facts();
        let validator = facts.and_then(Facts::validator);
        if partial.is_whole() {
            let tag = facts.and_then(|facts| facts.etag.clone());
            let date = facts.and_then(|facts| facts.last_modified.clone());
            let tag = tag.map(|tag| (header::IF_NONE_MATCH, tag));
            return tag
                .or_else(|| date.map(|date| (header::IF_MODIFIED_SINCE, date)))
                .into_iter()
                .collect();
        }
        // Without a validator the parts may be of different files; a known digest would tell.
        if partial.len() == 0 || (validator.is_none() && self.expected.digests.is_empty()) {
            return Vec::new();
        }
        let range = (header::RANGE, format!("bytes={}-", partial.len()));
        let validator = validator.map(|validator| (header::IF_RANGE, validator.to_owned()));
        [range].into_iter().chain(validator).collect()
    }

    /// What an answer with the whole says, looked at before anything that is here is given up for it.
    fn whole(&self, response: &Response<Body>) -> Result<Coming, Failure> {
        self.refuse_encoded(response)?;
        let total = response.body().content_length();
        self.check_size(total)?;
        Ok(Coming {
            facts: self.facts(response),
            from: 0,
            total,
        })
    }

    /// What an answer with the rest says. One that does not fit makes the next attempt start from nothing.
    fn rest(
        &self,
        partial: &mut Partial<'_>,
        response: &Response<Body>,
    ) -> Result<Coming, Failure> {
        self.refuse_encoded(response)?;
        let facts = self.facts(response);
        let same = partial.facts().is_none_or(|known| known.agree_with(&facts));
        match content_range(response) {
            Some((Some(from), total)) if from == partial.len() && same => {
                self.check_size(total)?;
                Ok(Coming { facts, from, total })
            }
            _ => {
                self.kept(partial.clear())?;
                Err(Failure::again("the file changed on the server meanwhile"))
            }
        }
    }

    fn begin(&self, partial: &mut Partial<'_>, coming: &Coming) -> Result<(), Failure> {
        Ok(self.kept(partial.begin(coming.facts.clone()))?)
    }

    fn receive(
        &self,
        partial: &mut Partial<'_>,
        coming: &Coming,
        response: &mut Response<Body>,
    ) -> Result<u64, Failure> {
        let total = coming.total.or(self.expected.size);
        let what = format!("fetching {}", self.what);
        let task = Task::start(self.observer, what, total, Unit::Bytes);
        task.advance(coming.from);
        partial.expect(total);
        let mut share = self.share.borrow_mut();
        share.expect(total);
        share.reach(coming.from);
        let mut body = response.body_mut().with_config().limit(u64::MAX).reader();
        let mut pace = Pace::new(self.settings.minimum_rate);
        let mut buffer = vec![0; 128 << 10];
        let mut received = 0;
        loop {
            let count = match body.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(Failure::again(error)),
            };
            self.check_limit(partial.len() + count as u64)?;
            self.kept(partial.push(&buffer[..count]))?;
            task.advance(count as u64);
            share.reach(partial.len());
            received += count as u64;
            pace.keep_up(count as u64).map_err(Failure::again)?;
        }
        match total {
            Some(total) if partial.len() < total => Err(Failure::again(format!(
                "the connection ended after {} of {total} bytes",
                partial.len()
            ))),
            _ => Ok(received),
        }
    }

    /// Compares what is here with what is expected; what differs is thrown away.
    fn prove(&self, partial: &mut Partial<'_>, goes_on: bool) -> Result<(), Failure> {
        let differs = partial.digests().differ_from(&self.expected.digests);
        let Some((expected, found)) = differs else {
            self.check_size(Some(partial.len()))?;
            return Ok(self.kept(partial.finish())?);
        };
        self.kept(partial.clear())?;
        if goes_on {
            return Err(Failure::again("the parts that came do not fit together"));
        }
        Err(Failure::Final(FetchError::WrongDigest {
            url: self.address.shown(),
            expected,
            found,
        }))
    }

    fn facts(&self, response: &Response<Body>) -> Facts {
        Facts {
            url: self.address.shown(),
            etag: text_header(response, &header::ETAG),
            last_modified: text_header(response, &header::LAST_MODIFIED),
            link: text_header(response, &header::LINK),
            good_until: good_until(response),
            whole: None,
        }
    }

    /// A body that was encoded on the way hashes to something else each time the encoder changes.
    ///
    /// Some servers call a `.gz` file itself an encoding; then the bytes are the file's own.
    fn refuse_encoded(&self, response: &Response<Body>) -> Result<(), Failure> {
        let Some(encoding) = text_header(response, &header::CONTENT_ENCODING) else {
            return Ok(());
        };
        let path = self.address.path().to_ascii_lowercase();
        let is_gzip = || [".gz", ".tgz"].iter().any(|ending| path.ends_with(ending));
        let is_its_own = match encoding.to_ascii_lowercase().as_str() {
            "" | "identity" => true,
            "gzip" | "x-gzip" => is_gzip(),
            _ => false,
        };
        if is_its_own {
            return Ok(());
        }
        Err(Failure::Final(FetchError::Encoded {
            url: self.address.shown(),
            encoding,
        }))
    }

    fn check_size(&self, found: Option<u64>) -> Result<(), Failure> {
        if let (Some(expected), Some(found)) = (self.expected.size, found)
            && expected != found
        {
            return Err(Failure::Final(FetchError::WrongSize {
                url: self.address.shown(),
                expected,
                found,
            }));
        }
        self.check_limit(found.unwrap_or(0))
    }

    /// Stops a body that has more bytes than it can have.
    fn check_limit(&self, len: u64) -> Result<(), Failure> {
        let limit = self.expected.size.unwrap_or(self.settings.largest);
        if len <= limit {
            return Ok(());
        }
        Err(Failure::Final(FetchError::TooLarge {
            url: self.address.shown(),
            limit,
        }))
    }

    fn kept<T>(&self, result: io::Result<T>) -> Result<T, FetchError> {
        result.map_err(|source| FetchError::Cache {
            url: self.address.shown(),
            source,
        })
    }
}

/// Where a part starts, and how long the whole is, as `Content-Range` says: `bytes 5-9/10`, `bytes */10`.
fn content_range(response: &Response<Body>) -> Option<(Option<u64>, Option<u64>)> {
    parse_content_range(&text_header(response, &header::CONTENT_RANGE)?)
}

fn parse_content_range(text: &str) -> Option<(Option<u64>, Option<u64>)> {
    let (range, total) = text.strip_prefix("bytes ")?.split_once('/')?;
    let total = match total {
        "*" => None,
        total => Some(total.parse().ok()?),
    };
    let from = match range {
        "*" => None,
        range => Some(range.split_once('-')?.0.parse().ok()?),
    };
    Some((from, total))
}

/// Watches that bytes keep coming.
struct Pace {
    rate: MinimumRate,
    since: Instant,
    bytes: u64,
}

impl Pace {
    fn new(rate: MinimumRate) -> Self {
        Self {
            rate,
            since: Instant::now(),
            bytes: 0,
        }
    }

    fn keep_up(&mut self, bytes: u64) -> Result<(), String> {
        self.bytes += bytes;
        if self.since.elapsed() < self.rate.within {
            return Ok(());
        }
        if self.bytes < self.rate.bytes {
            return Err(format!(
                "only {} bytes came within {:?}",
                self.bytes, self.rate.within
            ));
        }
        *self = Self::new(self.rate);
        Ok(())
    }
}

/// Reads a small body whole.
pub(super) fn small(
    agents: &Agents,
    address: &Remote,
    headers: &Headers,
    limit: u64,
) -> Result<Vec<u8>, Failure> {
    let mut response = exchange(agents, address, headers, &[])?;
    read_small(&mut response, address, limit)
}

fn read_small(
    response: &mut Response<Body>,
    address: &Remote,
    limit: u64,
) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    let mut body = response
        .body_mut()
        .with_config()
        .limit(u64::MAX)
        .reader()
        .take(limit + 1);
    body.read_to_end(&mut bytes).map_err(Failure::again)?;
    if bytes.len() as u64 > limit {
        return Err(Failure::Final(FetchError::TooLarge {
            url: address.shown(),
            limit,
        }));
    }
    Ok(bytes)
}

/// Sends a form and reads the small answer whole. Redirects are not followed: what is sent is for one server only.
pub(super) fn form(
    agents: &Agents,
    address: &Remote,
    fields: &[(&str, &str)],
    limit: u64,
) -> Result<Vec<u8>, Failure> {
    let request = agents.for_remote(address).post(address.text());
    let sent = request.send_form(fields.iter().copied());
    let mut response = sent.map_err(|error| Failure::again(error.to_string()))?;
    if response.status().as_u16() != 200 {
        return Err(Failure::Final(FetchError::Refused {
            url: address.shown(),
            status: response.status().to_string(),
        }));
    }
    read_small(&mut response, address, limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_are_understood() {
        for (text, range) in [
            ("bytes 5-9/10", Some((Some(5), Some(10)))),
            ("bytes 5-9/*", Some((Some(5), None))),
            ("bytes */10", Some((None, Some(10)))),
            ("bytes 5/10", None),
            ("items 5-9/10", None),
            ("bytes a-9/10", None),
            ("", None),
        ] {
            assert_eq!(parse_content_range(text), range, "{text}");
        }
    }
}
