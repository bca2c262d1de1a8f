//! What is known of the target folder besides what is held and wanted, and what may be done there.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::path::Path;

use dgmo_schema::name::TargetPath;

use super::Footprint;
use super::Image;
use super::Seal;

/// What to do with files of the user that are in the way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InTheWay {
    /// Refuse, naming all of them.
    Refuse,
    /// Give them another name, and that back when dgmo gives the path up.
    SetAside,
    /// Give them the name `NAME.edited`; they are the user's from then on.
    SetAsideEdited,
    /// Delete them.
    Discard,
}

impl InTheWay {
    /// What is added to the name of a file that is set aside.
    pub(super) fn ending(self) -> &'static str {
        match self {
            Self::SetAsideEdited => "edited",
            Self::Discard => "dgmo-gone",
            Self::Refuse | Self::SetAside => "before-dgmo",
        }
    }
}

/// What is known to be in the target folder and may be replaced, though it is not what dgmo put there: it is kept
/// elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// Files and links.
    pub images: BTreeMap<TargetPath, Image>,
    /// Folders with nothing else in them.
    pub folders: BTreeSet<TargetPath>,
    /// What was changed elsewhere and would not change by this plan stays as it is, and is not in the way.
    pub others_stay: bool,
}

/// What else is known of the target folder.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'a> {
    /// What other profiles hold in it, by the profile's name.
    pub others: &'a [(String, Footprint)],
    /// What to do with files in the way.
    pub in_the_way: InTheWay,
    /// The key secrets are known by.
    pub seal: &'a Seal,
    /// What may be replaced because it is kept elsewhere.
    pub known: &'a Known,
}

/// Tells whether what a link at a place leads to is exactly what shall be there.
pub type ShowsTheSame<'a> = dyn Fn(&TargetPath, &Path) -> bool + 'a;
