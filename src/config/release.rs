//! The settings that name a release: its version, its group and its label.

use super::{ConfigProblem, Reader, Setting, env_vars};
use crate::version::{ParseVersionError, Version};

impl Reader<'_> {
    pub(super) fn version(&mut self) -> Option<Setting<Version>> {
        self.parse(&env_vars::RELEASE_VERSION, |setting, ParseVersionError| {
            ConfigProblem::Version(setting)
        })
    }

    /// A group is one segment of a key, so a version's rule holds for it.
    pub(super) fn group(&mut self) -> String {
        let group: Option<Setting<Version>> = self
            .parse(&env_vars::GROUP, |setting, ParseVersionError| {
                ConfigProblem::Group(setting)
            });
        group.map_or_else(|| "default".to_owned(), |group| group.value.to_string())
    }
}

/// Cuts a label to one line. It goes into the log and the store as it is.
pub(super) fn one_word(text: &str) -> String {
    const LONGEST: usize = 100;
    text.chars()
        .take_while(|letter| !letter.is_control())
        .take(LONGEST)
        .collect()
}
