//! Credentials of `s3://`: keys, a web identity, or the machine's own.

use super::bindings::Binding;
use super::credentials::{
    Ambient, Bound, CredentialSource, Secret, Server, entry, parse_endpoint,
    refuse_what_is_no_header, required, server,
};
use super::env_vars::{self, Variable};
use super::sources::{Setting, Sources};
use super::{ConfigProblem, Origin};
use crate::prefix::BucketUrl;
use std::path::PathBuf;
use url::Url;

const DEFAULT_REGION: &str = "us-east-1";

pub(crate) const KEY_ID: &[&str] = &["access-key-id", "access-key", "key-id"];
pub(crate) const SECRET_KEY: &[&str] = &["secret-access-key", "secret-key"];
pub(crate) const TOKEN: &[&str] = &["session-token"];

pub(super) const BOUND: Bound = Bound {
    kind: "s3",
    bucket: &["bucket", "bucket-name"],
    credential: KEY_ID,
};

#[derive(Clone)]
pub(crate) struct S3Access {
    pub(crate) identity: S3Identity,
    pub(crate) region: String,
    pub(crate) server: Server,
}

#[derive(Clone)]
pub(crate) enum S3Identity {
    Keys {
        id: Secret,
        secret: Secret,
        token: Option<Secret>,
    },
    /// A role, taken with a token that the platform keeps in a file.
    Web {
        token_file: PathBuf,
        role: String,
        session: Option<String>,
        /// The token service, in place of the region's.
        service: Option<Url>,
    },
    Ambient(S3Ambient),
}

/// Where the machine's own identity is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum S3Ambient {
    Machine,
    /// ECS: a path on its credential server.
    Task(String),
    /// EKS: a URL, and a file with the token for it.
    Pod {
        url: Url,
        token_file: PathBuf,
    },
}

impl S3Identity {
    /// The last four characters: enough to tell keys apart, useless to anybody else.
    pub(crate) fn key_hint(id: &Secret) -> &str {
        let id = id.expose();
        id.char_indices()
            .rev()
            .nth(3)
            .filter(|(start, _)| *start > 0)
            .map_or("", |(start, _)| &id[start..])
    }
}

pub(super) fn access(
    binding: Option<&Binding>,
    ambient: &Ambient,
    sources: &Sources<'_>,
) -> Result<Option<S3Access>, Vec<ConfigProblem>> {
    let found = found(binding, ambient, sources).map_err(|problem| vec![problem])?;
    found
        .map(|found| found.access(sources))
        .transpose()
        .map_err(|problem| vec![problem])
}

fn found(
    binding: Option<&Binding>,
    ambient: &Ambient,
    sources: &Sources<'_>,
) -> Result<Option<Found>, ConfigProblem> {
    let ours = Found::of_settings(sources, &OURS)?;
    let found = match (ours, binding) {
        (Some(_), Some(binding)) => {
            return Err(ConfigProblem::TwoSources {
                what: env_vars::ACCESS_KEY_ID.name,
                one: Origin::Binding(binding.name.clone()).to_string(),
                other: env_vars::ACCESS_KEY_ID.name.to_owned(),
            });
        }
        (Some(ours), None) => return Ok(Some(ours)),
        (None, Some(binding)) => Some(Found::of_binding(binding)?),
        (None, None) => match Found::of_settings(sources, &AWS)? {
            Some(keys) => Some(keys),
            None => match Found::of_token_file(sources)? {
                Some(token) => Some(token),
                None => Found::of_machine(ambient, sources)?,
            },
        },
    };
    if let Some(found) = &found {
        refuse_settings_beside(&found.source, sources)?;
    }
    Ok(found)
}

/// A region or endpoint of ours beside keys of another source would be ignored, or sent keys to a
/// server that they are not for.
fn refuse_settings_beside(
    source: &CredentialSource,
    sources: &Sources<'_>,
) -> Result<(), ConfigProblem> {
    let (keys_from, names) = match source {
        CredentialSource::Ours => return Ok(()),
        CredentialSource::Vendor(vendor) => (
            (*vendor).to_owned(),
            [
                "AWS_ENDPOINT_URL, or give STATIC_ASSETS_ACCESS_KEY_ID and STATIC_ASSETS_SECRET_ACCESS_KEY",
                "AWS_REGION, or give STATIC_ASSETS_ACCESS_KEY_ID and STATIC_ASSETS_SECRET_ACCESS_KEY",
            ],
        ),
        CredentialSource::Binding(name) => (
            Origin::Binding(name.clone()).to_string(),
            ["its entry 'endpoint'", "its entry 'region'"],
        ),
    };
    for (setting, instead) in [env_vars::ENDPOINT_URL, env_vars::REGION].iter().zip(names) {
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
    id: env_vars::ACCESS_KEY_ID,
    secret: env_vars::SECRET_ACCESS_KEY,
    token: env_vars::SESSION_TOKEN,
    regions: [env_vars::REGION, env_vars::REGION],
    endpoint: env_vars::ENDPOINT_URL,
    source: CredentialSource::Ours,
};

const AWS: Family = Family {
    id: env_vars::AWS_ACCESS_KEY_ID,
    secret: env_vars::AWS_SECRET_ACCESS_KEY,
    token: env_vars::AWS_SESSION_TOKEN,
    regions: [env_vars::AWS_REGION, env_vars::AWS_DEFAULT_REGION],
    endpoint: env_vars::AWS_ENDPOINT_URL,
    source: CredentialSource::Vendor("AWS_*"),
};

/// One source's whole set, not yet judged.
struct Found {
    identity: S3Identity,
    region: Option<Setting<String>>,
    endpoint: Option<Setting<String>>,
    source: CredentialSource,
}

impl Found {
    fn of_settings(sources: &Sources<'_>, family: &Family) -> Result<Option<Self>, ConfigProblem> {
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
        let token = sources.secret(&family.token)?;
        let identity = S3Identity::Keys {
            id: Secret(id.value),
            secret: Secret(secret.value),
            token: token.map(|token| Secret(token.value)),
        };
        Ok(Some(Self::beside(identity, sources, family)))
    }

    /// With the region and endpoint of the same family.
    fn beside(identity: S3Identity, sources: &Sources<'_>, family: &Family) -> Self {
        Self {
            identity,
            region: family.regions.iter().find_map(|name| sources.text(name)),
            endpoint: sources.text(&family.endpoint),
            source: family.source.clone(),
        }
    }

    fn of_binding(binding: &Binding) -> Result<Self, ConfigProblem> {
        let token = binding.get(TOKEN);
        Ok(Self {
            identity: S3Identity::Keys {
                id: required(binding, KEY_ID)?,
                secret: required(binding, SECRET_KEY)?,
                token: token.map(|value| Secret(value.to_owned())),
            },
            region: entry(binding, &["region"]),
            endpoint: entry(binding, &["endpoint-url", "endpoint"]),
            source: CredentialSource::Binding(binding.name.clone()),
        })
    }

    /// As EKS and CI services with `OpenID` Connect set it up.
    fn of_token_file(sources: &Sources<'_>) -> Result<Option<Self>, ConfigProblem> {
        let text = |name: &Variable| sources.text(name).map(|setting| setting.value);
        let token_file = text(&env_vars::AWS_WEB_IDENTITY_TOKEN_FILE);
        let (Some(token_file), Some(role)) = (token_file, text(&env_vars::AWS_ROLE_ARN)) else {
            return Ok(None);
        };
        let service = sources.text(&env_vars::AWS_ENDPOINT_URL_STS);
        let service = service.map(|service| parse_endpoint(&service, sources));
        let identity = S3Identity::Web {
            token_file: token_file.into(),
            role,
            session: text(&env_vars::AWS_ROLE_SESSION_NAME),
            service: service.transpose()?,
        };
        Ok(Some(Self::beside(identity, sources, &AWS)))
    }

    fn of_machine(ambient: &Ambient, sources: &Sources<'_>) -> Result<Option<Self>, ConfigProblem> {
        if *ambient == Ambient::Refused {
            return Ok(None);
        }
        let task = sources.text(&env_vars::AWS_CONTAINER_CREDENTIALS_RELATIVE_URI);
        let pod = sources.text(&env_vars::AWS_CONTAINER_CREDENTIALS_FULL_URI);
        let token_file = sources.text(&env_vars::AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE);
        let machine = match (task, pod, token_file) {
            (Some(path), _, _) => {
                refuse_what_is_no_header("path of the task's credentials", &path.value)?;
                S3Ambient::Task(path.value)
            }
            (None, Some(url), Some(token_file)) => S3Ambient::Pod {
                url: pod_url(&url)?,
                token_file: token_file.value.into(),
            },
            _ => S3Ambient::Machine,
        };
        let identity = S3Identity::Ambient(machine);
        Ok(Some(Self::beside(identity, sources, &AWS)))
    }

    fn access(self, sources: &Sources<'_>) -> Result<S3Access, ConfigProblem> {
        let region = self
            .region
            .map_or_else(|| DEFAULT_REGION.to_owned(), |region| region.value);
        refuse_what_is_no_header("region", &region)?;
        if let S3Identity::Keys { id, secret, token } = &self.identity {
            refuse_what_is_no_header("access key id", id.expose())?;
            refuse_what_is_no_header("secret access key", secret.expose())?;
            let token = token.as_ref().map_or("", Secret::expose);
            refuse_what_is_no_header("session token", token)?;
        }
        Ok(S3Access {
            identity: self.identity,
            region,
            server: server(self.endpoint.as_ref(), self.source, sources)?,
        })
    }
}

/// A file of this machine is sent there: only to the agent that EKS runs on the node.
fn pod_url(setting: &Setting<String>) -> Result<Url, ConfigProblem> {
    const AGENTS: [&str; 2] = ["169.254.170.23", "[fd00:ec2::23]"];
    Url::parse(&setting.value)
        .ok()
        .filter(|url| AGENTS.contains(&url.host_str().unwrap_or_default()))
        .ok_or(ConfigProblem::PodUrl)
}

/// A server of one's own has none that is known.
pub(super) fn public_url(url: &BucketUrl, access: &S3Access) -> Option<String> {
    if access.server.endpoint.is_some() {
        return None;
    }
    let BucketUrl { bucket, folder, .. } = url;
    let region = &access.region;
    // The wildcard certificate covers one label only.
    Some(if bucket.contains('.') {
        format!("https://s3.{region}.amazonaws.com/{bucket}/{folder}")
    } else {
        format!("https://{bucket}.s3.{region}.amazonaws.com/{folder}")
    })
}
