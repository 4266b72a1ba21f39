//! What the build changes in the image to make the pages of an app follow: `runtime.exs`, or the digest's manifest.

use super::PhoenixError;
use super::app_pages::AppPages;
use super::cache_manifest::CacheManifest;
use super::compiled_assets::describe_links;
use super::error::PhoenixLinkProblem;
use super::event::PhoenixEvent;
use super::links::LinkVerifier;
use super::phx_digest::DigestRules;
use super::releases::AssembledRelease;
use super::runtime_exs::{with_block, with_pin};
use super::sources::read_text;
use super::static_url::snippet;
use crate::config::Inject;
use crate::framework::{Compiled, Edit, Fallback, LinkReason, Links, Stays};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

impl LinkVerifier<'_> {
    /// Prepares the edits that make these apps follow. An app without a `runtime.exs` follows by its manifest.
    pub(super) fn inject_links(
        &self,
        apps: &[&AppPages<'_>],
        releases: &[AssembledRelease],
    ) -> Result<Compiled, PhoenixError> {
        let targets: Vec<_> = apps.iter().flat_map(|pages| pages.targets()).collect();
        let mut own_scripts: BTreeMap<PathBuf, Vec<_>> = BTreeMap::new();
        let mut manifests = Vec::new();
        for pages in apps {
            if let Some(script) = pages.runtime_exs() {
                let targets = own_scripts.entry(script).or_default();
                targets.extend(pages.targets());
            } else if pages.reads_manifest() {
                manifests.push((*pages, pages.static_dir.clone()));
                manifests.extend(self.embedded_dir(pages).map(|dir| (*pages, dir)));
            } else {
                let why = PhoenixLinkProblem::NoManifest(pages.app.otp_app.clone());
                return Err(AppPages::not_following(why, apps));
            }
        }
        let mut scripts: Vec<_> = own_scripts.into_iter().collect();
        for release in releases {
            if let Some(script) = &release.runtime_exs {
                scripts.push((script.clone(), targets.clone()));
                continue;
            }
            for pages in apps {
                let dir = release.static_dir(&pages.app.otp_app)?;
                manifests.extend(dir.map(|dir| (*pages, dir)));
            }
        }
        let mut urls = manifests.iter().filter_map(|(it, _)| it.links.urls.first());
        if let Some(url) = urls.next().cloned() {
            let why = PhoenixLinkProblem::NoScript(url);
            return Err(AppPages::not_following(why, apps));
        }

        let pin = self.ctx.image.hook.pin();
        let mut edits = Vec::new();
        for (script, targets) in &scripts {
            edits.push(edit_script(script, |own| with_block(own, targets, pin))?);
        }
        for (pages, dir) in &manifests {
            edits.extend(self.edit_manifest(pages, dir)?);
        }
        let scripts: Vec<_> = scripts.into_iter().map(|(script, _)| script).collect();
        let reason = if scripts.is_empty() {
            LinkReason::ManifestKeys
        } else {
            LinkReason::AppendedBlock(scripts)
        };
        let snippet = snippet(&targets);
        let links = Links::ByInjection { reason, snippet };
        let mut compiled = describe_links(links, Some(edits));
        if !manifests.is_empty() {
            let script = manifests.iter().find_map(|(pages, _)| pages.releases_exs());
            let script = script.as_deref().map(|path| self.ctx.relative(path));
            self.ctx.log.event(&PhoenixEvent::UrlInImage(script));
            compiled.fallback = Fallback::UrlInImage;
        }
        let probed = apps.iter().filter_map(|pages| pages.probed.as_ref());
        let mut outcomes = probed.filter_map(|probed| probed.injected());
        let stays = outcomes.find_map(|outcome| outcome.stays.as_ref());
        compiled.stays = stays.map(|link| Stays::Link(link.to_string()));
        Ok(compiled)
    }

    /// Prepares the edits that load the pin into apps that follow by themselves, for processes whose entrypoint is
    /// replaced.
    pub(super) fn load_pin(
        &self,
        apps: &[AppPages<'_>],
        releases: &[AssembledRelease],
    ) -> io::Result<Option<Vec<Edit>>> {
        let pin = self.ctx.image.hook.pin();
        let Some(pin) = pin.filter(|_| self.ctx.inject() == Inject::Auto) else {
            return Ok(None);
        };
        let own = apps.iter().filter_map(AppPages::runtime_exs);
        let assembled = releases.iter().filter_map(|it| it.runtime_exs.clone());
        let scripts: BTreeSet<PathBuf> = own.chain(assembled).collect();
        if scripts.is_empty() {
            self.ctx.log.event(&PhoenixEvent::NoPinLoader);
            return Ok(None);
        }
        let edit = |path: &PathBuf| edit_script(path, |own| with_pin(own, pin));
        Ok(Some(scripts.iter().map(edit).collect::<io::Result<_>>()?))
    }

    /// Makes the keys of a manifest lead to the public URL.
    pub(super) fn edit_manifest(
        &self,
        pages: &AppPages<'_>,
        dir: &Path,
    ) -> io::Result<Option<Edit>> {
        let path = dir.join(CacheManifest::NAME);
        let Some(manifest) = CacheManifest::read(&path)? else {
            return Ok(None);
        };
        let url = format!("{}{}", self.target.prefix.url(), pages.mount);
        let comment = DigestRules::of(pages.app.version).comment;
        let content = manifest.below(&url).render(comment).into_bytes();
        Ok(Some(Edit { path, content }))
    }

    /// Finds the copy of the static directory that Mix makes with `build_embedded`; otherwise `_build` has a link.
    fn embedded_dir(&self, pages: &AppPages<'_>) -> Option<PathBuf> {
        let root = self.ctx.app_dir.join(&self.project.root);
        let build = root.join("_build/prod/lib").join(&pages.app.otp_app);
        let copy = build.join("priv");
        (copy.is_dir() && !copy.is_symlink()).then(|| copy.join("static"))
    }
}

fn edit_script(path: &Path, edit: impl FnOnce(&str) -> String) -> io::Result<Edit> {
    let content = edit(&read_text(path)?).into_bytes();
    let path = path.to_owned();
    Ok(Edit { path, content })
}
