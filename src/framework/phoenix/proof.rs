//! How pages come to link to the version: what the app reads by itself, else which of the four ways
//! fits it.

use super::PhoenixError;
use super::cache_manifest::CacheManifest;
use super::elixir::{line_of, without_comments, words};
use super::phx_digest::Rules;
use super::project::{MANIFEST_KEY, Project, WebApp, production_config, read_code, source_files};
use super::releases::AssembledRelease;
use super::runtime_exs::{Script, Target, Way, snippet, with_lines, without_lines};
use super::templates::{Place, Usage};
use crate::config::Inject;
use crate::config::names::{STATIC_ASSETS_VERSION, STATIC_URL};
use crate::framework::{Draft, Edit, Emission, FollowsBy, Injection};
use crate::output::{Log, count};
use fs_err as fs;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// An app whose assets are compiled.
pub(super) struct Built<'a> {
    pub(super) app: &'a WebApp,
    /// Its `priv/static`.
    pub(super) folder: PathBuf,
    /// Empty, or ends with `/`.
    pub(super) mount: String,
    pub(super) usage: Usage,
}

/// Why nobody would link to the version.
#[derive(Debug)]
pub(crate) struct NotFollowing {
    pub(crate) cause: NotFollowingCause,
    pub(crate) snippet: String,
}

#[derive(Debug)]
pub(crate) enum NotFollowingCause {
    /// `STATIC_ASSETS_INJECT=off`, and nothing reads `STATIC_URL`.
    InjectOff,
    /// The command line changes nothing of an app.
    InjectNowhere,
    /// No `runtime.exs` to follow in, and no manifest that the app reads.
    NoManifest { otp_app: String },
    /// No helper is used anywhere.
    WrittenByHand { places: Vec<Place> },
    /// Nothing uses Phoenix's endpoint.
    NoEndpoint { otp_app: String },
}

/// Where the app reads the URL by itself.
struct Reads {
    name: &'static str,
    place: Place,
    when: When,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum When {
    Boot,
    /// When the configuration is evaluated: at boot by Mix, at build by a release.
    Configuration,
}

pub(super) struct Judge<'a> {
    pub(super) repository: &'a Path,
    pub(super) project: &'a Project,
    pub(super) draft: &'a Draft,
    pub(super) inject: Inject,
}

impl Judge<'_> {
    pub(super) fn judge(
        &self,
        built: &[Built<'_>],
        log: &mut Log,
    ) -> Result<Emission, PhoenixError> {
        let releases = AssembledRelease::below(&self.repository.join(&self.project.root))?;
        self.warn_of_early_releases(built, &releases, log)?;
        self.warn_of_pages(built, log);
        let mut reasons = Vec::new();
        let mut by = FollowsBy::StaticUrl;
        let mut needy = Vec::new();
        for built in built {
            match self.reads(built.app)? {
                Some(reads) if reads.when == When::Boot || releases.is_empty() => {
                    if reads.name == STATIC_ASSETS_VERSION {
                        by = FollowsBy::Version;
                    }
                    if !built.mount.is_empty() {
                        log.warning(&format!(
                            "{} reads {}: the files of {} are below it in {}, which must be added there.",
                            reads.place, reads.name, built.app.otp_app, built.mount
                        ));
                    }
                    reasons.push(format!("{} reads {}", reads.place, reads.name));
                }
                reads => {
                    if let Some(reads) = reads {
                        log.warning(&format!(
                            "{} reads {} when a release is built, which is done already: config/runtime.exs \
                             is read at boot.",
                            reads.place, reads.name
                        ));
                    }
                    needy.push(built);
                }
            }
        }
        if needy.is_empty() {
            return Ok(Emission::Follows {
                by,
                because: reasons.join(", "),
            });
        }
        self.needs(&needy, &releases, log)
    }

    fn needs(
        &self,
        needy: &[&Built<'_>],
        releases: &[AssembledRelease],
        log: &mut Log,
    ) -> Result<Emission, PhoenixError> {
        let targets: Vec<Target> = needy.iter().flat_map(|built| targets(built)).collect();
        let snippet = snippet(&targets);
        let failed = |cause| {
            Err(PhoenixError::NotFollowing(Box::new(NotFollowing {
                cause,
                snippet: snippet.clone(),
            })))
        };
        match self.inject {
            Inject::Auto => {}
            Inject::Off => return failed(NotFollowingCause::InjectOff),
            Inject::Nowhere => return failed(NotFollowingCause::InjectNowhere),
        }
        for built in needy {
            let Usage {
                paths, urls, fixed, ..
            } = &built.usage;
            if paths.is_empty() && urls.is_empty() && !fixed.is_empty() {
                let places = fixed.clone();
                return failed(NotFollowingCause::WrittenByHand { places });
            }
            if built.app.endpoints.is_empty() {
                let otp_app = built.app.otp_app.clone();
                return failed(NotFollowingCause::NoEndpoint { otp_app });
            }
        }

        let mut edits = Vec::new();
        let mut scripts: BTreeMap<PathBuf, Vec<Target>> = BTreeMap::new();
        let mut without = Vec::new();
        for built in needy {
            let script = self.repository.join(&built.app.config).join("runtime.exs");
            if script.is_file() {
                scripts.entry(script).or_default().extend(targets_of(built));
            } else {
                without.push(*built);
            }
        }
        let mut edited = Vec::new();
        for (script, targets) in scripts {
            edited.push(self.shown(&script));
            edits.push(with_script(script, Script::Runtime, &targets)?);
        }
        for release in releases {
            if let Some((script, kind)) = &release.script {
                edited.push(self.shown(script));
                edits.push(with_script(script.clone(), *kind, &targets)?);
            } else {
                for built in needy {
                    if let Some(folder) = release.static_folder(&built.app.otp_app)? {
                        edits.extend(self.rewritten(built, &folder)?);
                    }
                }
            }
        }
        if !without.is_empty() {
            for built in &without {
                match self.rewritten(built, &built.folder)? {
                    Some(edit) if self.reads_manifest(built.app)? => {
                        edits.push(edit);
                        if let Some(copy) = self.embedded(built.app) {
                            edits.extend(self.rewritten(built, &copy)?);
                        }
                    }
                    _ => {
                        let otp_app = built.app.otp_app.clone();
                        return failed(NotFollowingCause::NoManifest { otp_app });
                    }
                }
            }
            log.warning(
                "without config/runtime.exs the URL becomes part of the image: STATIC_URL has no effect at \
                 run time, and LiveView reloads its pages with each version (static_changed?).",
            );
        }
        let because = if edited.is_empty() {
            "nothing reads STATIC_URL and there is no config/runtime.exs, so the keys of \
             cache_manifest.json in the image lead to the version"
                .to_owned()
        } else {
            format!(
                "nothing reads STATIC_URL, so lines at the end of the image's {} do; your repository is \
                 untouched",
                edited.join(" and ")
            )
        };
        Ok(Emission::Needs {
            because,
            injection: Injection {
                vars: Vec::new(),
                files: Vec::new(),
                edits,
            },
            snippet,
        })
    }

    /// Where the app, or the configuration that it is started with, reads the URL or the version.
    fn reads(&self, app: &WebApp) -> io::Result<Option<Reads>> {
        let config = self.repository.join(&app.config);
        let mut files: Vec<(PathBuf, When)> = production_config(&config)?
            .into_iter()
            .filter_map(|file| {
                let name = file.file_name()?.to_str()?.to_owned();
                match name.as_str() {
                    "runtime.exs" | "releases.exs" => Some((file, When::Boot)),
                    _ => Some((file, When::Configuration)),
                }
            })
            .collect();
        // What is read at boot counts first.
        files.sort_by_key(|(_, when)| *when == When::Configuration);
        for file in source_files(&self.repository.join(&app.folder))? {
            if file.extension().is_some_and(|extension| extension == "ex") {
                files.push((file, When::Boot));
            }
        }
        for (file, when) in files {
            let source = fs::read(&file)?;
            let code = without_comments(&without_lines(&String::from_utf8_lossy(&source)));
            for name in [STATIC_URL, STATIC_ASSETS_VERSION] {
                let quoted = format!("\"{name}\"");
                if let Some(at) = words(&code, &quoted).next() {
                    let place = Place {
                        line: line_of(&code, at),
                        file: self.below(&file),
                    };
                    return Ok(Some(Reads { name, place, when }));
                }
            }
        }
        Ok(None)
    }

    fn reads_manifest(&self, app: &WebApp) -> io::Result<bool> {
        for file in production_config(&self.repository.join(&app.config))? {
            if read_code(&file)?.contains(MANIFEST_KEY) {
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
        let url = format!("{}{}", self.draft.prefix.url(), built.mount);
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
        log: &mut Log,
    ) -> io::Result<()> {
        for release in releases {
            for built in built {
                let Some(folder) = release.static_folder(&built.app.otp_app)? else {
                    continue;
                };
                let latest = |folder: &Path| -> io::Result<_> {
                    let manifest = CacheManifest::read(&folder.join(CacheManifest::NAME))?;
                    Ok(manifest.map(|manifest| manifest.latest))
                };
                if latest(&folder)? != latest(&built.folder)? {
                    log.warning(&format!(
                        "the release {} was built before these assets, so it does not know their names. \
                         Build it after this step: with release=true of the Elixir buildpack, set release=false \
                         and add a buildpack for the release after this one.",
                        self.shown(&release.folder)
                    ));
                }
            }
        }
        Ok(())
    }

    fn warn_of_pages(&self, built: &[Built<'_>], log: &mut Log) {
        let url = self.draft.prefix.url();
        let Some(host) = url
            .split("//")
            .nth(1)
            .and_then(|rest| rest.split('/').next())
        else {
            // On the app's own host nothing is cross-origin.
            return;
        };
        for Built { usage, .. } in built {
            let foreign = |text: &str| !text.contains(host);
            if let Some(policy) = usage.policies.iter().find(|policy| foreign(&policy.text)) {
                log.warning(&format!(
                    "{} has a Content-Security-Policy without this host, so browsers would block the files. Add \
                     https://{host} to its script-src, style-src, img-src and font-src.",
                    policy.place
                ));
            }
            if let Some(place) = usage.modules.first() {
                log.warning(&format!(
                    "{place} loads a script with type=\"module\": browsers ask the store's CORS rules for it, \
                     also for what it imports."
                ));
            }
            if let Some(place) = usage.sprites.first() {
                log.warning(&format!(
                    "{place} has <use> of a file: browsers follow it on the page's own host only. \
                     Put the SVG into the page, or write its path by hand."
                ));
            }
            if let Some(place) = usage.joined.first() {
                log.warning(&format!(
                    "{place} puts Endpoint.url() before a static path: two hosts would stand there. \
                     url(~p\"…\") or static_url(…) gives one address."
                ));
            }
        }
        for Built { usage, .. } in built {
            if !usage.paths.is_empty() && !usage.urls.is_empty() {
                log.warning(&format!(
                    "{} with url(~p\"…\") or static_url ({}) and {} without a host ({}): no setting of \
                     static_url serves both on another host. Those with a host follow, the others stay on the \
                     app's own host. Write all of them in one way:\n{}",
                    count(usage.urls.len(), "link"),
                    usage.urls[0],
                    usage.paths.len(),
                    usage.paths[0],
                    shown(&usage.urls),
                ));
            }
        }
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

fn shown(places: &[Place]) -> String {
    const SHOWN: usize = 10;
    let mut lines: Vec<String> = places.iter().take(SHOWN).map(ToString::to_string).collect();
    if places.len() > SHOWN {
        lines.push(format!("… and {} more", places.len() - SHOWN));
    }
    lines.join("\n")
}

fn targets<'a>(built: &'a &'a Built<'_>) -> impl Iterator<Item = Target> + 'a {
    targets_of(built)
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

fn with_script(path: PathBuf, kind: Script, targets: &[Target]) -> io::Result<Edit> {
    let script = fs::read(&path)?;
    let script = String::from_utf8_lossy(&script);
    Ok(Edit {
        content: with_lines(&script, kind, targets).into_bytes(),
        path,
    })
}
