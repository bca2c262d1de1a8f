//! A server of one file and its signature, as somebody who publishes an index has it.

use crate::server::Answer;
use crate::server::Asked;
use crate::server::Server;

/// What signed the samples.
pub(crate) const KEY: &str = "RWR1nhCcmeWk7X+S1JLdFmR6ZVo32d9eiHpElpiNSlMU/YaxRDIDWJPB";

/// What it serves: the file, the signature, and how often it was asked.
#[derive(Default)]
struct State {
    index: Vec<u8>,
    signature: Vec<u8>,
    asked: usize,
}

pub(crate) struct Publisher(Server<State>);

impl Publisher {
    /// Serves a sample of `tests/fixtures/index`.
    pub(crate) fn of(sample: &str) -> Self {
        let publisher = Self(Server::start(State::default(), State::answer));
        publisher.publish(sample, &format!("{sample}.yaml.minisig"));
        publisher
    }

    pub(crate) fn publish(&self, sample: &str, signature: &str) {
        let read = |name: &str| std::fs::read(format!("tests/fixtures/index/{name}")).unwrap();
        self.0.change(|state| {
            state.index = read(&format!("{sample}.yaml"));
            state.signature = read(signature);
        });
    }

    /// How often the file was asked for since this was called last.
    pub(crate) fn asked(&self) -> usize {
        self.0.change(|state| std::mem::take(&mut state.asked))
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/tools.yaml", self.0.url())
    }

    /// The line of a manifest that names it.
    pub(crate) fn line(&self) -> String {
        format!("indexes: [{{url: \"{}\", key: {KEY}}}]\n", self.url())
    }
}

impl State {
    fn answer(&mut self, asked: &Asked) -> Answer {
        if asked.target.contains(".minisig") {
            return Answer::found(self.signature.clone()).tagged(asked);
        }
        self.asked += 1;
        Answer::found(self.index.clone()).tagged(asked)
    }
}
