//! Where a run uploads to.

use super::{Access, AzureIdentity, GcsIdentity, Region, S3Identity, azure, gcs, s3};
use crate::prefix::{Site, StoreUrl};
use std::fmt;

/// A store, its public URL and the credentials for it. Deliberately without `Debug`: it holds secrets.
#[derive(Clone)]
pub(crate) struct Destination {
    pub(crate) site: Site,
    pub(crate) access: Access,
    pub(super) public_source: PublicUrlSource,
}

/// Where the public URL of a destination comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PublicUrlSource {
    /// A setting, or the pin of an image.
    Given,
    /// The store's own.
    Own,
}

/// A store that is looked at, and the credentials for it. Deliberately without `Debug`: it holds secrets.
#[derive(Clone)]
pub(crate) struct StoreAccess {
    pub(crate) store: StoreUrl,
    pub(crate) access: Access,
}

impl Destination {
    /// Whether the public URL names a region that no setting gives.
    pub(crate) fn guesses_public_url(&self) -> bool {
        let is_unknown = matches!(&self.access, Access::S3(s3) if s3.region == Region::Unknown);
        is_unknown
            && self.public_source == PublicUrlSource::Own
            && own_public_url(&self.site.store, &self.access).is_some()
    }

    /// The variable that would give the region of S3. `None` if the binding would.
    pub(crate) fn region_variable(&self) -> Option<&'static str> {
        match &self.access {
            Access::S3(s3) => s3.region_variable,
            _ => None,
        }
    }

    /// The region that the store has named already.
    pub(crate) fn found_region(&self) -> Option<&Region> {
        match &self.access {
            Access::S3(s3) => Some(&s3.region).filter(|it| matches!(it, Region::Found(_))),
            _ => None,
        }
    }

    /// The same destination, in the region that the store has named. `None` changes nothing.
    pub(crate) fn in_region(&self, found: Option<&Region>) -> Self {
        let mut moved = self.clone();
        if let Some(region) = found {
            moved.access = self.access.in_region(region);
            let own = own_public_url(&moved.site.store, &moved.access);
            if self.guesses_public_url()
                && let Some(public) = own.and_then(|url| url.parse().ok())
            {
                moved.site.public = public;
            }
        }
        moved
    }

    /// Shows the store without who writes to it: `s3://acme-static/shop at https://minio.example.com`.
    pub(crate) fn place(&self) -> String {
        place(&self.site.store, &self.access)
    }
}

impl StoreAccess {
    /// The same store, in the region that it has named. `None` changes nothing.
    pub(crate) fn in_region(&self, found: Option<&Region>) -> Self {
        let mut moved = self.clone();
        if let Some(region) = found {
            moved.access = self.access.in_region(region);
        }
        moved
    }
}

/// The provider's own URL of a store, if it has one that is known.
pub(super) fn own_public_url(store: &StoreUrl, access: &Access) -> Option<String> {
    match (store, access) {
        (StoreUrl::Bucket(url), Access::S3(access)) => s3::public_url(url, access),
        (StoreUrl::Bucket(url), Access::Azure(access)) => azure::public_url(url, access),
        (StoreUrl::Bucket(url), Access::Gcs(access)) => gcs::public_url(url, access),
        _ => None,
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
        Access::S3(s3) => format!("{}, {}", region(&s3.region), s3_identity(&s3.identity)),
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

fn region(region: &Region) -> String {
    match region {
        Region::Given(_) | Region::Unknown => region.name().to_owned(),
        Region::Found(name) => format!("{name}, as the store says"),
    }
}

fn s3_identity(identity: &S3Identity) -> String {
    match identity {
        S3Identity::Keys { id, .. } => format!("key …{}", S3Identity::key_hint(id)),
        S3Identity::Web { role, .. } => format!("role {role}"),
        S3Identity::Ambient(_) => "the machine's identity".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use crate::config::{Config, Mode, Phase, Platform, Region, Sources};
    use crate::env::Env;

    /// Shows the store and the public URL, before and after the store has named `eu-west-1`.
    fn shown(settings: &[(&str, &str)]) -> [String; 2] {
        let key = [
            ("STATIC_ASSETS_STORE", "s3://acme-static/shop"),
            ("STATIC_ASSETS_ACCESS_KEY_ID", "AKIAEXAMPLEQ7XA"),
            ("STATIC_ASSETS_SECRET_ACCESS_KEY", "secret"),
        ];
        let settings = key.iter().chain(settings);
        let settings = settings.map(|(name, value)| (name.into(), value.into()));
        let env: Env = settings.collect();
        let sources = Sources::read(&env, Platform::default(), "/nowhere".as_ref());
        let config = Config::read(&sources.ok().unwrap(), &Phase::BUILD)
            .ok()
            .unwrap();
        let Mode::Upload(guess) = config.mode else {
            panic!("not published");
        };
        let found = guess.in_region(Some(&Region::Found("eu-west-1".to_owned())));
        [&guess, &found].map(|it| format!("{} {it}", it.site.public))
    }

    #[test]
    fn a_public_url_follows_the_region_only_if_it_is_the_stores_own() {
        let own = shown(&[]);
        let key = "key …Q7XA from STATIC_ASSETS_*)";
        assert_eq!(
            own,
            [
                format!(
                    "https://acme-static.s3.us-east-1.amazonaws.com/shop/ s3://acme-static/shop (us-east-1, {key}"
                ),
                format!(
                    "https://acme-static.s3.eu-west-1.amazonaws.com/shop/ s3://acme-static/shop (eu-west-1, as the \
                     store says, {key}"
                ),
            ]
        );
        let public = ("STATIC_ASSETS_PUBLIC_URL", "https://static.acme.com/shop");
        for url in shown(&[public]) {
            assert!(url.starts_with("https://static.acme.com/shop/ "), "{url}");
        }
    }
}
