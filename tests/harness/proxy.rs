//! A proxy on a loopback port between a build and its store: counts the requests and, when asked to,
//! ends the build at one of them. Nothing of this ships.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    /// The request does not reach the store.
    BeforeEffect,
    /// The store answers; the answer is lost.
    AfterEffect,
}

pub(crate) struct Proxy {
    pub(crate) url: String,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    requests: Vec<String>,
    /// As they came, without what proves who asks.
    received: Vec<u8>,
    end_at: Option<(usize, Moment)>,
    ended: bool,
    process: Option<u32>,
}

impl Proxy {
    pub(crate) fn to(endpoint: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let upstream = endpoint.strip_prefix("http://").unwrap().to_owned();
        let seen = Arc::new(Mutex::new(Seen::default()));
        let shared = seen.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (shared, upstream) = (shared.clone(), upstream.clone());
                thread::spawn(move || serve(&client.unwrap(), &upstream, &shared));
            }
        });
        Self { url, seen }
    }

    /// Method and path of each request since the last call.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap().requests)
    }

    /// All that the store got, but for the headers that prove who asks.
    pub(crate) fn received(&self) -> Vec<u8> {
        self.seen.lock().unwrap().received.clone()
    }

    /// The process of the next build, killed by its id at request `number` (from 1).
    pub(crate) fn kill_at(&self, number: usize, moment: Moment) {
        let mut seen = self.seen.lock().unwrap();
        seen.requests.clear();
        seen.end_at = Some((number, moment));
        seen.ended = false;
        seen.process = None;
    }

    pub(crate) fn victim(&self, process: u32) {
        self.seen.lock().unwrap().process = Some(process);
    }

    pub(crate) fn stop_killing(&self) -> bool {
        let mut seen = self.seen.lock().unwrap();
        seen.end_at = None;
        seen.requests.clear();
        seen.ended
    }
}

fn serve(client: &TcpStream, upstream: &str, seen: &Mutex<Seen>) {
    let server = TcpStream::connect(upstream).unwrap();
    let (mut from_server, mut to_client) =
        (server.try_clone().unwrap(), client.try_clone().unwrap());
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut to_server = server.try_clone().unwrap();
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    while let Some((head, body)) = read_request(&mut reader) {
        note(&head, &body, seen);
        match verdict(&head, seen) {
            Some(Moment::BeforeEffect) => {
                kill(seen);
                break;
            }
            Some(Moment::AfterEffect) => {
                kill_after(&head, &body, upstream, seen);
                break;
            }
            None => {
                if to_server.write_all(&head).is_err() || to_server.write_all(&body).is_err() {
                    break;
                }
            }
        }
    }
    let _ = server.shutdown(Shutdown::Both);
    let _ = client.shutdown(Shutdown::Both);
}

fn note(head: &[u8], body: &[u8], seen: &Mutex<Seen>) {
    const PROOF: [&str; 2] = ["authorization:", "x-amz-security-token:"];
    let head = String::from_utf8_lossy(head).into_owned();
    let rest = head.split_inclusive('\n').filter(|line| {
        let line = line.to_lowercase();
        !PROOF.iter().any(|proof| line.starts_with(proof))
    });
    let mut seen = seen.lock().unwrap();
    seen.received.extend(rest.flat_map(str::bytes));
    seen.received.extend(body);
}

fn verdict(head: &[u8], seen: &Mutex<Seen>) -> Option<Moment> {
    let first = String::from_utf8_lossy(head);
    let first = first.lines().next().unwrap_or_default();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let mut seen = seen.lock().unwrap();
    seen.requests.push(format!("{method} {path}"));
    match seen.end_at {
        Some((number, moment)) if seen.requests.len() == number => Some(moment),
        Some((number, _)) if seen.requests.len() > number => Some(Moment::BeforeEffect),
        _ => None,
    }
}

/// Lets the store do it, waits for its answer, and keeps that.
fn kill_after(head: &[u8], body: &[u8], upstream: &str, seen: &Mutex<Seen>) {
    let mut server = TcpStream::connect(upstream).unwrap();
    server.write_all(head).unwrap();
    server.write_all(body).unwrap();
    let mut answer = [0; 1];
    let _ = server.read(&mut answer);
    kill(seen);
}

fn kill(seen: &Mutex<Seen>) {
    let mut seen = seen.lock().unwrap();
    seen.ended = true;
    if let Some(process) = seen.process {
        let process = i32::try_from(process).unwrap();
        let process = rustix::process::Pid::from_raw(process).unwrap();
        let _ = rustix::process::kill_process(process, rustix::process::Signal::KILL);
    }
}

pub(super) fn read_request(reader: &mut impl BufRead) -> Option<(Vec<u8>, Vec<u8>)> {
    let mut head = Vec::new();
    let mut length = 0;
    loop {
        let start = head.len();
        if reader.read_until(b'\n', &mut head).ok()? == 0 {
            return None;
        }
        let line = String::from_utf8_lossy(&head[start..]).to_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.trim().is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((head, body))
}
