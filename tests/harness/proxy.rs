//! A proxy on a loopback port between a build and its store. It records the requests and can kill the build at one of them.

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
    /// The bytes of all requests, without the headers that authenticate them.
    received: Vec<u8>,
    kill_at: Option<(usize, Moment)>,
    killed: bool,
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

    /// Returns the method and path of each request since the last call.
    pub(crate) fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.seen.lock().unwrap().requests)
    }

    /// Returns everything that the store received, without the headers that authenticate a request.
    pub(crate) fn received(&self) -> Vec<u8> {
        self.seen.lock().unwrap().received.clone()
    }

    /// Kills the next build at request `number` (from 1). `victim` then names its process.
    pub(crate) fn kill_at(&self, number: usize, moment: Moment) {
        let mut seen = self.seen.lock().unwrap();
        seen.requests.clear();
        seen.kill_at = Some((number, moment));
        seen.killed = false;
        seen.process = None;
    }

    pub(crate) fn victim(&self, process: u32) {
        self.seen.lock().unwrap().process = Some(process);
    }

    pub(crate) fn stop_killing(&self) -> bool {
        let mut seen = self.seen.lock().unwrap();
        seen.kill_at = None;
        seen.requests.clear();
        seen.killed
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
        record(&head, &body, seen);
        match moment_to_kill(&head, seen) {
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

fn record(head: &[u8], body: &[u8], seen: &Mutex<Seen>) {
    const AUTHENTICATION: [&str; 2] = ["authorization:", "x-amz-security-token:"];
    let head = String::from_utf8_lossy(head).into_owned();
    let rest = head.split_inclusive('\n').filter(|line| {
        let line = line.to_lowercase();
        !AUTHENTICATION.iter().any(|name| line.starts_with(name))
    });
    let mut seen = seen.lock().unwrap();
    seen.received.extend(rest.flat_map(str::bytes));
    seen.received.extend(body);
}

fn moment_to_kill(head: &[u8], seen: &Mutex<Seen>) -> Option<Moment> {
    let first = String::from_utf8_lossy(head);
    let first = first.lines().next().unwrap_or_default();
    let mut words = first.split(' ');
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let mut seen = seen.lock().unwrap();
    seen.requests.push(format!("{method} {path}"));
    match seen.kill_at {
        Some((number, moment)) if seen.requests.len() == number => Some(moment),
        Some((number, _)) if seen.requests.len() > number => Some(Moment::BeforeEffect),
        _ => None,
    }
}

/// Forwards a request, waits for the answer, and kills the build in place of forwarding the answer.
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
    seen.killed = true;
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
