//! The JSON Schemas that are checked in under `schema/json/`, made from the types.

use schemars::Schema;
use schemars::generate::SchemaSettings;

use crate::lock;
use crate::manifest;

/// Every schema: the name of its file, and its text.
pub fn all() -> Vec<(&'static str, String)> {
    let generator = || SchemaSettings::draft2020_12().into_generator();
    vec![
        (
            "dgmo.schema.json",
            text(&manifest::json_schema(generator())),
        ),
        ("lock.schema.json", text(&lock::json_schema(generator()))),
    ]
}

fn text(schema: &Schema) -> String {
    let mut text = serde_json::to_string_pretty(schema).expect("a schema has only string keys");
    text.push('\n');
    text
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// Run with `UPDATE_SCHEMAS=1` to write them anew.
    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "a test may rewrite a checked-in file when asked to"
    )]
    fn the_schemas_in_the_repository_are_those_of_the_types() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("json");
        let update = std::env::var_os("UPDATE_SCHEMAS").is_some();
        for (name, text) in all() {
            let file = folder.join(name);
            if update {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(&file, &text).unwrap();
            }
            let found = std::fs::read_to_string(&file).unwrap_or_default();
            assert!(
                found == text,
                "{} is not current: run this test with UPDATE_SCHEMAS=1",
                file.display()
            );
        }
    }
}
