//! Texts of what the public URL answers. What depends on the kind of store is in [`Remedies::of`].

use super::{Explain, Kind, Message};
use crate::check::{CheckError, Finding, ORIGIN, Problem};
use crate::config::env_vars::{CHECK, PUBLIC_URL, SALT};
use crate::http::FetchError;
use crate::manifest::CACHE_CONTROL;
use crate::prefix::{BucketUrl, PublicUrl, Scheme, StoreUrl};
use indoc::formatdoc;

impl Explain for CheckError {
    fn explain(&self) -> Message {
        match self {
            Self::Wrong {
                findings,
                store,
                public,
            } => {
                let texts: Vec<String> = findings
                    .iter()
                    .map(|finding| finding_text(finding, store, public))
                    .collect();
                let url = findings.first().map_or("", |finding| &finding.url);
                Message::new(Kind::Published, title(findings), texts.join("\n\n")).with_line(
                    &formatdoc! {"
                        Look again when it is set right:
                          {curl}
                        Then build with {check}=fail: a build that changes no asset looks only
                        where that is set. To go on with a warning instead:
                          {check}=warn",
                        curl = curl(url), check = CHECK.name
                    },
                )
            }
            Self::Interrupted => Message::new(
                Kind::Interrupted,
                "Interrupted",
                "The build was told to stop while it looked at the public URL of the published version.",
            ),
        }
    }
}

fn title(findings: &[Finding]) -> &'static str {
    match findings.first().map(|finding| &finding.problem) {
        Some(Problem::Status {
            status: 401 | 403, ..
        }) => "Browsers may not read what is published",
        Some(Problem::Elsewhere { .. }) => "The public URL is not the store's",
        Some(Problem::WrongType { .. }) => "Browsers get files of the wrong type",
        Some(Problem::WrongBytes { .. }) => "Browsers get other files than were published",
        _ => "Browsers don't get what is published",
    }
}

/// Says what is wrong and how to set it right.
pub(super) fn finding_text(finding: &Finding, store: &StoreUrl, public: &PublicUrl) -> String {
    let url = &finding.url;
    let remedies = || Remedies::of(store, public, url);
    let text = match &finding.problem {
        Problem::Unreachable(error) => unreachable(url, error),
        Problem::Status { status, tried } => status_text(url, *status, tried, &remedies(), store),
        Problem::Page { tried } => formatdoc! {"
                200, but an HTML page: {url}
                Something in front of the store answers for it, such as the site's own catch-all route.
                {name} must be a URL below which {store} is found.{tried}",
            tried = tried_text(tried), name = PUBLIC_URL.name
        },
        Problem::Elsewhere { instead } => elsewhere_text(url, public, instead),
        Problem::WrongBytes { expected } => formatdoc! {"
                200, but other bytes than were published: {url}
                What is in front of the store changes files (minification, rewriting): switch that off for this
                URL, because a changed file breaks integrity hashes. Or it kept an older answer: purge it, or publish
                another version of the same content:
                  {salt}=2
                The published file has the SHA-256 {expected}; this shows what comes:
                  {curl} | sha256sum",
            salt = SALT.name, curl = format_args!("curl -sSL '{url}'")
        },
        Problem::WrongType { found, expected } => formatdoc! {"
                Content-Type is {found}; it should be '{expected}', and browsers refuse the file: {url}
                {types}",
            found = quoted(found.as_deref()), types = remedies().types
        },
        Problem::Encoded(encoding) => format!(
            "sent as {encoding}, although that was not asked for, and so not compared: {url}"
        ),
        Problem::CacheControl(found) => formatdoc! {"
                Cache-Control is {found}; it should be '{CACHE_CONTROL}'.
                Browsers load the file again and again: {url}
                {caching}",
            found = quoted(found.as_deref()), caching = remedies().caching
        },
        Problem::Redirected { to } => formatdoc! {"
                redirected to {to}
                Each file costs browsers two requests. Set the URL that answers itself:
                  {name}=https://…",
            name = PUBLIC_URL.name
        },
        Problem::RefusedWithOrigin(status) => format!(
            "200, but {status} to a request with 'Origin: {ORIGIN}': {url}\n\
                 Fonts and modules are asked for with one. Is there a rule for hosts that link here?"
        ),
        Problem::NoCors => formatdoc! {"
                no Access-Control-Allow-Origin for 'Origin: {ORIGIN}', so browsers refuse fonts and
                <script type=\"module\"> from here on pages of another host: {url}
                {cors}",
            cors = remedies().cors
        },
        Problem::CorsCachedAway => formatdoc! {"
                the CDN gives an answer without Access-Control-Allow-Origin that it cached, and the store allows the
                Origin: {url}
                Whoever asks first without an Origin takes fonts and modules from everybody. Add the header Origin to
                the CDN's cache key, or let the CDN set 'Access-Control-Allow-Origin: *' by itself (CloudFront:
                response headers policy SimpleCORS); then purge it."
        },
    };
    let kinds: Vec<String> = finding.kinds.iter().map(ToString::to_string).collect();
    format!("{}: {}", kinds.join(" "), text.trim_end())
}
fn quoted(value: Option<&str>) -> String {
    value.map_or_else(|| "missing".to_owned(), |value| format!("'{value}'"))
}

/// Shows what the check saw.
fn curl(url: &str) -> String {
    format!("curl -sSI -H 'Origin: {ORIGIN}' '{url}'")
}

/// Why there was no answer.
pub(super) fn no_answer(error: &FetchError) -> String {
    match error {
        FetchError::UnknownHost => "its host is not known here".to_owned(),
        FetchError::Refused => "nothing listens there".to_owned(),
        FetchError::Timeout => "no answer in time".to_owned(),
        FetchError::Tls(cause) => format!("no trusted connection: {cause}"),
        FetchError::Other(cause) => cause.clone(),
    }
}

fn unreachable(url: &str, error: &FetchError) -> String {
    let why = no_answer(error);
    formatdoc! {"
        not checked, {why}: {url}
        The build may not reach what browsers reach. From where they are:
          {curl}",
        curl = curl(url)
    }
}

fn status_text(
    url: &str,
    status: u16,
    tried: &[PublicUrl],
    remedies: &Remedies,
    store: &StoreUrl,
) -> String {
    let name = PUBLIC_URL.name;
    match status {
        _ if remedies.private.contains(&status) => formatdoc! {"
            {status} without a key: {url}
            {read}
            Or the path is wrong: {name} must be a URL below which {store} is found.{tried}",
            read = remedies.read.trim_end(), tried = tried_text(tried)
        },
        401 => format!(
            "401: {url}\nBrowsers have no password for it. Leave this path out of what protects the site."
        ),
        404 | 410 => formatdoc! {"
            {status}, although the file was put: {url}
            {name} must be a URL below which {store} is found.{tried}
            A CDN keeps a 404: purge it when the path is right, or make another version of the same content:
              {salt}=2",
            tried = tried_text(tried), salt = SALT.name
        },
        300..=399 => format!(
            "{status}, a redirect that leads nowhere or to where a browser doesn't follow: {url}\n\
             Set the URL that answers itself:\n  {name}=https://…"
        ),
        429 | 500..=599 => format!(
            "{status}: {url}\nWhat is in front of the store, or the store, is in trouble. Build again when it isn't."
        ),
        _ => format!("{status} in place of 200: {url}"),
    }
}

fn tried_text(tried: &[PublicUrl]) -> String {
    if tried.is_empty() {
        return String::new();
    }
    let tried: Vec<String> = tried.iter().map(ToString::to_string).collect();
    format!("\nNot there, either: {}", tried.join(" "))
}

fn elsewhere_text(url: &str, public: &PublicUrl, instead: &PublicUrl) -> String {
    let [now, then] = [public, instead].map(ToString::to_string);
    let why = match (now.strip_prefix(&then), then.strip_prefix(&now)) {
        (Some(added), _) => format!("Your CDN already adds /{}", added.trim_end_matches('/')),
        (_, Some(missing)) => format!("The URL lacks /{}", missing.trim_end_matches('/')),
        _ => "The store is there".to_owned(),
    };
    formatdoc! {"
        not there: {url}
        But below {then} it is. {why}: set
          {name}={base}",
        name = PUBLIC_URL.name, base = then.trim_end_matches('/')
    }
}

/// What to paste, by the kind of store.
struct Remedies {
    /// What the store answers to whoever may not read.
    private: &'static [u16],
    /// Lets browsers read what is published, but not the protocol's own objects.
    read: String,
    cors: String,
    types: String,
    caching: String,
}

impl Remedies {
    /// All that differs by the kind of store.
    fn of(store: &StoreUrl, public: &PublicUrl, url: &str) -> Self {
        let public = public.to_string();
        match store {
            StoreUrl::Bucket(bucket) => {
                let file = url.strip_prefix(&public).unwrap_or("<version>/<file>");
                Self::of_bucket(bucket, file)
            }
            StoreUrl::File { root } => {
                let root = root.display();
                let (_, host_and_path) = public.split_once("://").unwrap_or(("", &public));
                let (_, path) = host_and_path.split_once('/').unwrap_or_default();
                let server = |lines: &str| {
                    formatdoc! {"
                        The web server gives it, such as nginx:
                          location /{path} {{
                            alias {root}/;
                            {lines}
                          }}"
                    }
                };
                Self {
                    private: &[403],
                    read: formatdoc! {"
                        The web server may not read {root}, or keeps it from browsers. Published files are readable for
                        everybody; so must be the folders above them:
                          namei -l {root}"
                    },
                    cors: server("add_header Access-Control-Allow-Origin *;"),
                    types: server("include mime.types;"),
                    caching: server(&format!("add_header Cache-Control \"{CACHE_CONTROL}\";")),
                }
            }
        }
    }
}

impl Remedies {
    fn of_bucket(store: &BucketUrl, file: &str) -> Self {
        let BucketUrl {
            scheme,
            bucket,
            folder,
        } = store;
        let folder = folder.to_string();
        let below = if folder.is_empty() {
            String::new()
        } else {
            format!("{folder}/")
        };
        let key = format!("{below}{file}");
        let (private, read, cors, look) = match scheme {
            Scheme::S3 => (
                &[403][..],
                s3_read(bucket, &below),
                formatdoc! {"
                    aws s3api put-bucket-cors --bucket {bucket} --cors-configuration \\
                      '{{\"CORSRules\":[{{\"AllowedOrigins\":[\"*\"],\"AllowedMethods\":[\"GET\",\"HEAD\"],\"AllowedHeaders\":[\"*\"]}}]}}'"
                },
                format!("aws s3api head-object --bucket {bucket} --key '{key}'"),
            ),
            Scheme::Azure => (
                &[403, 404, 409][..],
                formatdoc! {"
                    The container is private, and Azure answers 404 or 409 then. Let everybody read blobs by their name;
                    none can be listed, and `.static-assets/` holds no secret:
                      az storage account update --name <account> --allow-blob-public-access true
                      az storage container set-permission --account-name <account> --name {bucket} --public-access blob
                    Or let a CDN alone read it, such as Front Door by its managed identity."
                },
                "az storage cors add --account-name <account> --services b --methods GET HEAD --origins '*' \\\n  \
                 --allowed-headers '*' --exposed-headers '*' --max-age 86400"
                    .to_owned(),
                format!(
                    "az storage blob show --account-name <account> --container-name {bucket} --name '{key}'"
                ),
            ),
            Scheme::Gcs => (
                &[401, 403][..],
                formatdoc! {"
                    The bucket is private, or public access prevention is on. Let everybody read objects by their name;
                    none can be listed, and `.static-assets/` holds no secret:
                      gcloud storage buckets update gs://{bucket} --no-public-access-prevention
                      gcloud storage buckets add-iam-policy-binding gs://{bucket} \\
                        --member allUsers --role roles/storage.legacyObjectReader"
                },
                formatdoc! {"
                    echo '[{{\"origin\":[\"*\"],\"method\":[\"GET\",\"HEAD\"],\"responseHeader\":[\"*\"]}}]' > cors.json
                    gcloud storage buckets update gs://{bucket} --cors-file=cors.json"
                },
                format!("gcloud storage objects describe 'gs://{bucket}/{key}'"),
            ),
        };
        Self {
            private,
            read,
            cors: formatdoc! {"
                A store that allows listed origins is right with its own; else allow all, because the files are
                public anyway{replaces}:
                  {cors}
                A CDN must pass the header Origin on and keep it in its cache key (CloudFront: origin request
                policy CORS-S3Origin), or set the header by itself (response headers policy SimpleCORS).",
                replaces = match scheme {
                    Scheme::S3 | Scheme::Gcs => " (this replaces the rules that are there)",
                    Scheme::Azure => "",
                },
                cors = cors.trim_end().replace('\n', "\n  ")
            },
            types: formatdoc! {"
                It was put with the right one. Where the bucket shows another, somebody else put it:
                  {look}
                Else the CDN changes it. Another version of the same content is put anew by:
                  {salt}=2",
                salt = SALT.name
            },
            caching: "It was put with the right one, and the CDN replaces it: let it respect the \
                      origin's (Cloudflare: Browser Cache TTL)."
                .to_owned(),
        }
    }
}

fn s3_read(bucket: &str, below: &str) -> String {
    formatdoc! {r#"
        The bucket is private, or Block Public Access is on. Either let everybody read what is published, but not
        `.static-assets/` (this replaces the policy that is there):
          aws s3api put-public-access-block --bucket {bucket} --public-access-block-configuration \
            BlockPublicAcls=true,IgnorePublicAcls=true,BlockPublicPolicy=false,RestrictPublicBuckets=false
          aws s3api put-bucket-policy --bucket {bucket} --policy \
            '{{"Version": "2012-10-17", "Statement": [
              {{"Effect": "Allow", "Principal": "*", "Action": "s3:GetObject",
               "Resource": "arn:aws:s3:::{bucket}/{below}*"}},
              {{"Effect": "Deny", "Principal": "*", "Action": "s3:GetObject",
               "Resource": "arn:aws:s3:::{bucket}/{below}.static-assets/*",
               "Condition": {{"Null": {{"aws:PrincipalArn": "true"}}}}}}]}}'
        Or let CloudFront alone read it, by its origin access control, with this as the first statement:
          {{"Effect": "Allow", "Principal": {{"Service": "cloudfront.amazonaws.com"}}, "Action": "s3:GetObject",
           "Resource": "arn:aws:s3:::{bucket}/{below}*",
           "Condition": {{"StringEquals": {{"AWS:SourceArn": "arn:aws:cloudfront::<account>:distribution/<id>"}}}}}}
        S3 also answers 403 for what is absent, to whoever may not list."#}
}
