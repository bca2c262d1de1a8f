//! Settings of cargo: which registry stands for the public one, and who we are to it.
//!
//! Read are `config.toml` and `credentials.toml` in `CARGO_HOME` or `~/.cargo`, and cargo's variables of the same
//! meaning. The `.cargo` beside a manifest is not: it comes with the manifest, and could send a token anywhere.

use std::path::Path;
use std::path::PathBuf;

use serde_json::Value;

use crate::env::Var;
use crate::import::toml_as_json;

/// The most bytes a settings file may have.
const LARGEST: u64 = 1 << 20;

/// The name of the public registry in these settings.
const PUBLIC: &str = "crates-io";

/// More in a row would be a circle.
const MOST_REPLACED: usize = 10;

/// A registry, as cargo's settings name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    /// Where its index is.
    pub(super) index: String,
    /// What proves who asks.
    pub(super) token: Option<String>,
}

/// The registry that stands for the public one; else why there is none that can be asked.
pub(super) fn registry() -> Result<Named, String> {
    let user = || Some(Var::UserHome.absolute_path()?.join(".cargo"));
    let folder = Var::CargoHome.path().or_else(user);
    let file = |names: [&str; 2]| {
        let folder = folder.as_ref()?;
        let mut paths = names.iter().map(|name| folder.join(name));
        paths.find_map(|path| read(&path))
    };
    let config = file(["config.toml", "config"]).unwrap_or_default();
    let credentials = file(["credentials.toml", "credentials"]).unwrap_or_default();
    find(&config, &credentials, &Var::of_cargo)
}

/// The same, of settings that were read. `variable` gives what cargo's variable of that name says.
fn find(
    config: &Value,
    credentials: &Value,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Named, String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let of = |group: &str, name: &str, key: &str| {
        let said = variable(&format!("{group}_{name}_{key}"));
        said.or_else(|| text(&config[group][name][key]))
    };
    let default = variable("registry_default").or_else(|| text(&config["registry"]["default"]));
    let replaced = |name: &str| of("source", name, "replace-with");
    let Some(mut name) = replaced(PUBLIC).or(default) else {
        return Err("cargo's settings name no other registry".to_owned());
    };
    for _ in 0..MOST_REPLACED {
        if let Some(next) = replaced(&name) {
            name = next;
            continue;
        }
        let index = of("registries", &name, "index").or_else(|| of("source", &name, "registry"));
        let Some(index) = index else {
            return Err(format!("cargo's settings do not say where `{name}` is"));
        };
        let Some(index) = address(&index) else {
            return Err(format!("`{name}` of cargo's settings is no sparse index"));
        };
        let token = variable(&format!("registries_{name}_token"));
        return Ok(Named {
            index,
            token: token.or_else(|| text(&credentials["registries"][&name]["token"])),
        });
    }
    Err("cargo's settings replace registries in a circle".to_owned())
}

/// The address of an index, if it is one that is asked file by file.
fn address(index: &str) -> Option<String> {
    let url = index.strip_prefix("sparse+")?;
    let is_remote = url.starts_with("https://") || url.starts_with("http://");
    is_remote.then(|| url.to_owned())
}

fn read(path: &PathBuf) -> Option<Value> {
    let is_small = |path: &Path| {
        std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= LARGEST)
    };
    let text = is_small(path).then(|| std::fs::read_to_string(path).ok())?;
    // A file that is not understood says nothing: cargo complains of it itself.
    toml_as_json(&text?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(config: &str, variables: &[(&str, &str)]) -> Result<Named, String> {
        let config = toml_as_json(config).unwrap();
        let credentials = toml_as_json("[registries.ours]\ntoken = \"t0k\"\n").unwrap();
        find(&config, &credentials, &|name| {
            let mut all = variables.iter();
            Some(all.find(|(known, _)| *known == name)?.1.to_owned())
        })
    }

    #[test]
    fn the_registry_is_the_one_that_cargo_asks() {
        for (config, variables, index) in [
            (
                "[source.crates-io]\nreplace-with = \"m\"\n[source.m]\nregistry = \"sparse+https://m.example.org/i/\"",
                &[][..],
                "https://m.example.org/i/",
            ),
            (
                "[source.crates-io]\nreplace-with = \"a\"\n[source.a]\nreplace-with = \"ours\"\n[registries.ours]\nindex = \"sparse+https://o.example.org/\"",
                &[],
                "https://o.example.org/",
            ),
            (
                "[registry]\ndefault = \"ours\"",
                &[("registries_ours_index", "sparse+https://v.example.org/")],
                "https://v.example.org/",
            ),
        ] {
            assert_eq!(found(config, variables).unwrap().index, index);
        }
        let ours = "[registry]\ndefault = \"ours\"\n[registries.ours]\nindex = \"sparse+https://o.example.org/\"";
        assert_eq!(found(ours, &[]).unwrap().token.as_deref(), Some("t0k"));
        let other = [("registries_ours_token", "other")];
        assert_eq!(found(ours, &other).unwrap().token.as_deref(), Some("other"));
    }

    #[test]
    fn where_none_can_be_asked_it_is_said_why() {
        for (config, why) in [
            ("", "no other registry"),
            ("[source.crates-io]\nreplace-with = \"m\"", "where `m` is"),
            (
                "[source.crates-io]\nreplace-with = \"m\"\n[source.m]\nregistry = \"https://git.example.org/i\"",
                "no sparse index",
            ),
            (
                "[source.crates-io]\nreplace-with = \"a\"\n[source.a]\nreplace-with = \"a\"",
                "circle",
            ),
            ("source = 1\nregistry = []", "no other registry"),
        ] {
            let found = found(config, &[]).unwrap_err();
            assert!(found.contains(why), "{config}: {found}");
        }
    }
}
