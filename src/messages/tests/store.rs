use super::*;

#[test]
fn store() {
    let version = || "v42".parse().unwrap();
    let conflict = |with| {
        StoreError::Conflict(Conflict {
            version: version(),
            with,
        })
    };
    let differing = (0..12)
        .map(|number| Difference::Changed(format!("web/{number}.css")))
        .collect();
    let unreadable = |reason| StoreError::Unreadable { key: key(), reason };
    let errors = [
        StoreError::NoBucket {
            store: bucket("s3://acme-static/shop"),
        },
        StoreError::NoBucket {
            store: bucket("az://acme-static/shop"),
        },
        StoreError::NoBucket {
            store: bucket("gs://acme-static/shop"),
        },
        StoreError::NoRoot {
            root: "/srv/assets".into(),
        },
        StoreError::WrongRegion {
            bucket: "acme-static".to_owned(),
            region: Some("eu-west-1".to_owned()),
        },
        StoreError::WrongRegion {
            bucket: "acme-static".to_owned(),
            region: None,
        },
        StoreError::InvalidCredentials(InvalidCredentials {
            code: "InvalidAccessKeyId".to_owned(),
        }),
        StoreError::InvalidCredentials(InvalidCredentials {
            code: "AuthenticationFailed".to_owned(),
        }),
        StoreError::InvalidCredentials(InvalidCredentials {
            code: "invalid_grant".to_owned(),
        }),
        StoreError::Expired,
        StoreError::ClockSkew,
        StoreError::MissingPermission(MissingPermission {
            action: "s3:PutObject",
            key: key(),
            store: bucket("s3://acme-static/shop"),
        }),
        StoreError::MissingPermission(MissingPermission {
            action: "create",
            key: key(),
            store: bucket("az://acme-static/shop"),
        }),
        StoreError::MissingPermission(MissingPermission {
            action: "storage.objects.create",
            key: key(),
            store: bucket("gs://acme-static/shop"),
        }),
        conflict(ConflictWith::Published { differing }),
        conflict(ConflictWith::Published {
            differing: vec![
                Difference::Added("new.js".to_owned()),
                Difference::Removed("old.js".to_owned()),
            ],
        }),
        conflict(ConflictWith::Claimed),
        conflict(ConflictWith::Foreign {
            path: "web/app.css".to_owned(),
        }),
        conflict(ConflictWith::Pruned),
        StoreError::BeingPruned,
        unreadable(UnreadableMarker::UnknownSchema(2)),
        unreadable(UnreadableMarker::NotJson(
            serde_json::from_str::<u8>("{").unwrap_err(),
        )),
        StoreError::ReadBackMismatch { key: key() },
        StoreError::Changed {
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
        StoreError::NoCertificateAuthorities,
        StoreError::NoRename {
            root: "/srv/assets".into(),
        },
        StoreError::Local(denied_io()),
        StoreError::MalformedCredentials("not a key".to_owned()),
        StoreError::Client("no such option".to_owned()),
        StoreError::Runtime(denied_io()),
        StoreError::TooLong,
        StoreError::Stalled,
        StoreError::Interrupted,
    ];
    compare("store", &errors.map(|error| error.explain()));
}
