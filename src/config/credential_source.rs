//! The one source of a provider's credentials: a service binding, or else variables. The three providers share it.

use super::access::Ambient;
use super::bindings::Binding;
use super::env_vars::Variable;
use super::server_url::ServerUrl;
use super::{ConfigProblem, ConfigResult, Origin, Setting, Sources};
use std::io;
use std::path::PathBuf;

pub(super) struct CredentialSource<'a> {
    pub(super) binding: Option<&'a Binding>,
    pub(super) ambient: Ambient,
    pub(super) sources: &'a Sources<'a>,
}

impl CredentialSource<'_> {
    /// Reads an entry of the binding. Without a binding, reads the first of the variables that is set.
    pub(super) fn read(
        &self,
        entry: &[&str],
        variables: &[&Variable],
    ) -> ConfigResult<Option<Setting<String>>> {
        if let Some(binding) = self.binding {
            return Ok(binding.entry(entry));
        }
        let mut variables = variables.iter();
        variables.try_fold(None, |found, name| Ok(found.or(self.sources.given(name)?)))
    }

    pub(super) fn value(&self, name: &Variable) -> Option<String> {
        self.sources.value(name)
    }

    /// Reads the path of a file whose content requests read. A pipe would never end.
    pub(super) fn file(&self, name: &Variable) -> ConfigResult<Option<PathBuf>> {
        let Some(path) = self.value(name) else {
            return Ok(None);
        };
        let error = match fs_err::metadata(&path) {
            Ok(metadata) if metadata.is_file() => return Ok(Some(path.into())),
            Ok(_) => io::Error::other("not a file"),
            // The error does not repeat the path. It may be the token itself, given by mistake.
            Err(error) => error.kind().into(),
        };
        Err(ConfigProblem::Unreadable(name.name.to_owned(), error))
    }

    pub(super) fn endpoint(&self, variable: Option<&Variable>) -> Option<ServerUrl> {
        match self.binding {
            Some(binding) => ServerUrl::of_binding(binding),
            None => ServerUrl::of_variable(variable?, self.sources),
        }
    }

    /// Names the source. `family` stands for the variables.
    pub(super) fn origin(&self, family: &'static str) -> Origin {
        self.binding
            .map_or(Origin::Variables(family), Binding::origin)
    }

    /// Refuses a setting of ours beside keys of another source. It would be ignored, or send keys to the wrong server.
    pub(super) fn refuse_beside(
        &self,
        keys_from: &Origin,
        setting: &Variable,
        instead: &'static str,
    ) -> ConfigResult<()> {
        if self.sources.text(setting).is_none() {
            return Ok(());
        }
        Err(ConfigProblem::BesideOtherKeys {
            setting: setting.name,
            keys_from: keys_from.clone(),
            instead,
        })
    }
}
