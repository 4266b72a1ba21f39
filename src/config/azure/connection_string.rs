//! Azure connection strings:
//! <https://learn.microsoft.com/azure/storage/common/storage-configure-connection-string>

use super::AzureAccount;
use crate::config::access::{AzureIdentity, Secret};
use crate::config::problems::ConfigProblem;
use crate::config::server_url::ServerUrl;
use crate::config::setting::Setting;
use url::Url;
use url::form_urlencoded;

/// Parses `DefaultEndpointsProtocol=https;AccountName=…;AccountKey=…;EndpointSuffix=core.windows.net`.
pub(super) fn parse(setting: &Setting<String>) -> Result<AzureAccount, ConfigProblem> {
    let part = |name: &str| {
        setting.value.split(';').find_map(|part| {
            let (key, value) = part.split_once('=')?;
            let is_it = key.trim().eq_ignore_ascii_case(name) && !value.is_empty();
            is_it.then(|| value.to_owned())
        })
    };
    let incomplete =
        |missing| ConfigProblem::AzureConnectionString(setting.origin.clone(), missing);
    let blobs = part("BlobEndpoint");
    let name = part("AccountName").or_else(|| {
        let url = Url::parse(blobs.as_deref()?).ok()?;
        url.host_str()?.split('.').next().map(str::to_owned)
    });
    let name = name.ok_or_else(|| incomplete("AccountName"))?;
    let key = part("AccountKey").map(|key| AzureIdentity::Key(Secret(key)));
    let identity = key
        .or_else(|| Some(AzureIdentity::Sas(Secret(part("SharedAccessSignature")?))))
        .ok_or_else(|| incomplete("AccountKey"))?;
    let of_suffix = || {
        let suffix = part("EndpointSuffix").filter(|suffix| suffix != "core.windows.net")?;
        let protocol = part("DefaultEndpointsProtocol").unwrap_or_else(|| "https".to_owned());
        Some(format!("{protocol}://{name}.blob.{suffix}"))
    };
    let endpoint = blobs.or_else(of_suffix).map(|url| ServerUrl {
        name: "BlobEndpoint",
        setting: Setting::new(url, setting.origin.clone()),
    });
    Ok(AzureAccount {
        name,
        identity,
        endpoint,
    })
}

/// Finds the key in a connection string, and the signature in a query, both decoded and as it is sent.
pub(in crate::config) fn find_secrets(text: &str) -> Vec<String> {
    let key = text
        .split(';')
        .filter_map(|part| part.trim().strip_prefix("AccountKey="));
    let signature = text.split(['&', ';', '?']).filter_map(|part| {
        part.trim_start_matches("SharedAccessSignature=")
            .strip_prefix("sig=")
    });
    let decoded = signature.clone().filter_map(|signature| {
        let pair = format!("sig={signature}");
        let (_, value) = form_urlencoded::parse(pair.as_bytes()).next()?;
        Some(value.into_owned())
    });
    key.chain(signature)
        .map(str::to_owned)
        .chain(decoded)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::setting::Origin;

    fn account_in(text: &str) -> Result<(String, &'static str, Option<String>), &'static str> {
        match parse(&Setting::new(text, Origin::Environment)) {
            Ok(account) => Ok((
                account.name,
                match account.identity {
                    AzureIdentity::Key(_) => "key",
                    AzureIdentity::Sas(_) => "sas",
                    _ => "other",
                },
                account.endpoint.map(|endpoint| endpoint.setting.value),
            )),
            Err(ConfigProblem::AzureConnectionString(_, missing)) => Err(missing),
            Err(_) => Err("another problem"),
        }
    }

    #[test]
    fn whole_connection_strings_give_an_account() {
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
            assert_eq!(account_in(text), Ok(found), "{text}");
        }
    }

    #[test]
    fn incomplete_connection_strings_name_what_is_missing() {
        for (text, missing) in [
            ("", "AccountName"),
            ("UseDevelopmentStorage=true", "AccountName"),
            ("AccountName=acme", "AccountKey"),
            ("AccountName=acme;AccountKey=", "AccountKey"),
        ] {
            assert_eq!(account_in(text), Err(missing), "{text}");
        }
    }
}
