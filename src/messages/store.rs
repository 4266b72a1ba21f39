//! Texts of what a store says.

use super::{Explain, Kind, Message, listed};
use crate::manifest::UnreadableMarker;
use crate::plan::{Conflict, ConflictWith, Difference};
use crate::prefix::{BucketUrl, Scheme};
use crate::store::{InvalidCredentials, MissingPermission, StoreError};
use indoc::formatdoc;

impl Explain for StoreError {
    #[allow(
        clippy::too_many_lines,
        reason = "one text for each cause, in one place"
    )]
    fn explain(&self) -> Message {
        match self {
            Self::NoBucket { store } => Message::new(
                Kind::Missing,
                "No such bucket",
                no_bucket_text(store),
            ),
            Self::NoRoot { root } => Message::new(
                Kind::Missing,
                "No such folder",
                formatdoc! {"
                    The store's folder {root} does not exist, or is no folder. It is never created here, because a volume
                    that is not mounted would then look like success. Mount it, or create it:
                      mkdir -p {root}",
                    root = root.display()
                },
            ),
            Self::WrongRegion { bucket, region } => {
                let fix = match region {
                    Some(region) => format!(
                        "the bucket is in {region}: set\n  STATIC_ASSETS_REGION={region}\nor \
                         AWS_REGION with AWS_* keys, or the entry 'region' of a service binding."
                    ),
                    None => format!(
                        "set its region; this prints it:\n  \
                         aws s3api get-bucket-location --bucket {bucket}"
                    ),
                };
                Message::new(
                    Kind::Configuration,
                    "The bucket is in another region",
                    format!("S3 answered for '{bucket}' that it is elsewhere: {fix}"),
                )
            }
            Self::InvalidCredentials(InvalidCredentials { code }) => Message::new(
                Kind::Credentials,
                "Credentials rejected",
                rejected_text(code),
            ),
            Self::Expired => Message::new(
                Kind::Credentials,
                "Credentials expired",
                "The session token has expired. Get a new one for each build.",
            ),
            Self::ClockSkew => Message::new(
                Kind::Machine,
                "This machine's clock is wrong",
                "The store refuses requests whose time differs by more than 15 minutes from its own. Set \
                 the build machine's clock.",
            ),
            Self::MissingPermission(denied) => denied.explain(),
            Self::Conflict(conflict) => conflict.explain(),
            Self::BeingPruned => Message::new(
                Kind::Temporary,
                "This version is being pruned",
                "A prune is deleting the version that this build makes. It is done within the hour.",
            ),
            Self::Unreadable { key, reason } => Message::new(
                Kind::Machine,
                "An object of the protocol can't be read",
                match reason {
                    UnreadableMarker::UnknownSchema(schema) => format!(
                        "{key} has schema {schema}: a newer version of this buildpack wrote it. Use that \
                         version, or choose another version of the assets."
                    ),
                    UnreadableMarker::NotJson(_) => format!(
                        "{key} is not what was written there. Somebody changed it, or the store lost part \
                         of it. Choose another version of the assets: a new RELEASE_VERSION, or where that is not set\n  \
                         STATIC_ASSETS_SALT=2"
                    ),
                },
            )
            .with_details(match reason {
                UnreadableMarker::NotJson(error) => error.to_string(),
                UnreadableMarker::UnknownSchema(_) => String::new(),
            }),
            Self::ReadBackMismatch { key } => Message::new(
                Kind::Temporary,
                "The store shows something else than was put",
                format!("{key} was confirmed, but it is not there as it was put."),
            ),
            Self::Changed { path } => Message::new(
                Kind::Temporary,
                "A file changed while it was published",
                format!(
                    "{} is another one than when it was scanned. Does a process of the build still write \
                     it?",
                    path.display()
                ),
            ),
            Self::Temporary { cause, tries } => Message::new(
                Kind::Temporary,
                "The store does not answer",
                formatdoc! {"
                    Asked {tries} times: {cause}.
                    Is the address right, and can the build reach it? While the store is down, a build can go
                    without it; the app then serves its own files:
                      STATIC_ASSETS_PUBLISH=off"
                },
            ),
            Self::Unexpected { key, cause } => Message::new(
                Kind::Machine,
                "The store gave an unexpected answer",
                format!(
                    "{key}: {cause}.\nIs the endpoint the address of the store's own server? A private \
                     certificate authority is named with STATIC_ASSETS_CA_FILE."
                ),
            ),
            Self::NoCertificateAuthorities => Message::new(
                Kind::Machine,
                "No certificate authorities",
                "Nothing on this machine tells which certificates of https to trust: slim base images leave them out. \
                 In the Dockerfile, before this step:\n  \
                 RUN apt-get update && apt-get install --yes --no-install-recommends ca-certificates\n\
                 Or name the authority of a store of your own:\n  STATIC_ASSETS_CA_FILE=/path/to/ca.pem",
            ),
            Self::NoRename { root } => Message::new(
                Kind::Configuration,
                "This file system can't be a store",
                format!(
                    "{} is on a file system that can't rename without replacing (RENAME_NOREPLACE). Use \
                     ext4, xfs, btrfs, overlay or a bucket.",
                    root.display()
                ),
            ),
            Self::Local(error) => Message::new(
                Kind::Machine,
                "A file can't be read or written",
                "Publishing, a file could not be read or written.",
            )
            .with_details(error.to_string()),
            Self::MalformedCredentials(cause) => Message::new(
                Kind::Configuration,
                "The credentials can't be used",
                "No client for the store could be made of them. Was the key copied whole, with its line ends (\\n \
                 in JSON)?",
            )
            .with_details(cause),
            Self::Client(cause) => Message::new(
                Kind::Internal,
                "The upload ended by itself",
                "Something in this program failed.",
            )
            .with_details(cause),
            Self::Runtime(error) => Message::new(
                Kind::Machine,
                "The upload can't be started",
                "The machine gave no threads or random numbers for the upload.",
            )
            .with_details(error.to_string()),
            Self::TooLong => Message::new(
                Kind::Temporary,
                "The upload took too long",
                "A run ends within 6 hours.",
            ),
            Self::Stalled => Message::new(
                Kind::Temporary,
                "The upload stands still",
                "Nothing was sent and nothing came back for 10 minutes. Are the files on a network folder \
                 that does not answer?",
            ),
            Self::Interrupted => Message::new(
                Kind::Interrupted,
                "Interrupted",
                "The build was told to stop while the assets were published.",
            ),
        }
    }
}

fn no_bucket_text(store: &BucketUrl) -> String {
    let bucket = &store.bucket;
    let (what, create) = match store.scheme {
        Scheme::S3 => ("bucket", format!("aws s3 mb s3://{bucket}")),
        Scheme::Azure => (
            "container",
            format!("az storage container create --name {bucket}"),
        ),
        Scheme::Gcs => (
            "bucket",
            format!("gcloud storage buckets create gs://{bucket}"),
        ),
    };
    formatdoc! {"
        The {what} '{bucket}' does not exist, or not on this endpoint or account. It is never created here:
          {create}
        A typo? STATIC_ASSETS_STORE={store}"
    }
}

fn rejected_text(code: &str) -> String {
    match code {
        "SignatureDoesNotMatch" => {
            "The store knows the key, but the secret does not belong to it (SignatureDoesNotMatch)."
                .to_owned()
        }
        "InvalidAccessKeyId" => {
            "The store does not know the key (InvalidAccessKeyId): it was deactivated, or is another \
             account's or another server's."
                .to_owned()
        }
        "AuthenticationFailed" => {
            "Azure did not accept the key or signature (AuthenticationFailed): it is another account's, was \
             rotated, or has expired; or this machine's clock is off by more than 15 minutes."
                .to_owned()
        }
        "invalid_grant" | "invalid_client" | "unauthorized_client" => format!(
            "The identity got no token ({code}). Is its token file the one for this account, and not \
             expired?"
        ),
        "" => "The store did not accept the credentials.".to_owned(),
        code => format!(
            "The store did not accept the credentials ({code}). Is a session token missing or left over?"
        ),
    }
}

impl Explain for MissingPermission {
    fn explain(&self) -> Message {
        let Self { action, key, store } = self;
        Message::new(
            Kind::Credentials,
            "Access denied",
            formatdoc! {"
                The credentials are accepted, but {action} on {key} is denied. {least}",
                least = least_rights(store)
            },
        )
    }
}

fn least_rights(store: &BucketUrl) -> String {
    let BucketUrl { scheme, bucket, .. } = store;
    match scheme {
        Scheme::S3 => format!(
            "The least that publishing needs, as a\npolicy for the key:\n{}",
            policy(store)
        ),
        Scheme::Azure => formatdoc! {"
            Publishing reads, creates and
            lists, and writes parts of files above 16 MiB. As a shared access signature, w for the parts:
              az storage container generate-sas --name {bucket} --permissions rclw --expiry <date>
            As a role of the identity (it may also delete; SECURITY.md has a smaller one):
              az role assignment create --role 'Storage Blob Data Contributor' --assignee <id> \\
                --scope <id of the account>/blobServices/default/containers/{bucket}
            Or the account's firewall lets this machine not in."
        },
        Scheme::Gcs => formatdoc! {"
            Publishing needs to read, create
            and list objects, but not to delete them:
              gcloud storage buckets add-iam-policy-binding gs://{bucket} \\
                --member serviceAccount:<email> --role roles/storage.objectCreator
              gcloud storage buckets add-iam-policy-binding gs://{bucket} \\
                --member serviceAccount:<email> --role roles/storage.objectViewer"
        },
    }
}

fn policy(store: &BucketUrl) -> String {
    let BucketUrl { bucket, folder, .. } = store;
    let folder = folder.to_string();
    let below = if folder.is_empty() {
        String::new()
    } else {
        format!("{folder}/")
    };
    formatdoc! {r#"
        {{"Version": "2012-10-17", "Statement": [
          {{"Effect": "Allow", "Action": "s3:PutObject",
           "Resource": "arn:aws:s3:::{bucket}/{below}*"}},
          {{"Effect": "Allow", "Action": "s3:GetObject",
           "Resource": "arn:aws:s3:::{bucket}/{below}*"}},
          {{"Effect": "Allow", "Action": "s3:ListBucket",
           "Resource": "arn:aws:s3:::{bucket}",
           "Condition": {{"StringLike": {{"s3:prefix": "{below}*"}}}}}}]}}"#
    }
}

impl Explain for Conflict {
    fn explain(&self) -> Message {
        let version = &self.version;
        let ways_on = if version.looks_like_digest() {
            "The way on: STATIC_ASSETS_SALT=2 makes another version of the same content."
        } else {
            "Two ways on: a new RELEASE_VERSION, or none (the version is then made from the content)."
        };
        match &self.with {
            ConflictWith::Published { differing } => Message::new(
                Kind::Conflict,
                "This version exists with other content",
                format!(
                    "{version} is published, and {} of its files differ from this build's:\n{}\n\
                     A published version is never changed: browsers hold it for a year. {ways_on}",
                    differing.len(),
                    listed(differing, difference_text)
                ),
            ),
            ConflictWith::Claimed => Message::new(
                Kind::Conflict,
                "This version was started with other content",
                format!(
                    "{version} was started with other content and never finished, or is being published \
                     now. {ways_on}"
                ),
            ),
            ConflictWith::Foreign { path } => Message::new(
                Kind::Conflict,
                "Other files are in this version's place",
                format!(
                    "In the place of {version}, {path} is not what this build would put there, and it is not \
                     known who put it. It is not touched. {ways_on}"
                ),
            ),
            ConflictWith::Pruned => Message::new(
                Kind::Conflict,
                "This version was pruned",
                format!(
                    "{version} was published with other content and then pruned; browsers may still hold \
                     it. {ways_on}"
                ),
            ),
        }
    }
}

fn difference_text(difference: &Difference) -> String {
    match difference {
        Difference::Changed(path) => format!("changed  {path}"),
        Difference::Added(path) => format!("added    {path}"),
        Difference::Removed(path) => format!("removed  {path}"),
    }
}
