//! Reads the credentials of `s3://`: keys, a web identity, or the machine's own identity.

use super::access::{Access, Ambient, CredentialSource, S3Access, S3Ambient, S3Identity, Secret};
use super::bindings::{Binding, CredentialBinding};
use super::env_vars::{self, Variable};
use super::problems::ConfigProblem;
use super::server_url::{ServerUrl, check_header, read_server, read_url};
use super::setting::{Origin, Setting};
use super::sources::Sources;
use crate::prefix::BucketUrl;
use url::Url;

pub(super) const KEY_ID: &[&str] = &["access-key-id", "access-key", "key-id"];
pub(super) const SECRET_KEY: &[&str] = &["secret-access-key", "secret-key"];
pub(super) const TOKEN: &[&str] = &["session-token"];

pub(super) const BINDING: CredentialBinding = CredentialBinding {
    kind: "s3",
    bucket: &["bucket", "bucket-name"],
    credential: KEY_ID,
};

/// Variables that belong together. Values of different families are never mixed.
struct VariableFamily {
    id: Variable,
    secret: Variable,
    token: Variable,
    regions: &'static [Variable],
    endpoint: Variable,
    source: CredentialSource,
}

const OURS: VariableFamily = VariableFamily {
    id: env_vars::ACCESS_KEY_ID,
    secret: env_vars::SECRET_ACCESS_KEY,
    token: env_vars::SESSION_TOKEN,
    regions: &[env_vars::REGION],
    endpoint: env_vars::ENDPOINT_URL,
    source: CredentialSource::Ours,
};

const AWS: VariableFamily = VariableFamily {
    id: env_vars::AWS_ACCESS_KEY_ID,
    secret: env_vars::AWS_SECRET_ACCESS_KEY,
    token: env_vars::AWS_SESSION_TOKEN,
    regions: &[env_vars::AWS_REGION, env_vars::AWS_DEFAULT_REGION],
    endpoint: env_vars::AWS_ENDPOINT_URL,
    source: CredentialSource::Vendor("AWS_*"),
};

/// The values of one source, not yet judged.
struct S3Settings {
    identity: S3Identity,
    region: Option<Setting<String>>,
    endpoint: Option<ServerUrl>,
    source: CredentialSource,
}

pub(super) fn read_access(
    bucket: &str,
    binding: Option<&Binding>,
    ambient: Ambient,
    sources: &Sources<'_>,
) -> Result<Option<Access>, ConfigProblem> {
    let settings = match (OURS.keys(sources)?, binding) {
        (Some(_), Some(binding)) => {
            return Err(ConfigProblem::TwoSources {
                what: env_vars::ACCESS_KEY_ID.name,
                one: Origin::Binding(binding.name.clone()).to_string(),
                other: env_vars::ACCESS_KEY_ID.name.to_owned(),
            });
        }
        (Some(keys), None) => OURS.with(keys, sources),
        (None, Some(binding)) => S3Settings::of_binding(binding)?,
        (None, None) => match read_aws_identity(ambient, sources)? {
            Some(identity) => AWS.with(identity, sources),
            None => return Ok(None),
        },
    };
    refuse_settings_beside(&settings.source, sources)?;
    let access = settings.access(bucket, sources)?;
    Ok(Some(Access::S3(Box::new(access))))
}

impl VariableFamily {
    fn keys(&self, sources: &Sources<'_>) -> Result<Option<S3Identity>, ConfigProblem> {
        let half = |given: &Variable, missing: &Variable| ConfigProblem::HalfACredential {
            given: given.name,
            missing: missing.name,
        };
        let (id, secret) = match (sources.secret(&self.id)?, sources.secret(&self.secret)?) {
            (Some(id), Some(secret)) => (Secret(id.value), Secret(secret.value)),
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(half(&self.id, &self.secret)),
            (None, Some(_)) => return Err(half(&self.secret, &self.id)),
        };
        let token = sources.secret(&self.token)?;
        let token = token.map(|token| Secret(token.value));
        Ok(Some(S3Identity::Keys { id, secret, token }))
    }

    /// Adds the region and the endpoint of the same family.
    fn with(&self, identity: S3Identity, sources: &Sources<'_>) -> S3Settings {
        S3Settings {
            identity,
            region: self.regions.iter().find_map(|name| sources.text(name)),
            endpoint: ServerUrl::of_variable(&self.endpoint, sources),
            source: self.source.clone(),
        }
    }
}

/// Reads what AWS's own tools take: keys, the web identity of EKS and CI services, or the machine's own identity.
fn read_aws_identity(
    ambient: Ambient,
    sources: &Sources<'_>,
) -> Result<Option<S3Identity>, ConfigProblem> {
    if let Some(keys) = AWS.keys(sources)? {
        return Ok(Some(keys));
    }
    let token_file = sources.value(&env_vars::AWS_WEB_IDENTITY_TOKEN_FILE);
    if let (Some(token_file), Some(role)) = (token_file, sources.value(&env_vars::AWS_ROLE_ARN)) {
        return Ok(Some(S3Identity::Web {
            token_file: token_file.into(),
            role,
            session: sources.value(&env_vars::AWS_ROLE_SESSION_NAME),
            service: read_url(&env_vars::AWS_ENDPOINT_URL_STS, sources)?,
        }));
    }
    if ambient == Ambient::Refused {
        return Ok(None);
    }
    let task = sources.value(&env_vars::AWS_CONTAINER_CREDENTIALS_RELATIVE_URI);
    let pod = sources.value(&env_vars::AWS_CONTAINER_CREDENTIALS_FULL_URI);
    let token_file = sources.value(&env_vars::AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE);
    let machine = match (task, pod, token_file) {
        (Some(path), _, _) => {
            check_header("path of the task's credentials", &path)?;
            S3Ambient::Task(path)
        }
        (None, Some(url), Some(token_file)) => S3Ambient::Pod {
            url: parse_pod_url(&url)?,
            token_file: token_file.into(),
        },
        _ => S3Ambient::Machine,
    };
    Ok(Some(S3Identity::Ambient(machine)))
}

/// Accepts only the agent that EKS runs on the node, because it gets the content of a file of this machine.
fn parse_pod_url(text: &str) -> Result<Url, ConfigProblem> {
    const AGENTS: [&str; 2] = ["169.254.170.23", "[fd00:ec2::23]"];
    Url::parse(text)
        .ok()
        .filter(|url| AGENTS.contains(&url.host_str().unwrap_or_default()))
        .ok_or(ConfigProblem::PodUrl)
}

/// Refuses our region or endpoint beside keys of another source. It would be ignored, or send keys to the wrong server.
fn refuse_settings_beside(
    source: &CredentialSource,
    sources: &Sources<'_>,
) -> Result<(), ConfigProblem> {
    let [endpoint, region] = match source {
        CredentialSource::Ours => return Ok(()),
        CredentialSource::Vendor(_) => ["AWS_ENDPOINT_URL", "AWS_REGION"],
        CredentialSource::Binding(_) => ["its entry 'endpoint'", "its entry 'region'"],
    };
    for (setting, instead) in [
        (env_vars::ENDPOINT_URL, endpoint),
        (env_vars::REGION, region),
    ] {
        if sources.text(&setting).is_some() {
            return Err(ConfigProblem::BesideOtherKeys {
                setting: setting.name,
                keys_from: source.to_string(),
                instead,
            });
        }
    }
    Ok(())
}

impl S3Settings {
    fn of_binding(binding: &Binding) -> Result<Self, ConfigProblem> {
        let token = binding.entry(TOKEN);
        Ok(Self {
            identity: S3Identity::Keys {
                id: Secret(binding.required(KEY_ID)?.value),
                secret: Secret(binding.required(SECRET_KEY)?.value),
                token: token.map(|token| Secret(token.value)),
            },
            region: binding.entry(&["region"]),
            endpoint: ServerUrl::of_binding(binding),
            source: CredentialSource::Binding(binding.name.clone()),
        })
    }

    fn access(self, bucket: &str, sources: &Sources<'_>) -> Result<S3Access, ConfigProblem> {
        let region = self.region.map(|region| region.value);
        let region = region.unwrap_or_else(|| "us-east-1".to_owned());
        check_header("region", &region)?;
        if let S3Identity::Keys { id, secret, token } = &self.identity {
            check_header("access key id", id.expose())?;
            check_header("secret access key", secret.expose())?;
            check_header("session token", token.as_ref().map_or("", Secret::expose))?;
        }
        let server = read_server(self.endpoint.as_ref(), self.source, sources)?;
        let path = server.endpoint.as_ref().and_then(Url::path_segments);
        let last = path.and_then(|mut parts| parts.rfind(|part| !part.is_empty()));
        if last == Some(bucket) {
            return Err(ConfigProblem::EndpointHoldsBucket {
                name: self.endpoint.map_or("endpoint", |endpoint| endpoint.name),
                bucket: bucket.to_owned(),
            });
        }
        Ok(S3Access {
            identity: self.identity,
            region,
            server,
        })
    }
}

/// Knows only the public URLs of AWS. A server of one's own has none that could be known.
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
