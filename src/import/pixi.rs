//! `pixi-global.toml`: environments of conda packages, which are bound to the folder they were made in.

use std::path::Path;

use toml::Value;

use super::Found;
use super::ImportError;
use super::mise;
use super::text;

const BOUND: &str = "a conda package works only in the folder pixi made for it, and this version takes programs from a \
                     folder (`path:`) or an address (`url:`) only";

pub(super) fn read(path: &Path, source: &str) -> Result<Found, ImportError> {
    let table = mise::parse(path, source)?;
    let mut found = Found::default();
    for (key, value) in &table {
        match (key.as_str(), value) {
            ("version", _) => {}
            ("envs", Value::Table(envs)) => {
                for (name, env) in envs {
                    environment(&mut found, name, env);
                }
            }
            _ => found.leave(
                text::one_line(&format!("[{key}]")),
                None,
                "dgmo does not know this key of pixi's",
            ),
        }
    }
    Ok(found)
}

fn environment(found: &mut Found, name: &str, env: &Value) {
    let dependencies = env.get("dependencies").and_then(Value::as_table);
    let wanted = dependencies.filter(|dependencies| !dependencies.is_empty());
    let Some(dependencies) = wanted else {
        found.leave(text::one_line(name), None, "it has no packages");
        return;
    };
    for (package, version) in dependencies {
        let version = match version {
            Value::String(version) => version.clone(),
            Value::Table(table) => {
                let version = table.get("version").and_then(Value::as_str);
                version.unwrap_or("*").to_owned()
            }
            _ => "*".to_owned(),
        };
        let what = format!("{package} {version} of the environment {name}");
        found.leave(text::one_line(&what), None, BOUND);
    }
}
