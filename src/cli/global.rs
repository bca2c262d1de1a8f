//! The flags every command has, and the engine they make.

use std::path::Path;
use std::path::PathBuf;
use std::time::Duration;

use dgmo_schema::code::Code;
use dgmo_schema::event::Observer;
use dgmo_schema::name::ProfileName;
use dgmo_store::look;

use super::age::Age;
use crate::clock::Clock;
use crate::env::Var;
use crate::home;
use crate::home::Home;
use crate::home::Scope;
use crate::home::Wait;
use crate::manifest;
use crate::ops;
use crate::ops::Engine;
use crate::ops::OpError;
use crate::ops::Result;
use crate::source::Address;
use crate::source::FetchError;
use crate::source::Online;
use crate::source::OnlyMirrors;
use crate::source::Proxies;
use crate::source::Settings;
use crate::source::address_of_folder;
use crate::ui::Consent;
use crate::ui::Format;
use crate::ui::Printer;
use crate::ui::Volume;

/// Flags of every command
#[derive(Debug, clap::Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a flag of the command line"
)]
pub struct Global {
    /// Keep everything in this folder [default: `DGMO_HOME`, else ~/.local/share/dgmo]
    #[arg(long, global = true, value_name = "DIR", help_heading = "Everywhere")]
    home: Option<PathBuf>,
    /// Work on this line of generations [default: `DGMO_PROFILE`, else `default`]
    #[arg(long, global = true, value_name = "NAME", help_heading = "Everywhere")]
    profile: Option<ProfileName>,
    /// Work for the whole machine: /var/lib/dgmo and /
    #[arg(long, global = true, help_heading = "Everywhere")]
    system: bool,
    /// Answer with one JSON document on stdout
    #[arg(long, global = true, help_heading = "Everywhere")]
    json: bool,
    /// Say nothing but errors on stderr
    #[arg(
        short,
        long,
        global = true,
        conflicts_with = "verbose",
        help_heading = "Everywhere"
    )]
    quiet: bool,
    /// Say more on stderr
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    verbose: bool,
    /// Answer every question with yes. Off a terminal nothing is asked
    #[arg(short, long, global = true, help_heading = "Everywhere")]
    yes: bool,
    /// Wait this long for another command to end: `10s`, `5m`, `0s` for not at all
    #[arg(
        long, global = true, value_name = "TIME", default_value = "5m",
        value_parser = humantime::parse_duration, help_heading = "Everywhere"
    )]
    wait: Duration,
}

/// What only some commands can be told.
#[derive(Debug, Default)]
pub(super) struct Special {
    /// Where home files go.
    pub target: Option<PathBuf>,
    /// Whether the network must not be used.
    pub offline: bool,
    /// The folder that everything is taken from, in place of any network.
    pub vendor: Option<PathBuf>,
    /// The mirrors that everything is taken from, and nobody else is asked.
    pub mirrors: Vec<String>,
    /// Whether files that look unchanged are read all the same.
    pub reread: bool,
    /// How old a version must be before it is taken.
    pub age: Age,
    /// The manifest that was named: of a project, it says which profile is meant.
    pub manifest: Option<PathBuf>,
}

impl Global {
    /// How to talk to whoever asked.
    pub(super) fn printer(&self) -> Printer {
        let format = if self.json {
            Format::Json
        } else {
            Format::Text
        };
        let volume = match (self.quiet, self.verbose) {
            (true, _) => Volume::Quiet,
            (_, true) => Volume::Verbose,
            _ => Volume::Normal,
        };
        Printer::new(format, volume)
    }

    /// Has a person agree to what cannot be undone. Off a terminal what was asked for is done: it was spelt out.
    pub(super) fn agree(&self, question: &str, printer: Printer) -> Result<()> {
        match printer.ask(question, self.yes).map_err(OpError::ask)? {
            Consent::Yes | Consent::NobodyToAsk => Ok(()),
            Consent::No => Err(OpError::Declined.into()),
        }
    }

    /// With `--verbose`: what the flags and the environment come to.
    pub(super) fn tell_where(&self, printer: Printer) {
        if printer.volume == Volume::Verbose
            && let Ok(home) = self.home()
            && let Ok(profile) = self.profile_name(&home, None)
        {
            printer.say(&format!(
                "home: {}\nprofile: {profile}",
                home.root().display()
            ));
        }
    }

    /// Whether questions are answered already.
    pub(super) fn yes(&self) -> bool {
        self.yes
    }

    /// The home that is meant.
    pub(super) fn home(&self) -> Result<Home> {
        let named = self.home.clone().or_else(|| Var::DgmoHome.path());
        Ok(match named {
            Some(path) => Home::at(absolute(&path)?),
            None => Home::default_for(self.scope())?,
        })
    }

    /// The engine for a command.
    pub(super) fn engine<'a>(
        &self,
        special: Special,
        observer: &'a dyn Observer,
    ) -> Result<Engine<'a>> {
        let home = self.home()?;
        let target = special.target.map(|path| absolute(&path)).transpose()?;
        let default_target = match (&target, self.scope()) {
            (Some(target), _) => target.clone(),
            (None, Scope::System) => PathBuf::from("/"),
            (None, Scope::User) => home::user_home()?,
        };
        let profile = self.profile_name(&home, special.manifest)?;
        let clock = Clock::from_environment();
        Ok(Engine {
            profile: home.profile(profile),
            home,
            target,
            default_target,
            scope: self.scope(),
            clock,
            not_after: special.age.limit(clock),
            observer,
            wait: if self.wait.is_zero() {
                Wait::No
            } else {
                Wait::AtMost(self.wait)
            },
            online: if special.offline || special.vendor.is_some() || !special.mirrors.is_empty() {
                Online::No
            } else {
                Online::Yes
            },
            settings: Settings {
                vendor: special.vendor.map(|path| absolute(&path)).transpose()?,
                only_mirrors: only_mirrors(&special.mirrors, special.offline)?,
                ..settings()
            },
            reread: special.reread,
        })
    }

    /// The same on the default profile, for commands that find out themselves which profile a folder has.
    pub(super) fn engine_of_default<'a>(
        &self,
        special: Special,
        observer: &'a dyn Observer,
    ) -> Result<Engine<'a>> {
        let mut engine = self.engine(special, observer)?;
        engine.profile = engine.home.profile("default".parse()?);
        Ok(engine)
    }

    fn scope(&self) -> Scope {
        if self.system {
            Scope::System
        } else {
            Scope::User
        }
    }

    /// The profile named by flag or variable; else that of the project whose manifest is named or found from here up;
    /// else `default`.
    fn profile_name(&self, home: &Home, manifest: Option<PathBuf>) -> Result<ProfileName> {
        if let Some(name) = &self.profile {
            return Ok(name.clone());
        }
        if let Some(name) = Var::DgmoProfile.text() {
            return Ok(name.parse()?);
        }
        // Most homes have no projects: then nothing is searched.
        let projects = home.projects();
        if look::is_folder(&projects).map_err(OpError::io("look at", &projects))?
            && let Some(manifest) = manifest_if_any(manifest)?
            && let Some(name) = ops::running::profile_for(home, &manifest)?
        {
            return Ok(name);
        }
        Ok("default".parse()?)
    }
}

/// How downloads are made, as the environment says.
fn settings() -> Settings {
    Settings {
        ca_file: Var::CertificateFile.path(),
        proxies: Proxies {
            http: Var::HttpProxy.text().or_else(|| Var::AllProxy.text()),
            https: Var::HttpsProxy.text().or_else(|| Var::AllProxy.text()),
            except: Var::NoProxy.text(),
        },
        ..Settings::default()
    }
}

/// A path as other processes understand it too.
pub(super) fn absolute(path: &Path) -> Result<PathBuf> {
    Ok(std::path::absolute(path).map_err(OpError::io("resolve", path))?)
}

/// The manifest that is meant: the one named, else the one found.
pub(super) fn manifest_path(named: Option<PathBuf>) -> Result<PathBuf> {
    if let Some(path) = named {
        let in_folder = path.join(manifest::MANIFEST_FILE);
        // Where it cannot be looked at, reading it says why.
        let is_folder = look::is_folder(&path).unwrap_or(false);
        return Ok(if is_folder { in_folder } else { path });
    }
    let here = Path::new(".");
    let here = std::env::current_dir().map_err(OpError::io("find the working folder", here))?;
    let config = home::config_home().ok();
    let found = manifest::find(&here, config.as_deref());
    let found = found.map_err(OpError::io("look for a manifest from", &here))?;
    found.ok_or_else(|| OpError::NoManifest.into())
}

/// The same; nothing where none is found, or there is no folder any more to look from.
fn manifest_if_any(named: Option<PathBuf>) -> Result<Option<PathBuf>> {
    match manifest_path(named) {
        Ok(found) => Ok(Some(found)),
        Err(failure) if failure.code() == Code::ManifestMissing => Ok(None),
        Err(_) if std::env::current_dir().is_err() => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// The mirrors that are named: addresses, or folders of this machine.
fn only_mirrors(named: &[String], offline: bool) -> Result<Option<OnlyMirrors>> {
    if named.is_empty() {
        return Ok(None);
    }
    let address = |text: &String| {
        if text.contains("://") {
            Address::parse(text).map_err(FetchError::from)?;
            return Ok(text.clone());
        }
        Ok(address_of_folder(&absolute(Path::new(text))?))
    };
    let addresses = named.iter().map(address).collect::<Result<_>>()?;
    let online = if offline { Online::No } else { Online::Yes };
    Ok(Some(OnlyMirrors { addresses, online }))
}

/// The manifest of a folder, else that of this folder or the nearest above it; never the user's own.
pub(super) fn manifest_above(folder: Option<&Path>) -> Result<PathBuf> {
    let found = if let Some(folder) = folder {
        let path = folder.join(manifest::MANIFEST_FILE);
        let is_there = look::is_file(&path).map_err(OpError::io("look at", &path))?;
        is_there.then_some(path)
    } else {
        let here = Path::new(".");
        let here = std::env::current_dir().map_err(OpError::io("find the working folder", here))?;
        let found = manifest::find(&here, None);
        found.map_err(OpError::io("look for a manifest from", &here))?
    };
    found.ok_or_else(|| OpError::NoManifest.into())
}
