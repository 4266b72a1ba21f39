//! Warnings about links that the host of the public URL breaks, or that stay on the app's own host.

use super::app_pages::{AppPages, host_of};
use super::fixed_links::find_fixed_links;
use super::link_event::PhoenixEvent;
use super::links::LinkVerifier;
use super::releases::AssembledRelease;
use crate::context::BuildContext;
use crate::prefix::Prefix;
use std::io;

/// Returns the first link that stays on the app's own host, and warns of all of them if the public URL has another one.
pub(super) fn find_link_that_stays(
    apps: &[AppPages<'_>],
    prefix: Option<&Prefix>,
    ctx: &BuildContext<'_>,
) -> io::Result<Option<String>> {
    let mut first = None;
    for pages in apps {
        let in_scripts = find_fixed_links(&pages.static_dir, ctx.relative(&pages.static_dir))?;
        let in_pages = pages.links.by_hand();
        if prefix.and_then(host_of).is_some() {
            ctx.log.event(&PhoenixEvent::FixedLinks(&in_scripts));
            ctx.log.event(&PhoenixEvent::LinksByHand(&in_pages));
        }
        let mut locations = in_scripts.iter().map(|link| &link.location).chain(in_pages);
        first = first.or(locations.next().map(ToString::to_string));
    }
    Ok(first)
}

impl LinkVerifier<'_> {
    /// Warns of what browsers don't do across origins.
    pub(super) fn warn_of_other_host(&self, apps: &[AppPages<'_>]) {
        let Some(host) = host_of(&self.target.prefix) else {
            return;
        };
        for AppPages { links, .. } in apps {
            let mut policies = links.policies.iter();
            let policy = policies.find(|policy| !policy.text.contains(host));
            let events = [
                policy.map(|policy| PhoenixEvent::PolicyWithoutHost {
                    policy: &policy.location,
                    host,
                }),
                links.modules.first().map(PhoenixEvent::ModuleScript),
                links.sprites.first().map(PhoenixEvent::SpriteFile),
                links.joined.first().map(PhoenixEvent::JoinedUrl),
            ];
            for event in events.iter().flatten() {
                self.ctx.log.event(event);
            }
        }
    }

    /// Warns of releases that don't know the names of these assets.
    pub(super) fn warn_of_early_releases(
        &self,
        releases: &[AssembledRelease],
        apps: &[AppPages<'_>],
    ) -> io::Result<()> {
        for release in releases {
            for pages in apps {
                if release.is_older_than(pages)? {
                    let dir = self.ctx.relative(&release.dir);
                    self.ctx.log.event(&PhoenixEvent::EarlyRelease(dir));
                }
            }
        }
        Ok(())
    }

    /// Warns of apps of which some links, or all, may not follow.
    pub(super) fn warn_of_unproved_links(&self, apps: &[&AppPages<'_>]) {
        for AppPages { app, links, .. } in apps {
            match (links.paths.len(), links.urls.as_slice()) {
                (0, []) => self.ctx.log.event(&PhoenixEvent::NoLinks {
                    otp_app: &app.otp_app,
                }),
                (0, _) | (_, []) => {}
                (paths, urls) => self
                    .ctx
                    .log
                    .event(&PhoenixEvent::MixedLinks { urls, paths }),
            }
        }
    }
}
