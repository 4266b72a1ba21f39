//! Reads the credentials of `s3://`: keys, a web identity, or the machine's own identity.

use super::access::{Access, Ambient, S3Access, S3Ambient, S3Identity, Secret};
use super::bindings::{Binding, CredentialBinding};
use super::env_vars::{self, Variable};
use super::problems::{ConfigProblem, ServerUrlProblem};
use super::server_url::{ServerUrl, check_header, read_server, read_url};
use super::setting::Origin;
use super::sources::Sources;
use crate::prefix::BucketUrl;
use url::Url;

pub(super) const KEY_ID: &[&str] = &["access-key-id", "access-key", "key-id"];
pub(super) const SECRET_KEY: &[&str] = &["secret-access-key", "secret-key"];
pub(super) const TOKEN: &[&str] = &["session-token"];

pub(super) const BINDING: CredentialBinding = CredentialBinding {
    kind: "s3",
    bucket: &["bucket", "bucket-name"],
    credentials: &[KEY_ID],
};

/// The key id, the secret key and the session token of one family of variables. Families are never mixed.
type KeyVariables = [&'static Variable; 3];

const OURS: KeyVariables = [
    &env_vars::ACCESS_KEY_ID,
    &env_vars::SECRET_ACCESS_KEY,
    &env_vars::SESSION_TOKEN,
];
const AWS: KeyVariables = [
    &env_vars::AWS_ACCESS_KEY_ID,
    &env_vars::AWS_SECRET_ACCESS_KEY,
    &env_vars::AWS_SESSION_TOKEN,
];

/// The values of one source, not yet judged.
struct S3Settings {
    identity: S3Identity,
    region: Option<String>,
    endpoint: Option<ServerUrl>,
    source: Origin,
}

pub(super) fn read_access(
    bucket: &str,
    binding: Option<&Binding>,
    ambient: Ambient,
    sources: &Sources<'_>,
) -> Result<Option<Access>, ConfigProblem> {
    let settings = match (read_keys(OURS, sources)?, binding) {
        (Some(_), Some(binding)) => {
            let name = env_vars::ACCESS_KEY_ID.name;
            let both = [binding.origin().to_string(), name.to_owned()];
            return Err(ConfigProblem::TwoSources(name, both));
        }
        (Some(identity), None) => S3Settings {
            identity,
            region: sources.value(&env_vars::REGION),
            endpoint: ServerUrl::of_variable(&env_vars::ENDPOINT_URL, sources),
            source: Origin::Variables("STATIC_ASSETS_*"),
        },
        (None, Some(binding)) => S3Settings::of_binding(binding, sources)?,
        (None, None) => match read_aws_identity(ambient, sources)? {
            Some(identity) => S3Settings::of_aws(identity, sources)?,
            None => return Ok(None),
        },
    };
    let access = settings.access(bucket, sources)?;
    Ok(Some(Access::S3(Box::new(access))))
}

fn read_keys(
    [id, secret, token]: KeyVariables,
    sources: &Sources<'_>,
) -> Result<Option<S3Identity>, ConfigProblem> {
    let (given, missing) = match (sources.secret(id)?, sources.secret(secret)?) {
        (Some(id), Some(secret)) => {
            return Ok(Some(S3Identity::Keys {
                id: Secret(id.value),
                secret: Secret(secret.value),
                token: sources.secret(token)?.map(|token| Secret(token.value)),
            }));
        }
        (None, None) => return Ok(None),
        (Some(_), None) => (id.name, secret.name),
        (None, Some(_)) => (secret.name, id.name),
    };
    Err(ConfigProblem::HalfACredential { given, missing })
}

/// Reads what AWS's own tools take: keys, the web identity of EKS and CI services, or the machine's own identity.
fn read_aws_identity(
    ambient: Ambient,
    sources: &Sources<'_>,
) -> Result<Option<S3Identity>, ConfigProblem> {
    if let Some(keys) = read_keys(AWS, sources)? {
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

/// Refuses our endpoint or region beside keys of another source. It would be ignored, or send keys to the wrong server.
fn refuse_settings_beside(
    keys_from: Origin,
    [endpoint, region]: [&'static str; 2],
    sources: &Sources<'_>,
) -> Result<Origin, ConfigProblem> {
    let (setting, instead) = if sources.text(&env_vars::ENDPOINT_URL).is_some() {
        (env_vars::ENDPOINT_URL.name, endpoint)
    } else if sources.text(&env_vars::REGION).is_some() {
        (env_vars::REGION.name, region)
    } else {
        return Ok(keys_from);
    };
    Err(ConfigProblem::BesideOtherKeys {
        setting,
        keys_from,
        instead,
    })
}

impl S3Settings {
    fn of_binding(binding: &Binding, sources: &Sources<'_>) -> Result<Self, ConfigProblem> {
        let text = |keys: &[&str]| binding.get(keys).map(str::to_owned);
        let entries = ["its entry 'endpoint'", "its entry 'region'"];
        Ok(Self {
            identity: S3Identity::Keys {
                id: Secret(binding.required(KEY_ID)?.value),
                secret: Secret(binding.required(SECRET_KEY)?.value),
                token: text(TOKEN).map(Secret),
            },
            region: text(&["region"]),
            endpoint: ServerUrl::of_binding(binding),
            source: refuse_settings_beside(binding.origin(), entries, sources)?,
        })
    }

    fn of_aws(identity: S3Identity, sources: &Sources<'_>) -> Result<Self, ConfigProblem> {
        let family = Origin::Variables("AWS_*");
        let names = ["AWS_ENDPOINT_URL", "AWS_REGION"];
        let region = sources.value(&env_vars::AWS_REGION);
        Ok(Self {
            identity,
            region: region.or_else(|| sources.value(&env_vars::AWS_DEFAULT_REGION)),
            endpoint: ServerUrl::of_variable(&env_vars::AWS_ENDPOINT_URL, sources),
            source: refuse_settings_beside(family, names, sources)?,
        })
    }

    fn access(self, bucket: &str, sources: &Sources<'_>) -> Result<S3Access, ConfigProblem> {
        let region = self.region.unwrap_or_else(|| "us-east-1".to_owned());
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
            let name = self.endpoint.map_or("endpoint", |endpoint| endpoint.name);
            let problem = ServerUrlProblem::HoldsBucket(bucket.to_owned());
            return Err(ConfigProblem::ServerUrl(name, problem));
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
