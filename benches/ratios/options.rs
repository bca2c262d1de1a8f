//! What can be asked of the benchmarks.

use std::path::PathBuf;

use crate::Result;
use crate::desk::Asked;

/// How it is used.
pub(crate) const HELP: &str = "\
Usage: cargo xtask bench [FILTER…] [OPTIONS]

Runs the rows whose name contains one of the filters, or all. Needs about ten times the bytes of the large corpus on
disk, and deletes all of it at the end.

  --json          one JSON document in place of a table
  --scale N       how much of the large corpus to make: 0.25 unless told, 1 is 56,100 files and 2.74 GB
  --full          the same as --scale 1
  --rounds N      how often quick things are run: 20 unless told; slow ones a sixth as often
  --dgmo FILE     the program to measure, in place of the one cargo has built
  --in FOLDER     work there, in place of a folder of its own below the temporary folder
  --keep          leave what was made: the next run in the same folder need not make it again";

/// What was asked.
#[derive(Debug)]
pub(crate) struct Options {
    pub filters: Vec<String>,
    pub json: bool,
    pub keep: bool,
    pub asked: Asked,
}

impl Options {
    /// Reads the arguments; nothing if help is wanted.
    pub(crate) fn read(words: Vec<String>) -> Result<Option<Self>> {
        let mut options = Self {
            filters: Vec::new(),
            json: false,
            keep: false,
            asked: Asked {
                dgmo: PathBuf::from(env!("CARGO_BIN_EXE_dgmo")),
                folder: std::env::temp_dir().join("dgmo-ratios"),
                scale: 0.25,
                quick: 20,
                slow: 3,
            },
        };
        let mut words = words.into_iter();
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("`{word}` needs a value"));
            match word.as_str() {
                // Cargo says this to every benchmark.
                "--bench" => {}
                "--help" | "-h" => return Ok(None),
                "--json" => options.json = true,
                "--keep" => options.keep = true,
                "--full" => options.asked.scale = 1.0,
                "--scale" => options.asked.scale = value()?.parse()?,
                "--rounds" => {
                    options.asked.quick = value()?.parse()?;
                    options.asked.slow = options.asked.quick.div_ceil(6);
                }
                "--dgmo" => options.asked.dgmo = std::path::absolute(value()?)?,
                "--in" => options.asked.folder = std::path::absolute(value()?)?.join("dgmo-ratios"),
                flag if flag.starts_with('-') => {
                    return Err(format!("there is no option `{flag}`").into());
                }
                _ => options.filters.push(word),
            }
        }
        Ok(Some(options))
    }
}
