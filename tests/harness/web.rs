//! A stand-in for a CDN or web server in front of a `file://` store. It serves the directory on a loopback port, with the
//! faults that a test wants.

use fs_err as fs;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::thread;

pub(crate) struct Web {
    pub(crate) url: String,
    requests: Arc<Mutex<Vec<String>>>,
}

/// The part of a request that tests read.
pub(crate) struct Asked {
    /// The path with its query.
    pub(crate) target: String,
    pub(crate) origin: Option<String>,
}

impl Asked {
    pub(crate) fn path(&self) -> &str {
        self.target.split('?').next().unwrap()
    }
}

#[derive(Clone)]
pub(crate) struct Served {
    pub(crate) status: u16,
    pub(crate) headers: BTreeMap<&'static str, String>,
    pub(crate) body: Vec<u8>,
}

impl Served {
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            headers: BTreeMap::new(),
            body: Vec::new(),
        }
    }
}

impl Web {
    /// Serves a directory without faults.
    pub(crate) fn of(folder: &Path) -> Self {
        Self::changing(folder, |_, _| {})
    }

    /// Serves a directory. `change` alters each answer.
    pub(crate) fn changing(
        folder: &Path,
        mut change: impl FnMut(&Asked, &mut Served) + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let (folder, shared) = (folder.to_owned(), requests.clone());
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.unwrap();
                let asked = read(&client);
                let mut served = serve_file(&folder, asked.path());
                change(&asked, &mut served);
                let with = if asked.origin.is_some() { " +" } else { "" };
                shared
                    .lock()
                    .unwrap()
                    .push(format!("{}{with}", asked.target));
                answer(&client, &served);
            }
        });
        Self { url, requests }
    }

    /// Returns the target of each request, with ` +` if it has the header `Origin`.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

fn read(client: &TcpStream) -> Asked {
    let mut lines = BufReader::new(client).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let headers = lines.take_while(|line| !line.is_empty());
    let headers: BTreeMap<String, String> = headers
        .filter_map(|line| {
            let (name, value) = line.split_once(':')?;
            Some((name.to_lowercase(), value.trim().to_owned()))
        })
        .collect();
    // `doctor` alone also asks what a browser gets that takes compressed answers.
    let is_doctors = first.contains("/_doctor/");
    let encoding = &*headers["accept-encoding"];
    assert!(encoding == "identity" || is_doctors && encoding == "gzip, br");
    for name in ["authorization", "cookie", "proxy-authorization"] {
        assert!(!headers.contains_key(name), "{name} was sent");
    }
    Asked {
        target: first.split(' ').nth(1).unwrap_or_default().to_owned(),
        origin: headers.get("origin").cloned(),
    }
}

fn serve_file(folder: &Path, path: &str) -> Served {
    let file: PathBuf = folder.join(decoded(path).trim_start_matches('/'));
    let Ok(body) = fs::read(&file) else {
        return Served::empty(404);
    };
    let extension = file.extension().unwrap_or_default().to_string_lossy();
    let content_type = match extension.as_ref() {
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "ico" => "image/x-icon",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    };
    let headers = [
        ("Content-Type", content_type),
        ("Cache-Control", "public, max-age=31536000, immutable"),
        ("Access-Control-Allow-Origin", "*"),
    ];
    Served {
        status: 200,
        headers: headers.map(|(name, value)| (name, value.to_owned())).into(),
        body,
    }
}

fn decoded(path: &str) -> String {
    let mut parts = path.split('%');
    let mut bytes = parts.next().unwrap().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).unwrap()
}

fn answer(mut client: &TcpStream, served: &Served) {
    let headers: String = served
        .headers
        .iter()
        .flat_map(|(name, value)| [name, ": ", value.as_str(), "\r\n"])
        .collect();
    let head = format!(
        "HTTP/1.1 {} Said\r\n{headers}Content-Length: {}\r\nConnection: close\r\n\r\n",
        served.status,
        served.body.len()
    );
    let _ = client.write_all(&[head.as_bytes(), &served.body].concat());
}
