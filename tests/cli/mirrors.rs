//! `dgmo repair --from URL`: a server of plain files is a mirror, and nothing it says is believed.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;

use super::Sandbox;

/// A real server over a folder, which ends after so many answers; it ends with the test.
pub(crate) struct Served {
    child: Child,
    pub(crate) address: String,
}

const SERVER: &str = r#"
import http.server, socketserver, sys
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *words): pass
server = socketserver.TCPServer(("127.0.0.1", 0), Quiet)
print(server.server_address[1], flush=True)
left = int(sys.argv[1])
while left != 0:
    server.handle_request()
    left -= 1
"#;

impl Served {
    pub(crate) fn over(folder: &Path, answers: i32) -> Option<Self> {
        let started = Command::new("python3")
            .args(["-c", SERVER, &answers.to_string()])
            .current_dir(folder)
            .stdout(Stdio::piped())
            .spawn();
        let Ok(mut child) = started else {
            println!("skipped: there is no `python3` here");
            return None;
        };
        let mut line = String::new();
        let said = child.stdout.take().unwrap();
        BufReader::new(said).read_line(&mut line).unwrap();
        let address = format!("http://127.0.0.1:{}", line.trim());
        Some(Self { child, address })
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A home whose objects are all damaged, whose sources are gone, and `other`, which has a copy of everything.
fn lost() -> Sandbox {
    let sandbox = Sandbox::with("packages: {one: {path: ./one}}\nfiles: {.a: {text: aaa}}\n");
    sandbox.program("work/one/bin/one", "#!/bin/sh\necho one\n");
    for number in 0..12 {
        sandbox.write(
            format!("work/one/share/one/{number}"),
            format!("data {number}\n"),
        );
    }
    sandbox.switch();
    sandbox.dgmo("store copy --to ../other").works();
    fs::remove_dir_all(sandbox.work()).unwrap();
    fs::create_dir(sandbox.work()).unwrap();
    for path in objects(&sandbox.home()) {
        damage(&path, b"");
    }
    sandbox
}

fn objects(home: &Path) -> Vec<PathBuf> {
    let shards = fs::read_dir(home.join("store/objects")).unwrap();
    let mut files: Vec<PathBuf> = shards
        .flat_map(|shard| fs::read_dir(shard.unwrap().path()).unwrap())
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
}

pub(crate) fn damage(path: &Path, bytes: &[u8]) {
    let mode = fs::metadata(path).unwrap().permissions();
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
    fs::write(path, bytes).unwrap();
    fs::set_permissions(path, mode).unwrap();
}

fn is_whole(sandbox: &Sandbox) {
    sandbox.dgmo("store verify").works();
    sandbox.dgmo("status").works();
    sandbox.dgmo("repair").works().says("all well");
}

#[test]
fn a_home_that_is_served_or_its_objects_are_a_mirror() {
    for folder in ["other", "other/store/objects"] {
        let sandbox = lost();
        let Some(server) = Served::over(&sandbox.root().join(folder), -1) else {
            return;
        };
        sandbox
            .dgmo(&format!("repair --from {}", server.address))
            .works()
            .says(&format!("taken from the mirror `{}`", server.address));
        is_whole(&sandbox);
    }
    let sandbox = lost();
    let address = format!("file://{}", sandbox.root().join("other").display());
    sandbox.dgmo(&format!("repair --from {address}")).works();
    is_whole(&sandbox);
}

#[test]
fn what_a_mirror_lacks_or_has_otherwise_is_named_and_comes_from_another() {
    let sandbox = lost();
    let other = sandbox.root().join("other");
    let whole = sandbox.root().join("whole");
    let copied = Command::new("cp").arg("-a").args([&other, &whole]).status();
    assert!(copied.unwrap().success());
    let files = objects(&other);
    damage(&files[0], b"something else");
    fs::remove_file(&files[5]).unwrap();
    let (Some(bad), Some(good)) = (Served::over(&other, -1), Served::over(&whole, -1)) else {
        return;
    };
    sandbox
        .dgmo(&format!("repair --from {}", bad.address))
        .exits(3)
        .says("has a damaged object")
        .says("is lost");
    sandbox.dgmo("store verify").exits(3);
    sandbox
        .dgmo(&format!(
            "repair --from {} --from {}",
            bad.address, good.address
        ))
        .works();
    is_whole(&sandbox);
}

#[test]
fn a_mirror_that_dies_is_told_once_and_what_came_is_kept() {
    let sandbox = lost();
    let other = sandbox.root().join("other");
    let Some(server) = Served::over(&other, 6) else {
        return;
    };
    let told = sandbox
        .dgmo(&format!("repair --from {}", server.address))
        .exits(3)
        .says("is of no more use");
    assert_eq!(
        told.stderr.matches("is of no more use").count(),
        1,
        "{told}"
    );
    drop(server);
    let Some(server) = Served::over(&other, -1) else {
        return;
    };
    sandbox
        .dgmo(&format!("repair --from {}", server.address))
        .works();
    is_whole(&sandbox);
}
