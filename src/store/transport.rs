//! Sends the requests of `object_store`: counts each one, lets none go to another host, and gives each a deadline.

use super::Shared;
use super::error_response::ErrorResponse;
use super::limiter::Limiter;
use super::network::{HostRole, Hosts, Network};
use super::receipt::StoredMd5;
use super::retry::{record, try_number};
use crate::manifest::GZIP;
use crate::plan::Requests;
use chrono::{DateTime, Utc};
use futures_util::StreamExt;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use object_store::{ClientOptions, GetOptions};
use reqwest::header::{ACCEPT_ENCODING, HeaderValue};
use std::future::Future;
use std::io;
use std::mem::replace;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::time::{Instant, timeout, timeout_at};

/// How long a body may pause, at its start and between any two chunks.
const BODY_PATIENCE: Duration = Duration::from_secs(10);
/// S3 may answer the completion of a multipart upload minutes later, with white space until then:
/// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>
const COMPLETION_PATIENCE: Duration = Duration::from_mins(10);
/// Longer than any object of the protocol, page of a listing, and token.
const LONGEST_BODY: usize = 256 << 20;
/// In bytes a second.
const SLOWEST_BODY: u64 = 16 << 10;

#[derive(Clone, Debug)]
pub(super) struct Transport {
    pub(super) network: Network,
    pub(super) hosts: Hosts,
    pub(super) requests: Arc<Shared<Requests>>,
    /// The time of the store's last answer, by its own clock.
    pub(super) clock: Arc<Shared<Option<DateTime<Utc>>>>,
    /// Whether a write got no answer, or one that says nothing of its effect.
    pub(super) has_open_writes: Arc<AtomicBool>,
    pub(super) limiter: Arc<Limiter>,
}

/// In which form a store is asked for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Any,
    /// With the bytes that it holds: GCS decodes gzip for a client that does not accept it.
    Encoded,
}

impl Form {
    pub(super) fn of(encoding: Option<&str>) -> Self {
        encoding.map_or(Self::Any, |_| Self::Encoded)
    }

    /// The transport reads the form from the extensions of the request.
    pub(super) fn options(self) -> GetOptions {
        let mut options = GetOptions::new();
        options.extensions.insert(self);
        options
    }
}

impl HttpConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}

impl HttpService for Transport {
    fn call<'life, 'result>(
        &'life self,
        mut request: HttpRequest,
    ) -> Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'result>>
    where
        'life: 'result,
        Self: 'result,
    {
        accept_form(&mut request);
        Box::pin(self.send(request))
    }
}

impl Transport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let host = request.uri().authority().map_or("", |host| host.as_str());
        let Some(role) = self.hosts.0.get(host).copied() else {
            let text = format!("refused to ask {host}: not the store");
            return Err(error(HttpErrorKind::Unknown, text));
        };
        let is_store = role == HostRole::Store;
        if is_store {
            self.requests.with(|requests| count(requests, &request));
        }
        record(None);
        let bytes = request.body().content_length() as u64;
        let mut least = Duration::ZERO;
        if is_completion(&request) {
            least = COMPLETION_PATIENCE;
        }
        let is_write = is_store && !matches!(request.method().as_str(), "GET" | "HEAD");
        let in_flight = self.limiter.start(bytes, try_number(), least);
        let response = self.network.client(&request).execute(request);
        let response = timeout(in_flight.patience, response).await;
        let response = response
            .map_err(|_| no_answer(in_flight.patience))
            .flatten();
        let note_open = |is_open: bool| {
            if is_write && is_open {
                self.has_open_writes.store(true, Ordering::Relaxed);
            }
        };
        note_open(!matches!(&response, Ok(it) if !says_nothing(it.status().as_u16())));
        let mut response = response?;
        if is_store {
            self.limiter.note_answer();
        }
        let body = replace(response.body_mut(), Vec::new().into());
        let body = read_body(body, least.max(BODY_PATIENCE)).await;
        note_open(body.is_err());
        let body = body?;
        let status = response.status();
        if is_store && let Some(date) = date_of(&response) {
            self.clock.with(|clock| *clock = Some(date));
        }
        if status.is_success() || status.as_u16() == 304 {
            if is_store {
                self.limiter.count_answer(bytes);
            }
            if let Some(md5) = StoredMd5::in_headers(response.headers()) {
                response.extensions_mut().insert(md5);
            }
            let batch = ErrorResponse::of_batch(role, &response, &body);
            note_open(batch.as_ref().is_some_and(|it| says_nothing(it.status)));
            record(batch);
            *response.body_mut() = body.into();
        } else {
            if is_store && matches!(status.as_u16(), 429 | 503) {
                self.limiter.throttle();
            }
            record(Some(ErrorResponse::of(role, &response, &body)));
        }
        Ok(response)
    }
}

fn accept_form(request: &mut HttpRequest) {
    if request.extensions().get() == Some(&Form::Encoded) {
        let gzip = HeaderValue::from_static(GZIP);
        request.headers_mut().insert(ACCEPT_ENCODING, gzip);
    }
}

/// Whether a write may have its effect all the same, or later.
fn says_nothing(status: u16) -> bool {
    status >= 500 && status != 501
}

fn date_of(response: &HttpResponse) -> Option<DateTime<Utc>> {
    let date = response.headers().get("date")?.to_str().ok()?;
    Some(DateTime::parse_from_rfc2822(date).ok()?.to_utc())
}

fn count(requests: &mut Requests, request: &HttpRequest) {
    let query = request.uri().query().unwrap_or_default();
    let mut parts = query.split('&');
    let is_list = parts.any(|part| part == "list-type=2" || part == "comp=list");
    *match request.method().as_str() {
        "GET" if is_list => &mut requests.list,
        "GET" => &mut requests.get,
        "HEAD" => &mut requests.head,
        // Multipart uploads also send POST and DELETE.
        _ => &mut requests.put,
    } += 1;
}

/// Whether a request completes a multipart upload: S3's and GCS's, or Azure's.
fn is_completion(request: &HttpRequest) -> bool {
    let query = request.uri().query().unwrap_or_default();
    request.method() == "POST" && query.contains("uploadId=") || query.contains("comp=blocklist")
}

/// Reads a whole body at no less than the slowest rate: a server that sends a byte a second would never end.
async fn read_body(body: HttpResponseBody, patience: Duration) -> Result<Vec<u8>, HttpError> {
    let start = Instant::now();
    let mut content: Vec<u8> = Vec::new();
    let mut chunks = body.bytes_stream();
    loop {
        let due = patience + Duration::from_secs(content.len() as u64 / SLOWEST_BODY);
        match timeout_at(start + due, chunks.next()).await {
            Ok(Some(chunk)) => content.extend_from_slice(&chunk?),
            Ok(None) => return Ok(content),
            Err(_) => return Err(no_answer(due)),
        }
        if content.len() > LONGEST_BODY {
            return Err(error(HttpErrorKind::Decode, "the answer has no end"));
        }
    }
}

fn no_answer(within: Duration) -> HttpError {
    let seconds = within.as_secs();
    error(
        HttpErrorKind::Timeout,
        format!("no answer within {seconds} s"),
    )
}

fn error(kind: HttpErrorKind, text: impl Into<String>) -> HttpError {
    HttpError::new(kind, io::Error::other(text.into()))
}
