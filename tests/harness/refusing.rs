//! A server that refuses every request with one status and body, as a store would. Tests with it prove which error users
//! see, and prove nothing about stores.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) struct Refusing {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Refusing {
    pub(crate) fn with(status: u16, headers: &str, body: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let answer = format!(
            "HTTP/1.1 {status} Refused\r\n{headers}Content-Type: application/xml\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let shared = requests.clone();
        thread::spawn(move || {
            for client in listener.incoming() {
                let request = answer_one(&client.unwrap(), &answer);
                shared.lock().unwrap().push(request);
            }
        });
        Self { url, requests }
    }

    /// Refuses as S3 does.
    pub(crate) fn s3(status: u16, code: &str, more: &str) -> Self {
        let body = format!(
            "<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>m</Message>{more}</Error>"
        );
        Self::with(status, "", &body)
    }

    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

/// Answers one request and returns its first line.
fn answer_one(client: &TcpStream, answer: &str) -> String {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let (mut first, mut length) = (String::new(), 0);
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap() == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if first.is_empty() {
            line.trim().clone_into(&mut first);
        }
    }
    let mut body = vec![0; length];
    let _ = reader.read_exact(&mut body);
    let mut client = client;
    let _ = client.write_all(answer.as_bytes());
    first
}
