//! The program that a launcher runs before it starts a process:
//! <https://github.com/buildpacks/spec/blob/main/buildpack.md#execd>.

use crate::config::env_vars::{PUBLIC_URL, STATIC_ASSETS_VERSION, STATIC_URL};
use crate::env::{Env, own_program};
use crate::launch::pin;
use fs_err as fs;
use libcnb::data::exec_d_program_output_key;
use std::collections::HashMap;

/// The name under which the launcher calls this program.
pub(crate) const REBASE: &str = "static-assets-rebase";

/// Puts a public URL that is given at run time in place of the pinned one, unless an operator has set `STATIC_URL`.
///
/// The process starts whatever is wrong here.
pub(crate) fn rebase() {
    let env = Env::of_process();
    let version = env.text(STATIC_ASSETS_VERSION);
    let base = env.text(PUBLIC_URL.name);
    let current = env.text(STATIC_URL);
    if let (Some(version), Some(base), Some(current)) = (version, base, current)
        && current == pinned_url().unwrap_or_default()
        && let Ok(version) = version.parse()
        && let Some(url) = pin::rebased(base, &version)
    {
        let key = exec_d_program_output_key!("STATIC_URL");
        libcnb::exec_d::write_exec_d_program_output(HashMap::from([(key, url)]));
    }
}

/// Reads the URL from the layer that sets the variables.
fn pinned_url() -> Option<String> {
    let layers = own_program()?.ancestors().nth(3)?.to_owned();
    let file = format!("env/env.launch/{STATIC_URL}.default");
    fs::read_to_string(layers.join(file)).ok()
}
