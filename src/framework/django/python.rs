//! The app's own Python, and the environment in which the build starts it.

use super::detect::DjangoEntry;
use super::error::DjangoError;
use super::event::DjangoEvent;
use super::settings_module::{SettingsSource, server_settings};
use crate::command::{Command, CommandError, Finished, program_on_path};
use crate::config::Origin;
use crate::config::env_vars::DJANGO_SETTINGS_MODULE;
use crate::context::BuildContext;
use crate::env::ChildEnv;
use std::io;
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
        let settings = choose_settings(entry, &env, ctx)?;
        if let SettingsSource::Server(server) = &settings {
            env = env.with(DJANGO_SETTINGS_MODULE.name, &server.module);
        }
        Ok(Self {
            entry,
            program,
            env,
            settings,
            ctx,
        })
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
}

/// Prefers the server's settings to those of `manage.py`, unless `DJANGO_SETTINGS_MODULE` is set.
fn choose_settings(
    entry: &DjangoEntry,
    env: &ChildEnv,
    ctx: &BuildContext<'_>,
) -> io::Result<SettingsSource> {
    let log = ctx.log;
    let setting = ctx.config.framework.django.settings_module.as_ref();
    let origin = setting.map(|setting| setting.origin.clone());
    if let DjangoEntry::ManagePy(manage_py) = entry
        && let Some(server) = server_settings(&ctx.app_dir, manage_py)?
    {
        match env.text(DJANGO_SETTINGS_MODULE.name) {
            // The running app has a config var, too.
            Some(chosen) if chosen != server.module && origin != Some(Origin::ConfigVar) => {
                log.event(&DjangoEvent::ServerNeedsVariable(&server, chosen));
            }
            None if server.module != server.manage_py => {
                log.event(&DjangoEvent::ServerSettings(&server, manage_py));
                return Ok(SettingsSource::Server(server));
            }
            _ => {}
        }
    }
    Ok(origin.map_or(SettingsSource::App, SettingsSource::Variable))
}
