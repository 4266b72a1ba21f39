//! The prefix that each test gets on the Azure server is its own, public to read, and closed to anything else.

use crate::harness::azure::Container;
use crate::harness::http;
use std::collections::BTreeMap;

#[test]
fn a_test_sees_only_its_own_blobs() {
    let Some(container) = Container::find() else {
        return;
    };
    let other = Container::find().unwrap();
    let awkward = "v1/a b+c%20d&e=f#g?h/ü.css";
    container.put("v1/app.css", b"body {}");
    container.put(awkward, &[0, 255]);
    other.put("v1/app.css", b"not this one");
    let expected = BTreeMap::from([
        ("v1/app.css".to_owned(), b"body {}".to_vec()),
        (awkward.to_owned(), vec![0, 255]),
    ]);
    assert_eq!(container.objects(), expected);

    container.delete(awkward);
    let keys: Vec<String> = container.objects().into_keys().collect();
    assert_eq!(keys, ["v1/app.css"]);
}

#[test]
fn anyone_reads_a_blob_and_does_nothing_else() {
    let Some(container) = Container::find() else {
        return;
    };
    container.put("app.css", b"body {}");
    let url = format!("{}/app.css", container.url());
    assert_eq!(http::get(&url).body, b"body {}");

    let block = [("x-ms-blob-type", "BlockBlob")];
    assert_ne!(http::send("PUT", &url, &block, b"theirs").status, 201);
    let forged = container.sas.replace("sig=", "sig=A");
    let forged = http::send("PUT", &format!("{url}?{forged}"), &block, b"theirs");
    assert_eq!(forged.status, 403, "{}", forged.text());
    let all = format!("{}/{}", container.endpoint, container.name);
    let list = format!("{all}?restype=container&comp=list");
    assert_ne!(http::get(&list).status, 200);
    assert_eq!(container.objects()["app.css"], b"body {}");
}

#[test]
fn a_connection_string_leads_to_the_container() {
    let Some(container) = Container::find() else {
        return;
    };
    container.put("app.css", b"body {}");
    let text = container.connection_string();
    let parts: BTreeMap<&str, &str> = text
        .split_terminator(';')
        .map(|part| part.split_once('=').unwrap())
        .collect();
    assert_eq!(parts["DefaultEndpointsProtocol"], "http");
    assert_eq!(parts["AccountName"], container.account);
    assert_eq!(parts["AccountKey"], container.key);
    let url = format!(
        "{}/{}/{}/app.css",
        parts["BlobEndpoint"], container.name, container.prefix
    );
    assert_eq!(http::get(&url).body, b"body {}");
}
