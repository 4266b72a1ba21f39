//! `static_url`, the setting of an endpoint that decides where links to static files lead.

use super::endpoint::Endpoint;
use super::page_links::PageLinks;
use crate::config::env_vars::STATIC_URL;
use indoc::formatdoc;

/// How a `static_url` holds the public URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StaticUrlForm {
    /// The whole URL is the path, which Phoenix only puts in front. Links without a host follow: `~p`, `static_path`.
    Path,
    /// Scheme, host, port and path, as documented. Links with a host follow: `url(~p"…")`, `static_url`.
    HostAndPath,
    /// The path is a part of the host. Links with a host follow, and so does what is put behind `static_url()`.
    Host,
}

/// An endpoint whose `static_url` the build sets.
#[derive(Clone, Copy, Debug)]
pub(super) struct EndpointTarget<'a> {
    pub(super) endpoint: &'a Endpoint,
    pub(super) form: StaticUrlForm,
    /// The app's directory under the version, without slashes. Empty if there is none.
    pub(super) mount: &'a str,
}

impl StaticUrlForm {
    /// Returns the form that makes these links follow.
    pub(super) fn for_links(links: &PageLinks) -> Self {
        if links.urls.is_empty() {
            Self::Path
        } else {
            Self::HostAndPath
        }
    }

    /// Whether these links follow, as far as reading shows. Of links of both kinds, the app chooses which ones do.
    pub(super) fn fits(self, links: &PageLinks) -> bool {
        match self {
            Self::Path => links.urls.is_empty() || !links.paths.is_empty(),
            Self::HostAndPath => links.paths.is_empty(),
            Self::Host => !links.urls.is_empty() || links.paths.is_empty(),
        }
    }
}

/// Returns the lines for the app's own `runtime.exs`, which make those of the build unnecessary.
pub(super) fn snippet(targets: &[EndpointTarget<'_>]) -> String {
    let configs = image_configs(targets)
        .replace("Elixir.Config.config(", "config ")
        .replace("])", "]")
        .replace("Elixir.", "")
        .replace("static_assets_url", "static_url")
        .replace("static_assets_uri", "uri");
    formatdoc! {"
        # config/runtime.exs, inside `if config_env() == :prod do`
        static_url = String.trim_trailing(System.get_env(\"{STATIC_URL}\") || \"\", \"/\")

        if static_url != \"\" do
        {configs}
        end"
    }
}

/// Returns the lines of the block in the image that configure the endpoints. Modules and variables have long names:
/// nothing that the app's script defines may get in the way.
pub(super) fn image_configs(targets: &[EndpointTarget<'_>]) -> String {
    let parse = "  static_assets_uri = Elixir.URI.parse(static_assets_url)".to_owned();
    let needs_uri = targets.iter().any(|it| it.form != StaticUrlForm::Path);
    let mut lines = Vec::from_iter(needs_uri.then_some(parse));
    lines.extend(targets.iter().map(EndpointTarget::image_config));
    lines.join("\n")
}

impl EndpointTarget<'_> {
    /// The forms with a host are set only if the URL has one: without it, Phoenix would make links to `localhost`.
    fn image_config(&self) -> String {
        const HOST: &str = "static_assets_uri.host";
        const PATH: &str = "static_assets_uri.path";
        let Endpoint { module, otp_app } = self.endpoint;
        let mount = match self.mount {
            "" => String::new(),
            mount => format!(" <> \"/{mount}\""),
        };
        let config = format!("Elixir.Config.config(:{otp_app}, {module}, static_url: ");
        let path = format!("({PATH} || \"\"){mount}");
        let host_and_path = format!(" <> {path}");
        let (host, path) = match self.form {
            StaticUrlForm::Path => return format!("  {config}[path: static_assets_url{mount}])"),
            StaticUrlForm::HostAndPath if mount.is_empty() => ("", format!("{PATH} || \"/\"")),
            StaticUrlForm::HostAndPath => ("", path),
            StaticUrlForm::Host => (&*host_and_path, "\"/\"".to_owned()),
        };
        format!(
            "  if {HOST} do\n    {config}[scheme: static_assets_uri.scheme, host: {HOST}{host}, \
             port: static_assets_uri.port, path: {path}])\n  end"
        )
    }
}
