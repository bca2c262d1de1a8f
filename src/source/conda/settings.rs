//! Where conda's channels are: what the manifest says, else the variables and files of conda's own settings.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dgmo_schema::catalogue::Catalogue;
use serde::Deserialize;

use super::super::catalogue::CatalogueError;
use super::super::catalogue::Endpoints;
use super::super::pypi::Index as Server;
use super::super::pypi::small;
use crate::env::Var;

/// One channel.
#[derive(Debug, Clone)]
pub(super) struct Channel {
    /// What it is called in a lock: whoever asks a mirror has the same.
    pub(super) name: String,
    /// Where it is.
    pub(super) server: Server,
}

impl Channel {
    fn at(name: &str, url: &str, mirrors: &[String]) -> Self {
        Self {
            name: name.to_owned(),
            server: Server::new(url, mirrors),
        }
    }
}

/// What a file of settings says.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Condarc {
    channels: Vec<String>,
    default_channels: Vec<String>,
    channel_alias: Option<String>,
    custom_channels: BTreeMap<String, String>,
    custom_multichannels: BTreeMap<String, Vec<String>>,
}

/// All that is said of channels.
#[derive(Debug, Default)]
pub(super) struct Settings {
    /// The manifest's channel, and its mirrors.
    own: Option<(String, Vec<String>)>,
    channels: Vec<String>,
    default_channels: Vec<String>,
    alias: Option<String>,
    custom: BTreeMap<String, String>,
    several: BTreeMap<String, Vec<String>>,
}

impl Settings {
    /// As this machine and the manifest have it.
    pub(super) fn read(endpoints: &Endpoints) -> Self {
        let texts: Vec<String> = files().iter().filter_map(|path| small(path)).collect();
        let variable = Var::CondaChannels.text().unwrap_or_default();
        let named = variable.split(',').map(str::trim).map(str::to_owned);
        let mut settings = Self {
            own: endpoints
                .get(&Catalogue::Conda)
                .map(|it| (it.url.clone(), it.mirrors.clone())),
            channels: named.filter(|name| !name.is_empty()).collect(),
            alias: Var::CondaAlias.text(),
            ..Self::default()
        };
        for text in &texts {
            settings.add(text);
        }
        settings
    }

    /// What a file says besides; those that count more come first. One that is not understood says nothing.
    fn add(&mut self, text: &str) {
        let Ok(more) = serde_yaml::from_str::<Condarc>(text) else {
            return;
        };
        for channel in more.channels {
            if !self.channels.contains(&channel) {
                self.channels.push(channel);
            }
        }
        if self.default_channels.is_empty() {
            self.default_channels = more.default_channels;
        }
        self.alias = self.alias.take().or(more.channel_alias);
        for (name, url) in more.custom_channels {
            self.custom.entry(name).or_insert(url);
        }
        for (name, all) in more.custom_multichannels {
            self.several.entry(name).or_insert(all);
        }
    }

    /// The channels a package is looked for in, the first that has one of its name being the one it comes from: the
    /// one that is asked for by name, then those for all.
    pub(super) fn channels(&self, named: Option<&str>) -> Result<Vec<Channel>, CatalogueError> {
        let mut channels = Vec::new();
        if let Some(name) = named {
            self.find(name, 0, &mut channels);
            if channels.is_empty() {
                return Err(nowhere(name));
            }
        }
        if let Some((url, mirrors)) = &self.own {
            channels.push(Channel::at(&name_of(url), url, mirrors));
        } else {
            for name in &self.channels {
                let before = channels.len();
                self.find(name, 0, &mut channels);
                if channels.len() == before && name != "nodefaults" {
                    return Err(nowhere(name));
                }
            }
        }
        let mut seen = Vec::new();
        channels.retain(|channel| {
            let is_new = !seen.contains(&channel.name);
            seen.push(channel.name.clone());
            is_new
        });
        if channels.is_empty() {
            return Err(nowhere("CHANNEL"));
        }
        Ok(channels)
    }

    /// The channel of a lock.
    pub(super) fn channel(&self, name: &str) -> Result<Channel, CatalogueError> {
        if let Ok(all) = self.channels(None)
            && let Some(found) = all.into_iter().find(|channel| channel.name == name)
        {
            return Ok(found);
        }
        let mut found = Vec::new();
        self.find(name, 0, &mut found);
        found.into_iter().next().ok_or_else(|| nowhere(name))
    }

    /// What a name or an address stands for. A name may stand for several, and they for others, but not for ever.
    fn find(&self, name: &str, depth: usize, found: &mut Vec<Channel>) {
        const DEEPEST: usize = 4;
        let name = name.trim().trim_end_matches('/');
        if name.contains("://") {
            found.push(Channel::at(&name_of(name), name, &[]));
            return;
        }
        if let Some((url, mirrors)) = &self.own {
            if name == name_of(url) {
                found.push(Channel::at(name, url, mirrors));
                return;
            }
            // Beside the one the manifest names, as servers of channels have them.
            if self.alias.is_none() && !self.custom.contains_key(name) {
                let own = name_of(url);
                if let Some(base) = url.trim_end_matches('/').strip_suffix(own.as_str()) {
                    found.push(Channel::at(name, &format!("{base}{name}"), &[]));
                }
                return;
            }
        }
        let several = match (self.several.get(name), name) {
            (Some(all), _) => Some(all),
            (None, "defaults") => Some(&self.default_channels),
            _ => None,
        };
        if let Some(all) = several {
            for one in all.iter().filter(|_| depth < DEEPEST) {
                self.find(one, depth + 1, found);
            }
            return;
        }
        let first = name.split('/').next().unwrap_or(name);
        let base = self.custom.get(name).or_else(|| self.custom.get(first));
        if let Some(base) = base.or(self.alias.as_ref()) {
            let url = format!("{}/{name}", base.trim_end_matches('/'));
            found.push(Channel::at(name, &url, &[]));
        }
    }
}

/// What the channel at an address is called: the last name of its path, and what stands around `label`.
fn name_of(url: &str) -> String {
    let url = url.trim_end_matches('/');
    let path = url.split_once("://").map_or(url, |(_, rest)| rest);
    let names: Vec<&str> = path.split('/').collect();
    match names[..] {
        [.., channel, "label", label] => format!("{channel}/label/{label}"),
        [.., last] => last.to_owned(),
        [] => String::new(),
    }
}

fn nowhere(channel: &str) -> CatalogueError {
    CatalogueError::NoEndpoint {
        catalogue: Catalogue::Conda,
        lines: format!("sources:\n  conda: {{url: \"https://HOST/{channel}\"}}"),
    }
}

/// The files of conda's settings, the one that counts most first.
fn files() -> Vec<PathBuf> {
    let home = Var::UserHome.absolute_path();
    let config = Var::ConfigHome.absolute_path();
    let config = config.or_else(|| Some(home.as_ref()?.join(".config")));
    let mut files = Vec::new();
    files.extend(Var::CondaConfig.absolute_path());
    if let Some(home) = &home {
        files.push(home.join(".condarc"));
        files.push(home.join(".conda/.condarc"));
    }
    files.extend(config.map(|folder| folder.join("conda/.condarc")));
    files.push(PathBuf::from("/etc/conda/.condarc"));
    files
}

#[cfg(test)]
mod tests {
    use super::*;

    fn urls(settings: &Settings, named: Option<&str>) -> Vec<(String, String)> {
        let channels = settings.channels(named).unwrap().into_iter();
        channels.map(|it| (it.name, it.server.url)).collect()
    }

    fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
        let own = |(name, url): &(&str, &str)| ((*name).to_owned(), (*url).to_owned());
        all.iter().map(own).collect()
    }

    #[test]
    fn channels_are_where_condas_settings_say() {
        let mut settings = Settings::default();
        settings.add(
            "channels: [lab, defaults, 'https://other.example.org/private/']\nchannel_alias: https://conda.example.org/\n\
             default_channels: [https://conda.example.org/main]\ncustom_channels: {lab: 'https://lab.example.org/conda'}\nauto_update_conda: false\n",
        );
        settings.add("channels: [late, lab]\nchannel_alias: https://never.example.org\n");
        let all = [
            ("lab", "https://lab.example.org/conda/lab"),
            ("main", "https://conda.example.org/main"),
            ("private", "https://other.example.org/private"),
            ("late", "https://conda.example.org/late"),
        ];
        assert_eq!(urls(&settings, None), pairs(&all));
        let bio = ("bio/label/dev", "https://conda.example.org/bio/label/dev");
        let more: Vec<_> = std::iter::once(bio).chain(all).collect();
        assert_eq!(urls(&settings, Some("bio/label/dev")), pairs(&more));
        let main = settings.channel("main").unwrap();
        assert_eq!(main.server.url, "https://conda.example.org/main");
    }

    #[test]
    fn the_manifests_channel_goes_before_and_others_lie_beside_it() {
        let own = ("https://conda.example.org/forge".to_owned(), Vec::new());
        let settings = Settings {
            own: Some(own),
            channels: vec!["never".to_owned()],
            ..Settings::default()
        };
        let forge = ("forge", "https://conda.example.org/forge");
        assert_eq!(urls(&settings, None), pairs(&[forge]));
        assert_eq!(urls(&settings, Some("forge")), pairs(&[forge]));
        let bio = ("bio", "https://conda.example.org/bio");
        assert_eq!(urls(&settings, Some("bio")), pairs(&[bio, forge]));
    }

    #[test]
    fn no_channel_is_known_by_itself() {
        let mut settings = Settings::default();
        assert!(settings.channels(None).is_err());
        settings.add("channels: [conda-forge]\n");
        assert!(settings.channels(None).is_err());
        let mut defaults = Settings::default();
        defaults.add("channels: [defaults]\nchannel_alias: https://conda.example.org\n");
        assert!(defaults.channels(None).is_err());
        let mut round = Settings::default();
        round.add("channels: [a]\ncustom_multichannels: {a: [b], b: [a]}\n");
        assert!(round.channels(None).is_err());
        let mut odd = Settings::default();
        odd.add("channels: {a: 1}\n");
        odd.add("%%%");
        assert!(odd.channels(None).is_err());
    }
}
