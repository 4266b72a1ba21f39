//! A **fake** of Google Cloud Storage, because no server for tests exists. It implements the part of the XML API that
//! publishing uses, as the reference describes it (<https://cloud.google.com/storage/docs/xml-api/overview>), and answers
//! 501 to anything else. Tests with it prove which requests are sent and how answers are handled. They prove nothing about
//! the real service.

mod account;

use super::http::{Answer, gunzipped};
use super::server::{self, Request};
use super::xml;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, SecondsFormat, Utc};
use md5::{Digest, Md5};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::{Arc, Mutex};

const BUCKET: &str = "test-static-assets";
/// Objects under this path are not public, as the documentation recommends.
const PRIVATE: &str = "/.static-assets/";
/// The smallest size of every part but the last.
const SMALLEST_PART: usize = 5 * 1024 * 1024;
/// The fake refuses these headers, because ignoring them would change what a request does.
const UNKNOWN_HEADERS: &[&str] = &[
    "content-md5",
    "if-match",
    "if-modified-since",
    "if-unmodified-since",
    "transfer-encoding",
    "x-goog-copy-source",
    "x-goog-hash",
    "x-goog-if-metageneration-match",
];

/// One bucket. Anyone can read its objects; the service account can do everything.
pub(crate) struct Gcs {
    pub(crate) url: String,
    pub(crate) bucket: &'static str,
    state: Arc<Mutex<State>>,
}

struct State {
    page: usize,
    objects: BTreeMap<String, Object>,
    uploads: BTreeMap<String, Upload>,
    /// The generation of the last write. It also names uploads.
    generation: u64,
    requests: Vec<String>,
    refused: usize,
}

struct Object {
    body: Vec<u8>,
    headers: BTreeMap<String, String>,
    /// In quotes. It is the MD5 in hexadecimal unless the object was uploaded in parts.
    etag: String,
    md5: Option<String>,
    generation: u64,
    modified: DateTime<Utc>,
}

struct Upload {
    key: String,
    headers: BTreeMap<String, String>,
    parts: BTreeMap<u32, Part>,
}

struct Part {
    etag: String,
    body: Vec<u8>,
}

impl Gcs {
    pub(crate) fn start() -> Self {
        Self::with_pages_of(1000)
    }

    /// Starts a fake that lists at most `page` entries in one answer.
    pub(crate) fn with_pages_of(page: usize) -> Self {
        let state = Arc::new(Mutex::new(State {
            page,
            objects: BTreeMap::new(),
            uploads: BTreeMap::new(),
            generation: 1_700_000_000_000_000,
            requests: Vec::new(),
            refused: 0,
        }));
        let shared = state.clone();
        let url = server::serve(move |request| shared.lock().unwrap().answer(request));
        Self {
            url,
            bucket: BUCKET,
            state,
        }
    }

    /// The key file of the service account.
    pub(crate) fn credentials() -> String {
        account::credentials()
    }

    /// A valid value of the header `Authorization`, for requests that a test sends itself.
    pub(crate) fn authorization() -> String {
        format!("Bearer {}", account::token())
    }

    /// The URL under which anyone can read the objects.
    pub(crate) fn public_url(&self) -> String {
        format!("{}/{}", self.url, self.bucket)
    }

    /// Returns every object by its key.
    pub(crate) fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.state.lock().unwrap();
        let objects = state.objects.iter();
        objects
            .map(|(key, object)| (key.clone(), object.body.clone()))
            .collect()
    }

    pub(crate) fn put(&self, key: &str, body: &[u8]) {
        let mut state = self.state.lock().unwrap();
        state.store(key, body.to_vec(), BTreeMap::new());
    }

    pub(crate) fn delete(&self, key: &str) {
        self.state.lock().unwrap().objects.remove(key).unwrap();
    }

    /// Returns the method and path of each request.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.state.lock().unwrap().requests.clone()
    }

    /// Counts the requests without a required token, or with a token that the account did not issue.
    pub(crate) fn refused(&self) -> usize {
        self.state.lock().unwrap().refused
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Answer {
        let line = format!("{} {}", request.method, request.target);
        self.requests.push(line);
        let (bucket, key) = request.bucket_and_key();
        let is_public = matches!(request.method.as_str(), "GET" | "HEAD")
            && !key.is_empty()
            && !format!("/{key}").contains(PRIVATE);
        match request.header("authorization") {
            Some(value) if !account::has_issued(value) => {
                self.refused += 1;
                return error(401, "AuthenticationRequired", "Authentication required.");
            }
            None if !is_public => {
                self.refused += 1;
                return error(403, "AccessDenied", "Access denied.");
            }
            _ => {}
        }
        if bucket != BUCKET {
            let message = "The specified bucket does not exist.";
            return error(404, "NoSuchBucket", message);
        }
        if UNKNOWN_HEADERS
            .iter()
            .any(|name| request.header(name).is_some())
        {
            return not_implemented();
        }
        let query = request.query();
        if key.is_empty() {
            return match (request.method.as_str(), query.get("list-type")) {
                ("GET", Some(version)) if version == "2" => self.list(&query),
                _ => not_implemented(),
            };
        }
        let parameters: Vec<&str> = query.keys().map(String::as_str).collect();
        match (request.method.as_str(), parameters.as_slice()) {
            ("GET" | "HEAD", []) => self.get(&key, request),
            ("PUT", []) => self.put(&key, request),
            ("DELETE", []) => match self.objects.remove(&key) {
                Some(_) => empty(204),
                None => no_such_key(),
            },
            ("POST", ["uploads"]) => self.start_upload(key, request),
            ("PUT", ["partNumber", "uploadId"]) => {
                self.put_part(&key, &query["partNumber"], &query["uploadId"], request)
            }
            ("POST", ["uploadId"]) => self.complete(&key, &query["uploadId"], request),
            ("DELETE", ["uploadId"]) => match self.uploads.remove(&query["uploadId"]) {
                Some(_) => empty(204),
                None => no_such_upload(),
            },
            _ => not_implemented(),
        }
    }

    fn get(&self, key: &str, request: &Request) -> Answer {
        let Some(object) = self.objects.get(key) else {
            return no_such_key();
        };
        let mut headers = object.headers.clone();
        headers.extend(object.described());
        let known = request.header("if-none-match").unwrap_or_default();
        let is_known = known
            .split(',')
            .any(|tag| tag.trim() == object.etag || tag.trim() == "*");
        let (status, body) = match request.header("range") {
            _ if is_known => (304, object.body.clone()),
            _ if object.is_decoded_for(request) => {
                headers.remove("content-encoding");
                (200, gunzipped(&object.body))
            }
            None => (200, object.body.clone()),
            Some(range) => {
                let Some(range) = range_of(range, object.body.len()) else {
                    return error(
                        416,
                        "InvalidRange",
                        "The requested range cannot be satisfied.",
                    );
                };
                let (first, last) = (range.start, range.end - 1);
                let of_all = format!("bytes {first}-{last}/{}", object.body.len());
                headers.insert("content-range".to_owned(), of_all);
                (206, object.body[range].to_vec())
            }
        };
        Answer {
            status,
            headers,
            body,
        }
    }

    fn put(&mut self, key: &str, request: &Request) -> Answer {
        match request.header("x-goog-if-generation-match") {
            Some("0") if self.objects.contains_key(key) => {
                let message = "At least one of the pre-conditions you specified did not hold.";
                return error(412, "PreconditionFailed", message);
            }
            None | Some("0") => {}
            Some(_) => return not_implemented(),
        }
        let object = self.store(key, request.body.clone(), stored_headers(request));
        Answer {
            headers: object.described(),
            ..empty(200)
        }
    }

    fn store(
        &mut self,
        key: &str,
        body: Vec<u8>,
        mut headers: BTreeMap<String, String>,
    ) -> &mut Object {
        headers
            .entry("content-type".to_owned())
            .or_insert_with(|| "application/octet-stream".to_owned());
        self.generation += 1;
        let digest = Md5::digest(&body);
        let object = Object {
            etag: quoted_hex(&digest),
            md5: Some(BASE64_STANDARD.encode(digest)),
            body,
            headers,
            generation: self.generation,
            modified: Utc::now(),
        };
        let entry = self.objects.entry(key.to_owned());
        entry.insert_entry(object).into_mut()
    }

    fn start_upload(&mut self, key: String, request: &Request) -> Answer {
        self.generation += 1;
        let id = format!("upload-{}", self.generation);
        let inside = format!(
            "<Bucket>{BUCKET}</Bucket><Key>{}</Key><UploadId>{id}</UploadId>",
            xml::escape(&key)
        );
        let upload = Upload {
            key,
            headers: stored_headers(request),
            parts: BTreeMap::new(),
        };
        self.uploads.insert(id, upload);
        document(200, "InitiateMultipartUploadResult", &inside)
    }

    fn put_part(&mut self, key: &str, number: &str, id: &str, request: &Request) -> Answer {
        let upload = self.uploads.get_mut(id);
        let Some(upload) = upload.filter(|upload| upload.key == key) else {
            return no_such_upload();
        };
        let Some(number) = number.parse().ok().filter(|n| (1..=10_000).contains(n)) else {
            return error(400, "InvalidArgument", "Invalid argument.");
        };
        let etag = quoted_hex(&Md5::digest(&request.body));
        let part = Part {
            etag: etag.clone(),
            body: request.body.clone(),
        };
        upload.parts.insert(number, part);
        Answer {
            headers: BTreeMap::from([("etag".to_owned(), etag)]),
            ..empty(200)
        }
    }

    /// Completes an upload. It replaces an existing object, because the service has no condition for this.
    fn complete(&mut self, key: &str, id: &str, request: &Request) -> Answer {
        let upload = self.uploads.get(id);
        let Some(upload) = upload.filter(|upload| upload.key == key) else {
            return no_such_upload();
        };
        let list = String::from_utf8_lossy(&request.body);
        let numbers: Vec<Option<u32>> = xml::texts(&list, "PartNumber")
            .iter()
            .map(|number| number.parse().ok())
            .collect();
        let etags = xml::texts(&list, "ETag");
        if numbers.is_empty() || numbers.len() != etags.len() {
            return error(400, "MalformedCompleteMultipartUploadRequest", "Malformed.");
        }
        if !numbers.is_sorted_by(|one, next| one < next) {
            return error(400, "InvalidPartOrder", "The parts are not in order.");
        }
        let mut body = Vec::new();
        for (index, (number, etag)) in numbers.iter().zip(&etags).enumerate() {
            let part = number.and_then(|number| upload.parts.get(&number));
            let Some(part) = part.filter(|part| part.etag == *etag) else {
                return error(400, "InvalidPart", "A part could not be found.");
            };
            if part.body.len() < SMALLEST_PART && index + 1 < numbers.len() {
                return error(400, "EntityTooSmall", "A part is too small.");
            }
            body.extend(&part.body);
        }
        let headers = upload.headers.clone();
        self.uploads.remove(id);
        let object = self.store(key, body, headers);
        object.md5 = None;
        object.etag = format!(
            "\"-{}\"",
            BASE64_STANDARD.encode(object.generation.to_string())
        );
        let inside = format!(
            "<Bucket>{BUCKET}</Bucket><Key>{}</Key><ETag>{}</ETag>",
            xml::escape(key),
            xml::escape(&object.etag)
        );
        let mut answer = document(200, "CompleteMultipartUploadResult", &inside);
        let generation = object.generation.to_string();
        answer
            .headers
            .insert("x-goog-generation".to_owned(), generation);
        answer
    }

    fn list(&self, query: &BTreeMap<String, String>) -> Answer {
        let parameter = |name: &str| query.get(name).map_or("", String::as_str);
        let (prefix, delimiter) = (parameter("prefix"), parameter("delimiter"));
        let after = parameter("start-after");
        let token = BASE64_STANDARD.decode(parameter("continuation-token"));
        let most = match parameter("max-keys") {
            "" => Ok(self.page),
            number => number.parse().map(|most: usize| most.min(self.page)),
        };
        let (Ok(token), Ok(most)) = (token, most) else {
            return error(400, "InvalidArgument", "Invalid argument.");
        };
        let token = String::from_utf8_lossy(&token);

        let names: BTreeSet<&str> = self
            .objects
            .keys()
            .filter(|key| key.starts_with(prefix) && key.as_str() > after)
            .map(|key| match key[prefix.len()..].find(delimiter) {
                Some(at) if !delimiter.is_empty() => &key[..prefix.len() + at + delimiter.len()],
                _ => key,
            })
            .filter(|name| *name > &*token)
            .collect();
        let page: Vec<&str> = names.iter().copied().take(most).collect();

        let is_truncated = page.len() < names.len();
        let mut inside = vec![format!(
            "<Name>{BUCKET}</Name><Prefix>{}</Prefix><KeyCount>{}</KeyCount><IsTruncated>{is_truncated}</IsTruncated>",
            xml::escape(prefix),
            page.len(),
        )];
        if let (Some(last), true) = (page.last(), is_truncated) {
            let token = BASE64_STANDARD.encode(last);
            inside.push(format!(
                "<NextContinuationToken>{token}</NextContinuationToken>"
            ));
        }
        let (prefixes, keys): (Vec<&str>, Vec<&str>) = page
            .into_iter()
            .partition(|name| !delimiter.is_empty() && name[prefix.len()..].contains(delimiter));
        inside.extend(keys.into_iter().map(|key| self.objects[key].listed(key)));
        inside.extend(prefixes.into_iter().map(|prefix| {
            let prefix = xml::escape(prefix);
            format!("<CommonPrefixes><Prefix>{prefix}</Prefix></CommonPrefixes>")
        }));
        let inside = inside.concat();
        document(200, "ListBucketResult", &inside)
    }
}

impl Object {
    /// Whether the service decodes the object for a client: <https://cloud.google.com/storage/docs/transcoding>
    fn is_decoded_for(&self, request: &Request) -> bool {
        let accepted = request.header("accept-encoding").unwrap_or_default();
        let is_gzip = self.headers.get("content-encoding").map(String::as_str) == Some("gzip");
        is_gzip && !accepted.contains("gzip")
    }

    /// Returns the headers that the service adds to an object.
    fn described(&self) -> BTreeMap<String, String> {
        let encoding = self.headers.get("content-encoding");
        let encoding = encoding.map_or("identity", String::as_str);
        let mut headers = BTreeMap::from([
            ("etag".to_owned(), self.etag.clone()),
            (
                "last-modified".to_owned(),
                self.modified.format(super::HTTP_DATE).to_string(),
            ),
            ("x-goog-generation".to_owned(), self.generation.to_string()),
            ("x-goog-metageneration".to_owned(), "1".to_owned()),
            (
                "x-goog-stored-content-encoding".to_owned(),
                encoding.to_owned(),
            ),
            (
                "x-goog-stored-content-length".to_owned(),
                self.body.len().to_string(),
            ),
        ]);
        if let Some(md5) = &self.md5 {
            headers.insert("x-goog-hash".to_owned(), format!("md5={md5}"));
        }
        headers
    }

    fn listed(&self, key: &str) -> String {
        format!(
            "<Contents><Key>{}</Key><Generation>{}</Generation><MetaGeneration>1</MetaGeneration>\
             <LastModified>{}</LastModified><ETag>{}</ETag><Size>{}</Size></Contents>",
            xml::escape(key),
            self.generation,
            self.modified.to_rfc3339_opts(SecondsFormat::Millis, true),
            xml::escape(&self.etag),
            self.body.len()
        )
    }
}

/// Reads `bytes=0-99`.
fn range_of(header: &str, size: usize) -> Option<Range<usize>> {
    let (first, last) = header.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last && first < size).then(|| first..size.min(last + 1))
}

/// Returns the headers that the service stores with an object.
fn stored_headers(request: &Request) -> BTreeMap<String, String> {
    let is_stored = |name: &str| {
        name.starts_with("x-goog-meta-")
            || matches!(
                name,
                "cache-control"
                    | "content-disposition"
                    | "content-encoding"
                    | "content-language"
                    | "content-type"
            )
    };
    let headers = request.headers.iter();
    headers
        .filter(|(name, _)| is_stored(name))
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn quoted_hex(digest: &[u8]) -> String {
    let digits: Vec<String> = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{}\"", digits.concat())
}

fn empty(status: u16) -> Answer {
    Answer {
        status,
        headers: BTreeMap::new(),
        body: Vec::new(),
    }
}

fn document(status: u16, root: &str, inside: &str) -> Answer {
    let text = format!("<?xml version='1.0' encoding='UTF-8'?><{root}>{inside}</{root}>");
    let kind = "application/xml; charset=UTF-8".to_owned();
    Answer {
        status,
        headers: BTreeMap::from([("content-type".to_owned(), kind)]),
        body: text.into_bytes(),
    }
}

fn error(status: u16, code: &str, message: &str) -> Answer {
    let inside = format!("<Code>{code}</Code><Message>{message}</Message>");
    document(status, "Error", &inside)
}

fn no_such_key() -> Answer {
    error(404, "NoSuchKey", "The specified key does not exist.")
}

fn no_such_upload() -> Answer {
    error(404, "NoSuchUpload", "The requested upload was not found.")
}

fn not_implemented() -> Answer {
    error(501, "NotImplemented", "The fake does not implement this.")
}
