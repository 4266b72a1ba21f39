//! The app's own Python, and the environment in which the build starts it.

use super::detect::DjangoEntry;
use super::error::DjangoError;
use super::event::DjangoEvent;
use super::report::CollectReport;
use super::settings_module::server_settings;
use super::settings_source::SettingsSource;
use crate::command::{Command, CommandError, Finished, program_on_path};
use crate::config::Origin;
use crate::config::env_vars::DJANGO_SETTINGS_MODULE;
use crate::context::BuildContext;
use crate::env::ChildEnv;
use std::path::PathBuf;

pub(super) struct AppPython<'a> {
    pub(super) entry: &'a DjangoEntry,
    pub(super) program: PathBuf,
    pub(super) env: ChildEnv,
    pub(super) settings: SettingsSource,
    pub(super) ctx: &'a BuildContext<'a>,
}

impl<'a> AppPython<'a> {
    pub(super) fn find(
        entry: &'a DjangoEntry,
        ctx: &'a BuildContext<'a>,
    ) -> Result<Self, DjangoError> {
        let Some(program) = program_on_path(&ctx.env, &["python", "python3"]) else {
            let path = ctx.env.text("PATH").unwrap_or_default();
            return Err(DjangoError::NoPython(path.to_owned()));
        };
        let mut env = ctx.env.clone().with("PYTHONDONTWRITEBYTECODE", "1");
        for (name, value) in &ctx.config.framework.django.build_env {
            env = env.with(name, value);
        }
        let mut python = Self {
            entry,
            program,
            env,
            settings: SettingsSource::App,
            ctx,
        };
        python.settings = python.choose_settings()?;
        if let SettingsSource::Server(server) = &python.settings {
            python.env = python.env.with(DJANGO_SETTINGS_MODULE.name, &server.module);
        }
        Ok(python)
    }

    /// The app's Python, in the app's directory.
    pub(super) fn command(&self) -> Command<'_> {
        Command::new(&self.program, &self.ctx.app_dir, &self.env)
    }

    /// Fails if `manage.py` loaded other settings than the server's. Then nothing is known of the server's pages.
    pub(super) fn require_chosen_settings(
        &self,
        report: &CollectReport,
    ) -> Result<(), DjangoError> {
        match (&self.settings, self.entry, &report.settings_module) {
            (SettingsSource::Server(server), DjangoEntry::ManagePy(manage_py), Some(used))
                if server.module != *used =>
            {
                let server = Box::new(server.clone());
                Err(DjangoError::OtherSettings(manage_py.clone(), server))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn run_code(&self, env: &ChildEnv, code: &str) -> Result<Finished, CommandError> {
        Command::new(&self.program, &self.ctx.app_dir, env)
            .argument("-c")
            .argument(code)
            .run(self.ctx.interrupt)
    }

    /// Runs a user's command.
    pub(super) fn run_shell(
        &self,
        env: &ChildEnv,
        setting: &'static str,
        line: &str,
    ) -> Result<Finished, CommandError> {
        self.ctx.log.event(&DjangoEvent::Running(setting, line));
        Command::shell(line, &self.ctx.app_dir, env).run(self.ctx.interrupt)
    }

    /// Prefers the server's settings to those of `manage.py`, unless `DJANGO_SETTINGS_MODULE` chooses for both.
    fn choose_settings(&self) -> Result<SettingsSource, DjangoError> {
        let log = self.ctx.log;
        let setting = self.ctx.config.framework.django.settings_module.as_ref();
        let origin = setting.map(|setting| setting.origin.clone());
        if let DjangoEntry::ManagePy(manage_py) = self.entry
            && let Some(server) = server_settings(self.command(), self.ctx, manage_py)?
        {
            let chosen = self.env.text(DJANGO_SETTINGS_MODULE.name);
            let differs = chosen.unwrap_or(&server.manage_py) != server.module;
            if differs && (chosen.is_none() || server.is_fixed) {
                log.event(&DjangoEvent::ServerSettings(&server, manage_py));
                return Ok(SettingsSource::Server(server));
            }
            // The running app has a config var, too.
            if let Some(chosen) = chosen.filter(|_| differs && origin != Some(Origin::ConfigVar)) {
                log.event(&DjangoEvent::ServerNeedsVariable(&server, chosen));
            }
        }
        Ok(origin.map_or(SettingsSource::App, SettingsSource::Variable))
    }
}
