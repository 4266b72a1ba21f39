//! Reads single settings by their shape, and collects every problem so that a build reports all of them at once.

use super::env_vars::Variable;
use super::setting::{Choices, FLAGS, choose};
use super::{ConfigProblem, ConfigResult, Origin, Setting, Sources};
use std::path::PathBuf;
use std::str::FromStr;

pub(super) struct Reader<'a> {
    pub(super) sources: &'a Sources<'a>,
    pub(super) problems: Vec<ConfigProblem>,
}

impl Sources<'_> {
    pub(super) fn choice<T: Copy>(
        &self,
        name: &Variable,
        choices: Choices<T>,
    ) -> ConfigResult<Option<Setting<T>>> {
        let Some(setting) = self.text(name) else {
            return Ok(None);
        };
        if let Some(value) = choose(&setting.value, choices) {
            return Ok(Some(setting.map(|_| value)));
        }
        let choices = choices.iter().map(|(choice, _)| *choice).collect();
        Err(ConfigProblem::Choice(name.name, setting, choices))
    }

    /// Says who has set a flag. `None` if it is off or not set.
    pub(super) fn flag(&self, name: &Variable) -> ConfigResult<Option<Origin>> {
        let flag = self.choice(name, FLAGS)?.filter(|flag| flag.value);
        Ok(flag.map(|flag| flag.origin))
    }
}

impl Reader<'_> {
    pub(super) fn accept<T>(&mut self, read: ConfigResult<T>) -> Option<T> {
        read.map_err(|problem| self.problems.push(problem)).ok()
    }

    pub(super) fn text(&self, name: &Variable) -> Option<String> {
        self.sources.value(name)
    }

    pub(super) fn path(&self, name: &Variable) -> Option<Setting<PathBuf>> {
        Some(self.sources.text(name)?.map(PathBuf::from))
    }

    pub(super) fn parse<T: FromStr>(
        &mut self,
        name: &Variable,
        problem: impl FnOnce(Setting<String>, T::Err) -> ConfigProblem,
    ) -> Option<Setting<T>> {
        let setting = self.sources.text(name)?;
        let parsed = setting.value.parse();
        self.accept(match parsed {
            Ok(value) => Ok(setting.map(|_| value)),
            Err(error) => Err(problem(setting, error)),
        })
    }

    pub(super) fn choice<T: Copy + Default>(&mut self, name: &Variable, all: Choices<T>) -> T {
        self.chosen(name, all).unwrap_or_default()
    }

    pub(super) fn chosen<T: Copy>(&mut self, name: &Variable, all: Choices<T>) -> Option<T> {
        let chosen = self.accept(self.sources.choice(name, all))?;
        chosen.map(|setting| setting.value)
    }

    pub(super) fn flag(&mut self, name: &Variable) -> Option<Origin> {
        self.accept(self.sources.flag(name)).flatten()
    }
}
