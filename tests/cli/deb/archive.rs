//! An archive of Debian's kind, made with Debian's own programs, signed, and served on loopback.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use crate::Sandbox;
use crate::server::Answer;
use crate::server::Asked;
use crate::server::Server;

/// What the archive stands on.
const PROGRAMS: &[(&str, &str)] = &[
    ("dpkg-deb", "dpkg"),
    ("dpkg-scanpackages", "dpkg-dev"),
    ("gpg", "gpg"),
    ("gpgv", "gpgv"),
];

/// Whether there is all it needs; it is told where there is not.
pub(crate) fn is_there() -> bool {
    for (program, package) in PROGRAMS {
        let found = Command::new(program).arg("--version").output();
        if !found.is_ok_and(|output| output.status.success()) {
            println!("skipped: there is no `{program}` here (Debian's package `{package}`)");
            return false;
        }
    }
    true
}

/// An archive with a suite `stable` for amd64 and arm64.
pub(crate) struct Archive<'a> {
    sandbox: &'a Sandbox,
    /// What was asked.
    server: Server<Vec<String>>,
    keys: Keys,
}

/// Keys that are thrown away.
pub(crate) struct Keys {
    home: PathBuf,
}

impl Keys {
    pub(crate) fn new(sandbox: &Sandbox, name: &str) -> Self {
        let home = sandbox.root().join(name);
        std::fs::create_dir_all(&home).unwrap();
        sandbox.mode(name, 0o700);
        let keys = Self { home };
        keys.gpg(
            &[
                "--quick-generate-key",
                "archive <archive@example.org>",
                "ed25519",
                "sign",
                "never",
            ],
            b"",
        );
        keys
    }

    pub(crate) fn gpg(&self, words: &[&str], input: &[u8]) -> Vec<u8> {
        let mut child = Command::new("gpg")
            .arg("--homedir")
            .arg(&self.home)
            .args([
                "--batch",
                "--quiet",
                "--pinentry-mode",
                "loopback",
                "--passphrase",
                "",
            ])
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{words:?}: {output:?}");
        output.stdout
    }

    pub(crate) fn public(&self) -> Vec<u8> {
        self.gpg(&["--export"], b"")
    }

    pub(crate) fn public_text(&self) -> Vec<u8> {
        self.gpg(&["--armor", "--export"], b"")
    }

    pub(crate) fn clearsign(&self, text: &str) -> Vec<u8> {
        self.gpg(&["--clearsign"], text.as_bytes())
    }
}

impl Drop for Keys {
    fn drop(&mut self) {
        // The agent it started would else outlive the folder a little.
        let mut end = Command::new("gpgconf");
        end.arg("--homedir")
            .arg(&self.home)
            .args(["--kill", "gpg-agent"]);
        drop(end.output());
    }
}

/// One package to build.
pub(crate) struct Package<'p> {
    pub(crate) name: &'p str,
    pub(crate) version: &'p str,
    pub(crate) architecture: &'p str,
    /// More fields, each a line.
    pub(crate) fields: &'p str,
    /// How it is packed, as `dpkg-deb` calls it.
    pub(crate) packing: &'p str,
}

impl<'p> Package<'p> {
    pub(crate) fn of(name: &'p str, version: &'p str) -> Self {
        Self {
            name,
            version,
            architecture: "amd64",
            fields: "",
            packing: "xz",
        }
    }
}

impl<'a> Archive<'a> {
    pub(crate) fn new(sandbox: &'a Sandbox) -> Self {
        let keys = Keys::new(sandbox, "keys");
        sandbox.write("work/archive.gpg", keys.public());
        std::fs::create_dir_all(sandbox.root().join("archive/pool")).unwrap();
        // The machine's own archives are nobody's concern.
        sandbox.write(
            "apt.conf",
            format!("Dir::Etc \"{}\";\n", sandbox.root().join("apt").display()),
        );
        let root = sandbox.root().join("archive");
        let server = Server::start(Vec::new(), move |all: &mut Vec<String>, asked: &Asked| {
            all.push(asked.target.clone());
            let file = root.join(asked.target.trim_start_matches('/'));
            Answer::of(std::fs::read(file).ok())
        });
        Self {
            sandbox,
            server,
            keys,
        }
    }

    pub(crate) fn keys(&self) -> &Keys {
        &self.keys
    }

    pub(crate) fn url(&self) -> String {
        self.server.url()
    }

    /// What was asked since it was asked for last.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.server.change(std::mem::take)
    }

    /// Builds a package of what `fill` puts into its folder.
    pub(crate) fn build(&self, package: &Package<'_>, fill: impl FnOnce(&str)) {
        let Package {
            name,
            version,
            architecture,
            fields,
            packing,
        } = package;
        let folder = format!("build/{name}_{version}_{architecture}");
        self.sandbox.write(
            format!("{folder}/DEBIAN/control"),
            format!(
                "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nMaintainer: m <m@example.org>\n\
                 Description: a test\n{fields}"
            ),
        );
        fill(&folder);
        let to = format!(
            "archive/pool/{name}_{}_{architecture}.deb",
            version.replace(':', "%3a")
        );
        let output = Command::new("dpkg-deb")
            .args(["--root-owner-group", &format!("-Z{packing}"), "--build"])
            .arg(self.sandbox.root().join(folder))
            .arg(self.sandbox.root().join(to.replace("%3a", "-")))
            .env("SOURCE_DATE_EPOCH", "1767268800")
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// A package with a program of its name that says its version.
    pub(crate) fn program(&self, package: &Package<'_>) {
        self.build(package, |folder| {
            let path = format!("{folder}/usr/bin/{}", package.name);
            let words = format!(
                "#!/bin/sh\necho {} {} {}\n",
                package.name, package.version, package.architecture
            );
            self.sandbox.program(&path, &words);
        });
    }

    /// Lists what is in the pool, and signs that.
    pub(crate) fn publish(&self) {
        self.publish_with("Valid-Until: Sat, 31 Jan 2026 12:00:00 UTC\n");
    }

    pub(crate) fn publish_with(&self, fields: &str) {
        let text = self.release(fields);
        self.sandbox
            .write("archive/dists/stable/InRelease", self.keys.clearsign(&text));
    }

    /// Writes the lists, and gives the text that is to be signed.
    pub(crate) fn release(&self, fields: &str) -> String {
        let root = self.sandbox.root().join("archive");
        let mut sums = String::new();
        for architecture in ["amd64", "arm64"] {
            let output = Command::new("dpkg-scanpackages")
                .args(["--multiversion", "--arch", architecture, "pool"])
                .current_dir(&root)
                .output()
                .unwrap();
            assert!(output.status.success(), "{output:?}");
            let folder = format!("main/binary-{architecture}");
            let list = format!("archive/dists/stable/{folder}/Packages");
            self.sandbox.write(&list, &output.stdout);
            for (name, program) in [("Packages.xz", "xz"), ("Packages.gz", "gzip")] {
                let packed = pack(&output.stdout, program);
                let digest = sha256(&packed);
                sums.push_str(&format!(" {digest} {} {folder}/{name}\n", packed.len()));
                self.sandbox
                    .write(format!("archive/dists/stable/{folder}/{name}"), &packed);
                self.sandbox.write(
                    format!("archive/dists/stable/{folder}/by-hash/SHA256/{digest}"),
                    &packed,
                );
            }
        }
        format!("Origin: test\nSuite: stable\nCodename: test\n{fields}SHA256:\n{sums}")
    }

    /// A manifest with these packages, each a line.
    pub(crate) fn manifest(&self, packages: &str) {
        self.sandbox.manifest(&format!(
            "systems: [x86_64-linux]\nsources:\n  deb: {{url: \"{}\", suite: stable, key: ./archive.gpg}}\n\
             packages:\n{packages}",
            self.url()
        ));
    }

    /// Runs dgmo where apt has no settings but the sandbox's.
    pub(crate) fn dgmo(&self, line: &str) -> crate::Ran {
        let words: Vec<&str> = line.split_whitespace().collect();
        let config = self.sandbox.root().join("apt.conf");
        self.sandbox
            .run_with(&words, &[("APT_CONFIG", config.to_str().unwrap())])
    }
}

fn pack(bytes: &[u8], program: &str) -> Vec<u8> {
    let mut child = Command::new(program)
        .args(["-9", "-c"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let bytes = bytes.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert!(output.status.success());
    output.stdout
}

fn sha256(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest: [u8; 32] = sha2::Sha256::digest(bytes).into();
    dgmo_schema::id::Digest::from_bytes(digest).hex()
}
