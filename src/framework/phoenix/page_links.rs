//! How an app's pages write links to static files.

use super::location::SourceLocation;
use super::sources::CODE;

/// The links of an app's pages, by the way in which they are written.
#[derive(Debug, Default)]
pub(super) struct PageLinks {
    /// `~p"/assets/app.css"`, `static_path(…)`: a path, behind `static_url[:path]`.
    pub(super) paths: Vec<SourceLocation>,
    /// `url(~p"/images/a.png")`, `static_url(…)`: a link with the host of `static_url`.
    pub(super) urls: Vec<SourceLocation>,
    /// `Endpoint.url() <> static_path(…)`.
    pub(super) joined: Vec<SourceLocation>,
    /// The files that are linked to by their whole names.
    pub(super) files: Vec<LinkedFile>,
    /// `<script type="module">`, for which browsers ask another origin's CORS rules.
    pub(super) modules: Vec<SourceLocation>,
    /// `<use href=…>`, which browsers follow on their own origin only.
    pub(super) sprites: Vec<SourceLocation>,
    /// `src="/js/app.js"` of scripts and stylesheets.
    pub(super) fixed_code: Vec<SourceLocation>,
    /// The same of other files.
    pub(super) fixed_files: Vec<SourceLocation>,
    pub(super) policies: Vec<SecurityPolicy>,
}

/// A file that a page links to.
#[derive(Debug)]
pub(crate) struct LinkedFile {
    pub(crate) location: SourceLocation,
    /// Relative to the static directory.
    pub(crate) path: String,
}

/// The app's own Content-Security-Policy, with the text of its file.
#[derive(Debug)]
pub(super) struct SecurityPolicy {
    pub(super) location: SourceLocation,
    pub(super) text: String,
}

impl PageLinks {
    /// Lists the links that no helper writes, scripts and stylesheets first.
    pub(super) fn by_hand(&self) -> Vec<&SourceLocation> {
        self.fixed_code.iter().chain(&self.fixed_files).collect()
    }
}

impl LinkedFile {
    /// Whether it is a script or stylesheet.
    pub(super) fn is_code(&self) -> bool {
        extension_of(&self.path).is_some_and(|extension| CODE.contains(&extension))
    }
}

/// Returns the extension of the file that a link leads to.
pub(super) fn extension_of(path: &str) -> Option<&str> {
    let (_, extension) = path.rsplit('/').next()?.rsplit_once('.')?;
    Some(extension)
}
