//! Every Django × backend × `STATIC_ROOT`: the app, started with the launch environment only and with
//! no line of it changed, shows pages whose every asset comes from the store.

use crate::harness::http::gunzipped;
use crate::harness::pages::assert_all_from;
use crate::harness::python::Python;
use crate::harness::s3::Bucket;
use crate::harness::{Platform, http, tree};
use std::collections::BTreeMap;

fn check(environment: &str, backend: &str, static_root: &str) {
    let Some(python) = Python::find(environment) else {
        return;
    };
    let Some(bucket) = Bucket::create() else {
        return;
    };
    let platform = Platform::with("django_matrix")
        .python(&python)
        .s3_store(&bucket)
        .env("MATRIX_BACKEND", backend)
        .env("MATRIX_STATIC_ROOT", static_root);
    let ran = platform.build().succeeds();
    let prefix = ran.launch("STATIC_URL");

    let app = [
        ("MATRIX_BACKEND", backend),
        ("MATRIX_STATIC_ROOT", static_root),
    ];
    let server = python.serve(&platform, &ran, &app);
    let page = http::get(&server.url);
    assert_eq!(page.status, 200, "{}", page.text());
    assert_all_from(&prefix, &server.url, &page.text());

    let version = ran.launch("STATIC_ASSETS_VERSION");
    let published = under(&bucket.objects(), &format!("shop/{version}/"));
    assert_eq!(published, plain_collectstatic(&python, backend));
}

/// The published files as browsers see them: text is stored compressed, as no CDN is in front of the store.
fn under(objects: &BTreeMap<String, Vec<u8>>, prefix: &str) -> BTreeMap<String, Vec<u8>> {
    let files = objects.iter().filter_map(|(key, body)| {
        let body = match body.as_slice() {
            [0x1f, 0x8b, ..] => gunzipped(body),
            _ => body.clone(),
        };
        Some((key.strip_prefix(prefix)?.to_owned(), body))
    });
    files.collect()
}

/// What the app's own collectstatic makes, by a local storage of the same naming.
fn plain_collectstatic(python: &Python, backend: &str) -> BTreeMap<String, Vec<u8>> {
    let backend = match backend {
        "s3" | "azure" => "plain",
        "s3manifest" => "manifest",
        local => local,
    };
    let platform = Platform::with("django_matrix");
    let output = python
        .command(&platform, &["manage.py", "collectstatic", "--noinput"])
        .env("MATRIX_BACKEND", backend)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let mut collected = tree(&platform.app().join("staticfiles"));
    // A store serves one encoding for a name.
    collected.retain(|path, _| !matches!(path.rsplit('.').next(), Some("gz" | "br")));
    collected
}

macro_rules! matrix {
    ($($name:ident: $environment:literal, $backend:literal, $static_root:literal;)*) => {
        $(
            #[test]
            fn $name() {
                check($environment, $backend, $static_root);
            }
        )*
    };
}

matrix! {
    django42_plain_root_set: "django42", "plain", "set";
    django42_plain_root_unset: "django42", "plain", "unset";
    django42_manifest_root_set: "django42", "manifest", "set";
    django42_manifest_root_unset: "django42", "manifest", "unset";
    django42_whitenoise_root_set: "django42", "whitenoise", "set";
    django42_whitenoise_root_unset: "django42", "whitenoise", "unset";
    django42_s3_root_set: "django42", "s3", "set";
    django42_s3_root_unset: "django42", "s3", "unset";
    django42_s3manifest_root_set: "django42", "s3manifest", "set";
    django42_s3manifest_root_unset: "django42", "s3manifest", "unset";
    django42_azure_root_set: "django42", "azure", "set";
    django42_azure_root_unset: "django42", "azure", "unset";
    django52_plain_root_set: "django52", "plain", "set";
    django52_plain_root_unset: "django52", "plain", "unset";
    django52_manifest_root_set: "django52", "manifest", "set";
    django52_manifest_root_unset: "django52", "manifest", "unset";
    django52_whitenoise_root_set: "django52", "whitenoise", "set";
    django52_whitenoise_root_unset: "django52", "whitenoise", "unset";
    django52_s3_root_set: "django52", "s3", "set";
    django52_s3_root_unset: "django52", "s3", "unset";
    django52_s3manifest_root_set: "django52", "s3manifest", "set";
    django52_s3manifest_root_unset: "django52", "s3manifest", "unset";
    django52_azure_root_set: "django52", "azure", "set";
    django52_azure_root_unset: "django52", "azure", "unset";
    django61_plain_root_set: "django61", "plain", "set";
    django61_plain_root_unset: "django61", "plain", "unset";
    django61_manifest_root_set: "django61", "manifest", "set";
    django61_manifest_root_unset: "django61", "manifest", "unset";
    django61_whitenoise_root_set: "django61", "whitenoise", "set";
    django61_whitenoise_root_unset: "django61", "whitenoise", "unset";
    django61_s3_root_set: "django61", "s3", "set";
    django61_s3_root_unset: "django61", "s3", "unset";
    django61_s3manifest_root_set: "django61", "s3manifest", "set";
    django61_s3manifest_root_unset: "django61", "s3manifest", "unset";
    django61_azure_root_set: "django61", "azure", "set";
    django61_azure_root_unset: "django61", "azure", "unset";
}
