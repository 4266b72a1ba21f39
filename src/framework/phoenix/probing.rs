//! Asks the apps of a project where their links lead, as the image will have them.

use super::PhoenixError;
use super::app_build::compile_env;
use super::app_pages::AppPages;
use super::cache_manifest::CacheManifest;
use super::digest::read_manifest;
use super::event::PhoenixEvent;
use super::links::LinkVerifier;
use super::probe::{ProbeProblem, ProbeReport, Question, Variant};
use super::probed_links::{AppFiles, FORMS, OWN, UNSET};
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
        if !self.can_ask() {
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

    /// Whether there is an Elixir that could ask them.
    pub(super) fn can_ask(&self) -> bool {
        program_on_path(&compile_env(self.ctx), &["mix"]).is_some()
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
        let is_compiled = |name: &String| build.join(name).join("ebin").is_dir();
        let mut names: Vec<String> = group.iter().map(|it| it.app.otp_app.clone()).collect();
        if let Some(name) = names.iter().find(|name| !is_compiled(name)) {
            let missing = self.ctx.relative(&build.join(name)).to_owned();
            return Ok(Err(ProbeProblem::NotCompiled(missing)));
        }
        let mut others = self.other_apps()?;
        others.retain(is_compiled);
        names.extend(others);
        names.sort();
        names.dedup();
        let runtime_exs = group.iter().find_map(|pages| pages.runtime_exs());
        let question = Question {
            build: &build,
            mix_env,
            apps: &names,
            config: Some(config.join("config.exs")).filter(|path| path.is_file()),
            variants: &self.variants(runtime_exs.as_deref(), group)?,
            runtime_exs,
        };
        let report = question.ask(&root, &self.ctx.scratch, env, self.ctx.interrupt)?;
        Ok(report.and_then(|report| {
            let answers = report.answers.iter().enumerate();
            let mut answers = answers.filter(|(number, _)| *number != UNSET);
            match answers.find_map(|(_, answer)| answer.error.clone()) {
                Some(error) => Err(ProbeProblem::NotEvaluated(error)),
                None => Ok(report),
            }
        }))
    }

    /// Lists the states of the image to ask about, in the order of `probed_links`.
    fn variants(
        &self,
        runtime_exs: Option<&Path>,
        group: &[&mut AppPages<'_>],
    ) -> io::Result<Vec<Variant>> {
        let version = self.target.version.to_string();
        let url = Some((self.target.prefix.url().to_owned(), version));
        let own = runtime_exs.map(read_text).transpose()?;
        let script = own.map(|script| without_block(&script));
        let own = Variant {
            url,
            script,
            manifests: Vec::new(),
        };
        let unset = Variant {
            url: None,
            ..own.clone()
        };
        let mut variants = vec![own.clone(), unset];
        if let Some(script) = &own.script {
            for form in FORMS {
                let targets: Vec<_> = group.iter().flat_map(|it| it.targets_with(form)).collect();
                variants.push(Variant {
                    script: Some(with_block(script, &targets, None)),
                    ..own.clone()
                });
            }
        } else {
            let mut manifests = Vec::new();
            for pages in group {
                let edit = self.edit_manifest(pages, &pages.static_dir)?;
                manifests.extend(edit.map(|edit| (pages.app.otp_app.clone(), edit.content)));
            }
            variants.push(Variant { manifests, ..own });
        }
        Ok(variants)
    }

    /// Lists the apps of an umbrella, which may also link to static files.
    fn other_apps(&self) -> io::Result<Vec<String>> {
        let mut apps = self.project.apps.iter();
        let child = apps.find(|app| app.folder != self.project.root);
        let Some(umbrella) = child.and_then(|app| app.folder.parent()) else {
            return Ok(Vec::new());
        };
        let entries = fs::read_dir(self.ctx.app_dir.join(umbrella))?;
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        names.collect()
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
        for failure in report
            .answers
            .iter()
            .take(OWN + 1)
            .flat_map(|it| &it.failures)
        {
            let problem = ProbeProblem::NotEvaluated(failure.clone());
            self.ctx.log.event(&PhoenixEvent::NotProbed(&problem));
        }
        if !report.unreadable.is_empty() {
            let problem = ProbeProblem::NoDebugInfo(report.unreadable.clone());
            self.ctx.log.event(&PhoenixEvent::NotProbed(&problem));
        }
        if let Some(error) = report.answers.get(UNSET).and_then(|it| it.error.as_deref()) {
            self.ctx.log.event(&PhoenixEvent::NeedsStaticUrl(error));
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
    ) -> AppFiles<'b> {
        AppFiles {
            otp_app: &pages.app.otp_app,
            base,
            manifest,
            has_script: pages.runtime_exs().is_some(),
            repository: &self.ctx.app_dir,
            folder: &pages.app.folder,
        }
    }
}
