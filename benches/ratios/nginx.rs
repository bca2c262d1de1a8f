//! A real web server over a folder, on loopback.

use std::fs;
use std::net::TcpListener;
use std::net::TcpStream;
use std::path::Path;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use crate::Result;

/// What an index of Python's calls its pages; who fetches files does not look.
const TYPE: &str = "application/vnd.pypi.simple.v1+json";

/// A server of plain files; it ends when this is dropped.
pub(crate) struct Nginx {
    child: Child,
    port: u16,
}

impl Nginx {
    /// Serves what is in `folder`; what files are called says nothing of what they are.
    pub(crate) fn start(folder: &Path) -> Result<Self> {
        fs::create_dir_all(folder.join("temp"))?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let here = folder.display();
        let conf = format!(
            "daemon off; master_process off; pid {here}/pid; error_log {here}/errors;\n\
             events {{}}\n\
             http {{ access_log off; sendfile on; default_type {TYPE}; index page; client_body_temp_path {here}/temp;\n\
             server {{ listen 127.0.0.1:{port}; root {here}; }} }}\n"
        );
        fs::write(folder.join("conf"), conf)?;
        let mut command = Command::new("nginx");
        command.arg("-c").arg(folder.join("conf"));
        let command = command.stdin(Stdio::null()).stderr(Stdio::null());
        let mut started = Self {
            child: command.spawn()?,
            port,
        };
        for _ in 0..500 {
            if TcpStream::connect(("127.0.0.1", port)).is_ok() {
                return Ok(started);
            }
            if started.child.try_wait()?.is_some() {
                break;
            }
            sleep(Duration::from_millis(10));
        }
        Err("`nginx` does not start here".into())
    }

    pub(crate) fn url(&self, name: &str) -> String {
        format!("http://127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
