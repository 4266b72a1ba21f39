//! The facts that the log prints about a Phoenix app and its links. Their texts are in `messages/`.

use super::fixed_links::FixedLink;
use super::location::SourceLocation;
use super::page_links::LinkedFile;
use std::path::Path;

pub(crate) enum PhoenixEvent<'a> {
    /// The project, and what shows that it has assets.
    Project(&'a str),
    /// How the build reads the configuration of a buildpack that it replaces.
    CacheEmptied,
    /// The number of files that an earlier digest left, and that are not published.
    EarlierDigests(usize),
    /// Links of scripts that stay on the app's own host.
    FixedLinks(&'a [FixedLink]),
    /// Links of pages that stay on the app's own host.
    LinksByHand(&'a [&'a SourceLocation]),
    /// Files that pages link to and that the pipeline did not make.
    MissingFiles(&'a [&'a LinkedFile]),
    /// A Content-Security-Policy that doesn't allow the public URL.
    PolicyWithoutHost {
        policy: &'a SourceLocation,
        host: &'a str,
    },
    ModuleScript(&'a SourceLocation),
    SpriteFile(&'a SourceLocation),
    JoinedUrl(&'a SourceLocation),
    /// Pages have links of both kinds, and only those with a host follow.
    MixedLinks {
        urls: &'a [SourceLocation],
        paths: usize,
    },
    NoLinks {
        otp_app: &'a str,
    },
    /// A release doesn't know the names of these assets.
    EarlyRelease(&'a Path),
    /// The app reads `STATIC_URL` by itself, in a way that does not suffice, or only if something is changed.
    OwnStaticUrl {
        location: &'a SourceLocation,
        variable: &'static str,
        problem: OwnStaticUrlProblem<'a>,
    },
    /// The manifest leads to the version, for lack of a `runtime.exs`.
    UrlInImage,
    /// Nothing loads the pin, for lack of a `runtime.exs`.
    NoPinLoader,
}

#[derive(Clone, Copy)]
pub(crate) enum OwnStaticUrlProblem<'a> {
    /// It is read when a release is built, and one is built already.
    TooEarly,
    /// This link does not follow.
    OtherForm { link: &'a SourceLocation },
    /// This link would have two hosts.
    TwoHosts { url: &'a SourceLocation },
    /// The app's files are in a directory under the version.
    Mount { otp_app: &'a str, mount: &'a str },
}
