//! Files that a signed list of digests names: who signed the list vouches for each of them.
//!
//! ```text
//! file → digest in the list → list → signature beside the list
//! ```
//!
//! The list is fetched first, and who signed it looked at. Then the file is held to what the list says, while it comes.

use dgmo_schema::lock::SignedBy;
use dgmo_schema::manifest::ExpectedDigest;

use super::Downloads;
use super::Expected;
use super::FetchError;
use super::Request;
use super::address::percent_decoded;
use super::asset::Checksums;
use super::asset::LARGEST_LIST;
use super::asset::speaks_only_of;
use super::redacted;

/// A file that is proven through a list.
pub(super) struct Listed<'a> {
    request: &'a Request,
    signer: &'a str,
    /// As the lock names it: as it lies beside the file, or by its address.
    list: &'a str,
}

/// What a list says of a file.
pub(super) struct Held {
    /// The question for the file, with the digest that the list has for it.
    pub(super) request: Request,
    digest: ExpectedDigest,
}

impl<'a> Listed<'a> {
    /// What is asked for, if a list shall prove it.
    pub(super) fn of(request: &'a Request) -> Option<Self> {
        let SignedBy { signer, list } = SignedBy::parse(request.expected.signer.as_deref()?);
        list.map(|list| Self {
            request,
            signer,
            list,
        })
    }

    /// What the list says, once it is known who signed it.
    pub(super) fn hold(&self, downloads: &Downloads<'_>) -> Result<Held, FetchError> {
        let asked = self.question();
        let list = downloads.within(LARGEST_LIST).document(&asked);
        let digest = self.digest(&list.map_err(|error| self.unproven(error))?)?;
        let mut request = self.request.clone();
        request.expected.signer = None;
        request.expected.digests.push(digest);
        Ok(Held { request, digest })
    }

    /// Why the file could not be had, saying where the digest is from that it does not have.
    pub(super) fn told(&self, error: FetchError, held: &Held) -> FetchError {
        match error {
            FetchError::WrongDigest {
                url,
                expected,
                found,
            } if expected == held.digest.to_string() => FetchError::WrongDigest {
                url,
                expected: format!("{expected} of the signed list `{}`", last(self.list)),
                found,
            },
            error => error,
        }
    }

    fn question(&self) -> Request {
        let of = self.request;
        let is_address = self.list.contains("://");
        let mirrors = of.mirrors.iter().filter(|_| !is_address);
        Request {
            what: format!("{} of {}", last(self.list), of.what),
            url: beside(&of.url, self.list),
            mirrors: mirrors.map(|url| beside(url, self.list)).collect(),
            headers: if is_address {
                of.headers.for_another()
            } else {
                of.headers.clone()
            },
            expected: Expected {
                signer: Some(self.signer.to_owned()),
                ..Expected::default()
            },
        }
    }

    fn digest(&self, list: &[u8]) -> Result<ExpectedDigest, FetchError> {
        let (file, name) = (last(&self.request.url), last(self.list));
        let sums = Checksums::parse(&name, list);
        let found = if speaks_only_of(&name, &file) {
            sums.of_only(&file)
        } else {
            sums.of(&file)
        };
        match found {
            Ok(Some(sum)) => sum
                .expected()
                .ok_or_else(|| self.fails("has no digest of it that is checked")),
            Ok(None) => Err(self.fails("is signed, and does not name it")),
            Err(_) => Err(self.fails("names it twice, with different digests")),
        }
    }

    fn unproven(&self, error: FetchError) -> FetchError {
        match error {
            FetchError::Signature { why, .. } => self.fails(&format!("proves nothing: {why}")),
            error if error.says_absent() => self.fails("is not there"),
            error => error,
        }
    }

    fn fails(&self, why: &str) -> FetchError {
        FetchError::Signature {
            url: redacted(&self.request.url),
            key: self.signer.to_owned(),
            why: format!("the list `{}` {why}", last(self.list)),
        }
    }
}

/// The address of what is called `name` and lies beside `url`; a name that is an address itself is that.
pub(super) fn beside(url: &str, name: &str) -> String {
    if name.contains("://") {
        return name.to_owned();
    }
    let (path, query) = url.split_at(url.find(['?', '#']).unwrap_or(url.len()));
    let folder = path.rfind('/').map_or("", |at| &path[..=at]);
    format!("{folder}{name}{query}")
}

/// What the file at `url` is called.
pub(super) fn last(url: &str) -> String {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let name = path.rsplit('/').next().unwrap_or(path);
    let decoded = percent_decoded(name).ok();
    let decoded = decoded.and_then(|it| String::from_utf8(it).ok());
    decoded.unwrap_or_else(|| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_lies_beside_the_file_or_where_it_says() {
        let file = "https://u:p@a.example/v1/tool%2B1.tgz?x=/y";
        for (list, expected) in [
            ("SUMS%20", "https://u:p@a.example/v1/SUMS%20?x=/y"),
            ("https://b.example/SUMS", "https://b.example/SUMS"),
        ] {
            assert_eq!(beside(file, list), expected);
        }
        assert_eq!(last(file), "tool+1.tgz");
        assert_eq!(last("SUMS%20"), "SUMS ");
        assert_eq!(last("https://a.example/x%zz"), "x%zz");
    }

    #[test]
    fn only_a_line_that_names_the_file_counts() {
        let hex = "ab".repeat(32);
        let of = |list: &str, text: &str| {
            let expected = Expected {
                signer: Some(format!("RWQ list={list}")),
                ..Expected::default()
            };
            let request = Request::new("tool", "https://a.example/v1/tool.tgz", expected);
            let listed = Listed::of(&request).unwrap();
            let digest = listed.digest(text.as_bytes());
            digest.map_err(|error| error.to_string())
        };
        let good: ExpectedDigest = format!("sha256:{hex}").parse().unwrap();
        assert_eq!(of("SUMS", &format!("{hex}  tool.tgz")), Ok(good));
        assert_eq!(of("tool.tgz.sha256", &hex), Ok(good));
        for (list, text, why) in [
            ("SUMS", hex.clone(), "does not name it"),
            ("SUMS", format!("{hex}  tool.tgz.sbom"), "does not name it"),
            (
                "tool.tgz.sha256",
                format!("{hex}  other"),
                "does not name it",
            ),
            (
                "SUMS",
                format!("{}  tool.tgz", "c".repeat(96)),
                "that is checked",
            ),
            (
                "SUMS",
                format!("{hex}  tool.tgz\n{}  tool.tgz", "c".repeat(64)),
                "names it twice",
            ),
        ] {
            let said = of(list, &text).unwrap_err();
            assert!(said.contains(why), "{said}");
            assert!(
                said.contains("v1/tool.tgz") && said.contains(list),
                "{said}"
            );
        }
    }
}
