//! What to paste at each kind of store.

use crate::config::env_vars::SALT;
use crate::manifest::CACHE_CONTROL;
use crate::prefix::{BucketUrl, Scheme, Site, StoreUrl};
use indoc::formatdoc;
use std::path::Path;

pub(super) struct Remedies {
    /// The status codes of a store that the public can't read.
    pub(super) private: &'static [u16],
    /// How browsers may read the files, but not the protocol's own objects.
    pub(super) read: String,
    pub(super) cors: String,
    pub(super) types: String,
    pub(super) caching: String,
}

impl Remedies {
    pub(super) fn of(site: &Site, url: &str) -> Self {
        let public = site.public.to_string();
        match &site.store {
            StoreUrl::File(root) => directory(root, &public),
            StoreUrl::Bucket(bucket) => {
                let file = url.strip_prefix(&public).unwrap_or("<version>/<file>");
                let key = format!("{}{file}", bucket.folder.base());
                match bucket.scheme {
                    Scheme::S3 => s3(bucket, &key),
                    Scheme::Azure => azure(bucket, &key),
                    Scheme::Gcs => gcs(bucket, &key),
                }
            }
        }
    }
}

fn s3(store: &BucketUrl, key: &str) -> Remedies {
    let bucket = &store.bucket;
    let under = store.folder.base();
    let read = formatdoc! {r#"
        The bucket is private, or Block Public Access is on. Let everyone read the published files, but not
        `.static-assets/`. This replaces the bucket's policy. On another server than AWS's, leave out the 'Deny': some
        servers refuse the build's own key by it.
          aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration \
            BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false
          aws s3api put-bucket-policy --bucket {bucket} --policy \
            '{{"Version": "2012-10-17", "Statement": [
              {{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
               "Resource": "arn:aws:s3:::{bucket}/{under}*"}},
              {{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
               "Resource": "arn:aws:s3:::{bucket}/{under}.static-assets/*",
               "Condition": {{"Null": {{"aws:PrincipalArn": "true"}}}}}}]}}'
        Or let only CloudFront read the bucket, by its origin access control. Then the first statement is:
          {{"Effect": "Allow", "Principal": {{"Service": "cloudfront.amazonaws.com"}}, "Action": "s3:GetObject",
           "Resource": "arn:aws:s3:::{bucket}/{under}*",
           "Condition": {{"StringEquals": {{"AWS:SourceArn": "arn:aws:cloudfront::<account>:distribution/<id>"}}}}}}
        S3 also answers 403 for a missing file if the reader may not list the bucket."#};
    let rules = r#"{"CORSRules":[{"AllowedOrigins":["*"],"AllowedMethods":["GET","HEAD"],"AllowedHeaders":["*"]}]}"#;
    let cors = format!(
        "This replaces the bucket's rules:\n  \
         aws s3api put-bucket-cors --bucket {bucket} --cors-configuration \\\n    '{rules}'\n\
         R2 and other servers need --endpoint-url besides. MinIO takes a variable: MINIO_API_CORS_ALLOW_ORIGIN='*'"
    );
    let show = format!("aws s3api head-object --bucket {bucket} --key '{key}'");
    of_bucket(&[403], read, &cors, &show)
}

fn azure(store: &BucketUrl, key: &str) -> Remedies {
    let container = &store.bucket;
    let read = formatdoc! {"
        The container is private; Azure then answers 404 or 409. Let everyone read blobs by name. Nobody can list
        them, and `.static-assets/` holds no secret:
          az storage account update --name <account> --allow-blob-public-access true
          az storage container set-permission --account-name <account> --name {container} --public-access blob
        Or let only a CDN read the container, such as Front Door with its managed identity."};
    let cors = "Add a rule:\n  \
        az storage cors add --account-name <account> --services b --methods GET HEAD --origins '*' \\\n    \
        --allowed-headers '*' --exposed-headers '*' --max-age 86400";
    let show = format!(
        "az storage blob show --account-name <account> --container-name {container} --name '{key}'"
    );
    of_bucket(&[403, 404, 409], read, cors, &show)
}

fn gcs(store: &BucketUrl, key: &str) -> Remedies {
    let bucket = &store.bucket;
    let read = format!(
        "The bucket is private, or public access prevention is on. Let everyone read objects by name. Nobody can list\n\
         them, and `.static-assets/` holds no secret:\n  \
         gcloud storage buckets update gs://{bucket} --no-public-access-prevention\n  \
         gcloud storage buckets add-iam-policy-binding gs://{bucket} \\\n    \
         --member allUsers --role roles/storage.legacyObjectReader"
    );
    let cors = formatdoc! {r#"
        This replaces the bucket's rules:
          echo '[{{"origin":["*"],"method":["GET","HEAD"],"responseHeader":["*"]}}]' > cors.json
          gcloud storage buckets update gs://{bucket} --cors-file=cors.json"#};
    let show = format!("gcloud storage objects describe 'gs://{bucket}/{key}'");
    of_bucket(&[401, 403], read, &cors, &show)
}

/// Adds what all buckets have in common. `show` is the command that shows an object's headers.
fn of_bucket(private: &'static [u16], read: String, cors: &str, show: &str) -> Remedies {
    let salt = SALT.name;
    Remedies {
        private,
        read,
        cors: formatdoc! {"
            If the store allows only your site's origin, ignore this. Otherwise allow every origin, because the files
            are public. {cors}
            A CDN must pass the header Origin on and have it in its cache key (CloudFront: origin request policy
            CORS-S3Origin), or set the header itself (response headers policy SimpleCORS)."},
        types: formatdoc! {"
            The file was uploaded with the right type. The store's own type is shown by:
              {show}
            If that is wrong, somebody has changed it; if it is right, the CDN changes it. To upload the files again,
            as another version, by a new salt:
              {salt}=2"},
        caching: "The file was uploaded with the right value, and the CDN replaces it. Let the CDN respect the \
                  origin's value (Cloudflare: Browser Cache TTL)."
            .to_owned(),
    }
}

fn directory(root: &Path, public: &str) -> Remedies {
    let root = root.display();
    let path = public.splitn(4, '/').nth(3).unwrap_or_default();
    let server = |line: &str| {
        formatdoc! {"
            Set it in the web server. nginx, in the 'location /{path}' of {root} (docs/stores.md has all of its lines):
              {line}"}
    };
    Remedies {
        private: &[403],
        read: formatdoc! {"
            The web server can't read {root}, or doesn't let browsers read it. Everyone may read the published files;
            every directory above them must be open, too:
              namei -l {root}"},
        cors: server("add_header Access-Control-Allow-Origin *;"),
        types: server("include mime.types;"),
        caching: server(&format!("add_header Cache-Control \"{CACHE_CONTROL}\";")),
    }
}
