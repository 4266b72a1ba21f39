//! Where a run uploads to.

use super::{Access, AzureIdentity, GcsIdentity, S3Identity};
use crate::prefix::{Site, StoreUrl};
use std::fmt;

/// A store, its public URL and the credentials for it. Deliberately without `Debug`: it holds secrets.
pub(crate) struct Destination {
    pub(crate) site: Site,
    pub(crate) access: Access,
}

/// A store that is looked at, and the credentials for it. Deliberately without `Debug`: it holds secrets.
pub(crate) struct StoreAccess {
    pub(crate) store: StoreUrl,
    pub(crate) access: Access,
}

impl Destination {
    /// Shows the store without who writes to it: `s3://acme-static/shop at https://minio.example.com`.
    pub(crate) fn place(&self) -> String {
        place(&self.site.store, &self.access)
    }
}

/// Shows `s3://acme-static/shop at https://minio.example.com (eu-west-1, key …Q7XA from AWS_*)`.
impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(&self.site.store, &self.access, formatter)
    }
}

impl fmt::Display for StoreAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        show(&self.store, &self.access, formatter)
    }
}

fn place(store: &StoreUrl, access: &Access) -> String {
    let server = access.server();
    match server.and_then(|server| server.endpoint.as_ref()) {
        Some(endpoint) => format!("{store} at {endpoint}"),
        None => store.to_string(),
    }
}

fn show(store: &StoreUrl, access: &Access, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
    formatter.write_str(&place(store, access))?;
    let Some(server) = access.server() else {
        return Ok(());
    };
    let identity = match access {
        Access::S3(s3) => format!("{}, {}", s3.region, s3_identity(&s3.identity)),
        Access::Azure(azure) => {
            let identity = match &azure.identity {
                AzureIdentity::Key(_) => "key",
                AzureIdentity::Sas(_) => "shared access signature",
                AzureIdentity::Workload { .. } => "workload identity",
                AzureIdentity::Ambient => "the machine's identity",
            };
            format!("account {}, {identity}", azure.account)
        }
        Access::Gcs(gcs) => match &gcs.identity {
            GcsIdentity::ServiceAccount { email, .. } => format!("service account {email}"),
            GcsIdentity::Person(_) => "a person's credentials".to_owned(),
            GcsIdentity::Ambient => "the machine's identity".to_owned(),
        },
        Access::Directory => return Ok(()),
    };
    write!(formatter, " ({identity} from {})", server.source)
}

fn s3_identity(identity: &S3Identity) -> String {
    match identity {
        S3Identity::Keys { id, .. } => format!("key …{}", S3Identity::key_hint(id)),
        S3Identity::Web { role, .. } => format!("role {role}"),
        S3Identity::Ambient(_) => "the machine's identity".to_owned(),
    }
}
