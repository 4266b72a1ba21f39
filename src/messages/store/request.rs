//! Texts of requests that the store did not fulfil.

use super::{Explain, Kind, Message};
use crate::prefix::{BucketUrl, Key, Scheme};
use crate::store::{FailedRequest, RequestError, RequestTarget};
use indoc::formatdoc;

impl Explain for FailedRequest {
    fn explain(&self) -> Message {
        let Self(error, target) = self;
        let RequestTarget { action, key, store } = target.as_ref();
        match error {
            RequestError::NoBucket => no_bucket(store),
            RequestError::WrongRegion(region) => wrong_region(&store.bucket, region.as_deref()),
            RequestError::RegionChanged(region) => region_changed(&store.bucket, region),
            RequestError::InvalidCredentials(code)
                if code == "SignatureDoesNotMatch" && !key.is_meta() =>
            {
                changed_header(key)
            }
            RequestError::InvalidCredentials(code) => rejected(code),
            RequestError::ExpiredCredentials => Message::new(
                Kind::Credentials,
                "The session token has expired",
                "The store rejected it. Get new temporary credentials for each build.",
            ),
            RequestError::ClockSkew => Message::new(
                Kind::Machine,
                "This machine's clock is more than 15 minutes off",
                "The store rejected a request because its time differs from the store's own. Set the clock of the \
                 machine that builds.",
            ),
            RequestError::Forbidden => Message::new(
                Kind::Credentials,
                format!("The credentials lack the permission '{action}'"),
                format!(
                    "The store accepted the credentials, but denied '{action}' on {key}. Are bucket and prefix those \
                     of this key?\n{}",
                    if action.to_ascii_lowercase().contains("delete") {
                        right_to_delete(store)
                    } else {
                        least_rights(store)
                    }
                ),
            ),
            RequestError::Held => Message::new(
                Kind::Machine,
                format!("A policy of the store keeps an object from being deleted: {key}"),
                "It has an immutability policy, a legal hold or a retention period. Wait until that ends, or change it; \
                 then run the same command again.",
            ),
            RequestError::Temporary { cause, .. } => Message::new(
                Kind::Temporary,
                format!("The store keeps failing: {cause}"),
                "Several tries failed. If the store answered, its own log or status page says more. If it did not: is the \
                 endpoint right, and can this machine reach it? A proxy that HTTPS_PROXY names must let it through, too.",
            )
            .advising_builds(
                "While the store is down, build without it; the app then serves its own files:\n  STATIC_ASSETS_PUBLISH=off",
            ),
            RequestError::NoAnswer(cause) | RequestError::Unexpected(cause) => {
                unexpected(key, cause)
            }
            RequestError::NotFound => unexpected(key, "not found"),
            RequestError::NotModified => unexpected(key, "not modified"),
            RequestError::Exists => unexpected(key, "exists already"),
            RequestError::NotImplemented => unexpected(key, "not implemented"),
        }
    }
}

fn unexpected(key: &Key, cause: &str) -> Message {
    let body = formatdoc! {"
        The request was for {key}. Is STATIC_ASSETS_ENDPOINT_URL the address of the store's own server? If a private
        authority signed the server's certificate, name the authority:
          STATIC_ASSETS_CA_FILE=/path/to/ca.pem"
    };
    let title = format!("The store gave an unexpected answer: {cause}");
    Message::new(Kind::Machine, title, body)
        .advising_builds("After the fix, run this again: only what is missing is uploaded.")
}

fn no_bucket(store: &BucketUrl) -> Message {
    let bucket = &store.bucket;
    let (what, create) = match store.scheme {
        Scheme::S3 => ("bucket", "aws s3 mb s3://"),
        Scheme::Azure => ("container", "az storage container create --name "),
        Scheme::Gcs => ("bucket", "gcloud storage buckets create gs://"),
    };
    let body = formatdoc! {"
        It does not exist on this endpoint or in this account. Is its name misspelled?
          STATIC_ASSETS_STORE={store}
        A {what} is never created here. To create it:
          {create}{bucket}"
    };
    Message::new(Kind::Missing, format!("No such {what}: {bucket}"), body)
}

fn wrong_region(bucket: &str, region: Option<&str>) -> Message {
    let named = region.map_or_else(String::new, |region| format!(": {region}"));
    let title = format!("The bucket {bucket} is in another region{named}");
    let body = formatdoc! {"
        S3 answered that the region in the settings does not hold the bucket. Set the bucket's own:
          STATIC_ASSETS_REGION={region}
        With AWS_* credentials, that is AWS_REGION; with Bucketeer's, BUCKETEER_AWS_REGION; in a service binding, the
        entry 'region'. This prints it (add --endpoint-url for another server than AWS's):
          aws s3api get-bucket-location --bucket {bucket}",
        region = region.unwrap_or("<region>")
    };
    Message::new(Kind::Configuration, title, body)
}

fn region_changed(bucket: &str, region: &str) -> Message {
    let body = formatdoc! {"
        An earlier answer of this run came from another region, and no setting names one. Likeliest cause: a proxy or
        a load balancer in front of the store, whose servers don't agree. Name the region that holds the bucket:
          STATIC_ASSETS_REGION={region}
        With AWS_* credentials, that is AWS_REGION; in a service binding, the entry 'region'."
    };
    let title =
        format!("The store names another region for the bucket {bucket} than before: {region}");
    Message::new(Kind::Configuration, title, body)
}

/// A run sends files only after the store has accepted its signature on objects of the protocol.
fn changed_header(key: &Key) -> Message {
    let body = formatdoc! {"
        The store accepted other requests of this run, which had the same key, so the secret is right. It refused the
        signature of {key} (SignatureDoesNotMatch). Likeliest cause: the server, or a proxy in front of it, changes a
        header that is signed, such as 'Content-Type: text/html; charset=utf-8'. Upload to the store behind it:
          STATIC_ASSETS_ENDPOINT_URL=https://…"
    };
    let title = "A server changes signed headers (SignatureDoesNotMatch)";
    Message::new(Kind::Machine, title, body)
}

fn rejected(code: &str) -> Message {
    let title = match code {
        "" => "The store rejected the credentials".to_owned(),
        code => format!("The store rejected the credentials ({code})"),
    };
    let body = match code {
        "SignatureDoesNotMatch" => {
            "The store knows the key, but the secret does not belong to it. Was it copied whole?"
        }
        "InvalidAccessKeyId" => {
            "The store does not know the key. It was deactivated, or it belongs to another account or another server."
        }
        "AuthenticationFailed" => {
            "Azure did not accept the key or signature. It belongs to another account, was rotated, or has expired. Or \
             this machine's clock is more than 15 minutes off."
        }
        "invalid_grant" | "invalid_client" | "unauthorized_client" => {
            "The identity got no token. Is its token file the one for this account, and not expired?"
        }
        _ => "Is a session token missing, or left from other credentials?",
    };
    Message::new(Kind::Credentials, title, body)
}

/// What the key of an operator may do, and that of a build should not.
fn right_to_delete(store: &BucketUrl) -> String {
    let bucket = &store.bucket;
    let lead = "Builds must not be able to delete, so operators have a key of their own (docs/stores.md, \"A second key for \
                operators\"). To let it delete:";
    match store.scheme {
        Scheme::S3 => formatdoc! {r#"
            {lead}
              {{"Effect": "Allow", "Action": "s3:DeleteObject", "Resource": "arn:aws:s3:::{bucket}/{base}*"}}"#,
            base = store.folder.base()
        },
        Scheme::Azure => formatdoc! {"
            {lead}
              az storage container generate-sas --name {bucket} --permissions rclwd --expiry <date>"
        },
        Scheme::Gcs => formatdoc! {"
            {lead}
              gcloud storage buckets add-iam-policy-binding gs://{bucket} \\
                --member serviceAccount:<email> --role roles/storage.objectAdmin"
        },
    }
}

fn least_rights(store: &BucketUrl) -> String {
    let bucket = &store.bucket;
    match store.scheme {
        Scheme::S3 => {
            let base = store.folder.to_string();
            let slash = if base.is_empty() { "" } else { "/" };
            formatdoc! {r#"
                Publishing needs at least this policy (AWS, MinIO; for other servers: docs/stores.md):
                {{"Version": "2012-10-17", "Statement": [
                  {{"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"],
                   "Resource": "arn:aws:s3:::{bucket}/{base}{slash}*"}},
                  {{"Effect": "Allow", "Action": "s3:ListBucket",
                   "Resource": "arn:aws:s3:::{bucket}",
                   "Condition": {{"StringLike": {{"s3:prefix": "{base}{slash}*"}}}}}}]}}"#
            }
        }
        Scheme::Azure => formatdoc! {"
            Publishing reads, creates and lists blobs, and writes parts of files above 16 MiB. This makes a shared access
            signature for that; its w is for the parts:
              az storage container generate-sas --name {bucket} --permissions rclw --expiry <date>
            Or give the identity a role, which may also delete (docs/stores.md has a smaller one):
              az role assignment create --role 'Storage Blob Data Contributor' --assignee <id> \\
                --scope <id of the account>/blobServices/default/containers/{bucket}
            Or the storage account's firewall blocks this machine."
        },
        Scheme::Gcs => formatdoc! {"
            Publishing reads, creates and lists objects. It deletes none:
              gcloud storage buckets add-iam-policy-binding gs://{bucket} \\
                --member serviceAccount:<email> --role roles/storage.objectCreator
              gcloud storage buckets add-iam-policy-binding gs://{bucket} \\
                --member serviceAccount:<email> --role roles/storage.objectViewer"
        },
    }
}
