//! The fake of Google Cloud Storage answers as the service's reference describes.

use crate::harness::gcs::Gcs;
use crate::harness::http::{self, Answer};
use crate::harness::xml;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::TcpStream;

const CREATE: (&str, &str) = ("x-goog-if-generation-match", "0");
/// The MD5 of "body {}".
const MD5: &str = "fcdce6b6d6e2175f6406869882f6f1ce";
const MIB: usize = 1024 * 1024;

/// Sends a request as the service account.
fn send(
    gcs: &Gcs,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> Answer {
    let authorization = Gcs::authorization();
    let mut headers = headers.to_vec();
    headers.push(("Authorization", &authorization));
    let url = format!("{}{path}", gcs.public_url());
    http::send(method, &url, &headers, body.as_ref())
}

fn code(answer: &Answer) -> (u16, String) {
    (answer.status, xml::texts(&answer.text(), "Code").concat())
}

#[test]
fn an_object_comes_back_with_its_headers() {
    let gcs = Gcs::start();
    let headers = [
        ("Content-Type", "text/css"),
        ("Cache-Control", "no-store"),
        ("Content-Encoding", "br"),
        ("x-goog-meta-sha256", "abc"),
        ("x-other", "not kept"),
    ];
    let put = send(&gcs, "PUT", "/v1%2Fapp%2Bb.css", &headers, "body {}");
    assert_eq!(
        (put.status, put.header("etag")),
        (200, &*format!("\"{MD5}\""))
    );
    assert_eq!(gcs.objects()["v1/app+b.css"], b"body {}");

    let url = format!("{}/v1/app+b.css", gcs.public_url());
    let got = http::get(&url);
    assert_eq!((got.status, got.body.as_slice()), (200, &b"body {}"[..]));
    for (name, value) in &headers[..4] {
        assert_eq!(got.header(&name.to_lowercase()), *value);
    }
    assert_eq!(got.header("x-other"), "");
    for name in ["etag", "x-goog-generation", "x-goog-hash"] {
        assert_eq!(got.header(name), put.header(name), "{name}");
    }
    assert_eq!(got.header("x-goog-hash"), "md5=/NzmttbiF19kBoaYgvbxzg==");

    let head = http::request("HEAD", &url);
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), "7");
    assert_eq!(head.header("etag"), put.header("etag"));
    assert!(head.header("last-modified").ends_with(" GMT"));

    let known = [("If-None-Match", put.header("etag"))];
    let known = http::send("GET", &url, &known, b"");
    assert_eq!((known.status, known.body.len()), (304, 0));
    let other = http::send("GET", &url, &[("If-None-Match", "\"other\"")], b"");
    assert_eq!(other.status, 200);
}

#[test]
fn gzip_is_decoded_for_a_client_that_does_not_accept_it() {
    const GZIP: &[u8] = b"\x1f\x8b\x08\0\0\0\0\0\0\x03K\xac\xae\x05\0\xb9\xd5+T\x03\0\0\0";
    let gcs = Gcs::start();
    let encoded = [("Content-Encoding", "gzip")];
    assert_eq!(send(&gcs, "PUT", "/a.css", &encoded, GZIP).status, 200);
    let url = format!("{}/a.css", gcs.public_url());
    let plain = http::get(&url);
    assert_eq!(
        (plain.text().as_str(), plain.header("content-encoding")),
        ("a{}", "")
    );
    let stored = http::send("GET", &url, &[("Accept-Encoding", "gzip")], b"");
    assert_eq!(
        (stored.body.as_slice(), stored.header("content-encoding")),
        (GZIP, "gzip")
    );
}

#[test]
fn create_does_not_replace() {
    let gcs = Gcs::start();
    assert_eq!(send(&gcs, "PUT", "/a", &[CREATE], "first").status, 200);
    let again = send(&gcs, "PUT", "/a", &[CREATE], "second");
    assert_eq!(code(&again), (412, "PreconditionFailed".to_owned()));
    assert_eq!(gcs.objects()["a"], b"first");
    assert_eq!(send(&gcs, "PUT", "/a", &[], "third").status, 200);
    assert_eq!(gcs.objects()["a"], b"third");
    assert_eq!(send(&gcs, "DELETE", "/a", &[], "").status, 204);
    let gone = send(&gcs, "DELETE", "/a", &[], "");
    assert_eq!(code(&gone), (404, "NoSuchKey".to_owned()));
}

/// Changes a value in the header (0) or the claims (1) of a token.
fn altered(authorization: &str, part: usize, name: &str, value: Value) -> String {
    let token = authorization.strip_prefix("Bearer ").unwrap();
    let mut parts: Vec<String> = token.split('.').map(str::to_owned).collect();
    let text = BASE64_URL_SAFE_NO_PAD.decode(&parts[part]).unwrap();
    let mut fields: Value = serde_json::from_slice(&text).unwrap();
    fields[name] = value;
    parts[part] = BASE64_URL_SAFE_NO_PAD.encode(fields.to_string());
    format!("Bearer {}", parts.join("."))
}

#[test]
fn only_the_account_writes_lists_and_reads_markers() {
    let gcs = Gcs::start();
    gcs.put("shop/v1/app.css", b"body {}");
    gcs.put("shop/.static-assets/versions/v1.json", b"{}");
    let base = gcs.public_url();
    let marker = format!("{base}/shop%2F.static-assets%2Fversions%2Fv1.json");
    let list = format!("{base}?list-type=2");
    for (method, url) in [
        ("PUT", &format!("{base}/new")),
        ("DELETE", &format!("{base}/shop/v1/app.css")),
        ("POST", &format!("{base}/new?uploads=")),
        ("GET", &list),
        ("GET", &marker),
    ] {
        let anonymous = http::send(method, url, &[], b"");
        assert_eq!(code(&anonymous), (403, "AccessDenied".to_owned()), "{url}");
    }
    assert_eq!(gcs.refused(), 5);
    let own = Gcs::authorization();
    let unsigned = own.rsplit_once('.').unwrap().0;
    let mut rejected = vec![unsigned.to_owned(), format!("{unsigned}.")];
    rejected.extend(["Bearer ", "Bearer no-token", "Basic QTpC"].map(str::to_owned));
    rejected.extend([
        altered(&own, 0, "kid", "other".into()),
        altered(&own, 0, "alg", "none".into()),
        altered(&own, 1, "iss", "other@example.com".into()),
        altered(&own, 1, "exp", 1_700_000_000.into()),
    ]);
    for authorization in &rejected {
        let headers = [("Authorization", authorization.as_str())];
        let answer = http::send("GET", &format!("{base}/shop/v1/app.css"), &headers, b"");
        let expected = (401, "AuthenticationRequired".to_owned());
        assert_eq!(code(&answer), expected, "{authorization}");
    }
    assert_eq!(gcs.refused(), 5 + rejected.len());
    for url in [&list, &marker] {
        let answer = http::send("GET", url, &[("Authorization", &own)], b"");
        assert_eq!(answer.status, 200, "{url}");
    }
    assert_eq!(gcs.refused(), 5 + rejected.len());
    gcs.delete("shop/.static-assets/versions/v1.json");
    assert_eq!(gcs.objects().len(), 1);
    assert_eq!(gcs.requests()[0], format!("PUT /{}/new", gcs.bucket));
}

#[test]
fn missing_keys_and_buckets_are_named() {
    let gcs = Gcs::start();
    let key = http::get(&format!("{}/none", gcs.public_url()));
    assert_eq!(code(&key), (404, "NoSuchKey".to_owned()));
    let bucket = http::get(&format!("{}/other-bucket/none", gcs.url));
    assert_eq!(code(&bucket), (404, "NoSuchBucket".to_owned()));
    let unknown = send(&gcs, "PUT", "/copy", &[("x-goog-copy-source", "b/a")], "");
    assert_eq!(code(&unknown), (501, "NotImplemented".to_owned()));
    assert_eq!(gcs.objects().len(), 0);
}

/// Returns the keys and common prefixes of every page of a list.
fn pages(gcs: &Gcs, query: &str) -> Vec<(Vec<String>, Vec<String>)> {
    let mut pages = Vec::new();
    let mut token = String::new();
    loop {
        let path = format!("?list-type=2&{query}{token}");
        let answer = send(gcs, "GET", &path, &[], "").text();
        let prefixes = answer
            .split("<CommonPrefixes>")
            .skip(1)
            .map(|prefix| xml::texts(prefix, "Prefix").concat());
        pages.push((xml::texts(&answer, "Key"), prefixes.collect()));
        let is_truncated = xml::texts(&answer, "IsTruncated").concat();
        let next = xml::texts(&answer, "NextContinuationToken").concat();
        assert_eq!(is_truncated == "true", !next.is_empty());
        if next.is_empty() {
            return pages;
        }
        let mut encoded = url::form_urlencoded::Serializer::new(String::new());
        encoded.append_pair("continuation-token", &next);
        token = format!("&{}", encoded.finish());
    }
}

#[test]
fn a_list_comes_in_pages() {
    let gcs = Gcs::with_pages_of(2);
    for key in ["a/1", "a/2", "a/b/3", "a/c/4", "a/c/5", "a/d&<6", "b"] {
        gcs.put(key, b"");
    }
    let strings =
        |names: &[&str]| -> Vec<String> { names.iter().map(ToString::to_string).collect() };
    let page = |keys: &[&str], prefixes: &[&str]| (strings(keys), strings(prefixes));
    assert_eq!(
        pages(&gcs, "prefix=a%2F"),
        [
            page(&["a/1", "a/2"], &[]),
            page(&["a/b/3", "a/c/4"], &[]),
            page(&["a/c/5", "a/d&<6"], &[]),
        ]
    );
    assert_eq!(
        pages(&gcs, "prefix=a%2F&delimiter=%2F"),
        [
            page(&["a/1", "a/2"], &[]),
            page(&[], &["a/b/", "a/c/"]),
            page(&["a/d&<6"], &[]),
        ]
    );
    assert_eq!(
        pages(&gcs, "start-after=a%2Fc%2F5&max-keys=1"),
        [page(&["a/d&<6"], &[]), page(&["b"], &[])]
    );
    assert_eq!(pages(&gcs, "prefix=none"), [page(&[], &[])]);
    assert_eq!(pages(&Gcs::start(), ""), [page(&[], &[])]);

    let listed = send(&gcs, "GET", "?list-type=2&prefix=b", &[], "").text();
    assert_eq!(xml::texts(&listed, "Size"), ["0"]);
    assert_eq!(
        xml::texts(&listed, "ETag"),
        ["\"d41d8cd98f00b204e9800998ecf8427e\""]
    );
}

/// Returns the list of parts that completes an upload.
fn completion(parts: &[(u32, &str)]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|(number, etag)| {
            format!("<Part><ETag>{etag}</ETag><PartNumber>{number}</PartNumber></Part>")
        })
        .collect();
    format!(
        "<CompleteMultipartUpload>{}</CompleteMultipartUpload>",
        parts.concat()
    )
}

#[test]
fn parts_become_one_object() {
    let gcs = Gcs::start();
    gcs.put("big", b"replaced");
    let kind = [("Content-Type", "video/mp4")];
    let started = send(&gcs, "POST", "/big?uploads=", &kind, "");
    let id = xml::texts(&started.text(), "UploadId").concat();
    let part = |number: u32, body: &[u8]| {
        let path = format!("/big?partNumber={number}&uploadId={id}");
        let answer = send(&gcs, "PUT", &path, &[], body);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.header("etag").to_owned()
    };
    let first = part(1, &vec![b'a'; 5 * MIB]);
    let last = part(2, b"end");
    let small = part(3, b"small");
    let path = format!("/big?uploadId={id}");
    let complete = |parts: &[(u32, &str)]| send(&gcs, "POST", &path, &[], completion(parts));

    let refused = [
        (complete(&[(2, &last), (1, &first)]), "InvalidPartOrder"),
        (complete(&[(1, &last)]), "InvalidPart"),
        (complete(&[(4, &last)]), "InvalidPart"),
        (complete(&[(2, &last), (3, &small)]), "EntityTooSmall"),
        (complete(&[]), "MalformedCompleteMultipartUploadRequest"),
    ];
    for (answer, expected) in refused {
        assert_eq!(code(&answer), (400, expected.to_owned()));
    }
    assert_eq!(gcs.objects()["big"], b"replaced");

    let done = complete(&[(1, &first), (2, &last)]);
    assert_eq!(done.status, 200, "{}", done.text());
    let object = &gcs.objects()["big"];
    assert_eq!(object.len(), 5 * MIB + 3);
    assert!(object.ends_with(b"aend"));
    let head = http::request("HEAD", &format!("{}/big", gcs.public_url()));
    assert_eq!(head.header("content-type"), "video/mp4");
    assert_eq!(xml::texts(&done.text(), "ETag"), [head.header("etag")]);
    assert!(head.header("etag").starts_with("\"-"), "not an MD5");
    assert_eq!(head.header("x-goog-hash"), "");
    let gone = complete(&[(1, &first), (2, &last)]);
    assert_eq!(code(&gone), (404, "NoSuchUpload".to_owned()));
}

#[test]
fn an_aborted_upload_leaves_nothing() {
    let gcs = Gcs::start();
    let started = send(&gcs, "POST", "/big?uploads=", &[], "");
    let id = xml::texts(&started.text(), "UploadId").concat();
    let upload = format!("/big?uploadId={id}");
    assert_eq!(send(&gcs, "DELETE", &upload, &[], "").status, 204);
    let part = send(
        &gcs,
        "PUT",
        &format!("/big?partNumber=1&uploadId={id}"),
        &[],
        "a",
    );
    assert_eq!(code(&part), (404, "NoSuchUpload".to_owned()));
    assert_eq!(gcs.objects().len(), 0);
}

#[test]
fn connections_stay_open_and_partial_requests_do_nothing() {
    let gcs = Gcs::start();
    let address = gcs.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    let put = |body: &str| {
        format!(
            "PUT /{}/a HTTP/1.1\r\nAuthorization: {}\r\nContent-Length: 4\r\n\r\n{body}",
            gcs.bucket,
            Gcs::authorization()
        )
    };
    for body in ["1111", "2222"] {
        stream.write_all(put(body).as_bytes()).unwrap();
        let mut answer = Vec::new();
        while !answer.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            answer.extend(byte);
        }
        assert_eq!(gcs.objects()["a"], body.as_bytes());
    }
    stream.write_all(put("33").as_bytes()).unwrap();
    stream.shutdown(std::net::Shutdown::Write).unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"");
    assert_eq!(gcs.objects()["a"], b"2222");
    assert_eq!(gcs.requests().len(), 2);
}

#[test]
fn credentials_are_those_of_a_service_account() {
    let credentials: Value = serde_json::from_str(&Gcs::credentials()).unwrap();
    assert_eq!(credentials["type"], "service_account");
    let key = credentials["private_key"].as_str().unwrap();
    assert_eq!(key.lines().count(), 28);
    assert!(key.ends_with(" KEY-----\n"));
}
