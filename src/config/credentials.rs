//! Store, endpoint, public URL and credentials resolve as one set from one source; sources are
//! never mixed, and no identity is used that was not given.

use super::bindings::Binding;
use super::env_vars::{self, Variable};
use super::sources::{Setting, Sources, parse_flag};
use super::{
    AzureAccess, ConfigProblem, DeferredDestination, GcsAccess, Origin, S3Access, azure, gcs, s3,
};
use crate::prefix::{BucketUrl, PublicUrl, Scheme, Site, StoreUrl};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::PathBuf;
use url::{Host, Url};

/// Deliberately without `Debug` and `Display`.
#[derive(Clone)]
pub(crate) struct Secret(pub(super) String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// How the store is reached. Deliberately without `Debug`: it holds secrets.
#[derive(Clone)]
pub(crate) enum Access {
    S3(Box<S3Access>),
    Azure(Box<AzureAccess>),
    Gcs(Box<GcsAccess>),
    Directory,
}

/// Which server is asked, and who says so.
#[derive(Clone)]
pub(crate) struct Server {
    /// In place of the vendor's own.
    pub(crate) endpoint: Option<Url>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) source: CredentialSource,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CredentialSource {
    Ours,
    /// The variables of the store's vendor: `AWS_*`.
    Vendor(&'static str),
    Binding(String),
}

/// Whether an identity that no variable names may be asked of the place a build runs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ambient {
    /// `STATIC_ASSETS_AUTH=ambient`: the identity of the machine, pod or task is asked for.
    Allowed,
    Refused,
}

impl Access {
    pub(crate) fn server(&self) -> Option<&Server> {
        match self {
            Self::S3(access) => Some(&access.server),
            Self::Azure(access) => Some(&access.server),
            Self::Gcs(access) => Some(&access.server),
            Self::Directory => None,
        }
    }
}

/// A store and what reaches it, or the store alone where its credentials are missing.
pub(super) enum Resolved {
    Nothing,
    WithoutCredentials(StoreUrl),
    To(Site, Access),
}

/// `pinned` is the public URL unless another one is given.
pub(super) fn resolve(
    sources: &Sources<'_>,
    pinned: Option<&PublicUrl>,
) -> Result<Resolved, Vec<ConfigProblem>> {
    let place = StoreSettings::find(sources).map_err(|problem| vec![problem])?;
    let Some(store) = &place.store else {
        return Ok(Resolved::Nothing);
    };
    let store = parse_store(store, &place, sources).map_err(|problem| vec![problem])?;

    let mut problems = Vec::new();
    let access = match &store {
        StoreUrl::File(_) => Some(Access::Directory),
        StoreUrl::Bucket(bucket) => match access_to(bucket, &place, sources) {
            Ok(access) => access,
            Err(found) => {
                problems.extend(found);
                None
            }
        },
    };
    let public = match pinned {
        Some(pinned) if !is_base_of_processes(place.public_url.as_ref()) => Ok(pinned.clone()),
        _ => public_url(&store, access.as_ref(), (&place, sources)),
    };
    match (public, access, problems.is_empty()) {
        (Ok(public), Some(access), true) => Ok(Resolved::To(Site { store, public }, access)),
        (Ok(_), None, true) => Ok(Resolved::WithoutCredentials(store)),
        (Err(problem), ..) => {
            problems.push(problem);
            Err(problems)
        }
        (Ok(_), _, false) => Err(problems),
    }
}

/// Where it will be published, as far as a build knows that reads no credential.
pub(super) fn later(sources: &Sources<'_>) -> Result<DeferredDestination, Vec<ConfigProblem>> {
    let place = StoreSettings::find(sources).map_err(|problem| vec![problem])?;
    let store = place
        .store
        .as_ref()
        .map(|store| parse_store(store, &place, sources))
        .transpose();
    let public = match &place.public_url {
        Some(setting) => named(setting, &place, sources).and_then(parse_public_url),
        None => Err(ConfigProblem::PublicUrlNotPinned),
    };
    match (store, public) {
        (Ok(store), Ok(public)) => Ok(DeferredDestination { public, store }),
        (store, public) => Err([store.err(), public.err()].into_iter().flatten().collect()),
    }
}

/// Where the set comes from: the settings, or a binding of our own type.
struct StoreSettings<'a> {
    store: Option<Setting<String>>,
    public_url: Option<Setting<String>>,
    app: Option<Setting<String>>,
    binding: Option<&'a Binding>,
}

impl<'a> StoreSettings<'a> {
    fn find(sources: &'a Sources<'_>) -> Result<Self, ConfigProblem> {
        let own: Vec<&Binding> = sources
            .bindings
            .iter()
            .filter(|binding| binding.kind == "static-assets")
            .collect();
        match own.as_slice() {
            [] => Ok(Self::of_settings(sources)),
            [binding] => Self::of_binding(binding, sources),
            several => Err(two_bindings(several)),
        }
    }

    fn of_settings(sources: &Sources<'_>) -> Self {
        Self {
            store: sources.text(&env_vars::STORE),
            public_url: sources.text(&env_vars::PUBLIC_URL),
            app: sources.text(&env_vars::APP),
            binding: None,
        }
    }

    fn of_binding(binding: &'a Binding, sources: &Sources<'_>) -> Result<Self, ConfigProblem> {
        let settings = Self::of_settings(sources);
        let entry = |name: &Variable| {
            binding.get(&[&name.key()]).map(|value| Setting {
                value: value.to_owned(),
                origin: Origin::Binding(binding.name.clone()),
            })
        };
        let one_of =
            |name: &Variable, setting: Option<Setting<String>>| match (entry(name), setting) {
                (Some(entry), Some(setting)) if entry.value != setting.value => {
                    Err(ConfigProblem::TwoSources {
                        what: name.name,
                        one: entry.origin.to_string(),
                        other: setting.origin.to_string(),
                    })
                }
                (entry, setting) => Ok(entry.or(setting)),
            };
        let store = one_of(&env_vars::STORE, settings.store)?;
        if store.is_none() {
            return Err(ConfigProblem::BindingWithoutStore {
                binding: binding.name.clone(),
            });
        }
        Ok(Self {
            store,
            public_url: one_of(&env_vars::PUBLIC_URL, settings.public_url)?,
            app: settings.app.or_else(|| entry(&env_vars::APP)),
            binding: Some(binding),
        })
    }
}

fn two_bindings(bindings: &[&Binding]) -> ConfigProblem {
    ConfigProblem::TwoBindings {
        names: bindings
            .iter()
            .map(|binding| binding.name.clone())
            .collect(),
    }
}

fn parse_store(
    store: &Setting<String>,
    place: &StoreSettings<'_>,
    sources: &Sources<'_>,
) -> Result<StoreUrl, ConfigProblem> {
    let text = named(store, place, sources)?.value;
    text.parse().map_err(|reason| ConfigProblem::Store {
        setting: store.clone(),
        reason,
    })
}

/// With the app's name in the place of `{app}`.
fn named(
    setting: &Setting<String>,
    place: &StoreSettings<'_>,
    sources: &Sources<'_>,
) -> Result<Setting<String>, ConfigProblem> {
    let mut setting = setting.clone();
    if setting.value.contains("{app}") {
        let app = place
            .app
            .as_ref()
            .map(|app| app.value.as_str())
            .or(sources.project.id.as_deref())
            .filter(|app| !app.trim().is_empty())
            .ok_or(ConfigProblem::AppMissing)?;
        setting.value = setting.value.replace("{app}", app);
    }
    Ok(setting)
}

/// Whether the processes of a release have a base other than the pinned one: they know their environment alone, and
/// no name for `{app}`.
fn is_base_of_processes(setting: Option<&Setting<String>>) -> bool {
    setting.is_some_and(|setting| {
        setting.origin == Origin::Environment && !setting.value.contains("{app}")
    })
}

fn access_to(
    bucket: &BucketUrl,
    place: &StoreSettings<'_>,
    sources: &Sources<'_>,
) -> Result<Option<Access>, Vec<ConfigProblem>> {
    let ambient = ambient(sources).map_err(|problem| vec![problem])?;
    let name = &bucket.bucket;
    match bucket.scheme {
        Scheme::S3 => {
            let binding = bound(name, place, sources, &s3::BOUND)?;
            let access = s3::access(binding, &ambient, sources)?;
            let endpoint = access
                .as_ref()
                .and_then(|access| access.server.endpoint.as_ref());
            let last = endpoint
                .and_then(|endpoint| endpoint.path_segments()?.rfind(|part| !part.is_empty()));
            if last == Some(name.as_str()) {
                let bucket = name.clone();
                return Err(vec![ConfigProblem::EndpointHoldsBucket { bucket }]);
            }
            Ok(access.map(|access| Access::S3(Box::new(access))))
        }
        Scheme::Azure => {
            let binding = bound(name, place, sources, &azure::BOUND)?;
            let access = azure::access(binding, &ambient, sources);
            let access = access.map_err(|problem| vec![problem])?;
            Ok(access.map(|access| Access::Azure(Box::new(access))))
        }
        Scheme::Gcs => {
            let binding = bound(name, place, sources, &gcs::BOUND)?;
            let access = gcs::access(binding, &ambient, sources);
            let access = access.map_err(|problem| vec![problem])?;
            Ok(access.map(|access| Access::Gcs(Box::new(access))))
        }
    }
}

fn ambient(sources: &Sources<'_>) -> Result<Ambient, ConfigProblem> {
    match sources.text(&env_vars::AUTH) {
        None => Ok(Ambient::Refused),
        Some(setting) if setting.value.eq_ignore_ascii_case("ambient") => Ok(Ambient::Allowed),
        Some(setting) if setting.value.eq_ignore_ascii_case("keys") => Ok(Ambient::Refused),
        Some(setting) => Err(ConfigProblem::Choice {
            name: env_vars::AUTH.name,
            setting,
            choices: vec!["keys", "ambient"],
        }),
    }
}

/// Which service bindings hold the credentials of a kind of store.
pub(super) struct Bound {
    pub(super) kind: &'static str,
    /// The entries that name the bucket.
    pub(super) bucket: &'static [&'static str],
    /// The entries that only a binding with credentials has.
    pub(super) credential: &'static [&'static str],
}

/// The one binding that fits the store.
fn bound<'a>(
    bucket: &str,
    place: &StoreSettings<'a>,
    sources: &'a Sources<'_>,
    wanted: &Bound,
) -> Result<Option<&'a Binding>, Vec<ConfigProblem>> {
    let names_bucket = |binding: &&Binding| {
        let named = binding.get(wanted.bucket);
        binding.kind == wanted.kind && named.is_some_and(|named| named == bucket)
    };
    // A binding that names the store may hold its keys, too.
    let holds_keys = |binding: &&Binding| binding.get(wanted.credential).is_some();
    let fitting: Vec<&Binding> = sources
        .bindings
        .iter()
        .filter(names_bucket)
        .chain(place.binding.filter(holds_keys))
        .collect();
    match fitting.as_slice() {
        [] => Ok(None),
        [binding] => Ok(Some(binding)),
        several => Err(vec![two_bindings(several)]),
    }
}

pub(super) fn required(
    binding: &Binding,
    keys: &'static [&'static str],
) -> Result<Secret, ConfigProblem> {
    let value = binding.get(keys).map(|value| Secret(value.to_owned()));
    value.ok_or_else(|| ConfigProblem::BindingEntryMissing {
        binding: binding.name.clone(),
        entry: keys[0],
    })
}

pub(super) fn entry(binding: &Binding, keys: &[&str]) -> Option<Setting<String>> {
    binding.get(keys).map(|value| Setting {
        value: value.to_owned(),
        origin: Origin::Binding(binding.name.clone()),
    })
}

pub(super) fn server(
    endpoint: Option<&Setting<String>>,
    source: CredentialSource,
    sources: &Sources<'_>,
) -> Result<Server, ConfigProblem> {
    Ok(Server {
        endpoint: endpoint
            .map(|endpoint| parse_endpoint(endpoint, sources))
            .transpose()?,
        ca_file: sources
            .text(&env_vars::CA_FILE)
            .map(ca_file_of)
            .transpose()?,
        source,
    })
}

pub(super) fn refuse_what_is_no_header(
    what: &'static str,
    text: &str,
) -> Result<(), ConfigProblem> {
    if text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(())
    } else {
        Err(ConfigProblem::NoHeader { what })
    }
}

fn ca_file_of(setting: Setting<String>) -> Result<PathBuf, ConfigProblem> {
    let is_file = fs_err::metadata(&setting.value).map_or(true, |metadata| metadata.is_file());
    if !is_file {
        return Err(ConfigProblem::NoCertificate { setting });
    }
    match fs_err::read(&setting.value) {
        Ok(pem) if memchr::memmem::find(&pem, b"-----BEGIN CERTIFICATE-----").is_some() => {
            Ok(PathBuf::from(setting.value))
        }
        Ok(_) => Err(ConfigProblem::NoCertificate { setting }),
        Err(error) => Err(ConfigProblem::Unreadable {
            what: env_vars::CA_FILE.name.to_owned(),
            error,
        }),
    }
}

pub(super) fn parse_endpoint(
    endpoint: &Setting<String>,
    sources: &Sources<'_>,
) -> Result<Url, ConfigProblem> {
    let malformed = || ConfigProblem::Endpoint {
        origin: endpoint.origin.clone(),
    };
    let url = Url::parse(&endpoint.value).map_err(|_| malformed())?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    let host = || url.host_str().unwrap_or_default().to_owned();
    if is_metadata(&url) {
        return Err(ConfigProblem::MetadataHost { host: host() });
    }
    let may_be_plain = || {
        let allowed = sources.text(&env_vars::ALLOW_HTTP);
        is_loopback(&url) || allowed.is_some_and(|it| parse_flag(&it.value) == Some(true))
    };
    match url.scheme() {
        "https" if is_plain => Ok(url),
        "http" if is_plain && may_be_plain() => Ok(url),
        "http" if is_plain => Err(ConfigProblem::PlainHttp { host: host() }),
        _ => Err(malformed()),
    }
}

pub(crate) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}

/// An address at which clouds hand out credentials, in any of its spellings.
fn is_metadata(url: &Url) -> bool {
    let is_link_local = |address: Ipv4Addr| address.is_link_local();
    match url.host() {
        Some(Host::Domain(name)) => {
            let name = name.trim_end_matches('.');
            name == "metadata.google.internal" || name == "metadata"
        }
        Some(Host::Ipv4(address)) => is_link_local(address),
        Some(Host::Ipv6(address)) => {
            // AWS serves its metadata here, too.
            let aws = Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254);
            let is_mapped = address.to_ipv4_mapped().is_some_and(is_link_local);
            address.is_unicast_link_local() || address == aws || is_mapped
        }
        None => false,
    }
}

fn public_url(
    store: &StoreUrl,
    access: Option<&Access>,
    (place, sources): (&StoreSettings<'_>, &Sources<'_>),
) -> Result<PublicUrl, ConfigProblem> {
    if let Some(setting) = &place.public_url {
        return parse_public_url(named(setting, place, sources)?);
    }
    let own = match (store, access) {
        (StoreUrl::Bucket(bucket), Some(Access::S3(access))) => s3::public_url(bucket, access),
        (StoreUrl::Bucket(bucket), Some(Access::Azure(access))) => {
            azure::public_url(bucket, access)
        }
        (StoreUrl::Bucket(bucket), Some(Access::Gcs(access))) => gcs::public_url(bucket, access),
        // Where the credentials are missing, that is what has to be said.
        (StoreUrl::Bucket(_), _) => Some("/".to_owned()),
        (StoreUrl::File(_), _) => None,
    };
    match own {
        Some(value) => parse_public_url(Setting {
            value,
            origin: Origin::Environment,
        }),
        None => Err(ConfigProblem::PublicUrlMissing {
            store: store.clone(),
        }),
    }
}

fn parse_public_url(setting: Setting<String>) -> Result<PublicUrl, ConfigProblem> {
    let parsed = setting.value.parse();
    parsed.map_err(|reason| ConfigProblem::PublicUrl { setting, reason })
}

/// The key ids and the secrets of a binding.
pub(super) fn secret_entries(binding: &Binding) -> (Vec<String>, Vec<String>) {
    let all = |entries: &[&[&str]]| {
        let values = entries.iter().filter_map(|entry| binding.get(entry));
        values.map(str::to_owned).collect()
    };
    let secrets = [
        s3::SECRET_KEY,
        s3::TOKEN,
        azure::KEY,
        azure::SAS,
        azure::CONNECTION,
        gcs::KEY,
    ];
    (all(&[s3::KEY_ID]), all(&secrets))
}

/// The secrets within one: the key in a connection string and the signature in a query; and the parts of one:
/// the lines of a key file.
pub(super) fn secrets_inside(secret: &str) -> (Vec<String>, Vec<String>) {
    (azure::secrets_in(secret), gcs::parts_of(secret))
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
