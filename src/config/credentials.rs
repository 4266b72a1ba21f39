//! Resolves the store, its public URL and its credentials as one set from one source.
//!
//! Sources are never mixed, and no identity is used that was not given.

use super::access::{Access, Ambient};
use super::bindings::{CredentialBinding, UnusedBinding};
use super::credential_source::CredentialSource;
use super::destination::{PublicUrlSource, own_public_url};
use super::server_url::find_server_problems;
use super::store_settings::{StoreSettings, parse_public_url};
use super::{
    ConfigProblem, ConfigResult, DeferredDestination, Destination, Origin, Setting, Sources,
    StoreAccess, Unpublished, azure, env_vars, gcs, s3,
};
use crate::prefix::{PublicUrl, Scheme, Site, StoreUrl};

pub(super) enum Resolved {
    Nothing,
    /// No credentials were found, and these bindings gave none.
    WithoutCredentials(StoreUrl, Vec<UnusedBinding>),
    To(Destination),
}

/// Resolves the set for an upload. `pinned` is the public URL unless the environment gives another one.
pub(super) fn resolve(
    sources: &Sources<'_>,
    pinned: Option<&PublicUrl>,
) -> Result<Resolved, Vec<ConfigProblem>> {
    let settings = StoreSettings::find(sources)?;
    let public = match pinned {
        Some(pinned) if !settings.is_base_of_processes() => Ok(Some(pinned.clone())),
        _ => settings.public_url(),
    };
    let store = match settings.store() {
        Ok(Some(store)) => store,
        Ok(None) => return Ok(Resolved::Nothing),
        Err(of_store) => {
            // A name that both lack is one problem.
            let of_url = public.err();
            let of_url = of_url.filter(|it| !matches!(it, ConfigProblem::AppMissing(_)));
            let others = of_url.into_iter().chain(find_server_problems(sources));
            return Err([of_store].into_iter().chain(others).collect());
        }
    };
    let access = find_access(&store, &settings, sources);
    match (access, public) {
        (Ok(Some(access)), Ok(public)) => {
            let (public, public_source) = match public {
                Some(public) => (public, PublicUrlSource::Given),
                None => (default_public_url(&store, &access)?, PublicUrlSource::Own),
            };
            Ok(Resolved::To(Destination {
                site: Site { store, public },
                access,
                public_source,
            }))
        }
        (Ok(None), Ok(_)) => {
            let unused = unused_bindings(&store, sources);
            Ok(Resolved::WithoutCredentials(store, unused))
        }
        (access, public) => {
            let mut problems = access.err().unwrap_or_default();
            problems.extend(public.err());
            Err(problems)
        }
    }
}

/// Resolves the store and its credentials for a command that needs no public URL.
pub(super) fn resolve_store(
    sources: &Sources<'_>,
) -> Result<Option<StoreAccess>, Vec<ConfigProblem>> {
    let settings = StoreSettings::find(sources)?;
    let Some(store) = settings.store()? else {
        return Ok(None);
    };
    let Some(access) = find_access(&store, &settings, sources)? else {
        let unused = unused_bindings(&store, sources);
        return Err(ConfigProblem::CredentialsMissing(store, unused).into());
    };
    Ok(Some(StoreAccess { store, access }))
}

/// Resolves what a build with a deferred upload knows. It reads no credential.
pub(super) fn later(sources: &Sources<'_>) -> Result<DeferredDestination, Vec<ConfigProblem>> {
    let settings = StoreSettings::find(sources)?;
    let public = settings.public_url();
    let public = public.and_then(|url| url.ok_or(ConfigProblem::PublicUrlNotPinned));
    match (settings.store(), public) {
        (Ok(store), Ok(public)) => Ok(DeferredDestination { public, store }),
        (store, public) => Err(store.err().into_iter().chain(public.err()).collect()),
    }
}

/// Why an app without a name takes no part in a fleet's store.
pub(super) fn explain_nameless(sources: &Sources<'_>) -> Option<Unpublished> {
    StoreSettings::find(sources).ok()?.explain_nameless()
}

fn find_access(
    store: &StoreUrl,
    settings: &StoreSettings<'_>,
    sources: &Sources<'_>,
) -> Result<Option<Access>, Vec<ConfigProblem>> {
    read_access(store, settings, sources).map_err(|first| {
        // The server's settings can be judged without the key.
        let server = find_server_problems(sources).into_iter();
        let others = server.filter(|other| other.server_setting() != first.server_setting());
        let others: Vec<ConfigProblem> = others.collect();
        [first].into_iter().chain(others).collect()
    })
}

fn read_access(
    store: &StoreUrl,
    settings: &StoreSettings<'_>,
    sources: &Sources<'_>,
) -> ConfigResult<Option<Access>> {
    let StoreUrl::Bucket(url) = store else {
        return Ok(Some(Access::Directory));
    };
    let choices = [("keys", Ambient::Refused), ("ambient", Ambient::Allowed)];
    let ambient = sources.choice(&env_vars::AUTH, &choices)?;
    let ambient = ambient.map_or(Ambient::Refused, |ambient| ambient.value);
    let source = CredentialSource {
        binding: binding_of(url.scheme).find(&url.bucket, settings.binding, &sources.bindings)?,
        ambient,
        sources,
    };
    match url.scheme {
        Scheme::S3 => s3::read_access(&url.bucket, &source),
        Scheme::Azure => azure::read_access(&source),
        Scheme::Gcs => gcs::read_access(&source),
    }
}

fn binding_of(scheme: Scheme) -> CredentialBinding {
    match scheme {
        Scheme::S3 => s3::BINDING,
        Scheme::Azure => azure::BINDING,
        Scheme::Gcs => gcs::BINDING,
    }
}

fn unused_bindings(store: &StoreUrl, sources: &Sources<'_>) -> Vec<UnusedBinding> {
    let StoreUrl::Bucket(url) = store else {
        return Vec::new();
    };
    let mut unused = binding_of(url.scheme).unused(&url.bucket, &sources.bindings);
    unused.extend(
        sources
            .untyped_bindings
            .iter()
            .cloned()
            .map(UnusedBinding::Untyped),
    );
    if url.scheme == Scheme::S3
        && sources
            .text(&env_vars::BUCKETEER_AWS_ACCESS_KEY_ID)
            .is_some()
    {
        let bucket = sources.value(&env_vars::BUCKETEER_BUCKET_NAME);
        unused.push(UnusedBinding::Addon(bucket));
    }
    unused
}

fn default_public_url(store: &StoreUrl, access: &Access) -> ConfigResult<PublicUrl> {
    let url = own_public_url(store, access)
        .ok_or_else(|| ConfigProblem::PublicUrlMissing(store.clone()))?;
    parse_public_url(Setting::new(url, Origin::Environment))
}
