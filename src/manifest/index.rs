//! Reads an index of tools, which is YAML as a manifest is.

use std::sync::Arc;

use dgmo_schema::manifest::Index;
use dgmo_schema::manifest::Problem;
use dgmo_schema::manifest::SourceText;

use super::load::not_text;
use super::yaml;

/// The index that `bytes` are, shown to people as `shown`.
pub fn read_index(shown: &str, bytes: &[u8]) -> Result<Index, Vec<Problem>> {
    let text =
        std::str::from_utf8(bytes).map_err(|it| vec![not_text(shown, bytes, it.valid_up_to())])?;
    let source = Arc::new(SourceText::new(shown, text));
    let root = yaml::parse(&source)?;
    match dgmo_schema::manifest::read_index(source, &root) {
        (index, problems) if problems.is_empty() => Ok(index),
        (_, problems) => Err(problems),
    }
}
