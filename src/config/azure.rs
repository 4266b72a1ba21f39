//! Reads the credentials of `az://`: an account key, a shared access signature, a workload identity, or the machine's own
//! identity.

mod connection_string;

use super::access::{Access, Ambient, AzureAccess, AzureIdentity, Secret};
use super::bindings::CredentialBinding;
use super::credential_source::CredentialSource;
use super::server_url::{ServerUrl, check_header, read_server, read_url};
use super::{ConfigProblem, ConfigResult, Origin, Setting, env_vars};
use crate::prefix::BucketUrl;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
pub(super) use connection_string::find_secrets;

pub(super) const KEY: &[&str] = &["account-key", "access-key", "key"];
pub(super) const SAS: &[&str] = &["sas-token", "sas"];
pub(super) const CONNECTION: &[&str] = &["connection-string"];

pub(super) const BINDING: CredentialBinding = CredentialBinding {
    kind: "azure-blob",
    bucket: &["container", "container-name"],
    credentials: &[KEY, SAS, CONNECTION],
};

/// An account with the identity that may write to it.
struct AzureAccount {
    name: String,
    identity: AzureIdentity,
    endpoint: Option<ServerUrl>,
}

pub(super) fn read_access(source: &CredentialSource<'_>) -> ConfigResult<Option<Access>> {
    let origin = source.origin("AZURE_*");
    let Some(account) = read_account(source, &origin)? else {
        // A binding must hold one of the credentials.
        let key = source.binding.map(|binding| binding.required(KEY));
        return key.transpose().map(|_| None);
    };
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if !(3..=24).contains(&account.name.len()) || !account.name.bytes().all(is_letter) {
        return Err(ConfigProblem::AzureAccount(account.name));
    }
    if let AzureIdentity::Key(key) = &account.identity
        && STANDARD.decode(key.expose()).is_err()
    {
        return Err(ConfigProblem::AzureKey);
    }
    Ok(Some(Access::Azure(Box::new(AzureAccess {
        server: read_server(account.endpoint.as_ref(), origin, source.sources)?,
        account: account.name,
        identity: account.identity,
    }))))
}

fn read_account(
    source: &CredentialSource<'_>,
    origin: &Origin,
) -> ConfigResult<Option<AzureAccount>> {
    let other = match source.binding {
        Some(_) => None,
        None => read_identity(source)?,
    };
    let connection = [&env_vars::AZURE_STORAGE_CONNECTION_STRING];
    let connection = source.read(CONNECTION, &connection)?;
    let key = [
        &env_vars::AZURE_STORAGE_ACCOUNT_KEY,
        &env_vars::AZURE_STORAGE_KEY,
    ];
    let key = source.read(KEY, &key)?;
    let sas = source.read(SAS, &[&env_vars::AZURE_STORAGE_SAS_TOKEN])?;
    let instead = "BlobEndpoint=… in AZURE_STORAGE_CONNECTION_STRING";
    source.refuse_beside(origin, &env_vars::ENDPOINT_URL, instead)?;
    if let Some(connection) = connection {
        return connection_string::parse(&connection).map(Some);
    }
    let sas = sas.as_ref().map(parse_signature).transpose()?;
    let (given, identity) = match (key, sas, other) {
        (Some(key), _, _) => (
            "an Azure account key",
            AzureIdentity::Key(Secret(key.value)),
        ),
        (None, Some(sas), _) => ("an Azure shared access signature", sas),
        (None, None, Some(other)) => ("an Azure identity", other),
        (None, None, None) => return Ok(None),
    };
    let names = [
        &env_vars::AZURE_STORAGE_ACCOUNT_NAME,
        &env_vars::AZURE_STORAGE_ACCOUNT,
    ];
    let name = source.read(&["account-name", "storage-account", "account"], &names)?;
    let missing = names[0].name;
    let name = name.ok_or(ConfigProblem::HalfACredential { given, missing })?;
    Ok(Some(AzureAccount {
        name: name.value,
        identity,
        endpoint: source.binding.and_then(ServerUrl::of_binding),
    }))
}

/// Reads a workload identity, or the machine's own identity.
fn read_identity(source: &CredentialSource<'_>) -> ConfigResult<Option<AzureIdentity>> {
    let authority = read_url(&env_vars::AZURE_AUTHORITY_HOST, source.sources)?;
    let tenant = source.value(&env_vars::AZURE_TENANT_ID);
    check_header("Azure tenant", tenant.as_deref().unwrap_or_default())?;
    if let (Some(tenant), Some(client)) = (tenant, source.value(&env_vars::AZURE_CLIENT_ID))
        && let Some(token_file) = source.file(&env_vars::AZURE_FEDERATED_TOKEN_FILE)?
    {
        return Ok(Some(AzureIdentity::Workload {
            tenant,
            client,
            token_file,
            authority,
        }));
    }
    Ok((source.ambient == Ambient::Allowed).then_some(AzureIdentity::Ambient))
}

/// Takes the query of a URL, or the whole URL as the portal shows it.
fn parse_signature(setting: &Setting<String>) -> ConfigResult<AzureIdentity> {
    let text = setting.value.as_str();
    let query = text.split_once('?').map_or(text, |(_, query)| query);
    let is_signed = |pair: &str| pair.len() > 4 && pair.starts_with("sig=");
    if query.split('&').any(is_signed) && query.split('&').all(|pair| pair.contains('=')) {
        Ok(AzureIdentity::Sas(Secret(query.to_owned())))
    } else {
        Err(ConfigProblem::AzureSignature(setting.origin.clone()))
    }
}

/// Knows the public URL of a container whose blobs anyone may read. `$web` has a host of its own, whose name holds a zone.
pub(super) fn public_url(url: &BucketUrl, access: &AzureAccess) -> Option<String> {
    let BucketUrl { bucket, folder, .. } = url;
    let own = format!("{}.blob.", access.account);
    let host = match &access.server.endpoint {
        None => format!("{own}core.windows.net"),
        Some(endpoint) => endpoint
            .host_str()
            .filter(|host| host.starts_with(&own))?
            .to_owned(),
    };
    (!bucket.starts_with('$')).then(|| format!("https://{host}/{bucket}/{folder}"))
}
