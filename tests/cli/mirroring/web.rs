//! A real web server, Debian's nginx, over a folder: on loopback, with everything it writes in a folder of its own.

use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;

use crate::Sandbox;

/// The server; it ends with the test.
pub(crate) struct Web {
    process: Child,
    port: u16,
    folder: Sandbox,
}

impl Drop for Web {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

impl Web {
    /// Over `folder`, for everybody.
    pub(crate) fn over(folder: &Path) -> Option<Self> {
        Self::with(folder, "")
    }

    /// Over `folder`, for `me` with the password `secret`.
    pub(crate) fn with_password(folder: &Path) -> Option<Self> {
        Self::with(folder, "auth_basic here; auth_basic_user_file users;")
    }

    fn with(served: &Path, more: &str) -> Option<Self> {
        // The port may be somebody else's by the time the server takes it.
        (0..5).find_map(|_| Self::start(served, more)).or_else(|| {
            println!("skipped: `nginx` cannot be started");
            None
        })
    }

    fn start(served: &Path, more: &str) -> Option<Self> {
        let folder = Sandbox::new();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr();
        let port = port.unwrap().port();
        folder.write("users", "me:{PLAIN}secret\n");
        folder.write(
            "nginx.conf",
            format!(
                "daemon off; master_process off; pid pid; error_log errors; events {{}}\nhttp {{ access_log asked; \
                 client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3; uwsgi_temp_path t4; \
                 scgi_temp_path t5; server {{ listen 127.0.0.1:{port}; root {}; {more} }} }}\n",
                served.display()
            ),
        );
        let programs = ["nginx", "/usr/sbin/nginx"];
        let process = programs.iter().find_map(|program| {
            let mut command = Command::new(program);
            command.args(["-e", "errors", "-c", "nginx.conf", "-p"]);
            command.arg(folder.root());
            command.stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().ok()
        });
        let mut web = Self {
            process: process?,
            port,
            folder,
        };
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Some(web);
            }
            if web.process.try_wait().unwrap().is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        None
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The same, with who asks.
    pub(crate) fn url_with_password(&self) -> String {
        format!("http://me:secret@127.0.0.1:{}", self.port)
    }

    /// The lines of its log: what was asked, and how it was answered.
    pub(crate) fn asked(&self) -> Vec<String> {
        let log = self.folder.read("asked");
        log.lines().map(str::to_owned).collect()
    }
}
