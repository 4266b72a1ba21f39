//! Reads the credentials of `s3://`: keys, a web identity, or the machine's own identity.

use super::access::{Access, Ambient, Region, S3Access, S3Ambient, S3Identity, Secret, Server};
use super::bindings::{Binding, CredentialBinding};
use super::credential_source::CredentialSource;
use super::env_vars::Variable;
use super::server_url::{ServerUrl, check_header, read_server, read_url};
use super::{ConfigProblem, ConfigResult, ServerUrlProblem, Sources, env_vars};
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

pub(super) fn read_access(
    bucket: &str,
    source: &CredentialSource<'_>,
) -> ConfigResult<Option<Access>> {
    let ours = read_keys(OURS, source.sources)?;
    let is_ours = ours.is_some();
    let identity = match (ours, source.binding) {
        (Some(_), Some(binding)) => {
            let name = env_vars::ACCESS_KEY_ID.name;
            let both = [binding.origin().to_string(), name.to_owned()];
            return Err(ConfigProblem::TwoSources(name, both));
        }
        (Some(keys), None) => Some(keys),
        (None, Some(binding)) => Some(read_bound_keys(binding)?),
        (None, None) => read_aws_identity(source)?,
    };
    let Some(identity) = identity else {
        return Ok(None);
    };
    let (family, regions, endpoint): (_, &[&Variable], _) = if is_ours {
        let endpoint = &env_vars::ENDPOINT_URL;
        ("STATIC_ASSETS_*", &[&env_vars::REGION], endpoint)
    } else {
        let regions = &[&env_vars::AWS_REGION, &env_vars::AWS_DEFAULT_REGION];
        ("AWS_*", regions, &env_vars::AWS_ENDPOINT_URL)
    };
    let origin = source.origin(family);
    if !is_ours {
        let [endpoint, region] = match source.binding {
            Some(_) => [
                "the binding's entry 'endpoint'",
                "the binding's entry 'region'",
            ],
            None => ["AWS_ENDPOINT_URL", "AWS_REGION"],
        };
        source.refuse_beside(&origin, &env_vars::ENDPOINT_URL, endpoint)?;
        source.refuse_beside(&origin, &env_vars::REGION, region)?;
    }
    let region = source.read(&["region"], regions)?;
    let region = region.map_or(Region::Unknown, |region| Region::Given(region.value));
    check_header("region", region.name())?;
    check_keys(&identity)?;
    let endpoint = source.endpoint(endpoint);
    let server = read_server(endpoint.as_ref(), origin, source.sources)?;
    refuse_bucket(bucket, endpoint, &server)?;
    Ok(Some(Access::S3(Box::new(S3Access {
        identity,
        region,
        server,
    }))))
}

fn read_bound_keys(binding: &Binding) -> ConfigResult<S3Identity> {
    Ok(S3Identity::Keys {
        id: Secret(binding.required(KEY_ID)?.value),
        secret: Secret(binding.required(SECRET_KEY)?.value),
        token: binding.entry(TOKEN).map(|token| Secret(token.value)),
    })
}

fn check_keys(identity: &S3Identity) -> ConfigResult<()> {
    let S3Identity::Keys { id, secret, token } = identity else {
        return Ok(());
    };
    check_header("access key id", id.expose())?;
    check_header("secret access key", secret.expose())?;
    check_header("session token", token.as_ref().map_or("", Secret::expose))
}

/// Refuses an endpoint that ends in the bucket's name, because requests add it.
fn refuse_bucket(bucket: &str, endpoint: Option<ServerUrl>, server: &Server) -> ConfigResult<()> {
    let path = server.endpoint.as_ref().and_then(Url::path_segments);
    let last = path.and_then(|mut parts| parts.rfind(|part| !part.is_empty()));
    match endpoint {
        Some(endpoint) if last == Some(bucket) => {
            let problem = ServerUrlProblem::HoldsBucket(bucket.to_owned());
            Err(ConfigProblem::ServerUrl(endpoint.name, problem))
        }
        _ => Ok(()),
    }
}

fn read_keys(
    [id, secret, token]: KeyVariables,
    sources: &Sources<'_>,
) -> ConfigResult<Option<S3Identity>> {
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
fn read_aws_identity(source: &CredentialSource<'_>) -> ConfigResult<Option<S3Identity>> {
    if let Some(keys) = read_keys(AWS, source.sources)? {
        return Ok(Some(keys));
    }
    let token_file = source.value(&env_vars::AWS_WEB_IDENTITY_TOKEN_FILE);
    if let (Some(token_file), Some(role)) = (token_file, source.value(&env_vars::AWS_ROLE_ARN)) {
        return Ok(Some(S3Identity::Web {
            token_file: token_file.into(),
            role,
            session: source.value(&env_vars::AWS_ROLE_SESSION_NAME),
            service: read_url(&env_vars::AWS_ENDPOINT_URL_STS, source.sources)?,
        }));
    }
    if source.ambient == Ambient::Refused {
        return Ok(None);
    }
    let task = source.value(&env_vars::AWS_CONTAINER_CREDENTIALS_RELATIVE_URI);
    let pod = source.value(&env_vars::AWS_CONTAINER_CREDENTIALS_FULL_URI);
    let token_file = source.value(&env_vars::AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE);
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
fn parse_pod_url(text: &str) -> ConfigResult<Url> {
    const AGENTS: [&str; 2] = ["169.254.170.23", "[fd00:ec2::23]"];
    Url::parse(text)
        .ok()
        .filter(|url| AGENTS.contains(&url.host_str().unwrap_or_default()))
        .ok_or(ConfigProblem::PodUrl)
}

/// Knows only the public URLs of AWS. A server of one's own has none that could be known.
pub(super) fn public_url(url: &BucketUrl, access: &S3Access) -> Option<String> {
    if access.server.endpoint.is_some() {
        return None;
    }
    let BucketUrl { bucket, folder, .. } = url;
    let region = access.region.name();
    // The wildcard certificate covers one label only.
    Some(if bucket.contains('.') {
        format!("https://s3.{region}.amazonaws.com/{bucket}/{folder}")
    } else {
        format!("https://{bucket}.s3.{region}.amazonaws.com/{folder}")
    })
}
