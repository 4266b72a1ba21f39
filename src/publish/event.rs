//! The facts that the log prints while a run publishes. Their texts are in `messages/`.

use crate::check::{AssetKind, CheckFinding};
use crate::config::{ConfigWarning, Destination, Setting, Unpublished};
use crate::context::{BuildContext, DryRun};
use crate::framework::Compiled;
use crate::manifest::Scanned;
use crate::plan::{Change, Summary};
use crate::release::Release;
use crate::release::deferred::Deferred;
use crate::store::Progress;
use crate::version::Version;

pub(crate) enum PublishEvent<'a> {
    Warning(&'a ConfigWarning),
    Off(&'a Unpublished),
    CompileOnly(&'a Unpublished),
    Version {
        release: &'a Release,
        given: Option<&'a Setting<Version>>,
        commit: Option<&'a str>,
    },
    LeftOut(&'a Scanned),
    /// The build saved the release for the release phase, or would have in a dry run.
    Saved {
        release: &'a Release,
        dry_run: DryRun,
    },
    /// The release phase uploads this release.
    Deferred {
        release: &'a Release,
        commit: Option<&'a str>,
    },
    /// The image holds nothing for the release phase.
    NothingDeferred,
    /// The release phase is switched off.
    NotUploaded {
        why: &'a Unpublished,
        deferred: Option<Deferred>,
    },
    Progress(Progress),
    Uploaded {
        summary: &'a Summary,
        release: &'a Release,
        destination: &'a Destination,
        dry_run: DryRun,
    },
    Change {
        change: Change,
        release: &'a Release,
    },
    /// The public check was not made.
    CheckSkipped {
        release: &'a Release,
        why: CheckSkipped,
    },
    CheckBegins(&'a Release),
    Checked(&'a [AssetKind]),
    CheckFailed {
        finding: &'a CheckFinding,
        destination: &'a Destination,
    },
    /// How pages link to the release, and the fallback.
    Links {
        compiled: &'a Compiled,
        release: &'a Release,
        ctx: &'a BuildContext<'a>,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckSkipped {
    /// `STATIC_ASSETS_CHECK=off`.
    Off,
    /// The previous build checked this version.
    AlreadyChecked,
    /// The public URL is a path of the app's own site.
    Path,
    /// The release has no CSS, JS, SVG or font.
    NothingToAskFor,
}
