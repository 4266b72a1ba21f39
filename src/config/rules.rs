//! The settings that decide which files may be published, and which values may become public.

use super::env_vars::Variable;
use super::{ConfigProblem, Reader, env_vars};
use crate::manifest::{Allowed, Empty, ParseAllowedError, ScanRules, SourceMaps};
use crate::redaction::Redaction;

/// Their values become part of URLs or of what the store keeps.
const PUBLIC: [&Variable; 7] = [
    &env_vars::STORE,
    &env_vars::PUBLIC_URL,
    &env_vars::APP,
    &env_vars::GROUP,
    &env_vars::RELEASE_VERSION,
    &env_vars::SOURCE_VERSION,
    &env_vars::REVISION,
];

impl Reader<'_> {
    pub(super) fn rules(&mut self) -> ScanRules {
        let allowed = self.parse(&env_vars::ALLOW, |setting, ParseAllowedError(glob)| {
            ConfigProblem::Allow(setting.map(|_| glob))
        });
        ScanRules {
            allowed: allowed.map_or_else(Allowed::default, |allowed| allowed.value),
            empty: match self.flag(&env_vars::ALLOW_EMPTY) {
                Some(_) => Empty::Allowed,
                None => Empty::Refused,
            },
            source_maps: self.choice(
                &env_vars::SOURCE_MAPS,
                &[
                    ("publish", SourceMaps::Publish),
                    ("exclude", SourceMaps::Exclude),
                ],
            ),
            secrets: self.sources.secrets().in_assets(),
            ..ScanRules::default()
        }
    }

    /// Finds secrets that were given under the wrong name.
    pub(super) fn refuse_secrets(&mut self, secrets: &Redaction) {
        for name in PUBLIC {
            let value = self.text(name);
            if value.is_some_and(|value| secrets.occurs_in(value.as_bytes())) {
                self.problems.push(ConfigProblem::HoldsSecret(name.name));
            }
        }
    }
}
