//! A small HTTP server on loopback, that all servers of catalogues stand on: it reads what is asked and has it answered
//! by a state that a test can change.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;

/// One request as it came.
pub(crate) struct Asked {
    /// What follows `GET`.
    pub(crate) target: String,
    /// Names in small letters.
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Where it was asked.
    pub(crate) port: u16,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Who asks, as it says.
    pub(crate) fn authorization(&self) -> Option<String> {
        self.header("authorization").map(str::to_owned)
    }

    /// Where the range that is asked for begins.
    fn range(&self) -> Option<usize> {
        let range = self.header("range")?.strip_prefix("bytes=")?;
        range.strip_suffix('-')?.parse().ok()
    }

    fn read(stream: &TcpStream, port: u16) -> std::io::Result<Self> {
        let mut reader = BufReader::new(stream.try_clone()?);
        let mut line = String::new();
        reader.read_line(&mut line)?;
        let target = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let mut asked = Self {
            target,
            headers: Vec::new(),
            body: Vec::new(),
            port,
        };
        loop {
            line.clear();
            reader.read_line(&mut line)?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            let header = (name.to_ascii_lowercase(), value.trim().to_owned());
            asked.headers.push(header);
        }
        let length = asked.header("content-length").map(str::parse::<usize>);
        if let Some(Ok(length)) = length {
            asked.body.resize(length, 0);
            reader.read_exact(&mut asked.body)?;
        }
        Ok(asked)
    }
}

/// One answer as it goes.
pub(crate) struct Answer {
    status: &'static str,
    headers: String,
    body: Vec<u8>,
    cut: Option<usize>,
}

impl Answer {
    pub(crate) fn new(status: &'static str, body: impl Into<Vec<u8>>) -> Self {
        Self {
            status,
            headers: String::new(),
            body: body.into(),
            cut: None,
        }
    }

    pub(crate) fn found(body: impl Into<Vec<u8>>) -> Self {
        Self::new("200 OK", body)
    }

    pub(crate) fn absent() -> Self {
        Self::new("404 Not Found", Vec::new())
    }

    /// What there is, or that there is nothing.
    pub(crate) fn of(found: Option<Vec<u8>>) -> Self {
        found.map_or_else(Self::absent, Self::found)
    }

    /// With headers, each a line with its end.
    pub(crate) fn with(mut self, headers: &str) -> Self {
        self.headers.push_str(headers);
        self
    }

    /// The connection ends after so many bytes of the body.
    pub(crate) fn cut(mut self, after: usize) -> Self {
        self.cut = Some(after);
        self
    }

    /// With a tag that follows from the bytes; who has them already is told so.
    pub(crate) fn tagged(self, asked: &Asked) -> Self {
        if self.status != "200 OK" {
            return self;
        }
        let tag = format!("\"{}\"", dgmo_schema::id::Digest::of(&self.body).hex());
        let answer = if asked.header("if-none-match") == Some(&tag) {
            Self::new("304 Not Modified", Vec::new())
        } else {
            self
        };
        answer.with(&format!("ETag: {tag}\r\n"))
    }

    /// Only what is behind the place where the range begins, if one is asked for.
    pub(crate) fn ranged(mut self, asked: &Asked) -> Self {
        let whole = self.body.len();
        if let Some(from) = asked.range().filter(|from| *from < whole)
            && self.status == "200 OK"
        {
            self.status = "206 Partial Content";
            self.body.drain(..from);
            return self.with(&format!(
                "Content-Range: bytes {from}-{}/{whole}\r\n",
                whole - 1
            ));
        }
        self
    }

    fn send(&self, mut to: &TcpStream) -> std::io::Result<()> {
        let head = format!(
            "HTTP/1.1 {}\r\nConnection: close\r\nContent-Length: {}\r\n{}\r\n",
            self.status,
            self.body.len(),
            self.headers
        );
        to.write_all(head.as_bytes())?;
        to.write_all(&self.body[..self.cut.unwrap_or(self.body.len())])
    }
}

/// A server with what it has and how it behaves.
pub(crate) struct Server<S> {
    port: u16,
    state: Arc<Mutex<S>>,
}

impl<S: Send + 'static> Server<S> {
    /// Starts one that ends with the process.
    pub(crate) fn start(
        state: S,
        answer: impl Fn(&mut S, &Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(state));
        let shared = Arc::new((Arc::clone(&state), answer));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                std::thread::spawn(move || {
                    let (state, answer) = &*shared;
                    let asked = Asked::read(&stream, port)?;
                    let answer = answer(&mut state.lock().unwrap(), &asked);
                    // Whoever asked may have gone.
                    answer.send(&stream)
                });
            }
        });
        Self { port, state }
    }

    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut S) -> T) -> T {
        change(&mut self.state.lock().unwrap())
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}
