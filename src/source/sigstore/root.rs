//! Who is trusted: the authorities that give certificates, and the logs that take signatures.
//!
//! The form is Sigstore's `trusted_root.json`, of which this is read:
//!
//! ```text
//! tlogs: [{logId: {keyId}, publicKey: {rawBytes, validFor: {start, end}}}]
//! certificateAuthorities: [{certChain: {certificates: [{rawBytes}]}, validFor: {start, end}}]
//! ```

use std::time::UNIX_EPOCH;

use serde::Deserialize;

use super::super::base64;
use super::bundle::RawChain;
use super::key::Key;

/// Those of Sigstore's public instance, without what we do not read.
const PUBLIC: &[u8] = include_bytes!("public.json");

/// Who is trusted.
pub(in crate::source) struct Root {
    logs: Vec<Log>,
    authorities: Vec<Authority>,
}

/// A log that takes signatures.
pub(super) struct Log {
    pub(super) id: Vec<u8>,
    pub(super) key: Key,
    valid: Span,
}

/// Who gives certificates: its own last, those of whom it lets sign before it.
pub(super) struct Authority {
    pub(super) chain: Vec<Vec<u8>>,
    valid: Span,
}

/// Seconds since 1970, both within.
struct Span(u64, u64);

impl Root {
    /// That of the public instance.
    pub(in crate::source) fn public() -> Self {
        Self::parse(PUBLIC).expect("it is read in a test")
    }

    /// The one that `bytes` tell of.
    pub(in crate::source) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let raw: RawRoot = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
        let unreadable = || "a certificate, a key or a time in it cannot be read".to_owned();
        let authorities = raw.certificate_authorities.into_iter();
        let authorities = authorities.map(RawAuthority::read).collect::<Option<_>>();
        let logs = raw.tlogs.into_iter().map(RawLog::read);
        let logs = logs.collect::<Option<Vec<_>>>().ok_or_else(unreadable)?;
        // Of logs with keys that we cannot check nothing is taken.
        let logs = logs.into_iter().filter_map(|(id, key, valid)| {
            let key = Key::parse(&key)?;
            Some(Log { id, key, valid })
        });
        Ok(Self {
            logs: logs.collect(),
            authorities: authorities.ok_or_else(unreadable)?,
        })
    }

    /// The log that is called `id` and was one at `time`.
    pub(super) fn log(&self, id: &[u8], time: u64) -> Option<&Log> {
        let mut logs = self.logs.iter();
        logs.find(|log| log.id == id && log.valid.has(time))
    }

    pub(super) fn authorities_at(&self, time: u64) -> impl Iterator<Item = &Authority> {
        let authorities = self.authorities.iter();
        authorities.filter(move |authority| authority.valid.has(time))
    }
}

impl Span {
    fn has(&self, time: u64) -> bool {
        (self.0..=self.1).contains(&time)
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawRoot {
    tlogs: Vec<RawLog>,
    certificate_authorities: Vec<RawAuthority>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawLog {
    log_id: RawId,
    public_key: RawKey,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawId {
    key_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawKey {
    raw_bytes: String,
    valid_for: RawSpan,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawAuthority {
    cert_chain: RawChain,
    valid_for: RawSpan,
}

#[derive(Deserialize)]
struct RawSpan {
    start: String,
    end: Option<String>,
}

impl RawLog {
    /// Its name, its key, and when it is one.
    fn read(self) -> Option<(Vec<u8>, Vec<u8>, Span)> {
        let id = base64::decode(&self.log_id.key_id)?;
        let key = base64::decode(&self.public_key.raw_bytes)?;
        Some((id, key, self.public_key.valid_for.read()?))
    }
}

impl RawAuthority {
    fn read(self) -> Option<Authority> {
        let chain = self.cert_chain.certificates.iter();
        Some(Authority {
            chain: chain
                .map(|it| base64::decode(&it.raw_bytes))
                .collect::<Option<_>>()?,
            valid: self.valid_for.read()?,
        })
    }
}

impl RawSpan {
    fn read(self) -> Option<Span> {
        let end = self.end.map_or(Some(u64::MAX), |end| seconds(&end));
        Some(Span(seconds(&self.start)?, end?))
    }
}

fn seconds(text: &str) -> Option<u64> {
    let time = humantime::parse_rfc3339(text).ok()?;
    Some(time.duration_since(UNIX_EPOCH).ok()?.as_secs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_of_the_public_instance_is_read() {
        let root = Root::public();
        assert_eq!((root.logs.len(), root.authorities.len()), (1, 2));
        assert_eq!(root.authorities_at(1_700_000_000).count(), 1);
    }

    #[test]
    fn what_is_none_says_why() {
        assert!(Root::parse(b"{}").is_err());
        let odd = br#"{"tlogs": [{"logId": {"keyId": "*"}, "publicKey": {"rawBytes": "", "validFor": {"start": "x"}}}],
            "certificateAuthorities": []}"#;
        assert!(Root::parse(odd).err().unwrap().contains("cannot be read"));
    }
}
