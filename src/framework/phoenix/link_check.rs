//! What the link check of a Phoenix app finds out.

use super::location::SourceLocation;
use crate::framework::{FallbackSwitch, Injection, Links};

/// How the pages follow, and what `STATIC_URL` can still change at run time.
pub(super) struct PhoenixLinkCheck {
    pub(super) links: Links,
    pub(super) injection: Option<Injection>,
    pub(super) switch: FallbackSwitch,
    /// A link that stays on the app's own host.
    pub(super) stays: Option<String>,
}

impl PhoenixLinkCheck {
    /// `STATIC_URL` decides where these links lead at run time.
    pub(super) fn of(links: Links) -> Self {
        Self {
            links,
            injection: None,
            switch: FallbackSwitch::StaticUrl,
            stays: None,
        }
    }
}

/// Why no page would link to the version.
#[derive(Debug)]
pub(crate) enum PhoenixLinkProblem {
    /// The app doesn't read `STATIC_URL`, and `STATIC_ASSETS_INJECT` is off.
    InjectOff,
    /// The app doesn't read `STATIC_URL`, and the command line changes no file of an app.
    InjectNowhere,
    /// The app has neither a `runtime.exs` nor a manifest that Phoenix reads.
    NoManifest { otp_app: String },
    /// The app has no `runtime.exs`, and links with a host, which no manifest changes.
    NoScript { url: SourceLocation },
    /// No page uses a helper.
    WrittenByHand { places: Vec<SourceLocation> },
    /// The pipeline made none of the scripts and stylesheets that pages link to.
    NotMade { place: SourceLocation, path: String },
    /// No module uses Phoenix's endpoint.
    NoEndpoint { otp_app: String },
    /// Pages link with a host, and the public URL has none.
    NoHost { url: SourceLocation },
    /// Pages link with and without a host, and a port or a path leaves no form of `static_url` for both.
    Mixed {
        path: SourceLocation,
        url: SourceLocation,
    },
}
