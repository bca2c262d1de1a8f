//! What a request says besides its address: which form of the answer is wanted, and who asks.

use std::fmt;
use std::sync::Arc;

use ureq::http::header;

use super::base64;
use super::gate::Gate;
use super::gate::Gated;

/// Headers of a request. Who asks is told to the server of the address only, and never to people.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Headers {
    accept: Option<String>,
    /// The header that says who asks, and its value.
    credentials: Option<(header::HeaderName, String)>,
    /// Who finds out what to say where the server asks for it.
    gate: Option<Gated>,
}

impl fmt::Debug for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Headers")
            .field("accept", &self.accept)
            .field("credentials", &self.credentials.is_some())
            .field("gate", &self.gate)
            .finish()
    }
}

impl Headers {
    /// Asks for the answer in this form.
    #[must_use]
    pub fn accepting(mut self, form: &str) -> Self {
        self.accept = Some(form.to_owned());
        self
    }

    /// Says who asks: the whole value of `Authorization`. One that cannot be a header's value is left out.
    #[must_use]
    pub fn authorized(self, value: &str) -> Self {
        self.with_credentials(header::AUTHORIZATION, value)
    }

    /// Says who asks in a header of the server's own.
    #[must_use]
    pub fn with_token(self, name: &'static str, token: &str) -> Self {
        self.with_credentials(header::HeaderName::from_static(name), token)
    }

    /// Says who asks by a name and a password.
    #[must_use]
    pub fn with_login(self, user: &str, password: &str) -> Self {
        let both = base64::encode(format!("{user}:{password}").as_bytes());
        self.authorized(&format!("Basic {both}"))
    }

    /// Says the same to another server, but not who asks.
    #[must_use]
    pub(super) fn for_another(&self) -> Self {
        Self {
            credentials: None,
            ..self.clone()
        }
    }

    /// Says who asks once the server tells how it wants to be told.
    #[must_use]
    pub(super) fn through(mut self, gate: Arc<dyn Gate>) -> Self {
        self.gate = Some(Gated(gate));
        self
    }

    /// Who knows what to say where a server asks for it.
    pub(super) fn gate(&self) -> Option<&dyn Gate> {
        self.gate.as_ref().map(|gated| &*gated.0)
    }

    fn with_credentials(mut self, name: header::HeaderName, value: &str) -> Self {
        let sendable = value.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        self.credentials = (sendable && !value.is_empty()).then(|| (name, value.to_owned()));
        self
    }

    /// The form asked for: the same address gives other bytes for another.
    pub(super) fn accept(&self) -> Option<&str> {
        self.accept.as_deref()
    }

    /// What goes to every server on the way.
    pub(super) fn for_all(&self) -> impl Iterator<Item = (header::HeaderName, &str)> {
        self.accept
            .iter()
            .map(|form| (header::ACCEPT, form.as_str()))
    }

    /// What only the server of the address gets.
    pub(super) fn for_its_own(&self) -> impl Iterator<Item = (header::HeaderName, &str)> {
        self.credentials
            .iter()
            .map(|(name, value)| (name.clone(), value.as_str()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_is_never_told() {
        let headers = Headers::default()
            .accepting("a/b")
            .authorized("Bearer s3cret");
        let text = format!("{headers:?}");
        assert!(text.contains("a/b") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn what_cannot_be_sent_is_left_out() {
        for value in ["", "a\nb", "ä"] {
            let headers = Headers::default().authorized(value);
            assert_eq!(headers.for_its_own().count(), 0, "{value:?}");
        }
    }
}
