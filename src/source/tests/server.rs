//! An HTTP server that answers as a test tells it to.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Read;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::Mutex;
use std::thread;
use std::time::Duration;

/// One request as it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Asked {
    /// `GET` or `CONNECT`.
    pub(crate) method: String,
    /// What follows it.
    pub(crate) target: String,
    headers: Vec<(String, String)>,
    /// How many requests came before it.
    pub(crate) index: usize,
}

impl Asked {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Where the range asked for starts.
    pub(crate) fn range(&self) -> Option<usize> {
        let range = self.header("range")?.strip_prefix("bytes=")?;
        range.strip_suffix('-')?.parse().ok()
    }
}

/// One answer as it goes.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    head: String,
    body: Vec<u8>,
    cut: Option<usize>,
    pace: Option<(usize, Duration)>,
    endless: bool,
}

impl Answer {
    /// A status with headers and a body, and its length.
    pub(crate) fn new(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let length = body.len().to_string();
        Self::without_length(
            status,
            &[headers, &[("Content-Length", &length)]].concat(),
            body,
        )
    }

    /// The same, but the body ends where the connection does.
    pub(crate) fn without_length(status: &str, headers: &[(&str, &str)], body: &[u8]) -> Self {
        let mut head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n");
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        Self {
            head: head + "\r\n",
            body: body.to_vec(),
            cut: None,
            pace: None,
            endless: false,
        }
    }

    /// The connection ends after so many bytes of the body.
    pub(crate) fn cut(self, after: usize) -> Self {
        Self {
            cut: Some(after),
            ..self
        }
    }

    /// So many bytes at a time, with a pause between.
    pub(crate) fn slowly(self, bytes: usize, pause: Duration) -> Self {
        Self {
            pace: Some((bytes, pause)),
            ..self
        }
    }

    /// The body again and again, until nobody listens.
    pub(crate) fn endlessly(self) -> Self {
        Self {
            endless: true,
            ..self
        }
    }

    fn send(&self, to: &mut dyn Write) -> std::io::Result<()> {
        to.write_all(self.head.as_bytes())?;
        let body = &self.body[..self.cut.unwrap_or(self.body.len()).min(self.body.len())];
        loop {
            match self.pace {
                None => to.write_all(body)?,
                Some((bytes, pause)) => {
                    for chunk in body.chunks(bytes) {
                        to.write_all(chunk)?;
                        to.flush()?;
                        thread::sleep(pause);
                    }
                }
            }
            if !self.endless {
                return to.flush();
            }
        }
    }
}

/// What a well-behaved server answers for `bytes` with the entity tag `etag`.
pub(crate) fn serve(asked: &Asked, bytes: &[u8], etag: &str) -> Answer {
    if asked.header("if-none-match") == Some(etag) {
        return Answer::new("304 Not Modified", &[("ETag", etag)], b"");
    }
    let same = asked
        .header("if-range")
        .is_none_or(|validator| validator == etag);
    let headers = [("ETag", etag)];
    match asked.range() {
        Some(from) if same && from >= bytes.len() => Answer::new(
            "416 Range Not Satisfiable",
            &[("Content-Range", &format!("bytes */{}", bytes.len()))],
            b"",
        ),
        Some(from) if same => {
            let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
            let headers = [("ETag", etag), ("Content-Range", &range)];
            Answer::new("206 Partial Content", &headers, &bytes[from..])
        }
        _ => Answer::new("200 OK", &headers, bytes),
    }
}

/// A server on this machine; it ends with the test.
pub(crate) struct Server {
    port: u16,
    log: Arc<Mutex<Vec<Asked>>>,
}

impl Server {
    /// Starts a server that answers each request by `answer`.
    pub(crate) fn start(answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        Self::wrapped(|stream| Some(Box::new(stream)), answer)
    }

    /// The same, with something between the socket and the requests: TLS.
    pub(crate) fn wrapped(
        wrap: impl Fn(TcpStream) -> Option<Box<dyn ReadWrite>> + Send + Sync + 'static,
        answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Arc::new(Mutex::new(Vec::new()));
        let (shared, kept) = (Arc::new((wrap, answer)), log.clone());
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, log) = (shared.clone(), kept.clone());
                thread::spawn(move || {
                    if let Some(mut stream) = stream.ok().and_then(&shared.0) {
                        converse(stream.as_mut(), &log, &shared.1);
                    }
                });
            }
        });
        Self { port, log }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// All requests so far.
    pub(crate) fn asked(&self) -> Vec<Asked> {
        self.log.lock().unwrap().clone()
    }
}

pub(crate) trait ReadWrite: Read + Write {}

impl<T: Read + Write> ReadWrite for T {}

fn converse(
    mut stream: &mut dyn ReadWrite,
    log: &Mutex<Vec<Asked>>,
    answer: &impl Fn(&Asked) -> Answer,
) {
    let Some(mut asked) = read_head(&mut stream) else {
        return;
    };
    {
        let mut log = log.lock().unwrap();
        asked.index = log.len();
        log.push(asked.clone());
    }
    // The client may have heard enough and gone.
    answer(&asked).send(&mut stream).ok();
}

fn read_head(stream: &mut dyn Read) -> Option<Asked> {
    // Byte by byte, so that nothing that follows is swallowed.
    let mut reader = BufReader::with_capacity(1, stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let mut asked = Asked {
        method: words.next()?.to_owned(),
        target: words.next()?.to_owned(),
        ..Asked::default()
    };
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim().split_once(':') else {
            return Some(asked);
        };
        let header = (name.to_ascii_lowercase(), value.trim().to_owned());
        asked.headers.push(header);
    }
}
