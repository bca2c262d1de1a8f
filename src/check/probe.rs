//! One look at one thing: whether it is as it should be, and if not, why.

use std::net::TcpStream;
use std::net::ToSocketAddrs;
use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;
use std::time::Instant;

use dgmo_schema::conduct::CheckKind;
use dgmo_schema::conduct::CommandLine;
use dgmo_schema::lapse::Lapse;

use crate::home;
use crate::home::Scope;
use crate::process;
use crate::process::Run;
use crate::process::WhenInterrupted;
use crate::source;

/// What a look needs of the generation and the machine it is about.
pub trait Surroundings: Sync {
    /// Runs a command in the generation's environment; an error says how it ended.
    fn run(&self, command: &CommandLine, timeout: Lapse) -> Result<(), String>;

    /// The target folder.
    fn target(&self) -> &Path;

    /// Whether our own supervisor has `unit` up; nothing where it does not run it.
    fn is_up(&self, unit: &str) -> Option<Result<(), String>>;

    /// Whose units are meant.
    fn scope(&self) -> Scope;
}

/// Looks once. An error says what is not as it should be.
pub fn probe(kind: &CheckKind, timeout: Lapse, around: &dyn Surroundings) -> Result<(), String> {
    match kind {
        CheckKind::Exec(command) => around.run(command, timeout),
        CheckKind::Http { url, status } => http(url, *status, timeout.duration()),
        CheckKind::Tcp(endpoint) => tcp(endpoint, timeout.duration()),
        CheckKind::File(path) => file(&home::locate(around.target(), path)),
        CheckKind::Unit(name) => around
            .is_up(name)
            .unwrap_or_else(|| unit(name, around.scope(), timeout)),
    }
}

fn http(url: &str, expected: Option<u16>, timeout: Duration) -> Result<(), String> {
    let status = source::ask_for_status(url, timeout)?;
    match expected {
        Some(expected) if status != expected => {
            Err(format!("{url} answers with {status}, not {expected}"))
        }
        None if status >= 400 => Err(format!("{url} answers with {status}")),
        _ => Ok(()),
    }
}

/// A name may have several addresses: one of them is enough, all of them share the time.
fn tcp(endpoint: &str, timeout: Duration) -> Result<(), String> {
    let began = Instant::now();
    let addresses = endpoint
        .to_socket_addrs()
        .map_err(|error| format!("{endpoint} has no address: {error}"))?;
    let mut why = format!("{endpoint} has no address");
    for address in addresses {
        let left = timeout.saturating_sub(began.elapsed());
        if left.is_zero() {
            return Err(format!("{endpoint} does not answer in time"));
        }
        match TcpStream::connect_timeout(&address, left) {
            Ok(_) => return Ok(()),
            Err(error) => why = format!("{endpoint} does not accept a connection: {error}"),
        }
    }
    Err(why)
}

fn file(path: &Path) -> Result<(), String> {
    match path.metadata() {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("`{}`: {error}", path.display())),
    }
}

fn unit(name: &str, scope: Scope, timeout: Lapse) -> Result<(), String> {
    let manager = match scope {
        Scope::User => "--user",
        Scope::System => "--system",
    };
    let run = Run {
        program: PathBuf::from("systemctl"),
        arguments: [manager, "is-active", "--", name]
            .map(ToOwned::to_owned)
            .to_vec(),
        environment: Vec::new(),
        folder: PathBuf::from("/"),
        timeout: timeout.duration(),
        when_interrupted: WhenInterrupted::Ends,
    };
    match process::run(&run, &|_| ()) {
        Ok(ran) if ran.ending.is_success() => Ok(()),
        Ok(ran) => {
            let said = ran.output.text();
            let said = said
                .lines()
                .next()
                .unwrap_or("not active")
                .trim()
                .to_owned();
            Err(format!("the unit `{name}` is not active: {said}"))
        }
        Err(error) => Err(format!(
            "the unit `{name}` cannot be asked for: `systemctl` cannot be started: {error}"
        )),
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    struct Nowhere;

    impl Surroundings for Nowhere {
        fn run(&self, command: &CommandLine, _: Lapse) -> Result<(), String> {
            Err(format!("ran {command}"))
        }

        fn target(&self) -> &Path {
            Path::new("/dev")
        }

        fn is_up(&self, unit: &str) -> Option<Result<(), String>> {
            Some(if unit == "ours" {
                Ok(())
            } else {
                Err("down".to_owned())
            })
        }

        fn scope(&self) -> Scope {
            Scope::User
        }
    }

    fn look(kind: &CheckKind) -> Result<(), String> {
        probe(kind, Lapse::from_secs(5), &Nowhere)
    }

    #[test]
    fn a_port_is_open_as_long_as_somebody_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = listener.local_addr().unwrap().to_string();
        assert_eq!(look(&CheckKind::Tcp(endpoint.clone())), Ok(()));
        drop(listener);
        let why = look(&CheckKind::Tcp(endpoint.clone())).unwrap_err();
        assert!(
            why.starts_with(&format!("{endpoint} does not accept")),
            "{why}"
        );
    }

    #[test]
    fn a_file_is_looked_for_below_the_target_folder() {
        assert_eq!(look(&CheckKind::File("null".to_owned())), Ok(()));
        assert_eq!(look(&CheckKind::File("/dev/null".to_owned())), Ok(()));
        let why = look(&CheckKind::File("no/such".to_owned())).unwrap_err();
        assert!(why.starts_with("`/dev/no/such`: "), "{why}");
    }

    #[test]
    fn a_service_of_ours_is_not_asked_of_the_init_system() {
        assert_eq!(look(&CheckKind::Unit("ours".to_owned())), Ok(()));
        assert_eq!(
            look(&CheckKind::Unit("other".to_owned())),
            Err("down".to_owned())
        );
    }
}
