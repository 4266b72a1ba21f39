//! The way to the store: counts every request, lets none go to another host, and takes what an error
//! says out of its body. The body itself goes no further: S3's repeat session tokens.

use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse,
    HttpResponseBody, HttpService,
};
use object_store::{ClientOptions, Result};
use std::cell::RefCell;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

#[derive(Clone, Debug, Default)]
pub(super) struct Requests(Arc<AtomicUsize>);

impl Requests {
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

/// Lets requests reach `hosts` only: no setting, redirect or metadata address of a cloud leads a
/// credential elsewhere.
#[derive(Debug)]
pub(super) struct Transport {
    client: reqwest::Client,
    requests: Requests,
    hosts: Vec<String>,
}

/// How a server is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// By the proxy that the environment names, if any.
    ByProxy,
    /// Plain http is for this machine: a proxy would read the credentials.
    Direct,
}

impl Transport {
    /// `object_store`'s own client follows redirects, past every guard.
    pub(super) fn to(
        hosts: Vec<String>,
        authorities: Vec<reqwest::Certificate>,
        requests: Requests,
        route: Route,
    ) -> reqwest::Result<Self> {
        let mut client = reqwest::Client::builder();
        if route == Route::Direct {
            client = client.no_proxy();
        }
        let client = client
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(Duration::from_secs(5))
            .tls_certs_merge(authorities)
            .user_agent(concat!("static-assets/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            client,
            requests,
            hosts,
        })
    }
}

impl HttpConnector for Transport {
    fn connect(&self, _: &ClientOptions) -> Result<HttpClient> {
        Ok(HttpClient::new(Guarded {
            inner: HttpClient::new(self.client.clone()),
            requests: self.requests.clone(),
            hosts: self.hosts.clone(),
        }))
    }
}

#[derive(Debug)]
struct Guarded {
    inner: HttpClient,
    requests: Requests,
    hosts: Vec<String>,
}

#[derive(Debug)]
struct StrangeHost(String);

impl fmt::Display for StrangeHost {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "refused to ask {}: not the store", self.0)
    }
}

impl std::error::Error for StrangeHost {}

/// What an answer other than success said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Refusal {
    pub(super) status: u16,
    /// S3's code, such as `SlowDown`.
    pub(super) code: String,
    /// Where the bucket is, when it is elsewhere.
    pub(super) region: Option<String>,
    pub(super) retry_after: Option<Duration>,
}

tokio::task_local! {
    static REFUSAL: RefCell<Option<Refusal>>;
}

/// Runs a request of `object_store` and keeps what its last answer refused.
pub(super) async fn observed<F: Future>(request: F) -> (F::Output, Option<Refusal>) {
    REFUSAL
        .scope(RefCell::default(), async {
            let output = request.await;
            (output, REFUSAL.with(RefCell::take))
        })
        .await
}

/// Answers with an error are read to the end and passed on without their body.
async fn refused(response: HttpResponse) -> std::result::Result<HttpResponse, HttpError> {
    let status = response.status();
    if status.is_success() || status.as_u16() == 304 {
        return Ok(response);
    }
    let (parts, body) = response.into_parts();
    let header = |name: &str| parts.headers.get(name)?.to_str().ok().map(str::to_owned);
    let region = header("x-amz-bucket-region");
    let retry_after = header("retry-after")
        .and_then(|seconds| seconds.parse().ok())
        .map(Duration::from_secs);
    let body = body.bytes().await?;
    let body = String::from_utf8_lossy(&body[..body.len().min(LONGEST_ERROR)]);
    let refusal = Refusal {
        status: status.as_u16(),
        code: element(&body, "Code").unwrap_or_default().to_owned(),
        region: region.or_else(|| element(&body, "Region").map(str::to_owned)),
        retry_after,
    };
    // Outside of `observed` nobody asks.
    let _ = REFUSAL.try_with(|slot| slot.replace(Some(refusal)));
    Ok(HttpResponse::from_parts(
        parts,
        HttpResponseBody::from(Vec::new()),
    ))
}

const LONGEST_ERROR: usize = 64 << 10;

/// The text of an XML element. Error documents are flat; nothing else of the body is looked at.
fn element<'a>(body: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = body.split_once(&format!("<{name}>"))?;
    let (text, _) = rest.split_once("</")?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (!text.is_empty() && text.len() < 64 && text.bytes().all(is_plain)).then_some(text)
}

type Answer<'a> =
    Pin<Box<dyn Future<Output = std::result::Result<HttpResponse, HttpError>> + Send + 'a>>;

impl HttpService for Guarded {
    fn call<'life, 'answer>(&'life self, request: HttpRequest) -> Answer<'answer>
    where
        'life: 'answer,
        Self: 'answer,
    {
        Box::pin(async move {
            let host = request.uri().host().unwrap_or_default();
            if !self.hosts.iter().any(|allowed| allowed == host) {
                let error = StrangeHost(host.to_owned());
                return Err(HttpError::new(HttpErrorKind::Unknown, error));
            }
            self.requests.0.fetch_add(1, Ordering::Relaxed);
            refused(self.inner.execute(request).await?).await
        })
    }
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
}
