//! The facts that the log prints while a run publishes. Their texts are in `messages/`.

use super::Published;
use crate::check::{AssetKind, CheckFinding, CheckSkipped};
use crate::config::{Config, ConfigWarning, Destination, GzipReason, Unpublished};
use crate::context::BuildContext;
use crate::framework::Compiled;
use crate::manifest::{Saving, Scanned};
use crate::plan::{Change, Progress, Summary};
use crate::prefix::Site;
use crate::release::Release;
use crate::release::deferred::Deferred;
use std::time::Duration;

pub(crate) enum PublishEvent<'a> {
    Warning(&'a ConfigWarning),
    Off(&'a Unpublished),
    CompileOnly(&'a Unpublished),
    Version(&'a Release, &'a Config),
    LeftOut(&'a Scanned),
    Compressed(Saving, &'a GzipReason),
    /// The build saved the release for the release phase, or would have in a dry run.
    Saved(&'a Release, &'a BuildContext<'a>),
    /// The release phase uploads this release.
    Deferred(&'a Release, &'a Config),
    /// The image holds nothing for the release phase.
    NothingDeferred,
    /// The release phase is switched off. The image may hold a release all the same.
    NotUploaded(&'a Unpublished, Option<Deferred>),
    Progress(Progress),
    Uploaded(&'a Summary, &'a Destination),
    /// The result of a dry run, which sends nothing.
    WouldUpload(&'a Summary, &'a Release, &'a Destination),
    Change(Change, &'a Release),
    /// The public check was not made.
    CheckSkipped(&'a Release, CheckSkipped),
    CheckBegins(&'a Release),
    Checked(&'a [AssetKind]),
    CheckFailed(&'a CheckFinding, &'a Site),
    /// How pages link to the release, and the fallback.
    Links(&'a Compiled, &'a Release, &'a BuildContext<'a>),
    /// The last line, which the front end logs once it has written everything. Holds the time that the run took.
    Done(&'a Published, Duration),
}
