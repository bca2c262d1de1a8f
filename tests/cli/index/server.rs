//! A server of one file and its signature, as somebody who publishes an index has it.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;

/// What signed the samples.
pub(crate) const KEY: &str = "RWR1nhCcmeWk7X+S1JLdFmR6ZVo32d9eiHpElpiNSlMU/YaxRDIDWJPB";

/// What it serves: the file, the signature, and how often it was asked.
#[derive(Default)]
struct State {
    index: Vec<u8>,
    signature: Vec<u8>,
    asked: usize,
}

pub(crate) struct Publisher {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Publisher {
    /// Serves a sample of `tests/fixtures/index`.
    pub(crate) fn of(sample: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::<Mutex<State>>::default();
        let shared = Arc::clone(&state);
        // Ends with the process.
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever asked may have gone.
                drop(answer(&stream, &shared));
            }
        });
        let publisher = Self { port, state };
        publisher.publish(sample, &format!("{sample}.yaml.minisig"));
        publisher
    }

    pub(crate) fn publish(&self, sample: &str, signature: &str) {
        let read = |name: &str| std::fs::read(format!("tests/fixtures/index/{name}")).unwrap();
        let mut state = self.state.lock().unwrap();
        state.index = read(&format!("{sample}.yaml"));
        state.signature = read(signature);
    }

    /// How often the file was asked for since this was called last.
    pub(crate) fn asked(&self) -> usize {
        std::mem::take(&mut self.state.lock().unwrap().asked)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/tools.yaml", self.port)
    }

    /// The line of a manifest that names it.
    pub(crate) fn line(&self) -> String {
        format!("indexes: [{{url: \"{}\", key: {KEY}}}]\n", self.url())
    }
}

fn answer(stream: &TcpStream, state: &Mutex<State>) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    let mut known = None;
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(": ")
            && name.eq_ignore_ascii_case("if-none-match")
        {
            known = Some(value.to_owned());
        }
    }
    let mut state = state.lock().unwrap();
    let bytes = if first.contains(".minisig") {
        state.signature.clone()
    } else {
        state.asked += 1;
        state.index.clone()
    };
    let tag = format!("\"{}\"", dgmo_schema::id::Digest::of(&bytes).hex());
    let mut stream = stream;
    if known.as_ref() == Some(&tag) {
        return stream.write_all(b"HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n");
    }
    write!(
        stream,
        "HTTP/1.1 200 OK\r\nConnection: close\r\nETag: {tag}\r\nContent-Length: {}\r\n\r\n",
        bytes.len()
    )?;
    stream.write_all(&bytes)
}
