//! TLS in front of a loopback server. The authority of its certificate is in a file only, so no system trusts it.

use super::proxy::read_request;
use super::skipped;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::thread;
use tempfile::TempDir;

pub(crate) struct Tls {
    pub(crate) url: String,
    folder: TempDir,
}

impl Tls {
    /// `None`, and logged as skipped, if no certificate can be made.
    pub(crate) fn before(endpoint: &str) -> Option<Self> {
        Self::named("IP:127.0.0.1", endpoint)
    }

    /// Also says for which names its certificate is, in the words of openssl.
    pub(crate) fn named(names: &str, endpoint: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        if !certify(folder.path(), names) {
            skipped("openssl is missing or too old for -CA");
            return None;
        }
        let _ = rustls::crypto::ring::default_provider().install_default();
        let certificate = CertificateDer::from_pem_file(folder.path().join("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_file(folder.path().join("server.key")).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .unwrap();
        let config = Arc::new(config);
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let upstream = endpoint.strip_prefix("http://").unwrap().to_owned();
        thread::spawn(move || {
            for client in listener.incoming() {
                let connection = ServerConnection::new(config.clone()).unwrap();
                let stream = StreamOwned::new(connection, client.unwrap());
                let upstream = upstream.clone();
                thread::spawn(move || serve(stream, &upstream));
            }
        });
        Some(Self { url, folder })
    }

    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    /// Starts a proxy that leads every host to this server, and returns its URL.
    pub(crate) fn proxy(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = self.url.strip_prefix("https://").unwrap().to_owned();
        thread::spawn(move || {
            for client in listener.incoming() {
                let (client, server) = (client.unwrap(), TcpStream::connect(&server).unwrap());
                thread::spawn(move || connect(client, server));
            }
        });
        url
    }
}

/// Serves one request of a connection.
fn serve(stream: StreamOwned<ServerConnection, TcpStream>, upstream: &str) {
    let mut stream = BufReader::new(stream);
    // A client that does not trust the certificate sends nothing.
    let Some((head, body)) = read_request(&mut stream) else {
        return;
    };
    let mut server = TcpStream::connect(upstream).unwrap();
    let end = head.len() - b"\r\n".len();
    server.write_all(&head[..end]).unwrap();
    server.write_all(b"Connection: close\r\n\r\n").unwrap();
    server.write_all(&body).unwrap();
    let mut answer = Vec::new();
    server.read_to_end(&mut answer).unwrap();
    let stream = stream.get_mut();
    let _ = stream.write_all(&answer);
    stream.conn.send_close_notify();
    let _ = stream.flush();
}

/// Answers CONNECT, and passes on what follows.
fn connect(client: TcpStream, server: TcpStream) {
    let mut from_client = BufReader::new(client.try_clone().unwrap());
    read_request(&mut from_client).unwrap();
    let mut to_client = client;
    to_client
        .write_all(b"HTTP/1.1 200 Connected\r\n\r\n")
        .unwrap();
    let (mut from_server, mut to_server) = (server.try_clone().unwrap(), server);
    thread::spawn(move || {
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut from_client, &mut to_server);
    let _ = to_server.shutdown(Shutdown::Both);
}

fn certify(folder: &Path, names: &str) -> bool {
    let openssl = |arguments: &str| {
        Command::new("openssl")
            .args(arguments.split(' '))
            .current_dir(folder)
            .output()
            .is_ok_and(|output| output.status.success())
    };
    let new = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2";
    openssl(&format!(
        "{new} -keyout ca.key -out ca.pem -subj /CN=authority"
    )) && openssl(&format!(
        "{new} -keyout server.key -out server.pem -subj /CN=server -CA ca.pem -CAkey ca.key \
         -addext subjectAltName={names} -addext basicConstraints=critical,CA:FALSE"
    ))
}
