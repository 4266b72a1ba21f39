//! Texts of credentials that the store does not accept, or that lack a permission.

use super::{Kind, Message};
use crate::prefix::{BucketUrl, Scheme};
use indoc::formatdoc;

pub(super) fn rejected(code: &str) -> Message {
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

pub(super) fn least_rights(store: &BucketUrl) -> String {
    let BucketUrl { scheme, bucket, .. } = store;
    match scheme {
        Scheme::S3 => policy(store),
        Scheme::Azure => formatdoc! {"
            Publishing reads, creates and lists blobs, and writes parts of files above 16 MiB. This makes a shared access
            signature for that; its w is for the parts:
              az storage container generate-sas --name {bucket} --permissions rclw --expiry <date>
            Or give the identity a role, which may also delete (SECURITY.md has a smaller one):
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

fn policy(store: &BucketUrl) -> String {
    let BucketUrl { bucket, folder, .. } = store;
    let prefix = match folder.to_string().as_str() {
        "" => String::new(),
        folder => format!("{folder}/"),
    };
    formatdoc! {r#"
        Publishing needs at least this policy:
        {{"Version": "2012-10-17", "Statement": [
          {{"Effect": "Allow", "Action": ["s3:PutObject", "s3:GetObject"],
           "Resource": "arn:aws:s3:::{bucket}/{prefix}*"}},
          {{"Effect": "Allow", "Action": "s3:ListBucket",
           "Resource": "arn:aws:s3:::{bucket}",
           "Condition": {{"StringLike": {{"s3:prefix": "{prefix}*"}}}}}}]}}"#
    }
}
