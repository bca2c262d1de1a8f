//! The user's `git`: so that its settings, logins and proxies hold. It asks nothing, and runs nothing of a repository's.

use std::io;
use std::path::Path;

use crate::env::Var;
use crate::process::Call;
use crate::process::Reply;
use crate::process::Talk;
use crate::source::CatalogueError;

const PROGRAM: &str = "git";

/// What is set whatever the user's settings say: no way that runs programs, no hooks, no work in the background, every
/// object checked, and what is fetched kept whole, so that a fetch that was killed leaves nothing half.
const SET: &[&str] = &[
    "protocol.ext.allow=never",
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "fetch.fsckObjects=true",
    "fetch.unpackLimit=1",
];

/// Variables that would have it look elsewhere.
const TAKEN_OUT: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_COMMON_DIR",
    "GIT_INDEX_FILE",
    "GIT_NAMESPACE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_SHALLOW_FILE",
    "GIT_TRACE",
];

/// The most it may print: names and ids of a million files.
const LARGEST: usize = 256 << 20;

/// How it is run in one folder, for one repository.
pub(super) struct Program<'a> {
    /// The address it is run for, as messages tell it.
    pub(super) address: &'a str,
    folder: &'a Path,
    /// Whether a person chose the address, or a repository did.
    is_chosen: bool,
}

impl<'a> Program<'a> {
    pub(super) fn at(address: &'a str, folder: &'a Path, is_chosen: bool) -> Self {
        Self {
            address,
            folder,
            is_chosen,
        }
    }

    fn call(&self, words: &[&str]) -> Call {
        let mut call = Call::new(PROGRAM, self.folder);
        for setting in SET {
            call = call.with(["-c", setting]);
        }
        for name in TAKEN_OUT {
            call = call.where_is(name, None);
        }
        call = call
            .with(words)
            .where_is("GIT_TERMINAL_PROMPT", Some("0"))
            .where_is("GIT_ASKPASS", Some(""))
            .where_is("SSH_ASKPASS_REQUIRE", Some("never"))
            .where_is("GIT_NO_REPLACE_OBJECTS", Some("1"))
            .where_is("GIT_OPTIONAL_LOCKS", Some("0"))
            .where_is("LC_ALL", Some("C"));
        if self.folder.parent().is_some() {
            // Said so and not found, which a user may forbid for repositories without a work tree.
            call = call.where_is("GIT_DIR", self.folder.to_str());
        }
        if !self.is_chosen {
            // git itself then refuses what a repository may not send a user to, such as files of this machine.
            call = call.where_is("GIT_PROTOCOL_FROM_USER", Some("0"));
        }
        call
    }

    /// A call that speaks to a server.
    fn far(&self, words: &[&str]) -> Result<Call, CatalogueError> {
        let call = self.call(words);
        if !reaches_by_ssh(self.address)
            || Var::GitSshCommand.raw().is_some()
            || Var::GitSsh.raw().is_some()
            || self
                .reply(&self.call(&["config", "--get", "core.sshCommand"]))?
                .is_success
        {
            return Ok(call);
        }
        let ssh = "ssh -oBatchMode=yes -oConnectTimeout=20 -oServerAliveInterval=15";
        Ok(call.where_is("GIT_SSH_COMMAND", Some(ssh)))
    }

    /// Asks it something about what is here.
    pub(super) fn ask(&self, words: &[&str]) -> Result<Reply, CatalogueError> {
        self.reply(&self.call(words))
    }

    /// Has it speak to the server.
    pub(super) fn ask_far(&self, words: &[&str]) -> Result<Reply, CatalogueError> {
        self.reply(&self.far(words)?)
    }

    /// Starts it, to be asked for one object after another.
    pub(super) fn talk(&self, words: &[&str]) -> Result<Talk, CatalogueError> {
        self.call(words)
            .talk()
            .map_err(|error| self.not_run(&error))
    }

    fn reply(&self, call: &Call) -> Result<Reply, CatalogueError> {
        call.reply(LARGEST).map_err(|error| self.not_run(&error))
    }

    fn not_run(&self, error: &io::Error) -> CatalogueError {
        match error.kind() {
            io::ErrorKind::NotFound => CatalogueError::NoProgram {
                program: PROGRAM,
                offer: format!("git:{}", self.address),
            },
            io::ErrorKind::TimedOut => self.cannot("speak to", "it was silent for minutes"),
            _ => self.cannot("be run for", &error.to_string()),
        }
    }

    /// It could not do its `deed` at the address, and `said` why.
    pub(super) fn cannot(&self, deed: &str, said: &str) -> CatalogueError {
        CatalogueError::Program {
            program: PROGRAM,
            deed: format!("{deed} `{}`", self.address),
            said: last_words(said),
            by_hand: format!("git ls-remote {}", self.address),
        }
    }
}

fn reaches_by_ssh(address: &str) -> bool {
    address.starts_with("ssh://") || !address.contains("://") && !address.starts_with(['/', '~'])
}

/// What matters of what it said: without its count of what has come, and without what would move a cursor.
fn last_words(said: &str) -> String {
    let counts = |line: &str| {
        line.is_empty() || line.contains("% (") || line.starts_with("remote: Enumerating")
    };
    let lines: Vec<&str> = said
        .split(['\n', '\r'])
        .map(str::trim)
        .filter(|line| !counts(line))
        .collect();
    let last = &lines[lines.len().saturating_sub(6)..];
    let text = last.join("\n");
    text.chars()
        .filter(|c| *c == '\n' || !c.is_control())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_what_is_said_the_reason_is_told() {
        let said = "remote: Enumerating objects: 3, done.\nremote: Counting objects:  33% (1/3)\r\
                    fatal: \u{1b}[31mno such thing\n";
        assert_eq!(last_words(said), "fatal: [31mno such thing");
    }

    #[test]
    fn who_is_reached_by_ssh_is_told_by_the_address() {
        for (address, is_ssh) in [
            ("git@git.example.org:x", true),
            ("ssh://git.example.org/x", true),
            ("https://git.example.org/x", false),
            ("/srv/x", false),
            ("~/x", false),
        ] {
            assert_eq!(reaches_by_ssh(address), is_ssh, "{address}");
        }
    }
}
