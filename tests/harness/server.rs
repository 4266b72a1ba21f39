//! The HTTP server of a store that a test implements. Each connection has a thread and stays open, as clients expect.

use super::http::Answer;
use fs_err as fs;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;
use url::form_urlencoded;

pub(crate) struct Request {
    pub(crate) method: String,
    /// The encoded path with the query, as it was sent.
    pub(crate) target: String,
    /// By name in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Returns the bucket and the key. The key is empty for the bucket itself; its slashes may be encoded or not.
    pub(crate) fn bucket_and_key(&self) -> (String, String) {
        let path = self.target.split('?').next().unwrap();
        let path = path.trim_start_matches('/');
        let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
        (decode(bucket), decode(key))
    }

    pub(crate) fn query(&self) -> BTreeMap<String, String> {
        let query = self.target.split_once('?').map_or("", |(_, query)| query);
        form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect()
    }
}

/// Serves a file as a store does that is set up well, by the extension of its path.
pub(crate) fn file_answer(path: &Path) -> Answer {
    let Ok(body) = fs::read(path) else {
        return Answer::of(404, Vec::new());
    };
    let content_type = match path.extension().and_then(|it| it.to_str()) {
        Some("css") => "text/css; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("woff") => "font/woff",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    };
    let mut answer = Answer::of(200, body);
    let headers = [
        ("content-type", content_type),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("access-control-allow-origin", "*"),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned()));
    answer.headers.extend(headers);
    answer
}

/// Starts a server that answers with `answer` until the tests end, and returns its URL.
pub(crate) fn serve(answer: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for client in listener.incoming() {
            let answer = answer.clone();
            thread::spawn(move || serve_connection(&client.unwrap(), &*answer));
        }
    });
    url
}

/// Answers the requests of a connection until the client closes it. A partial request is ignored.
fn serve_connection(mut client: &TcpStream, answer: &dyn Fn(&Request) -> Answer) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    while let Some((request, is_last)) = read(&mut reader) {
        let bytes = rendered(&request.method, &answer(&request));
        if client.write_all(&bytes).is_err() || is_last {
            break;
        }
    }
}

fn read(reader: &mut impl BufRead) -> Option<(Request, bool)> {
    let first = line(reader)?;
    let mut words = first.split(' ');
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let is_old = words.next()? == "HTTP/1.0";
    let mut headers = BTreeMap::new();
    loop {
        let line = line(reader)?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.insert(name.to_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let is_last = is_old
        || headers
            .get("connection")
            .is_some_and(|value| value == "close");
    let request = Request {
        method,
        target,
        headers,
        body,
    };
    Some((request, is_last))
}

fn line(reader: &mut impl BufRead) -> Option<String> {
    let mut line = String::new();
    let length = reader.read_line(&mut line).ok()?;
    (length > 0).then(|| line.trim_end().to_owned())
}

fn rendered(method: &str, answer: &Answer) -> Vec<u8> {
    let Answer {
        status,
        headers,
        body,
    } = answer;
    let date = chrono::Utc::now().format(super::HTTP_DATE);
    let mut bytes = Vec::new();
    write!(bytes, "HTTP/1.1 {status} Answer\r\nDate: {date}\r\n").unwrap();
    for (name, value) in headers {
        write!(bytes, "{name}: {value}\r\n").unwrap();
    }
    // These statuses have no body, and clients would read a length as that of the object.
    let has_body = !matches!(status, 204 | 304);
    if has_body {
        write!(bytes, "content-length: {}\r\n", body.len()).unwrap();
    }
    bytes.extend(b"\r\n");
    if has_body && method != "HEAD" {
        bytes.extend(body);
    }
    bytes
}

fn decode(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, more @ ..] = rest {
        rest = more;
        if let (b'%', [high, low, more @ ..]) = (first, more) {
            let digits = [*high, *low];
            let digits = std::str::from_utf8(&digits).unwrap();
            bytes.push(u8::from_str_radix(digits, 16).unwrap());
            rest = more;
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).unwrap()
}
