//! A server that does as the test says, right or wrong.

mod reply;
mod request;

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

pub use self::reply::{Duplex, Pushing, Reply};
pub use self::request::Request;

/// A server for HTTP on the loopback interface, with a thread for each connection. Dropping it closes the listener and
/// every connection, and waits for the threads.
///
/// What it answers is up to a closure, which is called for each request, writes what it likes, and may block: on the
/// connection, that is, which ends with the server.
///
/// # Example
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
///
/// use growthbook_testkit::Server;
///
/// let server = Server::start(|request, reply| {
///     reply.respond(200, &[("X-Asked", request.target())], b"hello")
/// })?;
/// let mut client = TcpStream::connect(server.address())?;
/// client.write_all(b"GET /greeting HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert_eq!(answer, "HTTP/1.1 200 Scripted\r\nX-Asked: /greeting\r\nContent-Length: 5\r\n\r\nhello");
/// assert_eq!(server.requests().len(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server on a free port.
    ///
    /// # Errors
    ///
    /// When the system gives no port or no thread.
    pub fn start<F>(answer: F) -> io::Result<Self>
    where
        F: Fn(&Request, &mut Reply) -> io::Result<()> + Send + Sync + 'static,
    {
        Self::start_wrapped(|stream| Ok(Box::new(stream)), answer)
    }

    /// Starts a server at an address, which another one may have had before.
    ///
    /// # Errors
    ///
    /// When the system does not give the address, or no thread.
    pub fn start_at<F>(address: SocketAddr, answer: F) -> io::Result<Self>
    where
        F: Fn(&Request, &mut Reply) -> io::Result<()> + Send + Sync + 'static,
    {
        let wrap = |stream| Ok(Box::new(stream) as Box<dyn Duplex>);
        Self::listen(TcpListener::bind(address)?, wrap, answer)
    }

    /// Starts a server that speaks through what `wrap` makes of each connection: TLS, say. Those cannot be
    /// [reset](Reply::reset).
    ///
    /// # Errors
    ///
    /// When the system gives no port or no thread.
    pub fn start_wrapped<W, F>(wrap: W, answer: F) -> io::Result<Self>
    where
        W: Fn(TcpStream) -> io::Result<Box<dyn Duplex>> + Send + Sync + 'static,
        F: Fn(&Request, &mut Reply) -> io::Result<()> + Send + Sync + 'static,
    {
        Self::listen(TcpListener::bind("127.0.0.1:0")?, wrap, answer)
    }

    fn listen<W, F>(listener: TcpListener, wrap: W, answer: F) -> io::Result<Self>
    where
        W: Fn(TcpStream) -> io::Result<Box<dyn Duplex>> + Send + Sync + 'static,
        F: Fn(&Request, &mut Reply) -> io::Result<()> + Send + Sync + 'static,
    {
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared::default());
        let script = Arc::new(Script { wrap, answer });
        let of_thread = Arc::clone(&shared);
        let thread = thread::Builder::new().name("testkit-server".to_owned());
        let accepting = thread.spawn(move || accept(&listener, &of_thread, &script))?;
        Ok(Self {
            address,
            shared,
            accepting: Some(accepting),
        })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where it listens, as the beginning of an address that starts with `http`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections were made to it.
    pub fn connections(&self) -> usize {
        self.shared.lock().connections
    }

    /// The requests so far, in the order in which they came.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().requests.clone()
    }

    /// Waits until there were as many requests as that, and says whether there were within `limit`.
    pub fn wait_for_requests(&self, count: usize, limit: Duration) -> bool {
        self.wait(limit, |state| state.requests.len() >= count)
    }

    /// Waits until as many of its connections have ended as that, and says whether they had within `limit`.
    pub fn wait_for_ends(&self, count: usize, limit: Duration) -> bool {
        self.wait(limit, |state| state.ends >= count)
    }

    fn wait(&self, limit: Duration, is_so: impl Fn(&State) -> bool) -> bool {
        let news = &self.shared.news;
        let waited = news.wait_timeout_while(self.shared.lock(), limit, |state| !is_so(state));
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        is_so(&state)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut state = self.shared.lock();
        state.stopped = true;
        for stream in state.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
        drop(state);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    connections: usize,
    ends: usize,
    requests: Vec<Request>,
    open: Vec<TcpStream>,
    stopped: bool,
}

impl Shared {
    /// A test that failed with the lock in hand has nothing half done.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.news.notify_all();
    }
}

struct Script<W, F> {
    wrap: W,
    answer: F,
}

fn accept<W, F>(listener: &TcpListener, shared: &Arc<Shared>, script: &Arc<Script<W, F>>)
where
    W: Fn(TcpStream) -> io::Result<Box<dyn Duplex>> + Send + Sync + 'static,
    F: Fn(&Request, &mut Reply) -> io::Result<()> + Send + Sync + 'static,
{
    let mut threads = Vec::new();
    for stream in listener.incoming() {
        let Ok(stream) = stream else { continue };
        let Ok(registered) = stream.try_clone() else {
            continue;
        };
        let mut state = shared.lock();
        if state.stopped {
            break;
        }
        let number = state.connections;
        state.connections += 1;
        state.open.push(registered);
        drop(state);
        shared.news.notify_all();
        let (shared, script) = (Arc::clone(shared), Arc::clone(script));
        let thread = thread::Builder::new().name(format!("testkit-server-{number}"));
        let serving = thread.spawn(move || {
            let end = End {
                shared: &shared,
                peer: stream.peer_addr().ok(),
            };
            // The other side is told by what it gets.
            let _ = serve(stream, number, &shared, &script);
            drop(end);
        });
        threads.extend(serving);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

/// Counts the end of a connection and lets go of it, also when the script panics.
struct End<'a> {
    shared: &'a Shared,
    peer: Option<SocketAddr>,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let other = |stream: &TcpStream| {
            let peer = stream.peer_addr().ok();
            peer.is_some() && peer != self.peer
        };
        self.shared.change(|state| {
            state.ends += 1;
            state.open.retain(other);
        });
    }
}

fn serve<W, F>(
    stream: TcpStream,
    number: usize,
    shared: &Shared,
    script: &Script<W, F>,
) -> io::Result<()>
where
    W: Fn(TcpStream) -> io::Result<Box<dyn Duplex>>,
    F: Fn(&Request, &mut Reply) -> io::Result<()>,
{
    stream.set_nodelay(true)?;
    let pushed = stream.try_clone()?;
    let mut reply = Reply::new((script.wrap)(stream)?, pushed);
    loop {
        let request = match Request::read(&mut reply, number) {
            Ok(request) => request,
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            Err(error) => return Err(error),
        };
        let last = request.header("connection") == Some("close");
        shared.change(|state| state.requests.push(request.clone()));
        (script.answer)(&request, &mut reply)?;
        if !reply.settle()? || last {
            return Ok(());
        }
    }
}

#[cfg(test)]
mod tests;
