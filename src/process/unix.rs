//! What only Unix knows of a process.

use std::os::unix::process::CommandExt;
use std::process::Command;

/// A group of its own: Ctrl-C at our terminal is not meant for it.
pub(super) fn leave_the_terminal(command: &mut Command) {
    command.process_group(0);
}
