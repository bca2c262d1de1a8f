//! The init system's files of a generation: written into its folder, linked into the target folder through the pointer.

use std::collections::BTreeMap;
use std::path::Path;
use std::path::PathBuf;

use dgmo_schema::conduct::CheckKind;
use dgmo_schema::conduct::Service;
use dgmo_schema::generation::GenerationNumber;
use dgmo_schema::generation::Record;
use dgmo_schema::name::ServiceName;
use dgmo_schema::name::TargetPath;
use dgmo_store::durable;

use super::Ground;
use super::ServiceError;
use super::Setting;
use super::agent;
use super::unit;
use crate::home::Profile;
use crate::home::Scope;

/// The folder of a generation that holds them.
pub const UNITS: &str = "units";

/// Where the system's programs are, for units and agents: they do not see the environment of whoever switches.
const SYSTEM_PATH: [&str; 6] = [
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
];

/// What the files of a generation are written from.
#[derive(Clone, Copy)]
pub struct Rendering<'a> {
    /// The profile.
    pub profile: &'a Profile,
    /// The generation's number.
    pub number: GenerationNumber,
    /// Where it will stand.
    pub ground: Ground<'a>,
    /// Whose init system it is.
    pub scope: Scope,
    /// Whether the generation's `bin` shows a program.
    pub shows: &'a dyn Fn(&str) -> bool,
    /// This program, for what waits until a service is ready.
    pub program: &'a Path,
    /// The home, for the same.
    pub home: &'a Path,
}

impl std::fmt::Debug for Rendering<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Rendering").field(&self.number).finish()
    }
}

/// The files, by name.
pub fn texts(rendering: &Rendering<'_>) -> Result<BTreeMap<String, String>, ServiceError> {
    let services = rendering.ground.record.conduct.services.iter();
    services
        .map(|(name, service)| rendering.text(name, service))
        .collect()
}

/// Writes the files into the new folder `folder`; nothing where there are no services.
pub fn render(rendering: &Rendering<'_>, folder: &Path) -> Result<(), ServiceError> {
    let texts = texts(rendering)?;
    if texts.is_empty() {
        return Ok(());
    }
    durable::make_folder(folder).map_err(ServiceError::io("make the folder", folder))?;
    for (name, text) in texts {
        let path = folder.join(name);
        durable::write_new(&path, text.as_bytes(), 0o444)
            .map_err(ServiceError::io("write", &path))?;
    }
    Ok(())
}

impl Rendering<'_> {
    fn text(
        &self,
        name: &ServiceName,
        service: &Service,
    ) -> Result<(String, String), ServiceError> {
        let behind: Vec<PathBuf> = SYSTEM_PATH.iter().map(PathBuf::from).collect();
        let setting = Setting::of(name, service, self.ground, self.shows, &behind)?;
        let profile = self.profile.name();
        if cfg!(target_os = "macos") {
            let label = agent::label(profile, name);
            let log = self.profile.services().join(format!("{name}.log"));
            let text = agent::render(&label, service, &setting, &log);
            return Ok((format!("{label}.plist"), text));
        }
        let wait = service.ready.as_ref().map(|ready| self.wait(name, ready));
        let unit = unit::Unit {
            profile,
            name,
            service,
            setting: &setting,
            wait: wait.as_deref(),
            wanted_by: wanted_by(self.scope),
        };
        Ok((unit::unit_name(profile, name), unit.render()))
    }

    /// The command that ends when the service is ready. A command that is to tell that is asked through it too, so
    /// that it is asked again and again, with the service's own variables.
    fn wait(&self, name: &ServiceName, _ready: &CheckKind) -> Vec<String> {
        let program = self.program.display().to_string();
        let home = self.home.display().to_string();
        let (profile, number) = (self.profile.name().to_string(), self.number.to_string());
        let words = [
            "--home",
            &home,
            "--profile",
            &profile,
            "services",
            "await",
            "--at",
            &number,
            name.as_str(),
        ];
        let mut command = vec![program];
        if self.scope == Scope::System {
            command.push("--system".to_owned());
        }
        command.extend(words.iter().map(|word| (*word).to_owned()));
        command
    }
}

fn wanted_by(scope: Scope) -> &'static str {
    match scope {
        Scope::User => "default.target",
        Scope::System => "multi-user.target",
    }
}

/// The links that make the init system see the files: where they go, and what they say.
pub fn links(record: &Record, profile: &Profile, scope: Scope) -> BTreeMap<TargetPath, PathBuf> {
    let units = profile.current().join(UNITS);
    let mut links = BTreeMap::new();
    let mut link = |path: String, to: PathBuf| {
        let path = path.parse().expect("names have no way out, and are short");
        links.insert(path, to);
    };
    for name in record.conduct.services.keys() {
        if cfg!(target_os = "macos") {
            let file = format!("{}.plist", agent::label(profile.name(), name));
            let folder = match scope {
                Scope::User => "Library/LaunchAgents",
                Scope::System => "Library/LaunchDaemons",
            };
            link(format!("{folder}/{file}"), units.join(file));
        } else {
            let file = unit::unit_name(profile.name(), name);
            let folder = match scope {
                Scope::User => ".config/systemd/user",
                Scope::System => "etc/systemd/system",
            };
            let wanted = wanted_by(scope);
            link(format!("{folder}/{file}"), units.join(&file));
            link(format!("{folder}/{wanted}.wants/{file}"), units.join(&file));
        }
    }
    links
}
