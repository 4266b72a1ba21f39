//! Asks the apps of a project where their links lead, as the image will have them.

use super::PhoenixError;
use super::app_build::compile_env;
use super::app_pages::AppPages;
use super::cache_manifest::CacheManifest;
use super::digest::read_manifest;
use super::event::PhoenixEvent;
use super::links::LinkVerifier;
use super::probe::{ProbeProblem, ProbeReport, Question, Variant};
use super::probed_links::{FORMS, OWN, Published};
use super::runtime_exs::{with_block, without_block};
use super::sources::read_text;
use crate::command::program_on_path;
use crate::config::env_vars;
use crate::env::ChildEnv;
use fs_err as fs;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

impl LinkVerifier<'_> {
    /// Asks the compiled apps, and replaces what reading found of their links. An app that can't be asked is judged by
    /// reading.
    pub(super) fn ask_apps(&self, apps: &mut [AppPages<'_>]) -> Result<(), PhoenixError> {
        let env = compile_env(self.ctx);
        if program_on_path(&env, &["mix"]).is_none() {
            self.ctx
                .log
                .event(&PhoenixEvent::NotProbed(&ProbeProblem::NoElixir));
            return Ok(());
        }
        // Apps with one configuration are asked at once.
        let mut groups: BTreeMap<PathBuf, Vec<&mut AppPages<'_>>> = BTreeMap::new();
        for pages in apps {
            groups.entry(pages.config.clone()).or_default().push(pages);
        }
        for (config, mut group) in groups {
            match self.ask_group(&config, &group, &env)? {
                Ok(report) => self.take_report(&report, &mut group)?,
                Err(problem) => self.ctx.log.event(&PhoenixEvent::NotProbed(&problem)),
            }
        }
        Ok(())
    }

    fn ask_group(
        &self,
        config: &Path,
        group: &[&mut AppPages<'_>],
        env: &ChildEnv,
    ) -> Result<Result<ProbeReport, ProbeProblem>, PhoenixError> {
        let root = self.ctx.app_dir.join(&self.project.root);
        let mix_env = env.text(env_vars::MIX_ENV.name).unwrap_or("prod");
        let build = match env.text("MIX_BUILD_PATH") {
            Some(path) => root.join(path),
            None => root.join("_build").join(mix_env),
        };
        let build = build.join("lib");
        let mut names: Vec<String> = group.iter().map(|it| it.app.otp_app.clone()).collect();
        if let Some(name) = names
            .iter()
            .find(|name| !build.join(name).join("ebin").is_dir())
        {
            let missing = self.ctx.relative(&build.join(name)).to_owned();
            return Ok(Err(ProbeProblem::NotCompiled(missing)));
        }
        names.extend(self.other_apps(&build)?);
        names.sort();
        names.dedup();

        let existing = |path: PathBuf| path.is_file().then_some(path);
        let runtime_exs = group.iter().find_map(|pages| pages.runtime_exs());
        let own = runtime_exs.as_deref().map(read_text).transpose()?;
        let own = own.map(|script| without_block(&script));
        let url = Some((
            self.target.prefix.url().to_owned(),
            self.target.version.to_string(),
        ));
        let mut variants = vec![
            Variant {
                script: own.clone(),
                url: url.clone(),
            },
            Variant {
                script: own.clone(),
                url: None,
            },
        ];
        if let Some(own) = &own {
            for form in FORMS {
                let targets: Vec<_> = group.iter().flat_map(|it| it.targets_with(form)).collect();
                let script = Some(with_block(own, &targets, None));
                variants.push(Variant {
                    script,
                    url: url.clone(),
                });
            }
        }
        let question = Question {
            build: &build,
            mix_env,
            apps: &names,
            config: existing(config.join("config.exs")),
            runtime_exs,
            variants: &variants,
        };
        let report = question.ask(&root, &self.ctx.scratch, env, self.ctx.interrupt)?;
        Ok(report.and_then(|report| {
            let errors = report
                .answers
                .iter()
                .find_map(|answer| answer.error.clone());
            match errors {
                Some(error) => Err(ProbeProblem::NotEvaluated(error)),
                None => Ok(report),
            }
        }))
    }

    /// Lists the apps of an umbrella, which may also link to static files.
    fn other_apps(&self, build: &Path) -> io::Result<Vec<String>> {
        let folders = self
            .project
            .apps
            .iter()
            .filter(|app| app.folder != self.project.root);
        let Some(umbrella) = folders.filter_map(|app| app.folder.parent()).next() else {
            return Ok(Vec::new());
        };
        let entries = fs::read_dir(self.ctx.app_dir.join(umbrella))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<_>>>()?;
        names.retain(|name| build.join(name).join("ebin").is_dir());
        Ok(names)
    }

    fn take_report(
        &self,
        report: &ProbeReport,
        group: &mut [&mut AppPages<'_>],
    ) -> Result<(), PhoenixError> {
        for pages in group {
            let manifest = read_manifest(&pages.static_dir)?.unwrap_or_default();
            let base = self.base_of(pages);
            let published = self.published(pages, &base, &manifest);
            let probed = published.judge(report);
            if probed.is_some() {
                published.replace_links(report, &mut pages.links);
            }
            pages.probed = probed;
        }
        if !report.unreadable.is_empty() {
            let problem = ProbeProblem::NoDebugInfo(report.unreadable.clone());
            self.ctx.log.event(&PhoenixEvent::NotProbed(&problem));
        }
        let whole = report.links.iter().filter(|link| link.whole).count();
        self.ctx.log.event(&PhoenixEvent::Probed {
            links: whole,
            dynamic: report.links.len() - whole,
            stand_ins: report
                .answers
                .get(OWN)
                .map_or(&[], |answer| &answer.stand_ins),
        });
        Ok(())
    }

    fn published<'b>(
        &'b self,
        pages: &AppPages<'b>,
        base: &'b str,
        manifest: &'b CacheManifest,
    ) -> Published<'b> {
        Published {
            otp_app: &pages.app.otp_app,
            base,
            manifest,
            repository: &self.ctx.app_dir,
            folder: &pages.app.folder,
        }
    }
}
