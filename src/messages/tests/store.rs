use super::*;

/// Texts that are composed from parts; the others are their own golden.
#[test]
fn store() {
    let urls = [
        "s3://acme-static/shop",
        "az://acme-static/shop",
        "gs://acme-static/shop",
    ];
    let mut errors: Vec<StoreError> = Vec::new();
    for store in urls.map(bucket) {
        errors.push(StoreError::NoBucket { store });
    }
    for region in [Some("eu-west-1".to_owned()), None] {
        let bucket = "acme-static".to_owned();
        errors.push(StoreError::WrongRegion { bucket, region });
    }
    for code in ["InvalidAccessKeyId", "invalid_grant", ""] {
        let code = code.to_owned();
        errors.push(StoreError::InvalidCredentials { code });
    }
    let actions = ["s3:PutObject", "create", "storage.objects.create"];
    for (action, url) in actions.into_iter().zip(urls) {
        let (key, store) = (key(), bucket(url));
        errors.push(StoreError::MissingPermission { action, key, store });
    }
    let changed = |number| Difference::Changed(format!("web/{number}.css"));
    let added = Difference::Added("new.js".to_owned());
    let removed = Difference::Removed("old.js".to_owned());
    for (version, with) in [
        (
            "v42",
            ConflictWith::Published {
                differing: (0..12).map(changed).collect(),
            },
        ),
        (
            "v42",
            ConflictWith::Published {
                differing: vec![added, removed],
            },
        ),
        ("v42", ConflictWith::Claimed),
        (
            "v42",
            ConflictWith::Foreign {
                path: "web/app.css".to_owned(),
            },
        ),
        ("mfrggzdfmztwq2lknnwa", ConflictWith::Pruned),
    ] {
        let version = version.parse().unwrap();
        errors.push(StoreError::Conflict(Conflict { version, with }));
    }
    let not_json = serde_json::from_str::<u8>("{").unwrap_err();
    for reason in [
        UnreadableMarker::UnknownSchema(2),
        UnreadableMarker::NotJson(not_json),
    ] {
        errors.push(StoreError::UnreadableObject { key: key(), reason });
    }
    errors.extend([
        StoreError::NoRoot {
            root: "/srv/assets".into(),
        },
        StoreError::AssetChanged {
            path: "/tmp/x/app.css".into(),
        },
        StoreError::Temporary {
            cause: "HTTP 503 SlowDown".to_owned(),
            tries: 6,
        },
        StoreError::Unexpected {
            key: key(),
            cause: "HTTP 418".to_owned(),
        },
        StoreError::LocalFile(denied_io()),
        StoreError::NoResources(denied_io()),
    ]);
    let messages: Vec<Message> = errors.iter().map(Explain::explain).collect();
    compare("store", &messages);
}
