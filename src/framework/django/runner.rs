//! The child processes of a compile: the runner, and the commands of the user's.

use super::DjangoError;
use super::detect::{Entry, server_settings};
use super::failure::diagnose;
use super::report::Report;
use crate::command::{Command, Finished};
use crate::config::env_vars::{self, STATIC_ASSETS_VERSION, STATIC_URL};
use crate::config::{DjangoSettings, Origin};
use crate::context::{BuildContext, HookPlace};
use crate::env::ChildEnv;
use crate::framework::CompileTarget;
use crate::fs::files_below;
use crate::log::Log;
use fs_err as fs;
use serde::Serialize;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

pub(super) const HOOK: &str = include_str!("python/hook.py");
const SITECUSTOMIZE: &str = include_str!("python/sitecustomize.py");
const RUNNER: &str = include_str!("python/runner.py");
const ATTACH: &str = include_str!("python/attach.py");

/// Where the hook lies at launch, and what it finds from there.
#[derive(Clone, Debug)]
pub(super) struct HookFolder {
    pub(super) at: PathBuf,
    /// Of a `STATIC_ROOT` that is not in the image otherwise.
    pub(super) beside: &'static str,
}

pub(super) struct Runner<'a> {
    entry: &'a Entry,
    pub(super) python: PathBuf,
    ctx: &'a BuildContext<'a>,
    settings: &'a DjangoSettings,
    pub(super) env: ChildEnv,
    settings_origin: String,
}

/// What `python/runner.py` reads.
#[derive(Serialize)]
struct Request<'a> {
    manage: Option<PathBuf>,
    into: PathBuf,
    /// Unset where nothing is published: the app's own settings stand.
    url: Option<&'a str>,
    version: Option<&'a str>,
    report: PathBuf,
    /// Where the hook for the launch is written, where it will be then, and what it then finds from there.
    inject: PathBuf,
    inject_at: PathBuf,
    folder_beside_hook: &'a str,
    pin: Option<&'a Path>,
    app: &'a Path,
}

impl<'a> Runner<'a> {
    pub(super) fn new(
        entry: &'a Entry,
        python: PathBuf,
        ctx: &'a BuildContext<'a>,
        settings: &'a DjangoSettings,
        log: &Log,
    ) -> Result<Self, DjangoError> {
        let mut env = ctx.env.clone().with("PYTHONDONTWRITEBYTECODE", "1");
        for (name, value) in &settings.build_env {
            env = env.with(name, value);
        }
        let mut settings_origin = match &settings.settings_module {
            Some(module) => format!(
                " ({}{})",
                env_vars::DJANGO_SETTINGS_MODULE.name,
                match module.origin {
                    Origin::Platform => " of the platform",
                    Origin::ConfigVar => ", a config var",
                    _ => "",
                }
            ),
            None => String::new(),
        };
        let is_config_var = settings
            .settings_module
            .as_ref()
            .is_some_and(|module| module.origin == Origin::ConfigVar);
        if let Entry::ManagePy(manage_py) = entry
            && let Some(server) = server_settings(&ctx.app_dir, manage_py)?
        {
            match env.text(env_vars::DJANGO_SETTINGS_MODULE.name) {
                // Dynos have it, too.
                Some(_) if is_config_var => {}
                Some(chosen) if chosen != server.module => log.warning(&format!(
                    "{} runs with {} unless {} is set for the running app, too: it is {chosen} for the \
                     build.",
                    server.file.display(),
                    server.module,
                    env_vars::DJANGO_SETTINGS_MODULE.name,
                )),
                None if server.module != server.manage_py => {
                    log.warning(&format!(
                        "{} runs with {}, {} with {}: collecting with the server's. To choose:\n\
                         {}={}",
                        manage_py.display(),
                        server.manage_py,
                        server.file.display(),
                        server.module,
                        env_vars::DJANGO_SETTINGS_MODULE.name,
                        server.module,
                    ));
                    settings_origin = format!(" ({})", server.file.display());
                    env = env.with(env_vars::DJANGO_SETTINGS_MODULE.name, server.module);
                }
                Some(_) | None => {}
            }
        }
        Ok(Self {
            entry,
            python,
            ctx,
            settings,
            env,
            settings_origin,
        })
    }

    pub(super) fn settings_origin(&self) -> &str {
        &self.settings_origin
    }

    /// Where the files are collected: outside of the app, so that no file of an earlier build stays.
    pub(super) fn collected(&self) -> PathBuf {
        self.ctx.scratch.join("collected")
    }

    /// Where the runner leaves the hook for the launch.
    pub(super) fn hook(&self) -> PathBuf {
        self.ctx.scratch.join("inject")
    }

    pub(super) fn collected_files(&self) -> io::Result<usize> {
        Ok(files_below(&self.collected())?.len())
    }

    /// A command of the user's with its setting's text, where it is set.
    pub(super) fn shell(&self, setting: &env_vars::Variable) -> Option<(&str, Command<'_>)> {
        let line = match setting.name {
            name if name == env_vars::BEFORE_COLLECT.name => &self.settings.before_collect,
            name if name == env_vars::AFTER_COLLECT.name => &self.settings.after_collect,
            _ => &self.settings.collect_command,
        };
        let line = line.as_deref()?;
        Some((line, Command::shell(line, &self.ctx.app_dir, &self.env)))
    }

    /// The app's own collectstatic, redirected, in one start.
    pub(super) fn collect(
        &self,
        target: Option<&CompileTarget>,
        hook: &HookFolder,
        ctx: &BuildContext<'_>,
    ) -> Result<(Report, Duration), DjangoError> {
        let report = self.ctx.scratch.join("report.json");
        let request = self.write_request(target, hook, &report)?;
        let mut env = self.env.clone();
        if let Some(target) = target {
            env = env
                .with(STATIC_URL, target.prefix.url())
                .with(STATIC_ASSETS_VERSION, target.version.as_str())
                .with(env_vars::RELEASE_VERSION.name, target.version.as_str());
        }
        let python = self.ctx.scratch.join("python");
        let finished = if let Some(line) = &self.settings.collect_command {
            ctx.log.bullet(&format!(
                "Running {line} ({})",
                env_vars::COLLECT_COMMAND.name
            ));
            write_files(&python, &[("sitecustomize.py", ATTACH)])?;
            let env = env
                .with("STATIC_ASSETS_RUNNER_REQUEST", &request)
                .with_first("PYTHONPATH", python.as_os_str());
            Command::shell(line, &self.ctx.app_dir, &env).run(ctx.interrupt)?
        } else {
            Command::new(&self.python, &self.ctx.app_dir, &env)
                .argument(python.join("runner.py"))
                .argument(&request)
                .run(ctx.interrupt)?
        };
        let duration = finished.duration;
        let report = self.read_report(&report, finished)?;
        Ok((report, duration))
    }

    fn write_request(
        &self,
        target: Option<&CompileTarget>,
        hook: &HookFolder,
        report: &Path,
    ) -> Result<PathBuf, DjangoError> {
        let scratch = &self.ctx.scratch;
        fs::create_dir_all(self.collected())?;
        write_files(
            &scratch.join("python"),
            &[("static_assets_hook.py", HOOK), ("runner.py", RUNNER)],
        )?;
        write_hook(&self.hook())?;
        let request = Request {
            manage: match self.entry {
                Entry::ManagePy(manage_py) => Some(self.ctx.app_dir.join(manage_py)),
                Entry::Module => None,
            },
            into: self.collected(),
            url: target.map(|target| target.prefix.url()),
            version: target.map(|target| target.version.as_str()),
            report: report.to_owned(),
            inject: self.hook(),
            inject_at: hook.at.clone(),
            folder_beside_hook: hook.beside,
            pin: self.ctx.image.hook.pin(),
            app: &self.ctx.app_dir,
        };
        let path = scratch.join("request.json");
        fs::write(
            &path,
            serde_json::to_vec(&request).map_err(DjangoError::Report)?,
        )?;
        Ok(path)
    }

    fn read_report(&self, path: &Path, finished: Finished) -> Result<Report, DjangoError> {
        let report: Option<Report> = match fs::read(path) {
            Ok(json) => Some(serde_json::from_slice(&json).map_err(DjangoError::Report)?),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        match report {
            Some(report) if finished.status.success() && report.collected => Ok(report),
            report => Err(self.failure(report, finished)),
        }
    }

    fn failure(&self, report: Option<Report>, finished: Finished) -> DjangoError {
        if let Some(line) = &self.settings.collect_command
            && report
                .as_ref()
                .is_none_or(|report| report.failure.is_none())
        {
            let (line, output) = (line.clone(), finished.output);
            return if finished.status.success() {
                DjangoError::NothingCollected { line, output }
            } else {
                DjangoError::Command {
                    setting: env_vars::COLLECT_COMMAND.name,
                    line,
                    status: finished.status.code(),
                    output,
                }
            };
        }
        diagnose(self.shown(), report, &finished, self)
    }

    /// As the user would type it: what the runner runs in the place of this is the same command.
    fn shown(&self) -> String {
        match self.entry {
            Entry::ManagePy(manage_py) => {
                format!("python {} collectstatic --noinput", manage_py.display())
            }
            Entry::Module => "python -m django collectstatic --noinput".to_owned(),
        }
    }

    pub(super) fn folder(&self) -> &Path {
        &self.ctx.app_dir
    }

    pub(super) fn scratch(&self) -> &Path {
        &self.ctx.scratch
    }

    pub(super) fn hook_place(&self) -> &HookPlace {
        &self.ctx.image.hook
    }

    pub(super) fn injected(&self) -> &Path {
        &self.ctx.image.injected
    }
}

/// <https://packaging.python.org/specifications/entry-points/>: `opentelemetry-instrument` puts a
/// `sitecustomize` of its own before ours and loads no other, but it calls this entry point.
const DIST_INFO: &str = "static_assets_inject-1.0.dist-info";
const METADATA: &str = "Metadata-Version: 2.1\nName: static-assets-inject\nVersion: 1.0\n";
const ENTRY_POINTS: &str =
    "[opentelemetry_pre_instrument]\nstatic_assets = static_assets_hook:install\n";

pub(super) fn write_hook(folder: &Path) -> io::Result<()> {
    write_files(
        folder,
        &[
            ("sitecustomize.py", SITECUSTOMIZE),
            ("static_assets_hook.py", HOOK),
        ],
    )?;
    write_files(
        &folder.join(DIST_INFO),
        &[("METADATA", METADATA), ("entry_points.txt", ENTRY_POINTS)],
    )
}

fn write_files(folder: &Path, files: &[(&str, &str)]) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    files
        .iter()
        .try_for_each(|(name, text)| fs::write(folder.join(name), text))
}
