//! Every environment variable dgmo reads; nothing else reads them.

use std::ffi::OsString;
use std::path::PathBuf;

use dgmo_schema::name::VariableName;

/// A variable we read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Var {
    /// Where dgmo keeps its home, in place of the default.
    DgmoHome,
    /// The profile used when `--profile` is not given.
    DgmoProfile,
    /// The moment taken for now, in seconds since 1970, so that tests and builds can be repeated.
    DgmoNow,
    /// The faults a test asks for; read only with the feature `fault-injection`.
    #[cfg(feature = "fault-injection")]
    DgmoFault,
    /// The user's home folder.
    UserHome,
    /// The user's name.
    User,
    /// Where users' data goes.
    DataHome,
    /// Where users' settings go.
    ConfigHome,
    /// A file of certificates to trust besides the built-in ones.
    CertificateFile,
    /// The proxy for `http:` addresses; only in lower case, since a server may set the other for its programs.
    HttpProxy,
    /// The proxy for `https:` addresses.
    HttpsProxy,
    /// The proxy for all addresses.
    AllProxy,
    /// The hosts that need none.
    NoProxy,
    /// A file of settings of apt.
    AptConfig,
    /// The command that git reaches hosts with over ssh.
    GitSshCommand,
    /// The program that git reaches hosts with over ssh.
    GitSsh,
    /// Where GitHub's own runners say its API is.
    GithubApi,
    /// A token for GitHub, as its own program takes it.
    GhToken,
    /// A token for GitHub, as its runners give it.
    GithubToken,
    /// The server of its kind that GitHub's own program speaks to.
    GhHost,
    /// A token for that server.
    GhEnterpriseToken,
    /// Where GitLab's own runners say its API is.
    GitlabApi,
    /// The server that GitLab's own program speaks to.
    GitlabHost,
    /// A token for it.
    GitlabToken,
    /// Where Forgejo's own runners say it is.
    ForgejoServer,
    /// A token for it.
    ForgejoToken,
    /// The one file of pip's settings to read.
    PipConfig,
    /// Where pip asks for packages.
    PipIndex,
    /// Where pip asks besides.
    PipExtraIndex,
    /// Where uv asks for packages.
    UvDefaultIndex,
    /// The same, as it was called before.
    UvIndex,
    /// The file of names and passwords for servers.
    Netrc,
    /// The one file of conda's settings to read.
    CondaConfig,
    /// The channels conda asks.
    CondaChannels,
    /// Where channels are that are named by a name.
    CondaAlias,
    /// The registry npm asks.
    NpmRegistry,
    /// The user's settings of npm.
    NpmUserConfig,
    /// The settings of npm for all users.
    NpmGlobalConfig,
    /// Where npm installs for all users.
    NpmPrefix,
    /// The folder of Docker's settings.
    DockerConfig,
    /// The file of names and passwords for registries of images.
    RegistryAuthFile,
    /// Where what lives as long as a session is.
    RuntimeFolder,
    /// The folder of cargo's settings.
    CargoHome,
    /// No colour, whatever the terminal can.
    NoColor,
    /// Colour, even where there is no terminal.
    ColorForce,
    /// The kind of terminal; `dumb` has no colour and no bars.
    Terminal,
    /// Homebrew's own folder, to import from.
    Homebrew,
    /// Where mise keeps its tools, to import from.
    MiseData,
    /// Where asdf keeps its tools, to import from.
    AsdfData,
    /// Where shells search for programs.
    SearchPath,
    /// The user's shell, for the spelling of `dgmo env`.
    Shell,
    /// The user's editor for a whole screen.
    Visual,
    /// The user's editor.
    Editor,
    /// The folder of the generation that the programs above us were started in.
    Inside,
    /// What the hook of a shell has set, and what was there before.
    Hooked,
    /// The shell that asks for completions; the rest is between its script and the completion engine.
    Complete,
}

/// A variable somebody named in a manifest; an empty one counts as unset.
#[expect(clippy::disallowed_methods, reason = "this is the place")]
pub fn chosen(name: &VariableName) -> Option<OsString> {
    std::env::var_os(name.as_str()).filter(|value| !value.is_empty())
}

impl Var {
    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::DgmoHome => "DGMO_HOME",
            Self::DgmoProfile => "DGMO_PROFILE",
            Self::DgmoNow => "DGMO_NOW",
            #[cfg(feature = "fault-injection")]
            Self::DgmoFault => "DGMO_FAULT",
            Self::UserHome if cfg!(windows) => "USERPROFILE",
            Self::UserHome => "HOME",
            Self::User if cfg!(windows) => "USERNAME",
            Self::User => "USER",
            Self::DataHome if cfg!(windows) => "LOCALAPPDATA",
            Self::DataHome => "XDG_DATA_HOME",
            Self::ConfigHome if cfg!(windows) => "APPDATA",
            Self::ConfigHome => "XDG_CONFIG_HOME",
            Self::CertificateFile => "SSL_CERT_FILE",
            Self::HttpProxy => "http_proxy",
            Self::HttpsProxy => "HTTPS_PROXY",
            Self::AllProxy => "ALL_PROXY",
            Self::NoProxy => "NO_PROXY",
            Self::AptConfig => "APT_CONFIG",
            Self::GitSshCommand => "GIT_SSH_COMMAND",
            Self::GitSsh => "GIT_SSH",
            Self::GithubApi => "GITHUB_API_URL",
            Self::GhToken => "GH_TOKEN",
            Self::GithubToken => "GITHUB_TOKEN",
            Self::GhHost => "GH_HOST",
            Self::GhEnterpriseToken => "GH_ENTERPRISE_TOKEN",
            Self::GitlabApi => "CI_API_V4_URL",
            Self::GitlabHost => "GITLAB_HOST",
            Self::GitlabToken => "GITLAB_TOKEN",
            Self::ForgejoServer => "FORGEJO_SERVER_URL",
            Self::ForgejoToken => "FORGEJO_TOKEN",
            Self::PipConfig => "PIP_CONFIG_FILE",
            Self::PipIndex => "PIP_INDEX_URL",
            Self::PipExtraIndex => "PIP_EXTRA_INDEX_URL",
            Self::UvDefaultIndex => "UV_DEFAULT_INDEX",
            Self::UvIndex => "UV_INDEX_URL",
            Self::Netrc => "NETRC",
            Self::CondaConfig => "CONDARC",
            Self::CondaChannels => "CONDA_CHANNELS",
            Self::CondaAlias => "CONDA_CHANNEL_ALIAS",
            Self::NpmRegistry => "NPM_CONFIG_REGISTRY",
            Self::NpmUserConfig => "NPM_CONFIG_USERCONFIG",
            Self::NpmGlobalConfig => "NPM_CONFIG_GLOBALCONFIG",
            Self::NpmPrefix => "NPM_CONFIG_PREFIX",
            Self::DockerConfig => "DOCKER_CONFIG",
            Self::RegistryAuthFile => "REGISTRY_AUTH_FILE",
            Self::RuntimeFolder => "XDG_RUNTIME_DIR",
            Self::CargoHome => "CARGO_HOME",
            Self::NoColor => "NO_COLOR",
            Self::ColorForce => "CLICOLOR_FORCE",
            Self::Terminal => "TERM",
            Self::Homebrew => "HOMEBREW_PREFIX",
            Self::MiseData => "MISE_DATA_DIR",
            Self::AsdfData => "ASDF_DATA_DIR",
            Self::SearchPath => "PATH",
            Self::Shell => "SHELL",
            Self::Visual => "VISUAL",
            Self::Editor => "EDITOR",
            Self::Inside => "DGMO_INSIDE",
            Self::Hooked => "DGMO_HOOKED",
            Self::Complete => "DGMO_COMPLETE",
        }
    }

    /// Its value as it is; an empty one counts as unset. Those for proxies and npm may be spelled in lower case too.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn raw(self) -> Option<OsString> {
        let value = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        match self {
            Self::HttpsProxy
            | Self::AllProxy
            | Self::NoProxy
            | Self::NpmRegistry
            | Self::NpmUserConfig
            | Self::NpmGlobalConfig
            | Self::NpmPrefix => {
                value(&self.name().to_ascii_lowercase()).or_else(|| value(self.name()))
            }
            _ => value(self.name()),
        }
    }

    /// The value of a variable that a manifest names, as it is; here an empty one is set.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn of_manifest(name: &str) -> Option<OsString> {
        std::env::var_os(name)
    }

    /// What the variable of cargo says that stands for the setting `name`: `registries_ours_index` is
    /// `CARGO_REGISTRIES_OURS_INDEX`.
    #[expect(clippy::disallowed_methods, reason = "this is the place")]
    pub fn of_cargo(name: &str) -> Option<String> {
        let name = name.to_ascii_uppercase().replace(['-', '.'], "_");
        let value = std::env::var_os(format!("CARGO_{name}"))?;
        value.into_string().ok().filter(|value| !value.is_empty())
    }

    /// Its value as text; one that is not text counts as unset.
    pub fn text(self) -> Option<String> {
        self.raw()?.into_string().ok()
    }

    /// Its value as an absolute path; a relative one counts as unset, as the XDG rules say.
    pub fn absolute_path(self) -> Option<PathBuf> {
        self.raw()
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
    }

    /// Its value as a path, relative ones taken from the working folder.
    pub fn path(self) -> Option<PathBuf> {
        self.raw().map(PathBuf::from)
    }
}
