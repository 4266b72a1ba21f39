//! `static_url`, the setting of an endpoint that decides where links to static files lead.

use super::endpoint::Endpoint;
use super::page_links::PageLinks;
use crate::config::env_vars::STATIC_URL;
use indoc::formatdoc;
use std::fmt::Write as _;

/// Stands for the host of a site whose configuration does not write it.
pub(super) const UNKNOWN_HOST: &str = "www.example.com";

/// How a `static_url` holds the public URL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StaticUrlForm {
    /// The whole URL is the path, which Phoenix only puts in front. Links without a host follow: `~p`, `static_path`.
    /// Scheme, host and port stay those of `url:`, for `static_url()`.
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
    /// Scheme, host and port of the app's own `url:`, as its configuration writes them, if its code asks for
    /// `static_url()` alone.
    pub(super) own_host: Option<&'a str>,
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
    let own = |target: &EndpointTarget<'_>| {
        let host = target.own_host.map(|parts| format!("{parts}, "));
        target.config(&format!(
            "[{}path: static_assets_url",
            host.unwrap_or_default()
        ))
    };
    let configs = configs(targets, own)
        .replace("Elixir.Config.config(", "config ")
        .replace("])", "]")
        .replace("Elixir.", "")
        .replace("static_assets_url", "static_url")
        .replace("static_assets_uri", "uri");
    let keeps_host = targets.iter().any(|target| target.own_host.is_some());
    let is_unknown = |target: &EndpointTarget<'_>| {
        target
            .own_host
            .is_some_and(|host| host.contains(UNKNOWN_HOST))
    };
    let mut comment = String::new();
    if keeps_host {
        comment +=
            "\n  # Scheme, host and port are those of url:, which static_url() takes from here.";
    }
    if targets.iter().any(is_unknown) {
        let _ = write!(
            comment,
            "\n  # Write the host of your site for {UNKNOWN_HOST}."
        );
    }
    formatdoc! {"
        # config/runtime.exs, inside `if config_env() == :prod do`
        static_url = String.trim_trailing(System.get_env(\"{STATIC_URL}\") || \"\", \"/\")

        if static_url != \"\" do{comment}
        {configs}
        end"
    }
}

/// Returns the lines of the block in the image that configure the endpoints. Modules and variables have long names:
/// nothing that the app's script defines may get in the way.
pub(super) fn image_configs(targets: &[EndpointTarget<'_>]) -> String {
    configs(targets, |target| {
        let Endpoint { module, otp_app } = target.endpoint;
        let host = format!("static_assets_host.(:{otp_app}, {module})");
        target.config(&format!("{host} ++ [path: static_assets_url"))
    })
}

/// What the block defines for these lines: an endpoint's own scheme, host and port, as far as its configuration has
/// them. `static_url` replaces `url` as a whole, so without them `static_url()` would be at `localhost`.
pub(super) const IMAGE_HOST: &str = r"
static_assets_host = fn app, endpoint ->
  compiled = [{app, [{endpoint, Elixir.Application.get_env(app, endpoint) || []}]}]
  script = Elixir.Keyword.take(Elixir.Process.get({Elixir.Config, :config}) || [], [app])
  config = Elixir.Config.Reader.merge(compiled, script)[app][endpoint]

  parts =
    for key <- [:url, :static_url],
        Elixir.Keyword.keyword?(config[key]),
        {part, value} <- config[key],
        part in [:scheme, :host, :port],
        do: {part, value}

  parts |> Elixir.Map.new() |> Elixir.Map.to_list()
end
";

fn configs(
    targets: &[EndpointTarget<'_>],
    with_path: impl Fn(&EndpointTarget<'_>) -> String,
) -> String {
    let parse = "  static_assets_uri = Elixir.URI.parse(static_assets_url)".to_owned();
    let needs_uri = targets.iter().any(|it| it.form != StaticUrlForm::Path);
    let mut lines = Vec::from_iter(needs_uri.then_some(parse));
    lines.extend(targets.iter().map(with_path));
    lines.join("\n")
}

impl EndpointTarget<'_> {
    /// The forms with a host are set only if the URL has one: without it, Phoenix would make links to `localhost`.
    /// `with_path` begins the list of the other form.
    fn config(&self, with_path: &str) -> String {
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
            StaticUrlForm::Path => return format!("  {config}{with_path}{mount}])"),
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
