//! The servers that get credentials: which URLs may be used, and which certificates are trusted.

use super::access::Server;
use super::bindings::Binding;
use super::env_vars::Variable;
use super::{ConfigProblem, ConfigResult, Origin, ServerUrlProblem, Setting, Sources, env_vars};
use crate::http::check_authorities;
use std::net::{Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use url::{Host, Url};

/// The URL of a server, not yet judged, and the name of what holds it.
pub(super) struct ServerUrl {
    pub(super) name: &'static str,
    pub(super) setting: Setting<String>,
}

impl ServerUrl {
    pub(super) fn of_variable(variable: &Variable, sources: &Sources<'_>) -> Option<Self> {
        let (name, setting) = (variable.name, sources.text(variable)?);
        Some(Self { name, setting })
    }

    pub(super) fn of_binding(binding: &Binding) -> Option<Self> {
        let (name, setting) = ("endpoint", binding.entry(&["endpoint-url", "endpoint"])?);
        Some(Self { name, setting })
    }

    fn parse(&self, sources: &Sources<'_>) -> ConfigResult<Url> {
        let may_be_http = || matches!(sources.flag(&env_vars::ALLOW_HTTP), Ok(Some(_)));
        let is_plain = |url: &Url| {
            let has_user = !url.username().is_empty() || url.password().is_some();
            !has_user && url.query().is_none() && url.fragment().is_none()
        };
        let host = |url: &Url| url.host_str().unwrap_or_default().to_owned();
        let problem = match Url::parse(&self.setting.value) {
            Ok(url) if is_metadata(&url) => ServerUrlProblem::Metadata(host(&url)),
            Ok(url) if is_plain(&url) => match url.scheme() {
                "https" => return Ok(url),
                "http" if is_loopback(&url) || may_be_http() => return Ok(url),
                "http" => ServerUrlProblem::PlainHttp(host(&url)),
                _ => ServerUrlProblem::Malformed(self.setting.origin.clone()),
            },
            _ => ServerUrlProblem::Malformed(self.setting.origin.clone()),
        };
        Err(ConfigProblem::ServerUrl(self.name, problem))
    }
}

pub(super) fn read_url(variable: &Variable, sources: &Sources<'_>) -> ConfigResult<Option<Url>> {
    let url = ServerUrl::of_variable(variable, sources);
    url.map(|url| url.parse(sources)).transpose()
}

pub(super) fn read_server(
    endpoint: Option<&ServerUrl>,
    source: Origin,
    sources: &Sources<'_>,
) -> ConfigResult<Server> {
    Ok(Server {
        endpoint: endpoint.map(|url| url.parse(sources)).transpose()?,
        ca_file: read_ca_file(sources)?,
        source,
    })
}

/// Finds what is wrong with the server that the settings name, whatever the key is.
pub(super) fn find_server_problems(sources: &Sources<'_>) -> Vec<ConfigProblem> {
    let endpoint = read_url(&env_vars::ENDPOINT_URL, sources).err();
    endpoint
        .into_iter()
        .chain(read_ca_file(sources).err())
        .collect()
}

fn read_ca_file(sources: &Sources<'_>) -> ConfigResult<Option<PathBuf>> {
    let Some(setting) = sources.text(&env_vars::CA_FILE) else {
        return Ok(None);
    };
    // A pipe would never end. The error of a missing file comes from reading it.
    if fs_err::metadata(&setting.value).is_ok_and(|metadata| !metadata.is_file()) {
        return Err(ConfigProblem::CaFile(setting, None));
    }
    let pem = fs_err::read(&setting.value).map_err(|error| {
        let name = env_vars::CA_FILE.name.to_owned();
        ConfigProblem::Unreadable(name, error)
    })?;
    match check_authorities(&pem) {
        Ok(()) => Ok(Some(PathBuf::from(setting.value))),
        Err(unusable) => Err(ConfigProblem::CaFile(setting, unusable)),
    }
}

/// Checks a value that requests send in a header.
pub(super) fn check_header(what: &'static str, text: &str) -> ConfigResult<()> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(ConfigProblem::NotForHeader(what))
    }
}

fn is_loopback(url: &Url) -> bool {
    url.host().is_some_and(|host| match host {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    })
}

/// Whether clouds hand out credentials at this address, in any of its spellings.
fn is_metadata(url: &Url) -> bool {
    /// AWS serves its metadata here, too.
    const AWS: Ipv6Addr = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
    let is_link_local = |address: Ipv4Addr| address.is_link_local();
    url.host().is_some_and(|host| match host {
        Host::Domain(name) => matches!(
            name.trim_end_matches('.'),
            "metadata.google.internal" | "metadata"
        ),
        Host::Ipv4(address) => is_link_local(address),
        Host::Ipv6(address) => {
            let is_mapped = address.to_ipv4_mapped().is_some_and(is_link_local);
            address.is_unicast_link_local() || address == AWS || is_mapped
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_addresses_are_known_in_every_spelling() {
        for (url, is) in [
            ("https://169.254.169.254/", true),
            ("http://2852039166/", true),          // decimal
            ("http://0xA9FEA9FE/", true),          // hexadecimal
            ("http://0251.0376.0251.0376/", true), // octal
            ("http://[::ffff:169.254.169.254]/", true),
            ("http://[fe80::1]/", true),
            ("http://[fd00:ec2::254]/", true),
            ("https://metadata.google.internal./", true),
            ("https://s3.example.com/", false),
            ("http://127.0.0.1/", false),
            ("https://[2001:db8::1]/", false),
        ] {
            assert_eq!(is_metadata(&Url::parse(url).unwrap()), is, "{url}");
        }
    }
}
