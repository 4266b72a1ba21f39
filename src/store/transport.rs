//! The way to the store: counts every request, lets none go to another host, gives each its time, and takes
//! what an error says out of its body. The body itself goes no further: S3's repeat session tokens.

use super::limiter::Limiter;
use crate::plan::Requests;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpService,
};
use object_store::{ClientOptions, Extensions, HeaderMap, Result};
use std::cell::{Cell, RefCell};
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// Of an answer's body, before its first bytes and between any others.
const BODY_PATIENCE: Duration = Duration::from_secs(10);
/// Of the end of an upload in parts, which S3 may answer minutes later, with white space until then:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
const COMPLETE_PATIENCE: Duration = Duration::from_mins(10);
/// No object of the protocol, no page of a listing and no token is longer.
const LONGEST_BODY: usize = 256 << 20;
/// In bytes a second.
const SLOWEST_BODY: u64 = 16 << 10;
const LONGEST_ERROR: usize = 64 << 10;

/// Where requests may go: no setting, redirect or metadata address of a cloud leads a credential elsewhere.
/// With their ports, where those are not the scheme's.
#[derive(Clone, Debug, Default)]
pub(super) struct Hosts {
    pub(super) store: Vec<String>,
    /// Where tokens come from.
    pub(super) identity: Vec<String>,
}

/// Requests to the store, counted as they are sent.
#[derive(Debug, Default)]
pub(super) struct Counter {
    get: AtomicUsize,
    head: AtomicUsize,
    list: AtomicUsize,
    put: AtomicUsize,
}

impl Counter {
    fn count(&self, request: &HttpRequest) {
        let query = request.uri().query().unwrap_or_default();
        let lists = query.contains("list-type=2") || query.contains("comp=list&");
        let lists = lists || query.ends_with("comp=list");
        let kind = match request.method().as_str() {
            "GET" if lists => &self.list,
            "GET" => &self.get,
            "HEAD" => &self.head,
            // The steps of an upload in parts are puts, too.
            _ => &self.put,
        };
        kind.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Requests {
        Requests {
            get: self.get.load(Ordering::Relaxed),
            head: self.head.load(Ordering::Relaxed),
            list: self.list.load(Ordering::Relaxed),
            put: self.put.load(Ordering::Relaxed),
        }
    }
}

/// How servers are reached.
#[derive(Clone, Debug)]
pub(super) struct Network {
    /// By the proxy that the environment names, if any.
    pub(super) https: HttpClient,
    /// Never by a proxy, which would read the credentials.
    pub(super) plain: HttpClient,
}

impl Network {
    /// `object_store`'s own client follows redirects, past every guard.
    pub(super) fn new(authorities: &[reqwest::Certificate]) -> reqwest::Result<Self> {
        let client = || {
            reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .connect_timeout(Duration::from_secs(5))
                .tls_certs_merge(authorities.to_vec())
                .user_agent(concat!("static-assets/", env!("CARGO_PKG_VERSION")))
        };
        Ok(Self {
            https: HttpClient::new(client().build()?),
            plain: HttpClient::new(client().no_proxy().build()?),
        })
    }

    fn client(&self, request: &HttpRequest) -> &HttpClient {
        match request.uri().scheme_str() {
            Some("https") => &self.https,
            _ => &self.plain,
        }
    }
}

/// What `object_store` sends its requests by.
#[derive(Clone, Debug)]
pub(super) struct Transport {
    pub(super) network: Network,
    pub(super) hosts: Hosts,
    pub(super) counter: Arc<Counter>,
    pub(super) limiter: Arc<Limiter>,
}

impl HttpConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

#[derive(Debug)]
struct StrangeHost(String);

impl fmt::Display for StrangeHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "refused to ask {}: not the store", self.0)
    }
}

impl std::error::Error for StrangeHost {}

#[derive(Debug)]
struct NoAnswer {
    within: Duration,
}

impl fmt::Display for NoAnswer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "no answer within {} s", self.within.as_secs())
    }
}

impl std::error::Error for NoAnswer {}

#[derive(Debug)]
struct EndlessBody;

impl fmt::Display for EndlessBody {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an answer without end")
    }
}

impl std::error::Error for EndlessBody {}

/// What an answer other than success said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct ErrorResponse {
    pub(super) from: Asked,
    pub(super) status: u16,
    /// The store's code, such as `SlowDown`.
    pub(super) code: String,
    /// Where the bucket is, when it is elsewhere.
    pub(super) region: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Asked {
    #[default]
    Store,
    /// Whoever gives tokens.
    Identity,
}

/// What a store says of a body that it took: found in the extensions of `object_store`'s results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct StoredMd5(pub(super) [u8; 16]);

/// One try of a request, as whoever repeats it sees it.
struct Observed {
    try_number: Cell<u32>,
    response: RefCell<Option<ErrorResponse>>,
}

tokio::task_local! {
    static OBSERVED: Observed;
}

/// Runs a request of `object_store` and keeps what its last answer refused.
pub(super) async fn observed<F: Future>(
    try_number: u32,
    request: F,
) -> (F::Output, Option<ErrorResponse>) {
    let observed = Observed {
        try_number: Cell::new(try_number),
        response: RefCell::default(),
    };
    OBSERVED
        .scope(observed, async {
            let output = request.await;
            (output, last_response())
        })
        .await
}

/// Within [`observed`]: what the last answer refused.
pub(super) fn last_response() -> Option<ErrorResponse> {
    OBSERVED.with(|observed| observed.response.borrow().clone())
}

/// Within [`observed`]: begins another try, and gives its number.
pub(super) fn next_try() -> u32 {
    OBSERVED.with(|observed| {
        observed.try_number.set(observed.try_number.get() + 1);
        observed.try_number.get()
    })
}

type Answer<'a> =
    Pin<Box<dyn Future<Output = std::result::Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpService for Transport {
    fn call<'life, 'answer>(&'life self, request: HttpRequest) -> Answer<'answer>
    where
        'life: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            let host = request.uri().authority().map_or("", |host| host.as_str());
            let is_one_of = |hosts: &[String]| hosts.iter().any(|allowed| allowed == host);
            let asked = if is_one_of(&self.hosts.store) {
                self.counter.count(&request);
                Asked::Store
            } else if is_one_of(&self.hosts.identity) {
                Asked::Identity
            } else {
                let error = StrangeHost(host.to_owned());
                return Err(HttpError::new(HttpErrorKind::Unknown, error));
            };
            // Outside of `observed` nobody asks for refusals.
            let _ = OBSERVED.try_with(|observed| observed.response.take());
            let bytes = request.body().content_length() as u64;
            let completes = is_completion(&request);
            let least = if completes {
                COMPLETE_PATIENCE
            } else {
                BODY_PATIENCE
            };
            let departure = Departure::of(&self.limiter, bytes, completes.then_some(least));
            let answer = self.network.client(&request).execute(request);
            let answer = timeout(departure.patience, answer).await;
            let answer = answer.map_err(|_| no_answer(departure.patience))??;
            let (mut answer, body) = whole(answer, least).await?;
            let status = answer.status();
            if status.is_success() || status.as_u16() == 304 {
                if asked == Asked::Store {
                    self.limiter.answered(bytes);
                }
                let md5 = stored_md5(answer.headers());
                answer.extensions_mut().extend(md5);
                *answer.body_mut() = body.into();
                return Ok(answer);
            }
            if asked == Asked::Store && matches!(status.as_u16(), 429 | 503) {
                self.limiter.throttled();
            }
            let response = ErrorResponse::of(asked, &answer, &body);
            let _ = OBSERVED.try_with(|observed| observed.response.replace(Some(response)));
            Ok(answer)
        })
    }
}

/// The last request of an upload in parts: S3's and GCS's, or Azure's.
fn is_completion(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let is_posted = request.method().as_str() == "POST" && query.contains("uploadId=");
    is_posted || query.contains("comp=blocklist")
}

/// A request on its way, also when whoever waits for it gives up.
struct Departure<'a> {
    limiter: &'a Limiter,
    bytes: u64,
    patience: Duration,
}

impl<'a> Departure<'a> {
    fn of(limiter: &'a Limiter, bytes: u64, least: Option<Duration>) -> Self {
        // Nobody observes the abort of an upload in parts.
        let try_number = OBSERVED.try_with(|observed| observed.try_number.get());
        Self {
            limiter,
            bytes,
            patience: limiter.departs(bytes, try_number.unwrap_or(1), least),
        }
    }
}

impl Drop for Departure<'_> {
    fn drop(&mut self) {
        self.limiter.ends(self.bytes);
    }
}

fn no_answer(within: Duration) -> HttpError {
    HttpError::new(HttpErrorKind::Timeout, NoAnswer { within })
}

/// An answer apart from its whole body, which must come at a limiter: a server that sends a byte a second would
/// otherwise never end.
async fn whole(
    answer: HttpResponse,
    patience: Duration,
) -> std::result::Result<(HttpResponse, Vec<u8>), HttpError> {
    let (head, body) = answer.into_parts();
    let answer = HttpResponse::from_parts(head, Vec::new().into());
    let start = Instant::now();
    let mut content: Vec<u8> = Vec::new();
    let mut chunks = body.bytes_stream();
    loop {
        let due = patience + Duration::from_secs(content.len() as u64 / SLOWEST_BODY);
        match timeout_at(start + due, chunks.next()).await {
            Ok(Some(chunk)) => content.extend_from_slice(&chunk?),
            Ok(None) => return Ok((answer, content)),
            Err(_) => return Err(no_answer(due)),
        }
        if content.len() > LONGEST_BODY {
            return Err(HttpError::new(HttpErrorKind::Decode, EndlessBody));
        }
    }
}

/// Azure names the MD5 of a body in one header, GCS in another; S3's is the `ETag`.
fn stored_md5(headers: &HeaderMap) -> Extensions {
    let header = |name: &str| headers.get(name)?.to_str().ok();
    let google = header("x-goog-hash")
        .into_iter()
        .flat_map(|hashes| hashes.split(','))
        .find_map(|hash| hash.trim().strip_prefix("md5="));
    let mut extensions = Extensions::new();
    if let Some(md5) = header("content-md5").or(google) {
        let bytes = STANDARD.decode(md5).unwrap_or_default();
        if let Ok(md5) = <[u8; 16]>::try_from(bytes) {
            extensions.insert(StoredMd5(md5));
        }
    }
    extensions
}

impl ErrorResponse {
    fn of(from: Asked, answer: &HttpResponse, body: &[u8]) -> Self {
        let header = |name: &str| answer.headers().get(name)?.to_str().ok().map(str::to_owned);
        let body = String::from_utf8_lossy(&body[..body.len().min(LONGEST_ERROR)]);
        let inside = |name| element(&body, name).map(str::to_owned);
        let code = header("x-ms-error-code").or_else(|| inside("Code"));
        let retry_after = header("retry-after");
        Self {
            from,
            status: answer.status().as_u16(),
            code: code.or_else(|| oauth_error(&body)).unwrap_or_default(),
            region: header("x-amz-bucket-region").or_else(|| inside("Region")),
            retry_after: retry_after
                .and_then(|seconds| seconds.parse().ok())
                .map(Duration::from_secs),
        }
    }
}

/// The text of an XML element. Error documents are flat; nothing else of the body is looked at.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once("</")?;
    is_code(text).then_some(text)
}

/// <https://datatracker.ietf.org/doc/html/rfc6749#section-5.2>
fn oauth_error(body: &str) -> Option<String> {
    let json: serde_json::Value = serde_json::from_str(body).ok()?;
    let code = json.get("error")?.as_str()?;
    is_code(code).then(|| code.to_owned())
}

fn is_code(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    !text.is_empty() && text.len() < 64 && text.bytes().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn element_takes_plain_text_only() {
        let body = "<Error><Code>ExpiredToken</Code><Token-0>a b</Token-0></Error>";
        assert_eq!(element(body, "Code"), Some("ExpiredToken"));
        assert_eq!(element(body, "Token-0"), None);
        assert_eq!(element(body, "Region"), None);
    }

    #[test]
    fn an_error_of_oauth_is_its_code() {
        let body = r#"{"error": "invalid_grant", "error_description": "Token eyJh…"}"#;
        assert_eq!(oauth_error(body).as_deref(), Some("invalid_grant"));
        assert_eq!(oauth_error(r#"{"error": "a b"}"#), None);
        assert_eq!(oauth_error("<html>"), None);
    }

    #[test]
    fn the_md5_of_a_body_is_read_from_azures_and_googles_headers() {
        let of = |name: &'static str, value: &'static str| {
            let headers = HeaderMap::from_iter([(
                name.parse::<reqwest::header::HeaderName>().unwrap(),
                value.parse().unwrap(),
            )]);
            stored_md5(&headers).get::<StoredMd5>().copied()
        };
        let empty = StoredMd5(*b"\xd4\x1d\x8c\xd9\x8f\x00\xb2\x04\xe9\x80\x09\x98\xec\xf8\x42\x7e");
        assert_eq!(of("content-md5", "1B2M2Y8AsgTpgAmY7PhCfg=="), Some(empty));
        let google = "crc32c=AAAAAA==,md5=1B2M2Y8AsgTpgAmY7PhCfg==";
        assert_eq!(of("x-goog-hash", google), Some(empty));
        assert_eq!(of("content-md5", "x"), None);
    }
}
