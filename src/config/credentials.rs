//! Store, endpoint, public URL and credentials resolve as one set from one source; sources are
//! never mixed, and no identity is used that was not given.

use super::bindings::Binding;
use super::names::{self, Variable};
use super::source::{Setting, Sources};
use super::{ConfigProblem, Origin};
use crate::prefix::{PublicUrl, Site, StoreUrl};
use std::net::IpAddr;
use std::path::PathBuf;
use url::{Host, Url};

const DEFAULT_REGION: &str = "us-east-1";

/// Deliberately without `Debug` and `Display`.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

/// How the store is reached. Deliberately without `Debug`: it holds secrets.
#[derive(Clone)]
pub(crate) enum Access {
    S3(Box<S3Access>),
    Directory,
}

#[derive(Clone)]
pub(crate) struct S3Access {
    pub(crate) key_id: Secret,
    pub(crate) secret_key: Secret,
    pub(crate) session_token: Option<Secret>,
    pub(crate) region: String,
    pub(crate) endpoint: Option<Url>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) source: CredentialSource,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CredentialSource {
    Ours,
    Aws,
    Binding(String),
}

impl S3Access {
    /// The last four characters: enough to tell keys apart, useless to anybody else.
    pub(crate) fn key_hint(&self) -> &str {
        let id = self.key_id.expose();
        id.char_indices()
            .rev()
            .nth(3)
            .filter(|(start, _)| *start > 0)
            .map_or("", |(start, _)| &id[start..])
    }
}

/// A store and what reaches it, or the store alone where its credentials are missing.
pub(super) enum Resolved {
    Nothing,
    WithoutCredentials(StoreUrl),
    To(Site, Access),
}

pub(super) fn resolve(sources: &Sources<'_>) -> Result<Resolved, Vec<ConfigProblem>> {
    let own = sources
        .bindings
        .iter()
        .filter(|binding| binding.kind == "static-assets")
        .collect::<Vec<_>>();
    let place = match own.as_slice() {
        [] => Place::of_settings(sources),
        [binding] => Place::of_binding(binding, sources).map_err(|problem| vec![problem])?,
        several => return Err(vec![two_bindings(several)]),
    };
    let Some(store) = &place.store else {
        return Ok(Resolved::Nothing);
    };
    let store = parse_store(store, &place, sources).map_err(|problem| vec![problem])?;

    let mut problems = Vec::new();
    let access = match &store {
        StoreUrl::File { .. } => Some(Access::Directory),
        StoreUrl::S3 { bucket, .. } => match s3_access(bucket, &place, sources) {
            Ok(access) => access.map(|access| Access::S3(Box::new(access))),
            Err(found) => {
                problems.extend(found);
                None
            }
        },
    };
    let public = public_url(&store, access.as_ref(), &place);
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

/// Where the set comes from: the settings, or a binding of our own type.
struct Place<'a> {
    store: Option<Setting<String>>,
    public_url: Option<Setting<String>>,
    app: Option<Setting<String>>,
    binding: Option<&'a Binding>,
}

impl<'a> Place<'a> {
    fn of_settings(sources: &Sources<'_>) -> Self {
        Self {
            store: sources.text(&names::STORE),
            public_url: sources.text(&names::PUBLIC_URL),
            app: sources.text(&names::APP),
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
        let store = one_of(&names::STORE, settings.store)?;
        if store.is_none() {
            return Err(ConfigProblem::BindingWithoutStore {
                binding: binding.name.clone(),
            });
        }
        Ok(Self {
            store,
            public_url: one_of(&names::PUBLIC_URL, settings.public_url)?,
            app: settings.app.or_else(|| entry(&names::APP)),
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
    place: &Place<'_>,
    sources: &Sources<'_>,
) -> Result<StoreUrl, ConfigProblem> {
    let mut text = store.value.clone();
    if text.contains("{app}") {
        let app = place
            .app
            .as_ref()
            .map(|app| app.value.as_str())
            .or(sources.project.id.as_deref())
            .filter(|app| !app.trim().is_empty())
            .ok_or(ConfigProblem::AppMissing)?;
        text = text.replace("{app}", app);
    }
    text.parse().map_err(|reason| ConfigProblem::Store {
        setting: store.clone(),
        reason,
    })
}

fn s3_access(
    bucket: &str,
    place: &Place<'_>,
    sources: &Sources<'_>,
) -> Result<Option<S3Access>, Vec<ConfigProblem>> {
    let one = |problem| vec![problem];
    // A binding that names the store may hold its keys, too.
    let s3_bindings: Vec<&Binding> = sources
        .bindings
        .iter()
        .filter(|binding| binding.kind == "s3")
        .filter(|binding| {
            binding
                .get(&["bucket", "bucket-name"])
                .is_some_and(|named| named == bucket)
        })
        .chain(
            place
                .binding
                .filter(|binding| binding.get(KEY_ID).is_some()),
        )
        .collect();
    let ours = Keys::of_settings(sources, &OURS).map_err(one)?;
    let keys = match (ours, s3_bindings.as_slice()) {
        (ours, []) => match ours {
            Some(ours) => Some(ours),
            None => Keys::of_settings(sources, &AWS).map_err(one)?,
        },
        (None, [binding]) => Some(Keys::of_binding(binding).map_err(one)?),
        (Some(_), [binding]) => {
            return Err(one(ConfigProblem::TwoSources {
                what: names::ACCESS_KEY_ID.name,
                one: Origin::Binding(binding.name.clone()).to_string(),
                other: names::ACCESS_KEY_ID.name.to_owned(),
            }));
        }
        (_, several) => return Err(one(two_bindings(several))),
    };
    let Some(keys) = keys else {
        return Ok(None);
    };
    refuse_settings_beside(&keys.source, sources).map_err(one)?;
    keys.access(sources).map(Some)
}

/// A region or endpoint of ours beside keys of another source would be ignored, or sent keys to a
/// server that they are not for.
fn refuse_settings_beside(
    source: &CredentialSource,
    sources: &Sources<'_>,
) -> Result<(), ConfigProblem> {
    let (keys_from, names) = match source {
        CredentialSource::Ours => return Ok(()),
        CredentialSource::Aws => ("AWS_*".to_owned(), ["AWS_ENDPOINT_URL", "AWS_REGION"]),
        CredentialSource::Binding(name) => (
            Origin::Binding(name.clone()).to_string(),
            ["endpoint", "region"],
        ),
    };
    for (setting, instead) in [names::ENDPOINT_URL, names::REGION].iter().zip(names) {
        if sources.text(setting).is_some() {
            return Err(ConfigProblem::BesideOtherKeys {
                setting: setting.name,
                keys_from,
                instead,
            });
        }
    }
    Ok(())
}

/// The names of one family of variables.
struct Family {
    id: Variable,
    secret: Variable,
    token: Variable,
    regions: [Variable; 2],
    endpoint: Variable,
    source: CredentialSource,
}

const OURS: Family = Family {
    id: names::ACCESS_KEY_ID,
    secret: names::SECRET_ACCESS_KEY,
    token: names::SESSION_TOKEN,
    regions: [names::REGION, names::REGION],
    endpoint: names::ENDPOINT_URL,
    source: CredentialSource::Ours,
};

const AWS: Family = Family {
    id: names::AWS_ACCESS_KEY_ID,
    secret: names::AWS_SECRET_ACCESS_KEY,
    token: names::AWS_SESSION_TOKEN,
    regions: [names::AWS_REGION, names::AWS_DEFAULT_REGION],
    endpoint: names::AWS_ENDPOINT_URL,
    source: CredentialSource::Aws,
};

pub(super) const KEY_ID: &[&str] = &["access-key-id", "access-key", "key-id"];
pub(super) const SECRET_KEY: &[&str] = &["secret-access-key", "secret-key"];
pub(super) const TOKEN: &[&str] = &["session-token"];

/// One source's whole set, not yet judged.
struct Keys {
    id: Secret,
    secret: Secret,
    token: Option<Secret>,
    region: Option<Setting<String>>,
    endpoint: Option<Setting<String>>,
    source: CredentialSource,
}

impl Keys {
    fn of_settings(sources: &Sources<'_>, family: &Family) -> Result<Option<Self>, ConfigProblem> {
        let text = |name: &Variable| sources.text(name);
        let id = sources.secret(&family.id)?;
        let secret = sources.secret(&family.secret)?;
        let (id, secret) = match (id, secret) {
            (Some(id), Some(secret)) => (id, secret),
            (None, None) => return Ok(None),
            (id, _) => {
                let (given, missing) = if id.is_some() {
                    (family.id.name, family.secret.name)
                } else {
                    (family.secret.name, family.id.name)
                };
                return Err(ConfigProblem::HalfACredential { given, missing });
            }
        };
        Ok(Some(Self {
            id: Secret(id.value),
            secret: Secret(secret.value),
            token: sources
                .secret(&family.token)?
                .map(|token| Secret(token.value)),
            region: family.regions.iter().find_map(text),
            endpoint: text(&family.endpoint),
            source: family.source.clone(),
        }))
    }

    fn of_binding(binding: &Binding) -> Result<Self, ConfigProblem> {
        let entry = |keys: &[&str]| {
            binding.get(keys).map(|value| Setting {
                value: value.to_owned(),
                origin: Origin::Binding(binding.name.clone()),
            })
        };
        let required = |keys: &'static [&'static str]| {
            binding
                .get(keys)
                .map(|value| Secret(value.to_owned()))
                .ok_or_else(|| ConfigProblem::BindingEntryMissing {
                    binding: binding.name.clone(),
                    entry: keys[0],
                })
        };
        Ok(Self {
            id: required(KEY_ID)?,
            secret: required(SECRET_KEY)?,
            token: binding.get(TOKEN).map(|value| Secret(value.to_owned())),
            region: entry(&["region"]),
            endpoint: entry(&["endpoint-url", "endpoint"]),
            source: CredentialSource::Binding(binding.name.clone()),
        })
    }

    fn access(self, sources: &Sources<'_>) -> Result<S3Access, Vec<ConfigProblem>> {
        let endpoint = self
            .endpoint
            .map(|endpoint| parse_endpoint(&endpoint))
            .transpose()
            .map_err(|problem| vec![problem])?;
        let region = self
            .region
            .map_or_else(|| DEFAULT_REGION.to_owned(), |region| region.value);
        let ca_file = sources.text(&names::CA_FILE);
        let ca_file = ca_file.map(ca_file_of).transpose().map_err(|it| vec![it])?;
        let is_header = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic());
        let headers = [
            ("access key id", self.id.expose()),
            ("secret access key", self.secret.expose()),
            (
                "session token",
                self.token.as_ref().map_or("", Secret::expose),
            ),
            ("region", &region),
        ];
        if let Some((what, _)) = headers.iter().find(|(_, text)| !is_header(text)) {
            return Err(vec![ConfigProblem::NoHeader { what }]);
        }
        Ok(S3Access {
            key_id: self.id,
            secret_key: self.secret,
            session_token: self.token,
            region,
            endpoint,
            ca_file,
            source: self.source,
        })
    }
}

fn ca_file_of(setting: Setting<String>) -> Result<PathBuf, ConfigProblem> {
    match fs_err::read(&setting.value) {
        Ok(pem) if memchr::memmem::find(&pem, b"-----BEGIN CERTIFICATE-----").is_some() => {
            Ok(PathBuf::from(setting.value))
        }
        Ok(_) => Err(ConfigProblem::NoCertificate { setting }),
        Err(error) => Err(ConfigProblem::Unreadable {
            what: names::CA_FILE.name.to_owned(),
            error,
        }),
    }
}

fn parse_endpoint(endpoint: &Setting<String>) -> Result<Url, ConfigProblem> {
    let malformed = || ConfigProblem::Endpoint {
        origin: endpoint.origin.clone(),
    };
    let url = Url::parse(&endpoint.value).map_err(|_| malformed())?;
    let is_plain = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    match url.scheme() {
        "https" if is_plain => Ok(url),
        "http" if is_plain && is_loopback(&url) => Ok(url),
        "http" if is_plain => Err(ConfigProblem::PlainHttp {
            host: url.host_str().unwrap_or_default().to_owned(),
        }),
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

fn public_url(
    store: &StoreUrl,
    access: Option<&Access>,
    place: &Place<'_>,
) -> Result<PublicUrl, ConfigProblem> {
    if let Some(setting) = &place.public_url {
        return setting
            .value
            .parse()
            .map_err(|reason| ConfigProblem::PublicUrl {
                setting: setting.clone(),
                reason,
            });
    }
    match (store, access) {
        (StoreUrl::File { .. }, _) => Err(ConfigProblem::PublicUrlMissing {
            store: store.clone(),
        }),
        (StoreUrl::S3 { .. }, Some(Access::S3(access))) if access.endpoint.is_some() => {
            Err(ConfigProblem::PublicUrlMissing {
                store: store.clone(),
            })
        }
        (StoreUrl::S3 { bucket, folder }, access) => {
            let region = match access {
                Some(Access::S3(access)) => &access.region,
                _ => DEFAULT_REGION,
            };
            // The wildcard certificate covers one label only.
            let url = if bucket.contains('.') {
                format!("https://s3.{region}.amazonaws.com/{bucket}/{folder}")
            } else {
                format!("https://{bucket}.s3.{region}.amazonaws.com/{folder}")
            };
            url.parse().map_err(|reason| ConfigProblem::PublicUrl {
                setting: Setting {
                    value: url,
                    origin: Origin::Environment,
                },
                reason,
            })
        }
    }
}
