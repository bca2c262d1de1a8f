//! Signatures of minisign's, made as `minisign -S` makes them.

use std::io::Write;
use std::process::Command;
use std::process::Stdio;

use ring::rand::SystemRandom;
use ring::signature::Ed25519KeyPair;
use ring::signature::KeyPair;

use super::sigstore::base64;

/// Which key it is, in a key and in its signatures.
const NUMBER: &[u8; 8] = b"number 1";

/// Somebody who signs.
pub(crate) struct Minisign(Ed25519KeyPair);

impl Minisign {
    pub(crate) fn new() -> Self {
        let pkcs8 = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self(Ed25519KeyPair::from_pkcs8(pkcs8.as_ref()).unwrap())
    }

    /// The public key, as the line of its file.
    pub(crate) fn key(&self) -> String {
        base64(&[b"Ed", &NUMBER[..], self.0.public_key().as_ref()].concat())
    }

    pub(crate) fn sign(&self, bytes: &[u8]) -> Vec<u8> {
        let signature = self.0.sign(&blake2(bytes));
        let comment = "timestamp:1700000000";
        let whole = self
            .0
            .sign(&[signature.as_ref(), comment.as_bytes()].concat());
        format!(
            "untrusted comment: signature\n{}\ntrusted comment: {comment}\n{}\n",
            base64(&[b"ED", &NUMBER[..], signature.as_ref()].concat()),
            base64(whole.as_ref())
        )
        .into_bytes()
    }
}

/// What is signed: the `BLAKE2b` of the bytes, which `b2sum` tells.
fn blake2(bytes: &[u8]) -> Vec<u8> {
    let mut child = Command::new("b2sum")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(bytes).unwrap();
    let output = child.wait_with_output().unwrap();
    let hex = &output.stdout[..128];
    let digit = |digit: u8| char::from(digit).to_digit(16).unwrap();
    let pairs = hex.chunks(2);
    pairs
        .map(|pair| u8::try_from(digit(pair[0]) * 16 + digit(pair[1])).unwrap())
        .collect()
}
