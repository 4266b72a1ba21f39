//! A proxy in front of a store that moves the store's clock: what was written before a jump keeps its time, and what is
//! written afterwards is days younger. Servers that are linked statically take no other clock than the machine's.

use super::proxy::read_request;
use chrono::{DateTime, Utc};
use regex::{Captures, Regex};
use std::io::{BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};
use std::thread;

/// From a moment of the machine's clock on, the store's is ahead by this.
type Jumps = Vec<(DateTime<Utc>, chrono::TimeDelta)>;

pub(crate) struct ClockProxy {
    pub(crate) url: String,
    jumps: Arc<Mutex<Jumps>>,
}

impl ClockProxy {
    pub(crate) fn to(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let address_of_store = endpoint.strip_prefix("http://").unwrap();
        let (host, path) = address_of_store
            .split_once('/')
            .map_or((address_of_store, String::new()), |(host, path)| {
                (host, format!("/{path}"))
            });
        let upstream = host.to_owned();
        let jumps: Arc<Mutex<Jumps>> = Arc::default();
        let shared = jumps.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (shared, upstream) = (shared.clone(), upstream.clone());
                thread::spawn(move || serve(client.unwrap(), &upstream, &shared));
            }
        });
        Self {
            url: format!("http://{address}{path}"),
            jumps,
        }
    }

    /// Some servers tell times in whole seconds, so the jump is at the beginning of one.
    pub(crate) fn hours_pass(&self, hours: i64) {
        let start = DateTime::from_timestamp(Utc::now().timestamp() + 1, 0).unwrap();
        while let Ok(left) = (start - Utc::now()).to_std() {
            thread::sleep(left);
        }
        let mut jumps = self.jumps.lock().unwrap();
        let ahead = jumps.last().map_or_else(Default::default, |last| last.1);
        jumps.push((start, ahead + chrono::TimeDelta::hours(hours)));
    }
}

fn serve(mut client: TcpStream, upstream: &str, jumps: &Mutex<Jumps>) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let Some((head, body)) = read_request(&mut reader) else {
        return;
    };
    let mut server = TcpStream::connect(upstream).unwrap();
    let head = String::from_utf8_lossy(&head);
    let kept = head.trim_end().lines();
    let kept = kept.filter(|line| !line.to_lowercase().starts_with("connection:"));
    let head: Vec<_> = kept.chain(["Connection: close", "", ""]).collect();
    let mut answer = Vec::new();
    let sent = server.write_all(head.join("\r\n").as_bytes());
    if sent.is_err() || server.write_all(&body).is_err() || server.read_to_end(&mut answer).is_err()
    {
        return;
    }
    let jumps = jumps.lock().unwrap().clone();
    let _ = client.write_all(&moved(&answer, &jumps));
}

/// The whole answer, with every time that the store tells moved.
fn moved(answer: &[u8], jumps: &Jumps) -> Vec<u8> {
    let end = answer.windows(4).position(|it| it == b"\r\n\r\n");
    let Some(end) = end else {
        return Vec::new();
    };
    let (head, body) = answer.split_at(end + 4);
    let head = String::from_utf8_lossy(head);
    let is_chunked = head.to_lowercase().contains("transfer-encoding: chunked");
    let body = if is_chunked {
        unchunked(body)
    } else {
        body.to_vec()
    };
    let is_xml = head.to_lowercase().contains("/xml");
    let is_moved = is_chunked || is_xml && !body.is_empty();
    let body = match String::from_utf8(body) {
        Ok(text) if is_xml => move_times(&text, jumps).into_bytes(),
        Ok(text) => text.into_bytes(),
        Err(bytes) => bytes.into_bytes(),
    };
    let mut lines: Vec<String> = move_times(head.trim_end(), jumps)
        .lines()
        .map(str::to_owned)
        .collect();
    lines.retain(|line| {
        let line = line.to_lowercase();
        let is_length = line.starts_with("content-length:");
        let is_hop = line.starts_with("transfer-encoding:") || line.starts_with("connection:");
        !(is_hop || is_length && is_moved)
    });
    if is_moved {
        lines.push(format!("Content-Length: {}", body.len()));
    }
    lines.extend(["Connection: close".to_owned(), String::new(), String::new()]);
    [lines.join("\r\n").into_bytes(), body].concat()
}

fn unchunked(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|it| it == b"\r\n") {
        let size = std::str::from_utf8(&body[..end]).unwrap();
        let size = usize::from_str_radix(size.split(';').next().unwrap().trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        whole.extend(&body[end + 2..end + 2 + size]);
        body = &body[end + 4 + size..];
    }
    whole
}

fn move_times(text: &str, jumps: &Jumps) -> String {
    static TIMES: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(<LastModified>|<Last-Modified>|\n[dD]ate: |\n[lL]ast-[mM]odified: )([^<\r\n]+)",
        )
        .unwrap()
    });
    let moved = |found: &Captures<'_>| format!("{}{}", &found[1], move_time(&found[2], jumps));
    TIMES.replace_all(text, moved).into_owned()
}

fn move_time(text: &str, jumps: &Jumps) -> String {
    let (time, is_rfc3339) = match DateTime::parse_from_rfc3339(text) {
        Ok(time) => (time, true),
        Err(_) => (DateTime::parse_from_rfc2822(text).unwrap(), false),
    };
    let time = time.to_utc();
    let mut jumps = jumps.iter().rev();
    let ahead = jumps.find(|(start, _)| *start <= time);
    let time = time + ahead.map_or_else(Default::default, |it| it.1);
    if is_rfc3339 {
        time.format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
    } else {
        time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }
}
