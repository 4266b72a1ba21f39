//! Reads the credentials of `az://`: an account key, a shared access signature, a workload identity, or the machine's own
//! identity.

mod connection_string;

use super::access::{Access, Ambient, AzureAccess, AzureIdentity, Secret};
use super::bindings::{Binding, CredentialBinding};
use super::env_vars::{self, Variable};
use super::problems::ConfigProblem;
use super::server_url::{ServerUrl, check_header, read_server, read_url};
use super::setting::{Origin, Setting};
use super::sources::Sources;
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

/// The values of one source, not yet judged.
struct AzureSettings {
    account: Option<String>,
    connection: Option<Setting<String>>,
    key: Option<Setting<String>>,
    sas: Option<Setting<String>>,
    other: Option<AzureIdentity>,
    endpoint: Option<ServerUrl>,
    source: Origin,
}

/// An account with the identity that may write to it.
struct AzureAccount {
    name: String,
    identity: AzureIdentity,
    endpoint: Option<ServerUrl>,
}

pub(super) fn read_access(
    binding: Option<&Binding>,
    ambient: Ambient,
    sources: &Sources<'_>,
) -> Result<Option<Access>, ConfigProblem> {
    let settings = match binding {
        Some(binding) => AzureSettings::of_binding(binding),
        None => AzureSettings::of_environment(ambient, sources)?,
    };
    let source = settings.source.clone();
    if sources.text(&env_vars::ENDPOINT_URL).is_some() {
        return Err(ConfigProblem::BesideOtherKeys {
            setting: env_vars::ENDPOINT_URL.name,
            keys_from: source,
            instead: "BlobEndpoint=… in AZURE_STORAGE_CONNECTION_STRING",
        });
    }
    let Some(account) = settings.account()? else {
        // A binding must hold one of the credentials.
        return match binding {
            Some(binding) => binding.required(KEY).map(|_| None),
            None => Ok(None),
        };
    };
    account.check()?;
    Ok(Some(Access::Azure(Box::new(AzureAccess {
        server: read_server(account.endpoint.as_ref(), source, sources)?,
        account: account.name,
        identity: account.identity,
    }))))
}

impl AzureSettings {
    fn of_binding(binding: &Binding) -> Self {
        let account = binding.get(&["account-name", "storage-account", "account"]);
        Self {
            account: account.map(str::to_owned),
            connection: binding.entry(CONNECTION),
            key: binding.entry(KEY),
            sas: binding.entry(SAS),
            other: None,
            endpoint: ServerUrl::of_binding(binding),
            source: binding.origin(),
        }
    }

    fn of_environment(ambient: Ambient, sources: &Sources<'_>) -> Result<Self, ConfigProblem> {
        let value = |name: &Variable| sources.value(name);
        let authority = read_url(&env_vars::AZURE_AUTHORITY_HOST, sources)?;
        let tenant = value(&env_vars::AZURE_TENANT_ID);
        check_header("Azure tenant", tenant.as_deref().unwrap_or_default())?;
        let workload = || {
            Some(AzureIdentity::Workload {
                tenant: tenant?,
                client: value(&env_vars::AZURE_CLIENT_ID)?,
                token_file: value(&env_vars::AZURE_FEDERATED_TOKEN_FILE)?.into(),
                authority,
            })
        };
        let machine = (ambient == Ambient::Allowed).then_some(AzureIdentity::Ambient);
        let account = value(&env_vars::AZURE_STORAGE_ACCOUNT_NAME);
        let connection = sources.secret(&env_vars::AZURE_STORAGE_CONNECTION_STRING)?;
        let key = sources.secret(&env_vars::AZURE_STORAGE_ACCOUNT_KEY)?;
        Ok(Self {
            account: account.or_else(|| value(&env_vars::AZURE_STORAGE_ACCOUNT)),
            connection,
            key: key.or(sources.secret(&env_vars::AZURE_STORAGE_KEY)?),
            sas: sources.secret(&env_vars::AZURE_STORAGE_SAS_TOKEN)?,
            other: workload().or(machine),
            endpoint: None,
            source: Origin::Variables("AZURE_*"),
        })
    }

    fn account(self) -> Result<Option<AzureAccount>, ConfigProblem> {
        if let Some(connection) = &self.connection {
            return connection_string::parse(connection).map(Some);
        }
        let key = self.key.map(|key| AzureIdentity::Key(Secret(key.value)));
        let sas = self.sas.as_ref().map(parse_signature).transpose()?;
        let (given, identity) = match (key, sas, self.other) {
            (Some(key), _, _) => ("an Azure account key", key),
            (None, Some(sas), _) => ("an Azure shared access signature", sas),
            (None, None, Some(other)) => ("an Azure identity", other),
            (None, None, None) => return Ok(None),
        };
        let name = self.account.ok_or(ConfigProblem::HalfACredential {
            given,
            missing: env_vars::AZURE_STORAGE_ACCOUNT_NAME.name,
        })?;
        Ok(Some(AzureAccount {
            name,
            identity,
            endpoint: self.endpoint,
        }))
    }
}

impl AzureAccount {
    fn check(&self) -> Result<(), ConfigProblem> {
        let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        if !(3..=24).contains(&self.name.len()) || !self.name.bytes().all(is_letter) {
            return Err(ConfigProblem::AzureAccount(self.name.clone()));
        }
        match &self.identity {
            AzureIdentity::Key(key) if STANDARD.decode(key.expose()).is_err() => {
                Err(ConfigProblem::AzureKey)
            }
            _ => Ok(()),
        }
    }
}

/// Takes the query of a URL, or the whole URL as the portal shows it.
fn parse_signature(setting: &Setting<String>) -> Result<AzureIdentity, ConfigProblem> {
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
