//! A minimal HTTP client, which reads pages and writes objects of the test servers.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

#[derive(Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<String, String>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn of(status: u16, body: Vec<u8>) -> Self {
        Self {
            status,
            headers: BTreeMap::new(),
            body,
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// The body as a browser shows it.
    pub(crate) fn text(&self) -> String {
        let body = match self.header("content-encoding") {
            "gzip" => &gunzipped(&self.body),
            _ => &self.body,
        };
        String::from_utf8_lossy(body).into_owned()
    }
}

pub(crate) fn gunzipped(body: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut decoder = flate2::read::GzDecoder::new(body);
    decoder.read_to_end(&mut plain).unwrap();
    plain
}

pub(crate) fn get(url: &str) -> Answer {
    request("GET", url)
}

pub(crate) fn request(method: &str, url: &str) -> Answer {
    send(method, url, &[], b"")
}

/// Sends a request by plain HTTP to a server on this machine.
pub(crate) fn send(method: &str, url: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let rest = url.strip_prefix("http://").unwrap();
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut stream = TcpStream::connect(host).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .unwrap();
    let mut head = Vec::new();
    write!(
        head,
        "{method} /{path} HTTP/1.0\r\nHost: {host}\r\nContent-Length: {}\r\nConnection: close\r\n",
        body.len()
    )
    .unwrap();
    let is_encoding = |(name, _): &(&str, &str)| *name == "Accept-Encoding";
    let identity = [("Accept-Encoding", "identity")];
    let identity = identity.iter().filter(|_| !headers.iter().any(is_encoding));
    for (name, value) in headers.iter().chain(identity) {
        write!(head, "{name}: {value}\r\n").unwrap();
    }
    head.extend(b"\r\n");
    stream.write_all(&head).unwrap();
    stream.write_all(body).unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    parse(&bytes)
}

fn parse(bytes: &[u8]) -> Answer {
    let end = bytes
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .unwrap();
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap();
    Answer {
        status: status.parse().unwrap(),
        headers: lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
            .collect(),
        body: bytes[end + 4..].to_vec(),
    }
}
