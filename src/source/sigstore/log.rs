//! The log's word that it took a signature: its promise to, and the proof that it did.
//!
//! A promise is the log's signature of the entry, its time and its place. A proof leads from the entry to the root of the
//! log's tree (RFC 9162), which a checkpoint that the log signs names:
//!
//! ```text
//! rekor.example.org - 2605736670972794746
//! 75441653
//! uAqI3id6JHPMMNUltHIKHuX1kVHpm5y7jSfnbaRO+E4=
//!
//! — rekor.example.org wNI9ajBGAiEA5…
//! ```

use sha2::Digest as _;
use sha2::Sha256;

use super::super::base64;
use super::root::Log;
use super::root::Root;

/// What a log took.
pub(super) struct Entry {
    /// What it says, as JSON.
    pub(super) body: Vec<u8>,
    /// When it was taken, in seconds since 1970. Only a promise vouches for it.
    pub(super) time: u64,
    pub(super) index: u64,
    /// Which log it is.
    pub(super) log: Vec<u8>,
    pub(super) promise: Option<Vec<u8>>,
    pub(super) proof: Option<Proof>,
}

/// The way from an entry to a root that the log signed.
pub(super) struct Proof {
    pub(super) index: u64,
    pub(super) size: u64,
    pub(super) root: Vec<u8>,
    pub(super) hashes: Vec<Vec<u8>>,
    pub(super) checkpoint: Option<String>,
}

impl Entry {
    /// Whether a log of `root` took it when it says; if not, why. What there is of promise and proof must both hold, and
    /// the promise must be there: nothing else vouches for the time.
    pub(super) fn check(&self, root: &Root) -> Result<(), String> {
        let log = root
            .log(&self.log, self.time)
            .ok_or("its log is not one that is trusted")?;
        let promise = self
            .promise
            .as_ref()
            .ok_or("its log does not promise when it took the signature")?;
        if !log.key.signed(self.promised().as_bytes(), promise) {
            return Err("its log did not sign that it took the signature".to_owned());
        }
        match &self.proof {
            Some(proof) => proof.check(log, &self.body),
            None => Ok(()),
        }
    }

    /// What a promise signs: JSON in the one way to write it, its names in order.
    fn promised(&self) -> String {
        let id: String = self.log.iter().map(|byte| format!("{byte:02x}")).collect();
        format!(
            r#"{{"body":"{}","integratedTime":{},"logID":"{id}","logIndex":{}}}"#,
            base64::encode(&self.body),
            self.time,
            self.index
        )
    }
}

impl Proof {
    fn check(&self, log: &Log, body: &[u8]) -> Result<(), String> {
        let found = climb(self.index, self.size, leaf(body), &self.hashes);
        if found.is_none_or(|found| found[..] != self.root) {
            return Err("its proof does not lead to the root of the log".to_owned());
        }
        let text = self.checkpoint.as_deref().unwrap_or_default();
        match checkpoint(text, log) {
            Some((size, root)) if size == self.size && root == self.root => Ok(()),
            Some(_) => Err("its proof is of another root than the log signed".to_owned()),
            None => Err("its log did not sign the root of its proof".to_owned()),
        }
    }
}

fn leaf(body: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update([0])
        .chain_update(body)
        .finalize()
        .into()
}

fn node(left: &[u8], right: &[u8]) -> [u8; 32] {
    let hash = Sha256::new().chain_update([1]);
    hash.chain_update(left)
        .chain_update(right)
        .finalize()
        .into()
}

/// The root that the leaf at `index` of `size` leads to, past `hashes` from below; none where they are too many or too few.
fn climb(index: u64, size: u64, leaf: [u8; 32], hashes: &[Vec<u8>]) -> Option<[u8; 32]> {
    if index >= size {
        return None;
    }
    let (mut at, mut last, mut found) = (index, size - 1, leaf);
    for hash in hashes {
        if last == 0 || hash.len() != 32 {
            return None;
        }
        if at & 1 == 1 || at == last {
            found = node(hash, &found);
            // It is the last and has none at its right: it is that of the levels above, too.
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            found = node(&found, hash);
        }
        at >>= 1;
        last >>= 1;
    }
    (last == 0).then_some(found)
}

/// The size and the root that a checkpoint names, if `log` signed it.
fn checkpoint(text: &str, log: &Log) -> Option<(u64, Vec<u8>)> {
    let at = text.rfind("\n\n\u{2014} ")?;
    let (signed, signatures) = (&text[..=at], &text[at + 2..]);
    let is_signed = signatures.lines().any(|line| {
        let signature = line
            .strip_prefix("\u{2014} ")
            .and_then(|it| it.rsplit_once(' '));
        let Some(bytes) = signature.and_then(|(_, text)| base64::decode(text)) else {
            return false;
        };
        // The first four bytes say by which key.
        bytes.len() > 4
            && log.id.starts_with(&bytes[..4])
            && log.key.signed(signed.as_bytes(), &bytes[4..])
    });
    let mut lines = signed.lines().skip(1);
    let size = lines.next()?.parse().ok()?;
    let root = base64::decode(lines.next()?)?;
    is_signed.then_some((size, root))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The root of `leaves`, by the definition of it.
    fn root(leaves: &[[u8; 32]]) -> [u8; 32] {
        if let [only] = leaves {
            return *only;
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        node(&root(left), &root(right))
    }

    /// The way to it, from below.
    fn way(index: usize, leaves: &[[u8; 32]]) -> Vec<Vec<u8>> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
        let (mut below, beside) = if index < left.len() {
            (way(index, left), root(right))
        } else {
            (way(index - left.len(), right), root(left))
        };
        below.push(beside.to_vec());
        below
    }

    #[test]
    fn each_entry_of_each_tree_leads_to_its_root_and_to_no_other() {
        for size in 1..=17_usize {
            let leaves: Vec<_> = (0..size)
                .map(|at| leaf(&[u8::try_from(at).unwrap()]))
                .collect();
            for index in 0..size {
                let (at, of) = (index as u64, size as u64);
                let way = way(index, &leaves);
                assert_eq!(climb(at, of, leaves[index], &way), Some(root(&leaves)));
                assert_ne!(climb(at, of, leaf(b"other"), &way), Some(root(&leaves)));
                let mut longer = way.clone();
                longer.push(vec![0; 32]);
                assert_eq!(climb(at, of, leaves[index], &longer), None);
                if let Some((_, shorter)) = way.split_first() {
                    assert_ne!(climb(at, of, leaves[index], shorter), Some(root(&leaves)));
                }
            }
            assert_eq!(climb(size as u64, size as u64, leaves[0], &[]), None);
        }
    }
}
