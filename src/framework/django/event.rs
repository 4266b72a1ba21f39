//! The facts that the log prints while a Django app is compiled. Their texts are in `messages/`.

use super::report::CollectReport;
use super::settings_source::{ServerSettings, SettingsSource};
use super::static_root::WrittenFiles;
use crate::config::Origin;
use crate::framework::{BlockingPolicy, FixedLink, SourceLocation};
use std::path::Path;

pub(crate) enum DjangoEvent<'a> {
    /// `DISABLE_COLLECTSTATIC` is set: what shows that this is Django, and who set it.
    Disabled(&'a str, &'a Origin),
    /// The server runs with other settings than these, which the variable chose for the build, unless the running app
    /// has the variable, too.
    ServerNeedsVariable(&'a ServerSettings, &'a str),
    /// The build uses the server's settings, which differ from those of this `manage.py`.
    ServerSettings(&'a ServerSettings, &'a Path),
    /// A user's command begins: its setting and its line.
    Running(&'static str, &'a str),
    /// The command after collectstatic wrote these into `STATIC_ROOT`.
    WrittenAfterwards(WrittenFiles),
    Collected {
        evidence: &'a str,
        settings: &'a SettingsSource,
        report: &'a CollectReport,
        files: usize,
    },
    /// The templates could not be searched for links, because of this exception.
    LinksNotChecked(&'a str),
    /// The settings are loaded again, to find all variables that are missing.
    SettingsAgain,
    /// Links of the app's code that lead to no published file.
    BrokenLinks(&'a [BrokenLink<'a>]),
    /// Links with something directly before them, which would have two hosts.
    JoinedLinks(&'a [SourceLocation]),
    /// A Content-Security-Policy that doesn't allow the origin of the public URL.
    BlockingPolicy(&'a BlockingPolicy, &'a str),
    /// The code sets a policy here that could not be read.
    PolicyNotRead(&'a SourceLocation, &'a str),
    /// How many files `STATIC_ROOT` holds that were not collected, and the first.
    UncollectedFiles(usize, &'a Path),
    /// Links that templates and built scripts hard-code.
    FixedLinks(&'a [FixedLink], &'a CollectReport),
    /// How many links have names that only a request knows, and the first.
    DynamicLinks(usize, &'a SourceLocation),
    SameOriginLinks(&'a [SourceLocation]),
    StaticRoutes(&'a [SourceLocation]),
    /// This line of the Procfile starts Python in a way that does not load the hook.
    ProcessWithoutHook(&'a str),
    /// Python loads nothing of this build, so only the image's entrypoint sets the pinned variables.
    PinOnlyByEntrypoint,
}

/// A link in the app's code that leads to no published file.
#[derive(Debug)]
pub(crate) struct BrokenLink<'a> {
    pub(crate) place: &'a SourceLocation,
    /// The name of a file, or of a bundle.
    pub(crate) name: &'a str,
    pub(crate) why: BrokenLinkCause<'a>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum BrokenLinkCause<'a> {
    NotCollected,
    /// The storage gives this URL.
    Elsewhere(&'a str),
    /// A bundle of webpack has this URL, by its own `publicPath`.
    BundleElsewhere(&'a str),
    /// Pages fail with this exception.
    Fails(&'a str),
}
