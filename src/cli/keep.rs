//! The rule for pruning as flags.

use dgmo_schema::manifest::Keep;

/// Keep these, in place of what the manifest says
#[derive(Debug, Clone, clap::Args)]
pub(super) struct KeepArgs {
    /// Keep in place of the manifest's rule: `last=N`, `days=N`, `pinned`, `labelled`, joined by commas
    #[arg(long, value_name = "RULE", value_parser = parse)]
    keep: Option<Keep>,
}

impl KeepArgs {
    /// The rule, if one was given.
    pub(super) fn rule(&self) -> Option<Keep> {
        self.keep.clone()
    }
}

/// Pins and labels keep unless the rule says otherwise: nobody loses a pinned generation to a typing mistake.
fn parse(text: &str) -> Result<Keep, String> {
    let mut keep = Keep {
        last: 0,
        days: 0,
        pinned: true,
        labelled: true,
    };
    for part in text.split(',').map(str::trim) {
        let (word, value) = part.split_once('=').unwrap_or((part, ""));
        let number = || {
            value
                .parse()
                .map_err(|_| format!("`{part}`: expected a number after `=`"))
        };
        let truth = || match value {
            "" | "true" | "yes" => Ok(true),
            "false" | "no" => Ok(false),
            _ => Err(format!("`{part}`: expected `true` or `false` after `=`")),
        };
        match word {
            "last" => keep.last = number()?,
            "days" => keep.days = number()?,
            "pinned" => keep.pinned = truth()?,
            "labelled" => keep.labelled = truth()?,
            _ => {
                return Err(format!(
                    "`{part}`: expected last=N, days=N, pinned or labelled"
                ));
            }
        }
    }
    Ok(keep)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_is_read_from_one_word() {
        let keep = Keep {
            last: 3,
            days: 7,
            pinned: true,
            labelled: false,
        };
        assert_eq!(parse("last=3, days=7,labelled=false"), Ok(keep));
        for odd in ["", "last", "last=x", "weeks=2", "pinned=maybe"] {
            assert!(parse(odd).is_err(), "{odd}");
        }
    }
}
