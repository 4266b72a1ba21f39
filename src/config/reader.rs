//! Reads single settings by their shape, and collects every problem so that a build reports all of them at once.

use super::env_vars::Variable;
use super::problems::ConfigProblem;
use super::setting::{Setting, parse_flag};
use super::sources::Sources;
use std::path::PathBuf;
use std::str::FromStr;

pub(super) struct Reader<'a> {
    pub(super) sources: &'a Sources<'a>,
    pub(super) problems: Vec<ConfigProblem>,
}

impl Sources<'_> {
    /// Matches a setting against its choices, in any case.
    pub(super) fn choice<T: Copy>(
        &self,
        name: &Variable,
        choices: &[(&'static str, T)],
    ) -> Result<Option<T>, ConfigProblem> {
        let Some(setting) = self.text(name) else {
            return Ok(None);
        };
        let is_chosen = |(choice, _): &&(&str, T)| setting.value.eq_ignore_ascii_case(choice);
        match choices.iter().find(is_chosen) {
            Some((_, value)) => Ok(Some(*value)),
            None => Err(ConfigProblem::Choice {
                name: name.name,
                setting,
                choices: choices.iter().map(|(choice, _)| *choice).collect(),
            }),
        }
    }

    /// Reads a flag. `None` if it is off or not set.
    pub(super) fn flag(&self, name: &Variable) -> Result<Option<Setting<()>>, ConfigProblem> {
        let Some(setting) = self.text(name) else {
            return Ok(None);
        };
        match parse_flag(&setting.value) {
            Some(is_on) => Ok(is_on.then(|| setting.map(drop))),
            None => Err(ConfigProblem::Choice {
                name: name.name,
                setting,
                choices: vec!["1", "0"],
            }),
        }
    }
}

impl Reader<'_> {
    pub(super) fn accept<T>(&mut self, read: Result<T, ConfigProblem>) -> Option<T> {
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

    pub(super) fn choice<T: Copy + Default>(
        &mut self,
        name: &Variable,
        choices: &[(&'static str, T)],
    ) -> T {
        self.chosen(name, choices).unwrap_or_default()
    }

    pub(super) fn chosen<T: Copy>(
        &mut self,
        name: &Variable,
        choices: &[(&'static str, T)],
    ) -> Option<T> {
        self.accept(self.sources.choice(name, choices)).flatten()
    }

    pub(super) fn flag(&mut self, name: &Variable) -> Option<Setting<()>> {
        self.accept(self.sources.flag(name)).flatten()
    }
}
