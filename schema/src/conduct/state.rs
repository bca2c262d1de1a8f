//! Folders whose content is kept with each generation that used it.

use serde::Deserialize;
use serde::Serialize;

use crate::name::ServiceName;

/// One folder of data that programs change while they run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StateFolder {
    /// Where it is: absolute, `~/` for the home folder, or below the target folder.
    pub path: String,
    /// The services that use it: it is copied at a switch that touches one of them. None: at every switch.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub services: Vec<ServiceName>,
}
