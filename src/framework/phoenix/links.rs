//! How pages come to link to the version: what the app reads by itself, else which of the four ways
//! fits it.

use super::PhoenixError;
use super::cache_manifest::CacheManifest;
use super::detect::{Project, WebApp};
use super::elixir::{Source, words};
use super::pages::{
    Built, host_of, missing_code, tell_of_another_host, tell_of_mixed_links, tell_of_no_links,
};
use super::phx_digest::Rules;
use super::reads::{Form, Reads, When, has_key, list};
use super::releases::AssembledRelease;
use super::runtime_exs::{Script, Target, Way, snippet, with_lines, with_pin};
use super::sources::{MANIFEST_KEY, production_config};
use super::templates::{Named, Place, Usage};
use crate::config::Inject;
use crate::config::env_vars::STATIC_ASSETS_VERSION;
use crate::framework::{
    CompileTarget, Edit, FallbackSwitch, Injection, Links, NotFollowing, VersionVariable,
};
use crate::fs::read_file;
use crate::log::Log;
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

/// Why no page would link to the version.
#[derive(Debug)]
pub(crate) enum PhoenixLinkProblem {
    /// `STATIC_ASSETS_INJECT=off`, and nothing reads `STATIC_URL`.
    InjectOff,
    /// The command line changes nothing of an app.
    InjectNowhere,
    /// No `runtime.exs` to follow in, and no manifest that the app reads.
    NoManifest { otp_app: String },
    /// No `runtime.exs`, and links with a host, which no manifest changes.
    NoScript { url: Place },
    /// No helper is used anywhere.
    WrittenByHand { places: Vec<Place> },
    /// None of the scripts and stylesheets that pages ask for was made.
    NotMade { place: Place, path: String },
    /// Nothing uses Phoenix's endpoint.
    NoEndpoint { otp_app: String },
    /// Links with a host, and a public URL that has none.
    NoHost { url: Place },
    /// Links with and without a host, and a port or path that leaves no way for both.
    Mixed { path: Place, url: Place },
}

/// How pages follow, and what `STATIC_URL` can still change at run time.
pub(super) struct Verdict {
    pub(super) links: Links,
    pub(super) injection: Option<Injection>,
    pub(super) switch: FallbackSwitch,
    /// Links that stay on the app's own host.
    pub(super) stays: Option<String>,
}

pub(super) struct Judge<'a> {
    pub(super) repository: &'a Path,
    pub(super) project: &'a Project,
    pub(super) target: &'a CompileTarget,
    pub(super) inject: Inject,
    pub(super) pin: Option<&'a Path>,
}

impl Judge<'_> {
    pub(super) fn judge(&self, built: &[Built<'_>], log: &Log) -> Result<Verdict, PhoenixError> {
        for built in built {
            if let Some(Named { place, path }) = missing_code(built, log) {
                let cause = PhoenixLinkProblem::NotMade {
                    place: place.clone(),
                    path: path.clone(),
                };
                return Err(not_following(cause, String::new()));
            }
        }
        let releases = AssembledRelease::below(&self.repository.join(&self.project.root))?;
        self.warn_of_early_releases(built, &releases, log)?;
        tell_of_another_host(built, &self.target.prefix, log);
        let mut reasons = Vec::new();
        let mut by = VersionVariable::StaticUrl;
        let mut needy = Vec::new();
        for built in built {
            match Reads::of(self.repository, self.project, built.app)? {
                Some(reads) if Self::is_enough(&reads, built, &releases, log) => {
                    if reads.name == STATIC_ASSETS_VERSION {
                        by = VersionVariable::PinnedVersion;
                    }
                    reasons.push(format!("{} reads {}", reads.place, reads.name));
                }
                _ => needy.push(built),
            }
        }
        if needy.is_empty() {
            let injection = self.pinned(built, &releases, log)?;
            return Ok(Verdict {
                links: Links::ByApp {
                    by,
                    because: reasons.join(", "),
                },
                injection,
                switch: FallbackSwitch::StaticUrl,
                stays: None,
            });
        }
        self.needs(&needy, &releases, log)
    }

    /// Before minutes of compiling: what an app does by itself stands in its source, and where nothing may be put
    /// there, nothing will come of it.
    pub(super) fn refuse_early(&self, built: &[Built<'_>]) -> Result<(), PhoenixError> {
        let cause = match self.inject {
            Inject::Auto => return Ok(()),
            Inject::Off => PhoenixLinkProblem::InjectOff,
            Inject::Nowhere => PhoenixLinkProblem::InjectNowhere,
        };
        let mut targets = Vec::new();
        for built in built {
            let reads = Reads::of(self.repository, self.project, built.app)?;
            if reads.is_none_or(|reads| !reads.form.fits(&built.usage)) {
                targets.extend(targets_of(built));
            }
        }
        if targets.is_empty() {
            return Ok(());
        }
        Err(not_following(cause, snippet(&targets)))
    }

    /// Whether what the app does makes its pages follow.
    fn is_enough(
        reads: &Reads,
        built: &Built<'_>,
        releases: &[AssembledRelease],
        log: &Log,
    ) -> bool {
        let Reads {
            name, place, form, ..
        } = reads;
        if reads.when == When::Configuration && !releases.is_empty() {
            log.warning(&format!(
                "{place} reads {name} when a release is built, which is done already: config/runtime.exs is read \
                 at boot."
            ));
            return false;
        }
        if !form.fits(&built.usage) {
            let other = built.usage.paths.first().filter(|_| *form != Form::Path);
            let other = other.or(built.usage.urls.first());
            log.warning(&format!(
                "{place} reads {name}, but its static_url does not fit links like the one at {}.",
                other.map_or_else(String::new, ToString::to_string)
            ));
            return false;
        }
        if *form == Form::Path
            && let Some(url) = built.usage.urls.first()
        {
            log.warning(&format!(
                "{place} reads {name} as a path, so links with a host, like the one at {url}, would have two. Write \
                 them without: ~p\"…\" or static_path(…)."
            ));
        }
        if !built.mount.is_empty() {
            log.warning(&format!(
                "{place} reads {name}: the files of {} are below it in {}, which must be added there.",
                built.app.otp_app, built.mount
            ));
        }
        true
    }

    fn needs(
        &self,
        needy: &[&Built<'_>],
        releases: &[AssembledRelease],
        log: &Log,
    ) -> Result<Verdict, PhoenixError> {
        let targets: Vec<Target> = needy.iter().flat_map(|built| targets_of(built)).collect();
        let snippet = snippet(&targets);
        let failed = |cause| Err(not_following(cause, snippet.clone()));
        match self.inject {
            Inject::Auto => {}
            Inject::Off => return failed(PhoenixLinkProblem::InjectOff),
            Inject::Nowhere => return failed(PhoenixLinkProblem::InjectNowhere),
        }
        for built in needy {
            if let Some(cause) = self.no_way(built)? {
                return failed(cause);
            }
        }
        let mut stays = None;
        for Built { app, usage, .. } in needy {
            match (usage.paths.first(), usage.urls.first()) {
                (Some(path), Some(_)) => {
                    tell_of_mixed_links(usage, log);
                    stays = Some(path.to_string());
                }
                (None, None) => tell_of_no_links(&app.otp_app, log),
                _ => {}
            }
        }

        let mut scripts: Vec<(PathBuf, Script, Vec<Target>)> = Vec::new();
        let mut baked = Vec::new();
        for built in needy {
            let script = self.repository.join(&built.app.config).join("runtime.exs");
            if script.is_file() {
                match scripts.iter_mut().find(|(path, ..)| *path == script) {
                    Some((_, _, targets)) => targets.extend(targets_of(built)),
                    None => scripts.push((script, Script::Runtime, targets_of(built).collect())),
                }
            } else if self.reads_manifest(built.app)? {
                baked.push((*built, built.folder.clone()));
                baked.extend(self.embedded(built.app).map(|copy| (*built, copy)));
            } else {
                let otp_app = built.app.otp_app.clone();
                return failed(PhoenixLinkProblem::NoManifest { otp_app });
            }
        }
        for release in releases {
            match &release.script {
                Some((script, kind)) => {
                    scripts.push((script.clone(), *kind, targets.clone()));
                }
                None => {
                    for built in needy {
                        let folder = release.static_folder(&built.app.otp_app)?;
                        baked.extend(folder.map(|folder| (*built, folder)));
                    }
                }
            }
        }
        if let Some(url) = baked.iter().find_map(|(built, _)| built.usage.urls.first()) {
            return failed(PhoenixLinkProblem::NoScript { url: url.clone() });
        }

        let edited: Vec<String> = scripts
            .iter()
            .map(|(script, ..)| self.shown(script))
            .collect();
        let mut edits = Vec::new();
        for (script, kind, targets) in scripts {
            edits.push(edited_script(script, |script| {
                with_lines(script, kind, &targets, self.pin)
            })?);
        }
        let switch = if baked.is_empty() {
            FallbackSwitch::StaticUrl
        } else {
            log.warning(
                "without config/runtime.exs the URL becomes part of the image: STATIC_URL has no effect at run \
                 time, and LiveView reloads its pages with each version (static_changed?).",
            );
            FallbackSwitch::None
        };
        for (built, folder) in baked {
            edits.extend(self.rewritten(built, &folder)?);
        }
        Ok(Verdict {
            links: Links::ByInjection {
                because: because(&edited),
                snippet,
            },
            injection: Some(Injection {
                edits,
                ..Injection::default()
            }),
            switch,
            stays,
        })
    }

    /// Loads the pin into an app that follows by itself, for a process whose entrypoint is replaced.
    fn pinned(
        &self,
        built: &[Built<'_>],
        releases: &[AssembledRelease],
        log: &Log,
    ) -> io::Result<Option<Injection>> {
        let Some(pin) = self.pin.filter(|_| self.inject == Inject::Auto) else {
            return Ok(None);
        };
        let own = built
            .iter()
            .map(|built| self.repository.join(&built.app.config).join("runtime.exs"))
            .filter(|script| script.is_file());
        let assembled = releases
            .iter()
            .filter_map(|release| release.script.as_ref());
        let scripts: BTreeSet<PathBuf> =
            own.chain(assembled.map(|(path, _)| path.clone())).collect();
        if scripts.is_empty() {
            log.warning(
                "without config/runtime.exs a process whose ENTRYPOINT is replaced finds no pin. Start it by: \
                 static-assets exec -- COMMAND",
            );
            return Ok(None);
        }
        let edits = scripts
            .into_iter()
            .map(|path| edited_script(path, |script| with_pin(script, pin)));
        Ok(Some(Injection {
            edits: edits.collect::<io::Result<_>>()?,
            ..Injection::default()
        }))
    }

    /// Why no line of a configuration can make an app follow.
    fn no_way(&self, built: &Built<'_>) -> io::Result<Option<PhoenixLinkProblem>> {
        let Usage {
            paths,
            urls,
            fixed_code,
            ..
        } = &built.usage;
        if paths.is_empty() && urls.is_empty() && !fixed_code.is_empty() {
            let places = fixed_code.clone();
            return Ok(Some(PhoenixLinkProblem::WrittenByHand { places }));
        }
        if built.app.endpoints.is_empty() {
            let otp_app = built.app.otp_app.clone();
            return Ok(Some(PhoenixLinkProblem::NoEndpoint { otp_app }));
        }
        let Some(url) = urls.first().cloned() else {
            return Ok(None);
        };
        let Some(host) = host_of(&self.target.prefix) else {
            return Ok(Some(PhoenixLinkProblem::NoHost { url }));
        };
        if let Some(path) = paths.first().cloned()
            && (host.contains(':') || self.has_path_of_its_own(built.app)?)
        {
            return Ok(Some(PhoenixLinkProblem::Mixed { path, url }));
        }
        Ok(None)
    }

    /// `url: [path: "/shop"]`: an app that is not at the top of its host.
    fn has_path_of_its_own(&self, app: &WebApp) -> io::Result<bool> {
        for file in production_config(&self.repository.join(&app.config)) {
            let Source { bare, .. } = Source::read(&file)?;
            let has_path = |at: usize| list(&bare[at..]).is_some_and(|list| has_key(list, "path:"));
            if words(&bare, "url:").any(|at| has_path(at + "url:".len())) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn reads_manifest(&self, app: &WebApp) -> io::Result<bool> {
        for file in production_config(&self.repository.join(&app.config)) {
            if words(&Source::read(&file)?.bare, MANIFEST_KEY)
                .next()
                .is_some()
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The manifest whose keys give the published URL.
    fn rewritten(&self, built: &Built<'_>, folder: &Path) -> io::Result<Option<Edit>> {
        let path = folder.join(CacheManifest::NAME);
        let Some(manifest) = CacheManifest::read(&path)? else {
            return Ok(None);
        };
        let url = format!("{}{}", self.target.prefix.url(), built.mount);
        Ok(Some(Edit {
            path,
            content: manifest
                .below(&url)
                .render(Rules::of(built.app.version).form())
                .into_bytes(),
        }))
    }

    /// With `build_embedded`, Mix copies `priv`; else `_build` links to it.
    fn embedded(&self, app: &WebApp) -> Option<PathBuf> {
        let build = self
            .repository
            .join(&self.project.root)
            .join("_build/prod/lib");
        let copy = build.join(&app.otp_app).join("priv");
        (copy.is_dir() && !copy.is_symlink()).then(|| copy.join("static"))
    }

    fn warn_of_early_releases(
        &self,
        built: &[Built<'_>],
        releases: &[AssembledRelease],
        log: &Log,
    ) -> io::Result<()> {
        for release in releases {
            for built in built {
                let Some(folder) = release.static_folder(&built.app.otp_app)? else {
                    continue;
                };
                // One that can't be read is not the one of these assets.
                let latest = |folder: &Path| {
                    let manifest = CacheManifest::read(&folder.join(CacheManifest::NAME));
                    manifest.ok().flatten().map(|manifest| manifest.latest)
                };
                if latest(&folder) != latest(&built.folder) {
                    log.warning(&format!(
                        "the release {} was built before these assets, so it does not know their names. Build \
                         it after this step: with release=true of the Elixir buildpack, set release=false and \
                         add a buildpack for the release after this one.",
                        self.shown(&release.folder)
                    ));
                }
            }
        }
        Ok(())
    }

    fn below(&self, path: &Path) -> PathBuf {
        path.strip_prefix(self.repository)
            .unwrap_or(path)
            .to_owned()
    }

    fn shown(&self, path: &Path) -> String {
        self.below(path).display().to_string()
    }
}

fn edited_script(path: PathBuf, edit: impl FnOnce(&str) -> String) -> io::Result<Edit> {
    let script = read_file(&path)?;
    let content = edit(&String::from_utf8_lossy(&script)).into_bytes();
    Ok(Edit { path, content })
}

fn not_following(why: PhoenixLinkProblem, snippet: String) -> PhoenixError {
    PhoenixError::NotFollowing(Box::new(NotFollowing { why, snippet }))
}

fn because(edited: &[String]) -> String {
    if edited.is_empty() {
        "nothing reads STATIC_URL and there is no config/runtime.exs, so the keys of \
         cache_manifest.json in the image lead to the version"
            .to_owned()
    } else {
        format!(
            "nothing makes the pages follow STATIC_URL, so lines at the end of the image's {} do; your \
             repository is untouched",
            edited.join(" and ")
        )
    }
}

fn targets_of<'a>(built: &'a Built<'_>) -> impl Iterator<Item = Target> + 'a {
    let Usage { paths, urls, .. } = &built.usage;
    let way = match (paths.is_empty(), urls.is_empty()) {
        (_, true) => Way::Path,
        (true, false) => Way::Address,
        (false, false) => Way::Host,
    };
    let mount = match built.mount.trim_end_matches('/') {
        "" => String::new(),
        mount => format!("/{mount}"),
    };
    built.app.endpoints.iter().map(move |endpoint| Target {
        otp_app: endpoint.otp_app.clone(),
        module: endpoint.module.clone(),
        way,
        mount: mount.clone(),
    })
}
