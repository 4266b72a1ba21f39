//! A store in memory that speaks S3's protocol under `Transport`, with the faults of a real one: it does not answer,
//! refuses, lies, and is slow, at requests that the test names.

use crate::store::network::Network;
use chrono::{DateTime, Utc};
use futures_util::stream;
use http::{HeaderMap, Response, StatusCode};
use http_body_util::BodyExt;
use object_store::client::{
    HttpClient, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

pub(super) const BUCKET: &str = "acme-static";

/// How a store treats `If-None-Match: *`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum ConditionalWrites {
    #[default]
    Honoured,
    /// Answers 200 and overwrites, as Garage does.
    Ignored,
    /// Answers 501, as Backblaze B2 does.
    Refused,
}

/// Whether the store knows the request that deletes many objects.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum BulkDeletes {
    #[default]
    Known,
    /// Answers 501, as Google's XML API does.
    Unknown,
}

/// Whether a listing can stop at directories.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Delimiters {
    #[default]
    Known,
    /// Lists everything.
    Ignored,
}

/// What the credentials may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Rights {
    #[default]
    All,
    /// Upload everywhere, get under `.static-assets/`. A missing object answers 403.
    Least,
    /// Upload only.
    Blind,
    /// Get and list only.
    ReadOnly,
    /// All but to delete: the key of a build.
    NoDelete,
}

/// What the `ETag` of an uploaded object holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Etags {
    #[default]
    Md5,
    /// No MD5, as in a store that encrypts with its customers' keys.
    Opaque,
}

/// Whether a fault hits a request before or after its effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FaultTime {
    Before,
    /// The request had its effect; only the answer is lost.
    After,
}

#[derive(Clone, Debug)]
pub(super) enum FaultKind {
    Status(u16, &'static str),
    /// Status 429, with the seconds that the store asks to wait.
    Throttle(u64),
    /// An answer with this body.
    Body(u16, String),
    Cut,
    /// No answer, ever.
    Hang,
    /// An answer of this many bytes of its body, and then an end of the connection.
    Truncate(usize),
    /// An answer at a byte a second.
    Slow,
    /// 200 and nothing done, with an `ETag` that proves nothing.
    Lie,
    /// The process that sent the request is killed.
    Crash,
}

#[derive(Clone, Debug)]
pub(super) struct Fault {
    /// The first matching request that fails, counted from 1.
    pub(super) from: usize,
    /// The last one.
    pub(super) to: usize,
    /// Matches requests that contain it in `METHOD key?query`.
    pub(super) about: String,
    pub(super) when: FaultTime,
    pub(super) what: FaultKind,
    seen: usize,
}

impl Fault {
    /// Fails the `number`th matching request.
    pub(super) fn at(number: usize, about: &str, when: FaultTime, what: FaultKind) -> Self {
        Self {
            from: number,
            to: number,
            about: about.to_owned(),
            when,
            what,
            seen: 0,
        }
    }

    pub(super) fn always(about: &str, what: FaultKind) -> Self {
        Self {
            to: usize::MAX,
            ..Self::at(1, about, FaultTime::Before, what)
        }
    }

    /// Matching requests so far.
    pub(super) fn seen(&self) -> usize {
        self.seen
    }

    /// Fails the first `number` matching requests.
    pub(super) fn first(number: usize, about: &str, when: FaultTime, what: FaultKind) -> Self {
        Self {
            to: number,
            ..Self::at(1, about, when, what)
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) body: Vec<u8>,
    pub(super) headers: Vec<(String, String)>,
    etag: String,
}

#[derive(Default)]
pub(super) struct FakeState {
    pub(super) objects: BTreeMap<String, Object>,
    pub(super) creates: ConditionalWrites,
    pub(super) rights: Rights,
    pub(super) tags: Etags,
    pub(super) page: usize,
    /// A listing lacks what was uploaded in this many last requests.
    pub(super) stale: usize,
    pub(super) faults: Vec<Fault>,
    /// `METHOD key` of each request, with its query.
    pub(super) requests: Vec<String>,
    /// The headers of each request.
    pub(super) headers: Vec<HeaderMap>,
    pub(super) in_flight: usize,
    pub(super) most_in_flight: usize,
    /// Delays requests and answers.
    pub(super) jitter: Option<Jitter>,
    /// The store's clock.
    pub(super) now: DateTime<Utc>,
    pub(super) bulk_deletes: BulkDeletes,
    pub(super) delimiters: Delimiters,
    modified: BTreeMap<String, DateTime<Utc>>,
    history: Vec<BTreeMap<String, Object>>,
    uploads: BTreeMap<String, FakeMultipart>,
    number: usize,
    /// The process that sent requests was killed: nothing is answered.
    crashed: bool,
}

/// Pseudo-random, so that a seed gives the same run again.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jitter(pub(super) u64);

impl Jitter {
    fn next(&mut self) -> Duration {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Duration::from_millis(self.0 % 50)
    }
}

#[derive(Default)]
struct FakeMultipart {
    key: String,
    headers: Vec<(String, String)>,
    parts: BTreeMap<usize, Vec<u8>>,
}

#[derive(Clone, Default)]
pub(super) struct Fake {
    state: Arc<Mutex<FakeState>>,
    crashed: Arc<tokio::sync::Notify>,
}

impl std::fmt::Debug for Fake {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Fake")
    }
}

impl Fake {
    pub(super) fn new() -> Self {
        let fake = Self::default();
        fake.state().page = 1000;
        fake.state().now = "2026-01-01T00:00:00Z".parse().unwrap();
        fake
    }

    pub(super) fn state(&self) -> MutexGuard<'_, FakeState> {
        self.state.lock().unwrap()
    }

    pub(super) fn with(self, change: impl FnOnce(&mut FakeState)) -> Self {
        change(&mut self.state());
        self
    }

    pub(super) fn network(&self) -> Network {
        Network {
            https: HttpClient::new(self.clone()),
            plain: HttpClient::new(self.clone()),
        }
    }

    pub(super) fn fails(&self, fault: Fault) {
        self.state().faults.push(fault);
    }

    pub(super) fn heals(&self) {
        let mut state = self.state();
        state.faults.clear();
        state.crashed = false;
        state.in_flight = 0;
    }

    /// Returns once the process that sends requests was killed.
    pub(super) async fn crash(&self) {
        self.crashed.notified().await;
    }

    /// The requests since the last call.
    pub(super) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.state().requests)
    }

    /// Everything but refs, which differ between any two runs.
    pub(super) fn objects(&self) -> BTreeMap<String, Vec<u8>> {
        let state = self.state();
        let is_equal = |key: &String| !key.contains(".static-assets/refs/");
        let objects = state.objects.iter().filter(|(key, _)| is_equal(key));
        objects
            .map(|(key, object)| (key.clone(), object.body.clone()))
            .collect()
    }

    pub(super) fn plant(&self, key: &str, body: &[u8]) {
        let object = Object {
            body: body.to_vec(),
            headers: Vec::new(),
            etag: md5(body),
        };
        self.state().insert(key, object);
    }
}

struct InFlight(Fake);

impl InFlight {
    fn enter(fake: &Fake) -> Self {
        let mut state = fake.state();
        state.in_flight += 1;
        state.most_in_flight = state.most_in_flight.max(state.in_flight);
        drop(state);
        Self(fake.clone())
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.in_flight = state.in_flight.saturating_sub(1);
    }
}

type Answer<'a> = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpService for Fake {
    fn call<'life, 'answer>(&'life self, request: HttpRequest) -> Answer<'answer>
    where
        'life: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            let _in_flight = InFlight::enter(self);
            let request = FakeRequest::of(request).await;
            let (out, back) = {
                let mut state = self.state();
                let jitter = &mut state.jitter;
                let mut wait = || jitter.as_mut().map(Jitter::next).unwrap_or_default();
                (wait(), wait())
            };
            tokio::time::sleep(out).await;
            let answer = self.answer(&request).await;
            tokio::time::sleep(back).await;
            answer
        })
    }
}

struct FakeRequest {
    method: String,
    key: String,
    query: BTreeMap<String, String>,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl FakeRequest {
    async fn of(request: HttpRequest) -> Self {
        let (request, body) = request.into_parts();
        let path = request.uri.path().trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        assert_eq!(decoded(bucket), BUCKET);
        let query = request.uri.query().unwrap_or_default();
        let query = url::form_urlencoded::parse(query.as_bytes()).into_owned();
        Self {
            method: request.method.to_string(),
            key: decoded(key),
            query: query.collect(),
            headers: request.headers,
            body: body.collect().await.unwrap().to_bytes().to_vec(),
        }
    }

    fn lists(&self) -> bool {
        self.query.contains_key("list-type")
    }

    /// `PUT shop/v1/a.css`, `LIST shop/v1/`, `POST shop/v1/a.css?uploads`
    fn name(&self) -> String {
        if self.lists() {
            return format!("LIST {}", self.query["prefix"]);
        }
        let query: Vec<&str> = self.query.keys().map(String::as_str).collect();
        let query = query.join("&");
        let mark = if query.is_empty() { "" } else { "?" };
        format!("{} {}{mark}{query}", self.method, self.key)
    }

    fn creates(&self) -> bool {
        self.headers
            .get("if-none-match")
            .is_some_and(|value| value == "*")
    }
}

impl Fake {
    /// Records a request, and finds the fault that hits it.
    fn fault_of(&self, request: &FakeRequest) -> Option<(FaultTime, FaultKind)> {
        let mut state = self.state();
        if state.crashed {
            return Some((FaultTime::Before, FaultKind::Hang));
        }
        let name = request.name();
        state.requests.push(name.clone());
        state.headers.push(request.headers.clone());
        if state.stale > 0 {
            let snapshot = state.objects.clone();
            state.history.push(snapshot);
        }
        let mut hit = None;
        for fault in &mut state.faults {
            if name.contains(&fault.about) {
                fault.seen += 1;
                if (fault.from..=fault.to).contains(&fault.seen) && hit.is_none() {
                    hit = Some((fault.when, fault.what.clone()));
                }
            }
        }
        hit
    }

    async fn answer(&self, request: &FakeRequest) -> Result<HttpResponse, HttpError> {
        let fault = self.fault_of(request);
        let Some((when, what)) = fault else {
            return Ok(self.state().serve_with_date(request));
        };
        let served = match (when, &what) {
            (_, FaultKind::Lie) => Some(answered(200, "", &[("etag", "\"lie\"")])),
            (_, FaultKind::Truncate(_) | FaultKind::Slow) | (FaultTime::After, _) => {
                Some(self.state().serve_with_date(request))
            }
            (FaultTime::Before, _) => None,
        };
        match what {
            FaultKind::Status(status, code) => Ok(error(status, code, "", &[])),
            FaultKind::Throttle(seconds) => {
                let seconds = seconds.to_string();
                Ok(error(429, "SlowDown", "", &[("retry-after", &seconds)]))
            }
            FaultKind::Body(status, body) => Ok(answered(status, &body, &[])),
            FaultKind::Cut => Err(HttpError::new(HttpErrorKind::Interrupted, Gone)),
            FaultKind::Hang => pending().await,
            FaultKind::Lie => Ok(served.unwrap()),
            FaultKind::Truncate(bytes) => Ok(cut(served.unwrap(), bytes).await),
            FaultKind::Slow => Ok(slow(served.unwrap()).await),
            FaultKind::Crash => {
                self.state().crashed = true;
                self.crashed.notify_one();
                pending().await
            }
        }
    }
}

#[derive(Debug)]
struct Gone;

impl std::fmt::Display for Gone {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("connection closed before message completed")
    }
}

impl std::error::Error for Gone {}

async fn cut(answer: HttpResponse, bytes: usize) -> HttpResponse {
    let (head, body) = answer.into_parts();
    let body = body.bytes().await.unwrap();
    let body = body.slice(..bytes.min(body.len()));
    let chunks = stream::iter([
        Ok(body),
        Err(HttpError::new(HttpErrorKind::Interrupted, Gone)),
    ]);
    HttpResponse::from_parts(head, stream_body(chunks))
}

async fn slow(answer: HttpResponse) -> HttpResponse {
    let (head, body) = answer.into_parts();
    let body = body.bytes().await.unwrap();
    let chunks = stream::unfold(0, move |at| {
        let byte = body.get(at..=at).map(|_| body.slice(at..=at));
        async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            byte.map(|byte| (Ok(byte), at + 1))
        }
    });
    HttpResponse::from_parts(head, stream_body(chunks))
}

fn stream_body<S>(chunks: S) -> HttpResponseBody
where
    S: futures_util::Stream<Item = Result<bytes::Bytes, HttpError>> + Send + Sync + 'static,
{
    use futures_util::TryStreamExt;
    HttpResponseBody::new(http_body_util::StreamBody::new(
        chunks.map_ok(http_body::Frame::data),
    ))
}

impl FakeState {
    fn insert(&mut self, key: &str, object: Object) {
        self.modified.insert(key.to_owned(), self.now);
        self.objects.insert(key.to_owned(), object);
    }

    fn serve_with_date(&mut self, request: &FakeRequest) -> HttpResponse {
        let mut answer = self.serve(request);
        let date = self.now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        answer.headers_mut().insert("date", date.parse().unwrap());
        answer
    }

    fn serve(&mut self, request: &FakeRequest) -> HttpResponse {
        let is_meta = request.key.contains(".static-assets/");
        let may_read = match self.rights {
            Rights::All | Rights::ReadOnly | Rights::NoDelete => true,
            Rights::Least => is_meta && !request.lists(),
            Rights::Blind => false,
        };
        let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
        if is_read && !may_read || !is_read && self.rights == Rights::ReadOnly {
            return error(403, "AccessDenied", "", &[]);
        }
        // Without the right to list, S3 answers 403 for what does not exist.
        let missing = match self.rights {
            Rights::All | Rights::ReadOnly | Rights::NoDelete => error(404, "NoSuchKey", "", &[]),
            Rights::Least | Rights::Blind => error(403, "AccessDenied", "", &[]),
        };
        match request.method.as_str() {
            "GET" if request.lists() => self.list(request),
            "GET" | "HEAD" => match self.objects.get(&request.key) {
                Some(object) => read(request, object),
                None => missing,
            },
            "PUT" if request.query.contains_key("partNumber") => self.put_part(request),
            "PUT" => self.put(request),
            "POST" if request.query.contains_key("uploads") => self.begin(request),
            "POST" if request.query.contains_key("delete") => self.delete_many(request),
            "POST" => self.complete(request),
            "DELETE" if request.query.contains_key("uploadId") => {
                self.uploads.remove(&request.query["uploadId"]);
                answered(204, "", &[])
            }
            "DELETE" if self.rights == Rights::NoDelete => error(403, "AccessDenied", "", &[]),
            "DELETE" => {
                self.objects.remove(&request.key);
                answered(204, "", &[])
            }
            other => panic!("{other} {}", request.key),
        }
    }

    fn put(&mut self, request: &FakeRequest) -> HttpResponse {
        if request.creates() {
            match self.creates {
                ConditionalWrites::Refused => return error(501, "NotImplemented", "", &[]),
                ConditionalWrites::Honoured if self.objects.contains_key(&request.key) => {
                    return error(412, "PreconditionFailed", "", &[]);
                }
                ConditionalWrites::Honoured | ConditionalWrites::Ignored => {}
            }
        }
        self.store(
            &request.key,
            request.body.clone(),
            stored_headers(&request.headers),
        )
    }

    fn store(&mut self, key: &str, body: Vec<u8>, headers: Vec<(String, String)>) -> HttpResponse {
        let etag = match self.tags {
            Etags::Md5 => md5(&body),
            Etags::Opaque => format!("\"{:032x}\"", body.len()),
        };
        let answer = answered(200, "", &[("etag", &etag)]);
        let object = Object {
            body,
            headers,
            etag,
        };
        self.insert(key, object);
        answer
    }

    fn delete_many(&mut self, request: &FakeRequest) -> HttpResponse {
        if self.bulk_deletes == BulkDeletes::Unknown {
            return error(501, "NotImplemented", "", &[]);
        }
        let body = String::from_utf8_lossy(&request.body);
        let keys = body.split("<Key>").skip(1);
        let keys = keys.filter_map(|rest| Some(rest.split_once("</Key>")?.0));
        let mut answers = String::new();
        for key in keys {
            if self.rights == Rights::NoDelete {
                write!(
                    answers,
                    "<Error><Key>{key}</Key><Code>AccessDenied</Code><Message>no</Message></Error>"
                )
                .unwrap();
            } else {
                self.objects.remove(&unescaped(key));
                write!(answers, "<Deleted><Key>{key}</Key></Deleted>").unwrap();
            }
        }
        answered(200, &format!("<DeleteResult>{answers}</DeleteResult>"), &[])
    }

    fn begin(&mut self, request: &FakeRequest) -> HttpResponse {
        self.number += 1;
        let id = format!("upload-{}", self.number);
        let uploading = FakeMultipart {
            key: request.key.clone(),
            headers: stored_headers(&request.headers),
            parts: BTreeMap::new(),
        };
        self.uploads.insert(id.clone(), uploading);
        let body = format!(
            "<InitiateMultipartUploadResult><UploadId>{id}</UploadId></InitiateMultipartUploadResult>"
        );
        answered(200, &body, &[])
    }

    fn put_part(&mut self, request: &FakeRequest) -> HttpResponse {
        let number = request.query["partNumber"].parse().unwrap();
        let Some(uploading) = self.uploads.get_mut(&request.query["uploadId"]) else {
            return error(404, "NoSuchUpload", "", &[]);
        };
        uploading.parts.insert(number, request.body.clone());
        answered(200, "", &[("etag", &md5(&request.body))])
    }

    fn complete(&mut self, request: &FakeRequest) -> HttpResponse {
        let Some(uploading) = self.uploads.remove(&request.query["uploadId"]) else {
            return error(404, "NoSuchUpload", "", &[]);
        };
        assert_eq!(uploading.key, request.key);
        let body: Vec<u8> = uploading.parts.into_values().flatten().collect();
        self.store(&request.key, body, uploading.headers);
        let etag = "\"00000000000000000000000000000000-3\"";
        if let Some(object) = self.objects.get_mut(&request.key) {
            etag.clone_into(&mut object.etag);
        }
        let body = format!(
            "<CompleteMultipartUploadResult><ETag>{etag}</ETag></CompleteMultipartUploadResult>"
        );
        answered(200, &body, &[])
    }

    fn list(&self, request: &FakeRequest) -> HttpResponse {
        let prefix = &request.query["prefix"];
        let after = request.query.get("continuation-token");
        let shown = match self.history.len().checked_sub(self.stale + 1) {
            Some(then) if self.stale > 0 => &self.history[then],
            _ => &self.objects,
        };
        let keys: Vec<&String> = shown
            .keys()
            .filter(|key| key.starts_with(prefix) && after.is_none_or(|after| *key > after))
            .collect();
        let page = &keys[..keys.len().min(self.page)];
        let mut contents = String::new();
        let delimiter = request
            .query
            .get("delimiter")
            .filter(|_| self.delimiters == Delimiters::Known);
        let dir_of = |key: &str| {
            let rest = &key[prefix.len()..];
            let end = rest.find(delimiter?.as_str())?;
            Some(rest[..=end].to_owned())
        };
        let dirs: BTreeSet<String> = page.iter().filter_map(|key| dir_of(key)).collect();
        for dir in dirs {
            let dir = escaped(&format!("{prefix}{dir}"));
            write!(
                contents,
                "<CommonPrefixes><Prefix>{dir}</Prefix></CommonPrefixes>"
            )
            .unwrap();
        }
        for key in page.iter().filter(|key| dir_of(key).is_none()) {
            let object = &shown[*key];
            write!(
                contents,
                "<Contents><Key>{}</Key><Size>{}</Size><ETag>{}</ETag>\
                 <LastModified>{}</LastModified></Contents>",
                escaped(key),
                object.body.len(),
                escaped(&object.etag),
                self.modified[*key].format("%Y-%m-%dT%H:%M:%S%.3fZ")
            )
            .unwrap();
        }
        let next = match page.last() {
            Some(last) if page.len() < keys.len() => {
                let last = escaped(last);
                format!("<NextContinuationToken>{last}</NextContinuationToken>")
            }
            _ => String::new(),
        };
        let body = format!("<ListBucketResult>{contents}{next}</ListBucketResult>");
        answered(200, &body, &[])
    }
}

fn read(request: &FakeRequest, object: &Object) -> HttpResponse {
    let length = object.body.len().to_string();
    let mut headers: Vec<(&str, &str)> = object
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    headers.extend([
        ("etag", object.etag.as_str()),
        ("content-length", &length),
        ("last-modified", "Thu, 01 Jan 2026 00:00:00 GMT"),
    ]);
    let known = request.headers.get("if-none-match");
    if known.is_some_and(|known| known.as_bytes() == object.etag.as_bytes()) {
        return answered(304, "", &headers[headers.len() - 3..]);
    }
    match request.method.as_str() {
        "HEAD" => answered(200, "", &headers),
        _ => answer_of(200, object.body.clone(), &headers),
    }
}

fn stored_headers(headers: &HeaderMap) -> Vec<(String, String)> {
    let is_stored = |name: &str| {
        matches!(name, "content-type" | "cache-control") || name.starts_with("x-amz-meta-")
    };
    headers
        .iter()
        .filter(|(name, _)| is_stored(name.as_str()))
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect()
}

fn error(status: u16, code: &str, more: &str, headers: &[(&str, &str)]) -> HttpResponse {
    let body = format!("<Error><Code>{code}</Code>{more}</Error>");
    answered(status, &body, headers)
}

fn answered(status: u16, body: &str, headers: &[(&str, &str)]) -> HttpResponse {
    answer_of(status, body.as_bytes().to_vec(), headers)
}

fn answer_of(status: u16, body: Vec<u8>, headers: &[(&str, &str)]) -> HttpResponse {
    let mut answer = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    answer.body(HttpResponseBody::from(body)).unwrap()
}

fn md5(body: &[u8]) -> String {
    format!(
        "\"{}\"",
        crate::encoding::hex(&crate::store::receipt::md5_of(body))
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">");
    let text = text.replace("&quot;", "\"").replace("&apos;", "'");
    text.replace("&amp;", "&")
}

fn decoded(text: &str) -> String {
    let plain = text.replace('+', "%2B");
    url::form_urlencoded::parse(format!("k={plain}").as_bytes())
        .next()
        .map(|(_, value)| value.into_owned())
        .unwrap()
}
