//! Credentials of `az://`: an account's key, a shared access signature, a workload's identity, or the
//! machine's own.

use super::bindings::Binding;
use super::credentials::{
    Ambient, Bound, CredentialSource, Secret, Server, entry, parse_endpoint,
    refuse_what_is_no_header, server,
};
use super::env_vars::{self, Variable};
use super::sources::{Setting, Sources};
use super::{ConfigProblem, Origin};
use crate::prefix::BucketUrl;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::path::PathBuf;
use url::Url;

const ACCOUNT: &[&str] = &["account-name", "storage-account", "account"];
pub(crate) const KEY: &[&str] = &["account-key", "access-key", "key"];
pub(crate) const SAS: &[&str] = &["sas-token", "sas"];
pub(crate) const CONNECTION: &[&str] = &["connection-string"];

pub(super) const BOUND: Bound = Bound {
    kind: "azure-blob",
    bucket: &["container", "container-name"],
    credential: &[
        "account-key",
        "access-key",
        "key",
        "sas-token",
        "sas",
        "connection-string",
    ],
};

#[derive(Clone)]
pub(crate) struct AzureAccess {
    pub(crate) account: String,
    pub(crate) identity: AzureIdentity,
    pub(crate) server: Server,
}

#[derive(Clone)]
pub(crate) enum AzureIdentity {
    Key(Secret),
    /// A shared access signature: the query of a URL.
    Sas(Secret),
    /// A token that the platform keeps in a file is exchanged for one of Azure's.
    Workload {
        tenant: String,
        client: String,
        token_file: PathBuf,
        authority: Option<Url>,
    },
    Ambient,
}

pub(super) fn access(
    binding: Option<&Binding>,
    ambient: &Ambient,
    sources: &Sources<'_>,
) -> Result<Option<AzureAccess>, ConfigProblem> {
    let given = match binding {
        Some(binding) => Given::of_binding(binding),
        None => Given::of_settings(sources, ambient)?,
    };
    if sources.text(&env_vars::ENDPOINT_URL).is_some() {
        return Err(ConfigProblem::BesideOtherKeys {
            setting: env_vars::ENDPOINT_URL.name,
            keys_from: given.source.to_string(),
            instead: "BlobEndpoint=… in AZURE_STORAGE_CONNECTION_STRING",
        });
    }
    let source = given.source.clone();
    let Some(found) = given.found()? else {
        return match binding {
            Some(binding) => Err(ConfigProblem::BindingEntryMissing {
                binding: binding.name.clone(),
                entry: KEY[0],
            }),
            None => Ok(None),
        };
    };
    refuse_what_is_no_account(&found.account)?;
    if let AzureIdentity::Key(key) = &found.identity
        && STANDARD.decode(key.expose()).is_err()
    {
        return Err(ConfigProblem::NoBase64 {
            what: "Azure account key",
        });
    }
    Ok(Some(AzureAccess {
        server: server(found.endpoint.as_ref(), source, sources)?,
        account: found.account,
        identity: found.identity,
    }))
}

/// One source's values, not yet judged.
struct Given {
    account: Option<String>,
    connection: Option<Setting<String>>,
    key: Option<Setting<String>>,
    sas: Option<Setting<String>>,
    other: Option<AzureIdentity>,
    endpoint: Option<Setting<String>>,
    source: CredentialSource,
}

struct Found {
    account: String,
    identity: AzureIdentity,
    endpoint: Option<Setting<String>>,
}

impl Given {
    fn of_binding(binding: &Binding) -> Self {
        Self {
            account: binding.get(ACCOUNT).map(str::to_owned),
            connection: entry(binding, CONNECTION),
            key: entry(binding, KEY),
            sas: entry(binding, SAS),
            other: None,
            endpoint: entry(binding, &["endpoint-url", "endpoint"]),
            source: CredentialSource::Binding(binding.name.clone()),
        }
    }

    fn of_settings(sources: &Sources<'_>, ambient: &Ambient) -> Result<Self, ConfigProblem> {
        let text = |name: &Variable| sources.text(name).map(|setting| setting.value);
        let either = |one: &Variable, other: &Variable| {
            let one = sources.secret(one)?;
            Ok(one.or(sources.secret(other)?))
        };
        let authority = sources.text(&env_vars::AZURE_AUTHORITY_HOST);
        let authority = authority.map(|url| parse_endpoint(&url, sources));
        let authority = authority.transpose()?;
        if let Some(tenant) = text(&env_vars::AZURE_TENANT_ID) {
            refuse_what_is_no_header("Azure tenant", &tenant)?;
        }
        let workload = || {
            Some(AzureIdentity::Workload {
                tenant: text(&env_vars::AZURE_TENANT_ID)?,
                client: text(&env_vars::AZURE_CLIENT_ID)?,
                token_file: text(&env_vars::AZURE_FEDERATED_TOKEN_FILE)?.into(),
                authority,
            })
        };
        let machine = (*ambient == Ambient::Allowed).then_some(AzureIdentity::Ambient);
        Ok(Self {
            account: text(&env_vars::AZURE_STORAGE_ACCOUNT_NAME)
                .or_else(|| text(&env_vars::AZURE_STORAGE_ACCOUNT)),
            connection: sources.secret(&env_vars::AZURE_STORAGE_CONNECTION_STRING)?,
            key: either(
                &env_vars::AZURE_STORAGE_ACCOUNT_KEY,
                &env_vars::AZURE_STORAGE_KEY,
            )?,
            sas: sources.secret(&env_vars::AZURE_STORAGE_SAS_TOKEN)?,
            other: workload().or(machine),
            endpoint: None,
            source: CredentialSource::Vendor("AZURE_*"),
        })
    }

    fn found(self) -> Result<Option<Found>, ConfigProblem> {
        if let Some(connection) = &self.connection {
            return connection_string(connection).map(Some);
        }
        let key = self.key.map(|key| AzureIdentity::Key(Secret(key.value)));
        let sas = self.sas.as_ref().map(shared_signature).transpose()?;
        let (given, identity) = match (key, sas, self.other) {
            (Some(key), _, _) => ("an Azure account key", key),
            (None, Some(sas), _) => ("an Azure shared access signature", sas),
            (None, None, Some(other)) => ("an Azure identity", other),
            (None, None, None) => return Ok(None),
        };
        let account = self.account.ok_or(ConfigProblem::HalfACredential {
            given,
            missing: env_vars::AZURE_STORAGE_ACCOUNT_NAME.name,
        })?;
        Ok(Some(Found {
            account,
            identity,
            endpoint: self.endpoint,
        }))
    }
}

/// The query, also of a whole URL as the portal shows it.
fn shared_signature(setting: &Setting<String>) -> Result<AzureIdentity, ConfigProblem> {
    let (_, query) = setting
        .value
        .split_once('?')
        .unwrap_or(("", setting.value.as_str()));
    let mut pairs = query.split('&').map(|pair| pair.split_once('='));
    let is_signed = query
        .split('&')
        .any(|pair| pair.len() > 4 && pair.starts_with("sig="));
    if is_signed && pairs.all(|pair| pair.is_some()) {
        Ok(AzureIdentity::Sas(Secret(query.to_owned())))
    } else {
        Err(ConfigProblem::SharedSignature {
            origin: setting.origin.clone(),
        })
    }
}

fn refuse_what_is_no_account(account: &str) -> Result<(), ConfigProblem> {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    if (3..=24).contains(&account.len()) && account.bytes().all(is_letter) {
        Ok(())
    } else {
        Err(ConfigProblem::AzureAccount {
            account: account.to_owned(),
        })
    }
}

/// `DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net`:
/// <https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string>
fn connection_string(setting: &Setting<String>) -> Result<Found, ConfigProblem> {
    let part = |name: &str| {
        setting.value.split(';').find_map(|part| {
            let (key, value) = part.split_once('=')?;
            let is_it = key.trim().eq_ignore_ascii_case(name) && !value.is_empty();
            is_it.then(|| value.to_owned())
        })
    };
    let incomplete = |missing| ConfigProblem::ConnectionString {
        origin: setting.origin.clone(),
        missing,
    };
    let blobs = part("BlobEndpoint");
    let account = part("AccountName").or_else(|| {
        let url = Url::parse(blobs.as_deref()?).ok()?;
        url.host_str()?.split('.').next().map(str::to_owned)
    });
    let account = account.ok_or_else(|| incomplete("AccountName"))?;
    let signature = part("SharedAccessSignature").map(Secret);
    let identity = match (part("AccountKey").map(Secret), signature) {
        (Some(key), _) => AzureIdentity::Key(key),
        (None, Some(sas)) => AzureIdentity::Sas(sas),
        (None, None) => return Err(incomplete("AccountKey")),
    };
    let elsewhere = || {
        let suffix = part("EndpointSuffix").filter(|suffix| suffix != "core.windows.net")?;
        let protocol = part("DefaultEndpointsProtocol").unwrap_or_else(|| "https".to_owned());
        Some(format!("{protocol}://{account}.blob.{suffix}"))
    };
    let endpoint = blobs.or_else(elsewhere).map(|value| Setting {
        value,
        origin: setting.origin.clone(),
    });
    Ok(Found {
        account,
        identity,
        endpoint,
    })
}

/// The key of a connection string, and the signature of a query, as it is sent and as it is.
pub(crate) fn secrets_in(text: &str) -> Vec<String> {
    let key = text
        .split(';')
        .filter_map(|part| part.trim().strip_prefix("AccountKey="));
    let signature = text.split(['&', ';', '?']).filter_map(|part| {
        part.trim_start_matches("SharedAccessSignature=")
            .strip_prefix("sig=")
    });
    let decoded = signature.clone().filter_map(|signature| {
        let pair = format!("sig={signature}");
        let (_, value) = url::form_urlencoded::parse(pair.as_bytes()).next()?;
        Some(value.into_owned())
    });
    key.chain(signature)
        .map(str::to_owned)
        .chain(decoded)
        .collect()
}

impl std::fmt::Display for CredentialSource {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Ours => formatter.write_str("STATIC_ASSETS_*"),
            Self::Vendor(family) => formatter.write_str(family),
            Self::Binding(name) => Origin::Binding(name.clone()).fmt(formatter),
        }
    }
}

/// Of a container whose blobs may be read by anyone. `$web` has a host of its own, whose name holds a zone.
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

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Result<(String, &'static str, Option<String>), &'static str> {
        let setting = Setting {
            value: text.to_owned(),
            origin: Origin::Environment,
        };
        match connection_string(&setting) {
            Ok(found) => Ok((
                found.account,
                match found.identity {
                    AzureIdentity::Key(_) => "key",
                    AzureIdentity::Sas(_) => "sas",
                    _ => "other",
                },
                found.endpoint.map(|endpoint| endpoint.value),
            )),
            Err(ConfigProblem::ConnectionString { missing, .. }) => Err(missing),
            Err(_) => Err("another problem"),
        }
    }

    #[test]
    fn valid_connection_strings() {
        let acme = "acme".to_owned();
        for (text, found) in [
            (
                // As the portal shows it.
                "DefaultEndpointsProtocol=https;AccountName=acme;AccountKey=a2V5==;EndpointSuffix=core.windows.net",
                (acme.clone(), "key", None),
            ),
            (
                "AccountName=acme;AccountKey=a2V5;EndpointSuffix=core.chinacloudapi.cn",
                (
                    acme.clone(),
                    "key",
                    Some("https://acme.blob.core.chinacloudapi.cn".to_owned()),
                ),
            ),
            (
                "BlobEndpoint=https://acme.blob.core.windows.net/;SharedAccessSignature=sv=1&sig=x%3D",
                (
                    acme.clone(),
                    "sas",
                    Some("https://acme.blob.core.windows.net/".to_owned()),
                ),
            ),
            (
                // An emulator.
                "accountname=acme;accountkey=a2V5;blobendpoint=http://127.0.0.1:10000/acme;",
                (acme, "key", Some("http://127.0.0.1:10000/acme".to_owned())),
            ),
        ] {
            assert_eq!(parsed(text), Ok(found), "{text}");
        }
    }

    #[test]
    fn invalid_connection_strings() {
        for (text, missing) in [
            ("", "AccountName"),
            ("UseDevelopmentStorage=true", "AccountName"),
            ("AccountName=acme", "AccountKey"),
            ("AccountName=acme;AccountKey=", "AccountKey"),
        ] {
            assert_eq!(parsed(text), Err(missing), "{text}");
        }
    }
}
