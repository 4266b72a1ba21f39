//! Plain GET requests, as anybody without a key makes them. This module sends no credential.

use crate::gzip::{DecompressError, decompress};
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::Duration;
use ureq::tls::{PemItem, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body, Error, Proxy};
use url::Url;

const CONNECT: Duration = Duration::from_secs(5);
/// The deadline of one answer. Each redirect is a request of its own.
const ANSWER: Duration = Duration::from_secs(15);
const MOST_REDIRECTS: usize = 3;
/// The deadline of a whole file of some ten megabytes.
const FILE: Duration = Duration::from_mins(5);
/// Cuts an endless download, whose checksum is then wrong.
const LARGEST_FILE: u64 = 300 << 20;

/// Pairs of name and value.
type Headers<'a> = &'a [(&'a str, &'a str)];
type Fetched<T> = Result<T, FetchError>;

pub(crate) struct Client {
    /// For plain http, which uses no proxy, as requests to the store.
    direct: Agent,
    by_proxy: Agent,
    /// Trusts only the CA file of the settings. Asked if the system's authorities don't trust the server.
    private: Option<Agent>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// By lower-case name; values of equal names joined by `, `.
    pub(crate) headers: BTreeMap<String, String>,
    /// Cut at the limit.
    pub(crate) body: Vec<u8>,
    /// The URL that answered, if redirects led to it.
    pub(crate) redirected: Option<String>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    pub(crate) fn coding(&self) -> ContentCoding {
        let encoding = self.header("content-encoding").unwrap_or_default();
        match encoding.trim().to_ascii_lowercase().as_str() {
            "" | "identity" => ContentCoding::Identity,
            "gzip" | "x-gzip" => ContentCoding::Gzip,
            "br" | "deflate" | "zstd" => ContentCoding::Other,
            _ => ContentCoding::Unknown,
        }
    }

    /// Decodes the body as a browser does. A store sends gzip to whoever asks.
    pub(crate) fn decode(&mut self, limit: u64) -> Decoding {
        match self.coding() {
            ContentCoding::Identity => Decoding::Done,
            ContentCoding::Gzip if self.body.is_empty() => Decoding::Done,
            ContentCoding::Gzip => match decompress(&self.body, limit) {
                Ok(body) => {
                    self.body = body;
                    Decoding::Done
                }
                Err(DecompressError::TooLong) => Decoding::TooLong,
                Err(DecompressError::NotGzip) if self.body.len() as u64 >= limit => {
                    Decoding::TooLong
                }
                Err(DecompressError::NotGzip) => Decoding::Impossible,
            },
            ContentCoding::Other => Decoding::Unknown,
            ContentCoding::Unknown => Decoding::Impossible,
        }
    }
}

/// What a `Content-Encoding` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ContentCoding {
    Identity,
    Gzip,
    /// Browsers decode it, and this program does not.
    Other,
    /// Browsers don't know it.
    Unknown,
}

/// What became of a body that may be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decoding {
    Done,
    /// Browsers know the encoding, and this program does not.
    Unknown,
    /// The body, or what it holds, is longer than what is read.
    TooLong,
    /// Browsers can't decode it either.
    Impossible,
}

/// Why a request got no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FetchError {
    UnknownHost,
    Refused,
    Tls(String),
    Timeout,
    Other(String),
}

impl Client {
    /// Ignores a CA file that it can't read: requests that need it fail as untrusted.
    pub(crate) fn new(ca_file: Option<&Path>) -> Self {
        // ureq panics without a provider. This fails only if one is installed already, which then is this one.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let by_proxy = |authorities| agent(Proxy::try_from_env(), authorities);
        Self {
            direct: agent(None, RootCerts::PlatformVerifier),
            by_proxy: by_proxy(RootCerts::PlatformVerifier),
            private: ca_file.and_then(authorities).map(by_proxy),
        }
    }

    /// The answer after redirects, with at most `limit` bytes of its body.
    pub(crate) fn get(&self, url: &str, headers: Headers<'_>, limit: u64) -> Fetched<Answer> {
        let mut opened = self.follow(url, headers, ANSWER)?;
        let mut reader = opened.body.into_reader().take(limit);
        let read = reader.read_to_end(&mut opened.answer.body);
        read.map_err(|error| failure(error.into()))?;
        Ok(opened.answer)
    }

    /// Returns the status, and writes the body if the status is 200.
    pub(crate) fn download(&self, url: &str, to: &mut impl Write) -> Fetched<u16> {
        let opened = self.follow(url, &[("Accept-Encoding", "identity")], FILE)?;
        if redirect(&opened.url, &opened.answer).is_some() {
            return Err(FetchError::Other("too many redirects".to_owned()));
        }
        if opened.answer.status == 200 {
            let mut body = opened.body.into_reader().take(LARGEST_FILE);
            io::copy(&mut body, to).map_err(|error| failure(error.into()))?;
        }
        Ok(opened.answer.status)
    }

    fn follow(&self, url: &str, headers: Headers<'_>, timeout: Duration) -> Fetched<Opened> {
        let url = Url::parse(url).map_err(|error| FetchError::Other(error.to_string()))?;
        let mut opened = self.open(url, headers, timeout)?;
        for _ in 0..MOST_REDIRECTS {
            let Some(next) = redirect(&opened.url, &opened.answer) else {
                break;
            };
            opened = self.open(next, headers, timeout)?;
            opened.answer.redirected = Some(opened.url.to_string());
        }
        Ok(opened)
    }

    fn open(&self, url: Url, headers: Headers<'_>, timeout: Duration) -> Fetched<Opened> {
        let ask = |agent: &Agent| {
            let mut request = agent.get(url.as_str());
            for (name, value) in headers {
                request = request.header(*name, *value);
            }
            let request = request.config().timeout_global(Some(timeout)).build();
            request.call().map_err(failure)
        };
        let response = if url.scheme() == "http" {
            ask(&self.direct)
        } else {
            match (ask(&self.by_proxy), &self.private) {
                (Err(FetchError::Tls(_)), Some(private)) => ask(private),
                (response, _) => response,
            }
        };
        let (parts, body) = response?.into_parts();
        let mut headers = BTreeMap::<String, String>::new();
        for (name, value) in &parts.headers {
            let value = String::from_utf8_lossy(value.as_bytes());
            let values = headers.entry(name.to_string());
            let values = values.and_modify(|values| values.push_str(", "));
            values.or_default().push_str(&value);
        }
        let answer = Answer {
            status: parts.status.as_u16(),
            headers,
            ..Answer::default()
        };
        Ok(Opened { url, answer, body })
    }
}

/// An answer whose body is unread.
struct Opened {
    url: Url,
    answer: Answer,
    body: Body,
}

fn agent(proxy: Option<Proxy>, authorities: RootCerts) -> Agent {
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .timeout_resolve(Some(CONNECT))
        .timeout_connect(Some(CONNECT))
        .user_agent(concat!("static-assets/", env!("CARGO_PKG_VERSION")))
        .proxy(proxy)
        .tls_config(TlsConfig::builder().root_certs(authorities).build())
        .build()
        .new_agent()
}

fn authorities(file: &Path) -> Option<RootCerts> {
    let pem = fs_err::read(file).ok()?;
    let certificates = parse_pem(&pem).filter_map(|item| match item {
        Ok(PemItem::Certificate(certificate)) => Some(certificate),
        _ => None,
    });
    Some(certificates.into())
}

/// Whether a PEM file holds authorities that can be trusted. Fails with the number of the first certificate that can't be
/// used, or with `None` if there is none.
pub(crate) fn check_authorities(pem: &[u8]) -> Result<(), Option<usize>> {
    let mut store = RootCertStore::empty();
    for (certificate, number) in CertificateDer::pem_slice_iter(pem).zip(1..) {
        if !certificate.is_ok_and(|it| store.add(it).is_ok()) {
            return Err(Some(number));
        }
    }
    if store.is_empty() { Err(None) } else { Ok(()) }
}

/// The target of a redirect that may be followed. Not allowed are plain http after https, which browsers block, and
/// another host that is an address or an internal name, such as a cloud's metadata endpoint.
fn redirect(from: &Url, answer: &Answer) -> Option<Url> {
    if !matches!(answer.status, 301 | 302 | 303 | 307 | 308) {
        return None;
    }
    let to = from.join(answer.header("location")?).ok()?;
    let is_safe = to.scheme() == "https" || to.scheme() == "http" && from.scheme() == "http";
    let name = to.domain().map(|name| name.trim_end_matches('.'));
    let is_public_name = name.is_some_and(|name| !name.ends_with(".internal"));
    (is_safe && (is_public_name || to.host() == from.host())).then_some(to)
}

fn failure(error: Error) -> FetchError {
    match error {
        Error::HostNotFound => FetchError::UnknownHost,
        Error::ConnectionFailed => FetchError::Refused,
        Error::Timeout(_) => FetchError::Timeout,
        Error::Rustls(error) => FetchError::Tls(error.to_string()),
        Error::Tls(cause) => FetchError::Tls(cause.to_owned()),
        Error::Io(error) => io_failure(&error),
        other => FetchError::Other(other.to_string()),
    }
}

fn io_failure(error: &io::Error) -> FetchError {
    let inner = error.get_ref();
    let is_tls = inner.is_some_and(<dyn std::error::Error + Send + Sync>::is::<rustls::Error>);
    match error.kind() {
        io::ErrorKind::ConnectionRefused => FetchError::Refused,
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => FetchError::Timeout,
        _ if is_tls => FetchError::Tls(error.to_string()),
        // std has no kind for a failed lookup.
        _ if error.to_string().starts_with("failed to lookup address") => FetchError::UnknownHost,
        _ => FetchError::Other(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirected(from: &str, status: u16, location: &str) -> Option<String> {
        let answer = Answer {
            status,
            headers: BTreeMap::from([("location".to_owned(), location.to_owned())]),
            ..Answer::default()
        };
        redirect(&from.parse().unwrap(), &answer).map(String::from)
    }

    #[test]
    fn redirects_that_are_followed() {
        for (from, location, to) in [
            ("https://a.example/x", "/y", "https://a.example/y"),
            (
                "https://a.example/x",
                "https://b.example/",
                "https://b.example/",
            ),
            (
                "http://a.example/x",
                "https://a.example/x",
                "https://a.example/x",
            ),
            ("http://127.0.0.1:1/x", "/y", "http://127.0.0.1:1/y"),
        ] {
            assert_eq!(
                redirected(from, 301, location).as_deref(),
                Some(to),
                "{location}"
            );
        }
    }

    #[test]
    fn redirects_that_are_not_followed() {
        for (from, status, location) in [
            ("https://a.example/x", 200, "/y"),
            ("https://a.example/x", 304, "/y"),
            ("https://a.example/x", 301, "http://a.example/x"), // browsers block it
            ("http://a.example/x", 302, "http://169.254.169.254/latest"), // metadata
            ("http://a.example/x", 302, "http://[fd00:ec2::254]/latest"),
            (
                "http://a.example/x",
                302,
                "http://metadata.google.internal./x",
            ),
            ("https://a.example/x", 302, "file:///etc/passwd"),
        ] {
            assert_eq!(redirected(from, status, location), None, "{location}");
        }
    }

    #[test]
    fn failures_are_distinguished() {
        let client = Client::new(None);
        // A port that was free a moment ago.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let refused = client.get(&format!("http://{address}/x"), &[], 1);
        assert_eq!(refused, Err(FetchError::Refused));

        let unknown = io::Error::other("failed to lookup address information: Name or service");
        assert_eq!(io_failure(&unknown), FetchError::UnknownHost);
        let slow = io::Error::from(io::ErrorKind::WouldBlock);
        assert_eq!(io_failure(&slow), FetchError::Timeout);
    }

    #[test]
    fn a_server_without_tls_fails_as_tls() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut hello = [0; 5];
            stream.read_exact(&mut hello).unwrap();
            let _ = io::Write::write_all(&mut stream, b"HTTP/1.1 400 Bad Request\r\n\r\n");
        });
        let answer = Client::new(None).get(&format!("https://{address}/x"), &[], 1);
        assert!(matches!(answer, Err(FetchError::Tls(_))), "{answer:?}");
        server.join().unwrap();
    }
}
