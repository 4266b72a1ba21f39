use super::*;
use crate::store::{FailedRequest, RequestError, RequestTarget};

fn failed(error: RequestError, action: &'static str, store: &str) -> StoreError {
    let (key, store) = (key(), bucket(store));
    FailedRequest(error, Box::new(RequestTarget { action, key, store })).into()
}

/// Texts that are composed from parts; the others are their own golden.
#[test]
fn store() {
    let urls = [
        "s3://acme-static/shop",
        "az://acme-static/shop",
        "gs://acme-static/shop",
    ];
    let actions = ["s3:PutObject", "create", "storage.objects.create"];
    let mut errors: Vec<StoreError> = Vec::new();
    for (url, action) in urls.into_iter().zip(actions) {
        errors.push(failed(RequestError::NoBucket, action, url));
        errors.push(failed(RequestError::Forbidden, action, url));
    }
    let retry_after = None;
    let cause = "HTTP 503 SlowDown".to_owned();
    let region = Some("eu-west-1".to_owned());
    for error in [
        RequestError::WrongRegion(region),
        RequestError::WrongRegion(None),
        RequestError::RegionChanged("eu-west-1".to_owned()),
        RequestError::InvalidCredentials("InvalidAccessKeyId".to_owned()),
        RequestError::InvalidCredentials("invalid_grant".to_owned()),
        RequestError::InvalidCredentials("SignatureDoesNotMatch".to_owned()),
        RequestError::InvalidCredentials(String::new()),
        RequestError::Temporary { cause, retry_after },
        RequestError::Unexpected("HTTP 418".to_owned()),
    ] {
        errors.push(failed(error, actions[0], urls[0]));
    }
    let changed = (0..12).map(|number| Difference::Changed(format!("web/{number}.css")));
    let path = "web/app.css".to_owned();
    let added = Difference::Added("new.js".to_owned());
    let removed = Difference::Removed("old.js".to_owned());
    let many = changed.collect();
    let two = vec![added, removed, Difference::Encoded(path.clone())];
    for (version, with) in [
        ("v42", ConflictWith::Published(many)),
        ("v42", ConflictWith::Published(two)),
        ("v42", ConflictWith::Claimed),
        ("v42", ConflictWith::Foreign(path)),
        ("mfrggzdfmztwq2lknnwa", ConflictWith::Pruned),
    ] {
        let version = version.parse().unwrap();
        errors.push(Conflict { version, with }.into());
    }
    let not_json = serde_json::from_str::<u8>("{").unwrap_err();
    for reason in [
        UnreadableMarker::UnknownSchema(2),
        UnreadableMarker::NotJson(not_json),
    ] {
        errors.push(StoreError::UnreadableObject(key(), reason));
    }
    errors.extend([
        StoreError::NoRoot("/srv/assets".into()),
        StoreError::AssetChanged("/tmp/x/app.css".into()),
        StoreError::LocalFile(denied_io()),
        StoreError::NoResources(denied_io()),
    ]);
    let messages: Vec<Message> = errors.iter().map(Explain::explain).collect();
    compare("store", &messages);
}
