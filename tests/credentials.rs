//! Which credentials are used, where they are sent, and that no other identity is asked for.

use crate::harness::azure::Container;
use crate::harness::gcs::Gcs;
use crate::harness::http::Answer;
use crate::harness::refusing::Refusing;
use crate::harness::s3::Bucket;
use crate::harness::{Platform, server};
use fs_err as fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

const PUBLISH: [&str; 3] = ["publish", "--dir", "dist"];

fn prebuilt() -> Platform {
    let platform = Platform::empty();
    platform.write("dist/app.css", "a{}");
    platform.env(
        "STATIC_ASSETS_PUBLIC_URL",
        "https://static.example.com/shop",
    )
}

/// Starts a server that gives one answer to everything. Returns its URL and the requests that it gets.
fn recording(status: u16, body: String) -> (String, Arc<Mutex<Vec<String>>>) {
    let asked = Arc::new(Mutex::new(Vec::new()));
    let seen = asked.clone();
    let url = server::serve(move |request| {
        let authorization = request.header("authorization").unwrap_or_default();
        let text = format!(
            "{} {}\n{authorization}\n{}",
            request.method,
            request.target,
            String::from_utf8_lossy(&request.body)
        );
        seen.lock().unwrap().push(text);
        Answer::of(status, body.clone().into_bytes())
    });
    (url, asked)
}

#[test]
fn a_web_identity_gets_keys_of_its_role() {
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let keys = format!(
        "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>\
         <AccessKeyId>{}</AccessKeyId><SecretAccessKey>{}</SecretAccessKey><SessionToken></SessionToken>\
         <Expiration>2099-01-01T00:00:00Z</Expiration>\
         </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>",
        bucket.key_id, bucket.secret
    );
    let (service, asked) = recording(200, keys);
    let platform = prebuilt();
    fs::write(platform.path("token"), "token-of-a-test").unwrap();
    let platform = platform
        .env("STATIC_ASSETS_STORE", format!("s3://{}/shop", bucket.name))
        .env("AWS_ENDPOINT_URL", &bucket.endpoint)
        .env("AWS_ENDPOINT_URL_STS", &service)
        .env("AWS_ROLE_ARN", "arn:aws:iam::1:role/publish");
    let token = platform.path("token");
    let platform = platform.env("AWS_WEB_IDENTITY_TOKEN_FILE", token);
    let ran = platform.cli(&PUBLISH);
    let asked = asked.lock().unwrap().concat();
    assert!(asked.contains("token-of-a-test"), "{asked}");
    // The keys it gave were used; this server's have no session token.
    ran.says("role arn:aws:iam::1:role/publish from AWS_*");
}

#[test]
fn the_error_code_of_a_token_service_is_shown() {
    let (service, _) = recording(
        400,
        "<ErrorResponse><Error><Code>InvalidIdentityToken</Code></Error></ErrorResponse>"
            .to_owned(),
    );
    let store = Refusing::s3(500, "InternalError", "");
    let platform = prebuilt();
    fs::write(platform.path("token"), "token-of-a-test").unwrap();
    let token = platform.path("token");
    platform
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .env("AWS_ENDPOINT_URL", &store.url)
        .env("AWS_ENDPOINT_URL_STS", service)
        .env("AWS_ROLE_ARN", "arn:aws:iam::1:role/publish")
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", token)
        .cli(&PUBLISH)
        .exits(12)
        .says("InvalidIdentityToken")
        .does_not_say("token-of-a-test");
    assert_eq!(store.requests(), [""; 0]);
}

#[test]
fn a_workload_identity_gets_an_azure_token() {
    let (authority, asked) = recording(
        200,
        r#"{"access_token":"bearer-of-a-test","token_type":"Bearer","expires_in":3600}"#.to_owned(),
    );
    let (store, requests) = recording(
        403,
        "<Error><Code>AuthorizationPermissionMismatch</Code></Error>".to_owned(),
    );
    let platform = prebuilt();
    fs::write(platform.path("token"), "token-of-a-test").unwrap();
    let token = platform.path("token");
    let ran = platform
        .binding(
            "assets",
            &[
                ("type", "static-assets"),
                ("store", "az://acme-static/shop"),
            ],
        )
        .env("SERVICE_BINDING_ROOT", "")
        .env("STATIC_ASSETS_STORE", "az://acme-static/shop")
        .env("AZURE_STORAGE_ACCOUNT_NAME", "acme")
        .env("AZURE_TENANT_ID", "tenant")
        .env("AZURE_CLIENT_ID", "client")
        .env("AZURE_FEDERATED_TOKEN_FILE", token)
        .env("AZURE_AUTHORITY_HOST", authority)
        .env("HTTPS_PROXY", &store)
        .cli(&PUBLISH);
    let asked = asked.lock().unwrap().concat();
    assert!(asked.contains("/tenant/oauth2/v2.0/token"), "{asked}");
    assert!(asked.contains("token-of-a-test"), "{asked}");
    // The store is Azure's own: all that leaves this machine is asked of the proxy, which refuses.
    let requests = requests.lock().unwrap().concat();
    assert!(
        requests.starts_with("CONNECT acme.blob.core.windows.net:443"),
        "{requests}"
    );
    assert!(!requests.contains("bearer-of-a-test"));
    ran.exits(5).does_not_say("bearer-of-a-test");
}

#[test]
fn wrong_credentials_of_azure_and_google_are_explained() {
    let Some(container) = Container::find() else {
        return;
    };
    let wrong_key = container
        .connection_string()
        .replace(&container.key, "d3Jvbmcta2V5LW9mLWEtdGVzdA==");
    let platform = prebuilt().env("STATIC_ASSETS_STORE", format!("az://{}/x", container.name));
    platform
        .env("AZURE_STORAGE_CONNECTION_STRING", wrong_key)
        .cli(&PUBLISH)
        .exits(12)
        .says("'create' on x/.static-assets/refs/")
        .does_not_say("d3Jvbmcta2V5LW9mLWEtdGVzdA==");

    let platform = prebuilt().env("STATIC_ASSETS_STORE", "az://no-such-container/x");
    let connection = container.connection_string();
    platform
        .env("AZURE_STORAGE_CONNECTION_STRING", connection)
        .cli(&PUBLISH)
        .exits(10)
        .says("No such container: no-such-container")
        .says("az storage container create --name no-such-container");

    let gcs = Gcs::start();
    let platform = prebuilt()
        .env("STATIC_ASSETS_STORE", "gs://no-such-bucket/x")
        .env("STATIC_ASSETS_ENDPOINT_URL", &gcs.url)
        .env("GOOGLE_SERVICE_ACCOUNT_KEY", Gcs::credentials());
    platform
        .cli(&PUBLISH)
        .exits(10)
        .says("gcloud storage buckets create");
}

#[test]
fn bindings_of_azure_and_google_hold_whole_sets() {
    let Some(container) = Container::find() else {
        return;
    };
    let Container { name, prefix, .. } = &container;
    let bindings = |platform: Platform| {
        let root = platform.path("platform/bindings");
        platform.env("SERVICE_BINDING_ROOT", root)
    };
    let platform = prebuilt()
        .env("STATIC_ASSETS_STORE", format!("az://{name}/{prefix}"))
        .binding(
            "blobs",
            &[
                ("type", "azure-blob"),
                ("container", name),
                ("storageAccount", &container.account),
                ("account-key", &container.key),
                ("endpoint", &container.endpoint),
            ],
        );
    bindings(platform)
        .cli(&PUBLISH)
        .exits(0)
        .says("key from service binding 'blobs'");

    let gcs = Gcs::start();
    let platform = prebuilt().binding(
        "assets",
        &[
            ("type", "static-assets"),
            ("store", &format!("gs://{}/shop", gcs.bucket)),
            ("credentials.json", &Gcs::credentials()),
            ("endpoint", &gcs.url),
        ],
    );
    bindings(platform)
        .cli(&PUBLISH)
        .exits(0)
        .says("from service binding 'assets'");
}

#[test]
fn only_service_account_keys_of_google_are_read() {
    let gcs = Gcs::start();
    let platform = prebuilt()
        .env("STATIC_ASSETS_STORE", format!("gs://{}/shop", gcs.bucket))
        .env("STATIC_ASSETS_ENDPOINT_URL", &gcs.url);
    let file = platform.path("key.json");
    let platform = platform.env("GOOGLE_APPLICATION_CREDENTIALS", &file);
    platform
        .cli(&PUBLISH)
        .exits(2)
        .says("GOOGLE_APPLICATION_CREDENTIALS can't be read");
    fs::write(&file, Gcs::credentials()).unwrap();
    platform.cli(&PUBLISH).exits(0);
    fs::write(&file, r#"{"type":"external_account"}"#).unwrap();
    platform
        .cli(&PUBLISH)
        .exits(2)
        .says("external_account")
        .says("STATIC_ASSETS_AUTH=ambient");
    fs::write(&file, "no JSON: canary-0123456789").unwrap();
    platform
        .cli(&PUBLISH)
        .exits(2)
        .does_not_say("canary-0123456789");
}

/// Settings that `object_store`'s own readers of the environment would follow.
fn poison(elsewhere: &str) -> [(&'static str, &str); 18] {
    [
        ("AWS_ENDPOINT", elsewhere),
        ("AWS_ENDPOINT_URL", elsewhere),
        ("AWS_ENDPOINT_URL_S3", elsewhere),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_PROXY_URL", elsewhere),
        ("AWS_METADATA_ENDPOINT", elsewhere),
        ("AWS_CONTAINER_CREDENTIALS_FULL_URI", elsewhere),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/etc/hostname"),
        ("AWS_SKIP_SIGNATURE", "true"),
        ("AWS_BUCKET", "another"),
        ("AZURE_USE_AZURE_CLI", "true"),
        ("GOOGLE_BASE_URL", elsewhere),
        // Without a prefix: `parse_url_opts` takes them all.
        ("TIMEOUT", "banana"),
        ("ENDPOINT", elsewhere),
        ("REGION", "nowhere"),
        ("BUCKET", "another"),
        ("TOKEN", "another"),
        ("PROXY_URL", elsewhere),
    ]
}

/// Writes a program `az` that leaves a file when it runs.
fn write_az(bin: &Path, ran_az: &Path) {
    fs::create_dir_all(bin).unwrap();
    let script = format!("#!/bin/sh\ntouch {}\n", ran_az.display());
    fs::write(bin.join("az"), script).unwrap();
    fs::set_permissions(bin.join("az"), std::fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_poisoned_environment_leads_no_request_elsewhere() {
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let (elsewhere, asked) = recording(200, "{}".to_owned());
    let platform = prebuilt();
    let (ran_az, bin) = (platform.path("az-was-run"), platform.path("bin"));
    write_az(&bin, &ran_az);
    let poison = poison(&elsewhere);
    let mut platform = platform
        .env("PATH", &bin)
        .env("STATIC_ASSETS_STORE", format!("s3://{}/shop", bucket.name))
        .env("STATIC_ASSETS_ENDPOINT_URL", &bucket.endpoint)
        .env("STATIC_ASSETS_ACCESS_KEY_ID", &bucket.key_id)
        .env("STATIC_ASSETS_SECRET_ACCESS_KEY", &bucket.secret);
    for (name, value) in poison {
        platform = platform.env(name, value);
    }
    platform.cli(&PUBLISH).exits(0);
    assert_eq!(*asked.lock().unwrap(), [""; 0]);

    // Without credentials, none is looked for.
    for store in [
        "s3://acme-static/x",
        "az://acme-static/x",
        "gs://acme-static/x",
    ] {
        let mut platform = prebuilt()
            .env("PATH", &bin)
            .env("STATIC_ASSETS_STORE", store);
        for (name, value) in poison {
            platform = platform.env(name, value);
        }
        platform
            .cli(&PUBLISH)
            .exits(12)
            .says("STATIC_ASSETS_AUTH=ambient");
    }
    assert_eq!(*asked.lock().unwrap(), [""; 0]);
    assert!(!ran_az.exists());
}

#[test]
fn plain_http_and_metadata_endpoints_are_refused() {
    let endpoint = |url: &str| {
        prebuilt()
            .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
            .env("STATIC_ASSETS_ENDPOINT_URL", url)
            .env("STATIC_ASSETS_ACCESS_KEY_ID", "KEYOFATEST")
            .env("STATIC_ASSETS_SECRET_ACCESS_KEY", "secret-of-a-test")
    };
    endpoint("http://minio.example.com")
        .cli(&PUBLISH)
        .exits(2)
        .line_names(&["STATIC_ASSETS_ENDPOINT_URL", "http", "minio.example.com"])
        .says("STATIC_ASSETS_ALLOW_HTTP=1");
    for url in [
        "http://169.254.169.254/latest",
        "https://metadata.google.internal",
        "http://[::ffff:a9fe:a9fe]",
    ] {
        endpoint(url)
            .env("STATIC_ASSETS_ALLOW_HTTP", "1")
            .cli(&PUBLISH)
            .exits(2)
            .line_names(&["STATIC_ASSETS_ENDPOINT_URL", "metadata"]);
    }
    endpoint("https://s3.example.com")
        .env("STATIC_ASSETS_AUTH", "anything")
        .env("STATIC_ASSETS_ACCESS_KEY_ID", "")
        .env("STATIC_ASSETS_SECRET_ACCESS_KEY", "")
        .cli(&PUBLISH)
        .exits(2)
        .line_names(&["STATIC_ASSETS_AUTH", "'anything'"])
        .says("keys, ambient");
}

/// An app of a fleet, whose binding gives each app a prefix by its name.
fn of_a_fleet(more: &[(&'static str, &'static str)]) -> Platform {
    let platform = prebuilt().env("STATIC_ASSETS_DIR", "dist");
    let entries = [
        ("type", "static-assets"),
        ("store", "s3://acme-static/{app}"),
        ("access-key-id", "AKIAEXAMPLEQ7XA"),
        ("secret-access-key", "canary-of-a-fleet"),
    ];
    platform.binding("fleet", &[&entries[..], more].concat())
}

#[test]
fn an_app_without_a_name_takes_no_part_in_a_fleets_store() {
    let line = "Static assets are off: the store of the service binding 'fleet' holds {app}, and this app has no name";
    let ran = of_a_fleet(&[]).build().succeeds().says(line);
    assert_eq!(ran.stdout().lines().count(), 1, "{}", ran.stdout());
    assert!(ran.layer_names().is_empty());
    of_a_fleet(&[])
        .env("STATIC_ASSETS_PUBLISH", "release")
        .build()
        .succeeds()
        .says(line);

    // Who sets {app} for an app alone wants it to be published.
    let own = prebuilt()
        .env("STATIC_ASSETS_DIR", "dist")
        .env("STATIC_ASSETS_STORE", "s3://acme-static/{app}");
    own.build()
        .exits(1)
        .says("STATIC_ASSETS_APP is not set, but the store");
}

#[test]
fn an_app_does_not_take_another_ones_prefix() {
    for (key, value) in [
        ("app", "blog"),
        ("store", "s3://acme-static/blog"),
        ("public-url", "https://static.example.com/blog"),
    ] {
        let platform = of_a_fleet(&[
            ("app", "shop"),
            ("public-url", "https://static.example.com/{app}"),
        ]);
        let platform = platform.env("STATIC_ASSETS_PUBLIC_URL", "");
        let toml = format!("[io.github.static-assets]\n{key} = \"{value}\"\n");
        platform.write("project.toml", &toml);
        platform
            .build()
            .exits(1)
            .says("comes from two sources: service binding 'fleet' and project.toml");
    }
}

#[test]
fn bucketeers_variables_are_read_as_they_are() {
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let (proxy, asked) = recording(403, String::new());
    let addon = |name: &str| {
        prebuilt()
            .env(
                "STATIC_ASSETS_STORE",
                format!("s3://{}/public", bucket.name),
            )
            .env("BUCKETEER_AWS_ACCESS_KEY_ID", &bucket.key_id)
            .env("BUCKETEER_AWS_SECRET_ACCESS_KEY", &bucket.secret)
            .env("BUCKETEER_AWS_REGION", "eu-west-1")
            .env("BUCKETEER_BUCKET_NAME", name)
            .env("HTTPS_PROXY", &proxy)
    };
    // All that would leave this machine is asked of the proxy, which refuses.
    addon(&bucket.name)
        .cli(&PUBLISH)
        .exits(5)
        .says("(eu-west-1, key …")
        .says("from BUCKETEER_*)");
    let asked = asked.lock().unwrap().concat();
    assert!(
        asked.starts_with("CONNECT s3.eu-west-1.amazonaws.com:443"),
        "{asked}"
    );
    addon("another")
        .cli(&PUBLISH)
        .exits(12)
        .says("no credentials for it were found");
}

#[test]
fn half_a_key_hides_no_other_problem() {
    prebuilt()
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .env("STATIC_ASSETS_PUBLIC_URL", "nowhere")
        .env("STATIC_ASSETS_ACCESS_KEY_ID", "KEYOFATEST")
        .env("STATIC_ASSETS_ENDPOINT_URL", "http://minio.acme.com")
        .env("STATIC_ASSETS_CA_FILE", "missing.pem")
        .env("STATIC_ASSETS_CHECK", "maybe")
        .cli(&PUBLISH)
        .exits(2)
        .says(
            "5 settings are wrong: STATIC_ASSETS_CA_FILE, STATIC_ASSETS_CHECK, STATIC_ASSETS_ENDPOINT_URL, \
             STATIC_ASSETS_PUBLIC_URL, STATIC_ASSETS_SECRET_ACCESS_KEY",
        );
}

#[test]
fn a_store_that_can_not_be_read_hides_no_other_problem() {
    prebuilt()
        .env("STATIC_ASSETS_STORE", "acme-static")
        .env("STATIC_ASSETS_PUBLIC_URL", "nowhere")
        .env("STATIC_ASSETS_CA_FILE", "missing.pem")
        .cli(&PUBLISH)
        .exits(2)
        .says(
            "3 settings are wrong: STATIC_ASSETS_CA_FILE, STATIC_ASSETS_PUBLIC_URL, STATIC_ASSETS_STORE",
        );
}

/// Reading a pipe would never end.
#[test]
fn a_credential_file_that_is_a_pipe_is_an_error() {
    for (store, file, others) in [
        ("gs", "GOOGLE_APPLICATION_CREDENTIALS", &[][..]),
        ("s3", "AWS_WEB_IDENTITY_TOKEN_FILE", &["AWS_ROLE_ARN"]),
        (
            "az",
            "AZURE_FEDERATED_TOKEN_FILE",
            &[
                "AZURE_STORAGE_ACCOUNT_NAME",
                "AZURE_TENANT_ID",
                "AZURE_CLIENT_ID",
            ],
        ),
    ] {
        let platform = prebuilt();
        let pipe = platform.path("pipe");
        let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let platform = platform
            .env("STATIC_ASSETS_STORE", format!("{store}://acme-static/shop"))
            .env(file, pipe);
        let platform = others
            .iter()
            .fold(platform, |it, name| it.env(*name, "acme"));
        platform
            .cli(&PUBLISH)
            .exits(2)
            .says(&format!("{file} can't be read: not a file"));
    }
}

#[test]
fn a_certificate_that_can_not_be_trusted_is_an_error_of_the_settings() {
    let platform = prebuilt();
    let pem = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    platform.write("ca.pem", pem);
    platform
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .env("STATIC_ASSETS_ACCESS_KEY_ID", "KEYOFATEST")
        .env("STATIC_ASSETS_SECRET_ACCESS_KEY", "secret-of-a-test")
        .env("STATIC_ASSETS_CA_FILE", "ca.pem")
        .cli(&PUBLISH)
        .exits(2)
        .says("STATIC_ASSETS_CA_FILE holds a certificate that can't be used")
        .says("It is number 1 of the file");
}

#[test]
fn a_release_phase_names_the_directory_that_is_missing() {
    Platform::empty()
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .env("STATIC_ASSETS_ENDPOINT_URL", "http://127.0.0.1:1")
        .env("STATIC_ASSETS_ACCESS_KEY_ID", "KEYOFATEST")
        .env("STATIC_ASSETS_SECRET_ACCESS_KEY", "secret-of-a-test")
        .cli(&["publish", "--prepared=/nowhere"])
        .exits(2)
        .says("/nowhere")
        .does_not_say("STATIC_ASSETS_PUBLIC_URL");
}

#[test]
fn two_spellings_of_an_entry_are_an_error() {
    let entries = [
        ("type", "s3"),
        ("bucket", "acme-static"),
        ("access-key-id", "KEYOFATEST"),
        ("accessKeyId", "ANOTHERKEY"),
        ("secret-access-key", "secret-of-a-test"),
    ];
    prebuilt()
        .env("STATIC_ASSETS_STORE", "s3://acme-static/shop")
        .env("STATIC_ASSETS_DIR", "dist")
        .binding("s3", &entries)
        .build()
        .exits(1)
        .says("also has another spelling, with another value");
}

#[test]
fn a_binding_without_type_is_named_if_no_store_is_set() {
    let entries = [("store", "s3://acme-static/shop")];
    Platform::empty()
        .binding("assets", &entries)
        .build()
        .succeeds()
        .says("Service binding 'assets' is not read: it has no file 'type'")
        .says("Static assets are off: no store is set");
}
