//! Delays the bytes to and from a server: `delay_proxy UPSTREAM MICROSECONDS` adds half of that in each direction.
//!
//! Each direction of each connection passes its bytes unchanged and in order, so requests in flight together stay
//! together. A new connection is held for one more round trip, as its handshake would be.
//!
//! The proxy prints its port. It answers each line on stdin with one line of counts, and ends with stdin.

use std::cell::RefCell;
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::net::SocketAddr;
use std::process::exit;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{Instant, sleep_until};

const READ: usize = 64 * 1024;
/// Chunks in flight in one direction of a connection: more than any request here needs.
const IN_FLIGHT: usize = 256;

/// What the report counts; `failed` are answers of 500 and above.
const NAMES: &str = "connections get head list put other failed up down";
static COUNTS: [AtomicU64; 9] = [const { AtomicU64::new(0) }; 9];

type Chunk = (Instant, Box<[u8]>);
/// All connections share it: it holds nothing between two reads.
type Buffer = Rc<RefCell<Vec<u8>>>;

/// The timer counts milliseconds and wakes one late.
const ROUNDING: Duration = Duration::from_millis(1);

fn add(name: &str, amount: usize) {
    if let Some(index) = NAMES.split(' ').position(|own| own == name) {
        COUNTS[index].fetch_add(amount as u64, Ordering::Relaxed);
    }
}

/// Counts the request that starts a chunk: no client here sends one before the answer to the previous one.
fn count_up(chunk: &[u8]) {
    add("up", chunk.len());
    let line = chunk.split(|byte| *byte == b'\r').next().unwrap_or(chunk);
    let mut words = line.split(|byte| *byte == b' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else {
        return;
    };
    if !target.starts_with(b"/") {
        return;
    }
    match method {
        b"GET" if is_bucket(target) => add("list", 1),
        b"GET" => add("get", 1),
        b"HEAD" => add("head", 1),
        b"PUT" => add("put", 1),
        b"POST" | b"DELETE" => add("other", 1),
        _ => {}
    }
}

/// Whether a target is `/bucket?…` or `/bucket/?…`: a GET of it is a list.
fn is_bucket(target: &[u8]) -> bool {
    let path = target.split(|byte| *byte == b'?').next().unwrap_or(target);
    let path = path.strip_suffix(b"/").unwrap_or(path);
    !path.get(1..).unwrap_or_default().contains(&b'/')
}

fn count_down(chunk: &[u8]) {
    add("down", chunk.len());
    if chunk.starts_with(b"HTTP/1.1 5") {
        add("failed", 1);
    }
}

fn report() -> String {
    let counts = NAMES.split(' ').zip(&COUNTS);
    let counts =
        counts.map(|(name, count)| format!("\"{name}\":{}", count.load(Ordering::Relaxed)));
    format!("{{{}}}", counts.collect::<Vec<_>>().join(","))
}

async fn read(
    from: OwnedReadHalf,
    to: mpsc::Sender<Chunk>,
    buffer: Buffer,
    (delay, opened): (Duration, Instant),
) {
    while from.readable().await.is_ok() {
        let chunk: Box<[u8]> = {
            let mut buffer = buffer.borrow_mut();
            match from.try_read(&mut buffer) {
                Ok(0) => return,
                Ok(length) => buffer[..length].into(),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => continue,
                Err(_) => return,
            }
        };
        let due = Instant::now().max(opened) + delay;
        if to.send((due, chunk)).await.is_err() {
            return;
        }
    }
}

async fn write(mut from: mpsc::Receiver<Chunk>, mut to: OwnedWriteHalf, count: fn(&[u8])) {
    while let Some((due, chunk)) = from.recv().await {
        if due > Instant::now() {
            sleep_until(due - ROUNDING).await;
        }
        count(&chunk);
        if to.write_all(&chunk).await.is_err() {
            return;
        }
    }
}

async fn connection(
    client: TcpStream,
    upstream: SocketAddr,
    delay: Duration,
    buffer: Buffer,
) -> std::io::Result<()> {
    let opened = Instant::now() + 2 * delay;
    let server = TcpStream::connect(upstream).await?;
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    add("connections", 1);
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let up = (from_client, to_server, count_up as fn(&[u8]));
    for (from, to, count) in [up, (from_server, to_client, count_down)] {
        let (sender, receiver) = mpsc::channel(IN_FLIGHT);
        spawn_local(read(from, sender, buffer.clone(), (delay, opened)));
        spawn_local(write(receiver, to, count));
    }
    Ok(())
}

fn answer_stdin() {
    for line in stdin().lock().lines() {
        if line.is_err() || writeln!(stdout(), "{}", report()).is_err() {
            break;
        }
    }
    exit(0);
}

async fn serve(upstream: SocketAddr, delay: Duration) -> std::io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    writeln!(stdout(), "{}", listener.local_addr()?.port())?;
    let buffer = Rc::new(RefCell::new(vec![0; READ]));
    loop {
        let (client, _) = listener.accept().await?;
        spawn_local(connection(client, upstream, delay, buffer.clone()));
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(upstream), Some(round_trip)) = (arguments.next(), arguments.next()) else {
        return Err("usage: delay_proxy UPSTREAM MICROSECONDS".into());
    };
    let upstream = upstream.parse()?;
    let delay = Duration::from_micros(round_trip.parse()?) / 2;
    thread::spawn(answer_stdin);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    LocalSet::new().block_on(&runtime, serve(upstream, delay))?;
    Ok(())
}
