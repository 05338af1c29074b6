use std::env;
use std::path::PathBuf;

use crate::step::Failure;

/// Returns the folder that holds the workspace, so that commands work from any folder inside it.
pub(crate) fn root() -> Result<PathBuf, Failure> {
    let package = env::var_os("CARGO_MANIFEST_DIR").ok_or(Failure::NotUnderCargo)?;
    PathBuf::from(package).parent().map(PathBuf::from).ok_or(Failure::NotUnderCargo)
}

/// Returns the folder for what is built, as cargo chooses it.
pub(crate) fn target() -> Result<PathBuf, Failure> {
    match env::var_os("CARGO_TARGET_DIR") {
        Some(folder) => Ok(root()?.join(folder)),
        None => Ok(root()?.join("target")),
    }
}
