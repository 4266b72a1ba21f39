//! Reads the credentials of `s3://`: keys, a web identity, or the machine's own identity.

use super::access::{Access, Ambient, Region, S3Access, S3Ambient, S3Identity, Secret, Server};
use super::bindings::{Binding, CredentialBinding};
use super::credential_source::CredentialSource;
use super::env_vars::Variable;
use super::server_url::{ServerUrl, check_header, read_server, read_url};
use super::{ConfigProblem, ConfigResult, Origin, ServerUrlProblem, Sources, env_vars};
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

/// Variables that belong together. Families are never mixed.
struct KeyFamily {
    name: &'static str,
    id: &'static Variable,
    secret: &'static Variable,
    token: Option<&'static Variable>,
    regions: &'static [&'static Variable],
    endpoint: Option<&'static Variable>,
}

const OURS: KeyFamily = KeyFamily {
    name: "STATIC_ASSETS_*",
    id: &env_vars::ACCESS_KEY_ID,
    secret: &env_vars::SECRET_ACCESS_KEY,
    token: Some(&env_vars::SESSION_TOKEN),
    regions: &[&env_vars::REGION],
    endpoint: Some(&env_vars::ENDPOINT_URL),
};

const AWS: KeyFamily = KeyFamily {
    name: "AWS_*",
    id: &env_vars::AWS_ACCESS_KEY_ID,
    secret: &env_vars::AWS_SECRET_ACCESS_KEY,
    token: Some(&env_vars::AWS_SESSION_TOKEN),
    regions: &[&env_vars::AWS_REGION, &env_vars::AWS_DEFAULT_REGION],
    endpoint: Some(&env_vars::AWS_ENDPOINT_URL),
};

/// What Heroku's add-on Bucketeer sets for its one bucket.
const BUCKETEER: KeyFamily = KeyFamily {
    name: "BUCKETEER_*",
    id: &env_vars::BUCKETEER_AWS_ACCESS_KEY_ID,
    secret: &env_vars::BUCKETEER_AWS_SECRET_ACCESS_KEY,
    token: None,
    regions: &[&env_vars::BUCKETEER_AWS_REGION],
    endpoint: None,
};

pub(super) fn read_access(
    bucket: &str,
    source: &CredentialSource<'_>,
) -> ConfigResult<Option<Access>> {
    let ours = read_keys(&OURS, source.sources)?;
    let found = match (ours, source.binding) {
        (Some(_), Some(binding)) => {
            let name = env_vars::ACCESS_KEY_ID.name;
            let both = [binding.origin().to_string(), name.to_owned()];
            return Err(ConfigProblem::TwoSources(name, both));
        }
        (Some(keys), None) => Some((keys, OURS)),
        (None, Some(binding)) => Some((read_bound_keys(binding)?, AWS)),
        (None, None) => read_foreign_identity(bucket, source)?,
    };
    let Some((identity, family)) = found else {
        return Ok(None);
    };
    let origin = source.origin(family.name);
    if family.name != OURS.name {
        refuse_ours_beside(&family, &origin, source)?;
    }
    let is_given = |name: &&&Variable| source.value(name).is_some();
    let region_variable = match source.binding {
        Some(_) => None,
        None => Some(
            family
                .regions
                .iter()
                .find(is_given)
                .unwrap_or(&family.regions[0])
                .name,
        ),
    };
    let region = source.read(&["region"], family.regions)?;
    let region = region.map_or(Region::Unknown, |region| Region::Given(region.value));
    if !is_region(region.name()) {
        return Err(ConfigProblem::Region(
            region_variable,
            region.name().to_owned(),
        ));
    }
    check_keys(&identity)?;
    let endpoint = source.endpoint(family.endpoint);
    let server = read_server(endpoint.as_ref(), origin, source.sources)?;
    refuse_bucket(bucket, endpoint, &server)?;
    Ok(Some(Access::S3(Box::new(S3Access {
        identity,
        region,
        region_variable,
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

/// Our region and endpoint go with our key alone.
fn refuse_ours_beside(
    family: &KeyFamily,
    keys_from: &Origin,
    source: &CredentialSource<'_>,
) -> ConfigResult<()> {
    let endpoint = match (source.binding, family.endpoint) {
        (Some(_), _) => "the binding's entry 'endpoint'",
        (None, Some(endpoint)) => endpoint.name,
        (None, None) => "a key of STATIC_ASSETS_*",
    };
    let region = match source.binding {
        Some(_) => "the binding's entry 'region'",
        None => family.regions[0].name,
    };
    source.refuse_beside(keys_from, &env_vars::ENDPOINT_URL, endpoint)?;
    source.refuse_beside(keys_from, &env_vars::REGION, region)
}

/// Whether a name can be part of a host and of a signature.
fn is_region(name: &str) -> bool {
    name.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte))
}

fn read_keys(family: &KeyFamily, sources: &Sources<'_>) -> ConfigResult<Option<S3Identity>> {
    let KeyFamily { id, secret, .. } = family;
    let (given, missing) = match (sources.secret(id)?, sources.secret(secret)?) {
        (Some(id), Some(secret)) => {
            let token = family
                .token
                .map(|token| sources.secret(token))
                .transpose()?;
            return Ok(Some(S3Identity::Keys {
                id: Secret(id.value),
                secret: Secret(secret.value),
                token: token.flatten().map(|token| Secret(token.value)),
            }));
        }
        (None, None) => return Ok(None),
        (Some(_), None) => (id.name, secret.name),
        (None, Some(_)) => (secret.name, id.name),
    };
    Err(ConfigProblem::HalfACredential { given, missing })
}

/// Reads what other tools and platforms set.
fn read_foreign_identity(
    bucket: &str,
    source: &CredentialSource<'_>,
) -> ConfigResult<Option<(S3Identity, KeyFamily)>> {
    if let Some(keys) = read_keys(&AWS, source.sources)? {
        return Ok(Some((keys, AWS)));
    }
    let of_addon = source.value(&env_vars::BUCKETEER_BUCKET_NAME);
    if of_addon.as_deref() == Some(bucket)
        && let Some(keys) = read_keys(&BUCKETEER, source.sources)?
    {
        return Ok(Some((keys, BUCKETEER)));
    }
    Ok(read_aws_identity(source)?.map(|identity| (identity, AWS)))
}

/// Reads what AWS's own tools take besides keys: the web identity of EKS and CI services, or the machine's own identity.
fn read_aws_identity(source: &CredentialSource<'_>) -> ConfigResult<Option<S3Identity>> {
    if let Some(role) = source.value(&env_vars::AWS_ROLE_ARN)
        && let Some(token_file) = source.file(&env_vars::AWS_WEB_IDENTITY_TOKEN_FILE)?
    {
        return Ok(Some(S3Identity::Web {
            token_file,
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
    let token_file = source.file(&env_vars::AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)?;
    let machine = match (task, pod, token_file) {
        (Some(path), _, _) => {
            check_header("path of the task's credentials", &path)?;
            S3Ambient::Task(path)
        }
        (None, Some(url), Some(token_file)) => S3Ambient::Pod {
            url: parse_pod_url(&url)?,
            token_file,
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
