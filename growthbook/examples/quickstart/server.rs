//! A GrowthBook of the tour's own: it serves the shop's payload on the loopback interface, streams its changes, and takes
//! events.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use serde_json::Value;

/// Ends with the process.
pub(crate) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    streaming: Condvar,
}

struct State {
    /// In one line, as an event of the stream wants it.
    payload: String,
    streams: Vec<TcpStream>,
    collected: Vec<Collected>,
}

/// A request that brought events.
#[derive(Clone)]
pub(crate) struct Collected {
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

impl Server {
    pub(crate) fn start(payload: &Value) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let state = State {
            payload: payload.to_string(),
            streams: Vec::new(),
            collected: Vec::new(),
        };
        let shared = Arc::new(Shared {
            state: Mutex::new(state),
            streaming: Condvar::new(),
        });
        let server = Self {
            address: listener.local_addr()?,
            shared: Arc::clone(&shared),
        };
        thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&shared);
                thread::spawn(move || answer(connection, &shared));
            }
        });
        Ok(server)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Somebody has changed a feature: whoever streams is told. It waits until somebody does, as the tour's client soon will.
    pub(crate) fn publish(&self, payload: &Value) {
        let is_silent = |state: &mut State| state.streams.is_empty();
        let waited = self
            .shared
            .streaming
            .wait_while(self.shared.lock(), is_silent);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        state.payload = payload.to_string();
        let event = format!("event: features\ndata: {}\n\n", state.payload);
        let is_told = |stream: &mut TcpStream| stream.write_all(event.as_bytes()).is_ok();
        state.streams.retain_mut(is_told);
    }
}

impl Server {
    /// What brought events so far.
    pub(crate) fn collected(&self) -> Vec<Collected> {
        self.shared.lock().collected.clone()
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One request for each connection, which is enough for a tour.
fn answer(mut connection: TcpStream, shared: &Shared) -> io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut head = Vec::new();
    for line in reader.by_ref().lines() {
        let line = line?;
        if line.is_empty() {
            break;
        }
        head.push(line);
    }
    let mut words = head.first().map_or("", String::as_str).split(' ');
    let (method, target) = (words.next(), words.next().unwrap_or_default());
    if method == Some("POST") {
        let mut body = vec![0; length(&head)];
        reader.read_exact(&mut body)?;
        let target = target.to_owned();
        shared.lock().collected.push(Collected { target, body });
        return respond(&mut connection, "{}");
    }
    let mut state = shared.lock();
    if target.starts_with("/sub/") {
        connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")?;
        state.streams.push(connection);
        shared.streaming.notify_all();
        return Ok(());
    }
    respond(&mut connection, &state.payload)
}

/// How long the body is that comes after this head.
fn length(head: &[String]) -> usize {
    let length = head.iter().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_length = name.eq_ignore_ascii_case("content-length");
        is_length.then(|| value.trim().parse().ok()).flatten()
    });
    length.unwrap_or_default()
}

fn respond(connection: &mut TcpStream, body: &str) -> io::Result<()> {
    let length = body.len();
    let head = "HTTP/1.1 200 OK\r\nx-sse-support: enabled\r\nConnection: close";
    write!(
        connection,
        "{head}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}
