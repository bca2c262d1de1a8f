//! A forge on loopback that offers one tool, for scenarios that take a package from a catalogue.

use std::io::BufRead;
use std::io::BufReader;
use std::io::Write;
use std::net::TcpListener;
use std::net::TcpStream;
use std::sync::OnceLock;

use crate::world::World;

/// What it gives as the tool's file: a program that is no archive.
const TOOL: &str = "#!/bin/sh\necho tool\n";

/// A profile with one package of the machine, and a manifest that has the forge's tool too.
pub(crate) fn released(world: &World) {
    crate::scenarios::one(world);
    let url = format!("http://127.0.0.1:{}/api/v3", port());
    world.manifest(&format!(
        "dgmo: 1\nsources: {{github: {{url: \"{url}\"}}}}\npackages:\n  alpha: {{path: pkgs/alpha-1}}\n  \
         tool: {{github: maker/tool}}\n"
    ));
}

/// Where the forge listens: one for the whole test, until it ends.
fn port() -> u16 {
    static PORT: OnceLock<u16> = OnceLock::new();
    *PORT.get_or_init(|| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                // Whoever asked may have been killed.
                std::thread::spawn(move || drop(answer(&stream)));
            }
        });
        port
    })
}

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().transpose()?.unwrap_or_default();
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let body = if first.contains("/releases/download/v1.0.0/tool-linux-amd64 ") {
        TOOL.to_owned()
    } else if first.contains("/repos/maker/tool/releases?") {
        let size = TOOL.len();
        format!(
            r#"[{{"tag_name":"v1.0.0","assets":[{{"name":"tool-linux-amd64","size":{size}}}]}}]"#
        )
    } else {
        return stream.write_all(
            b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
        );
    };
    let head = format!(
        "HTTP/1.1 200 OK\r\nETag: \"1\"\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes())?;
    stream.write_all(body.as_bytes())
}
