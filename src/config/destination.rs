//! Where a run uploads to.

use super::{Access, AzureIdentity, GcsIdentity, S3Identity};
use crate::prefix::Site;
use std::fmt;

/// A store, its public URL and the credentials for it. Deliberately without `Debug`: it holds secrets.
pub(crate) struct Destination {
    pub(crate) site: Site,
    pub(crate) access: Access,
}

impl Destination {
    /// Shows the store without who writes to it: `s3://acme-static/shop at https://minio.example.com`.
    pub(crate) fn place(&self) -> String {
        let server = self.access.server();
        match server.and_then(|server| server.endpoint.as_ref()) {
            Some(endpoint) => format!("{} at {endpoint}", self.site.store),
            None => self.site.store.to_string(),
        }
    }
}

/// Shows `s3://acme-static/shop at https://minio.example.com (eu-west-1, key …Q7XA from AWS_*)`.
impl fmt::Display for Destination {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.place())?;
        let Some(server) = self.access.server() else {
            return Ok(());
        };
        let identity = match &self.access {
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
}

fn s3_identity(identity: &S3Identity) -> String {
    match identity {
        S3Identity::Keys { id, .. } => format!("key …{}", S3Identity::key_hint(id)),
        S3Identity::Web { role, .. } => format!("role {role}"),
        S3Identity::Ambient(_) => "the machine's identity".to_owned(),
    }
}
