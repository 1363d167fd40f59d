//! Scripts in other languages, for clients that are libraries there: what they print is what the client made of an answer.

use crate::component::{INSTALL, piped, tool};
use std::process::Command;

/// Runs a script of Python with the packages of the tests.
///
/// # Errors
/// What it says as it fails.
pub fn python(script: &str, args: &[&str]) -> Result<String, String> {
    piped(Command::new(tool("venv/bin/python")).args(["-c", script]).args(args), "")
}

/// Runs a script of node with the packages of the tests.
///
/// # Errors
/// What it says as it fails.
///
/// # Panics
/// If the packages are missing, with the command that installs them.
pub fn node(script: &str, args: &[&str]) -> Result<String, String> {
    let packages = tool("npm");
    assert!(packages.exists(), "npm's packages are missing. To install them: {INSTALL}");
    // What a script from the standard input requires is looked for in the current folder.
    piped(Command::new("node").current_dir(packages).arg("-").args(args), script)
}
