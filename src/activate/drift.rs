//! What is not as it shall be: drift.

use std::path::Path;

use dgmo_schema::name::TargetPath;

use super::ActivateError;
use super::Desired;
use super::Live;
use super::Seal;

/// What is not as `desired` says, by path.
pub fn drift(
    target: &Path,
    desired: &Desired,
    seal: &Seal,
) -> Result<Vec<(TargetPath, Live)>, ActivateError> {
    let mut drifted = Vec::new();
    for (path, image) in desired {
        let at = target.join(path.as_str());
        let failed = |source| ActivateError::io("look at", &at, source);
        let live = Live::at(&at).map_err(failed)?;
        if !image.is_at(&at, &live, seal).map_err(failed)? {
            drifted.push((path.clone(), live));
        }
    }
    Ok(drifted)
}
