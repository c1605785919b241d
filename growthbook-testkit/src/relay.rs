//! A wire that can be slow, silent or cut.

use std::fmt;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A TCP relay on the loopback interface: whoever connects to it is connected to another address, through what the test
/// does to it. Dropping it cuts everything and waits for its threads.
///
/// # Example
///
/// ```
/// use std::io::{Read, Write};
/// use std::net::TcpStream;
///
/// use growthbook_testkit::{Relay, Server};
///
/// let server = Server::start(|_, reply| {
///     reply.respond(200, &[], b"hello")?;
///     reply.close();
///     Ok(())
/// })?;
/// let relay = Relay::start(server.address())?;
/// let mut client = TcpStream::connect(relay.address())?;
/// client.write_all(b"GET / HTTP/1.1\r\n\r\n")?;
/// let mut answer = String::new();
/// client.read_to_string(&mut answer)?;
/// assert!(answer.ends_with("hello"));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Relay {
    address: SocketAddr,
    wire: Arc<Wire>,
    accepting: Option<JoinHandle<()>>,
}

impl Relay {
    /// Starts a relay to `target` on a free port.
    ///
    /// # Errors
    ///
    /// When the system gives no port or no thread.
    pub fn start(target: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let wire = Arc::new(Wire::default());
        let of_thread = Arc::clone(&wire);
        let thread = thread::Builder::new().name("testkit-relay".to_owned());
        let accepting = thread.spawn(move || accept(&listener, target, &of_thread))?;
        Ok(Self {
            address,
            wire,
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

    /// Forwards nothing more, in either direction, until it is [resumed](Self::resume). Connections stay open.
    pub fn pause(&self) {
        self.wire.change(|state| state.paused = true);
    }

    /// Forwards again, what has waited first.
    pub fn resume(&self) {
        self.wire.change(|state| state.paused = false);
    }

    /// Forwards what comes back byte by byte, with this long a wait before each; `None` for no wait.
    pub fn drip(&self, wait: Option<Duration>) {
        self.wire.change(|state| state.drip = wait);
    }

    /// Forwards what comes back this much later: each answer of a server that says nothing unasked. `None` for at once.
    pub fn delay(&self, wait: Option<Duration>) {
        self.wire.change(|state| state.delay = wait);
    }

    /// How often something came back so far: the round trips, if all answers were short.
    pub fn answers(&self) -> usize {
        self.wire.lock().answers
    }

    /// Closes the connections there are, in both directions. New ones can be made.
    pub fn cut(&self) {
        self.wire.change(State::cut);
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.wire.change(|state| {
            state.stopped = true;
            state.cut();
        });
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl fmt::Debug for Relay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Relay")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[derive(Default)]
struct Wire {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Default)]
struct State {
    paused: bool,
    stopped: bool,
    /// Counts the cuts, so that a thread knows of one that came while it waited.
    cuts: usize,
    drip: Option<Duration>,
    delay: Option<Duration>,
    answers: usize,
    open: Vec<TcpStream>,
}

impl State {
    fn cut(&mut self) {
        self.cuts += 1;
        for stream in self.open.drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Wire {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.lock());
        self.news.notify_all();
    }

    /// Waits while nothing may pass; `false` if the connection was cut meanwhile.
    fn pass(&self, born: usize) -> bool {
        let held = |state: &mut State| state.paused && state.cuts == born;
        let state = self.news.wait_while(self.lock(), held);
        state.unwrap_or_else(PoisonError::into_inner).cuts == born
    }

    /// Counts an answer, and holds it back for as long as it is to be late; `false` if the connection was cut meanwhile.
    fn answer(&self, born: usize) -> bool {
        let mut state = self.lock();
        state.answers += 1;
        let wait = state.delay.unwrap_or_default();
        let late = |state: &mut State| state.delay.is_some() && state.cuts == born;
        let waited = self.news.wait_timeout_while(state, wait, late);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.cuts == born
    }

    /// Waits for as long as a drop takes; `false` if the connection was cut meanwhile.
    fn drop_by_drop(&self, born: usize, wait: Duration) -> bool {
        let dripping = |state: &mut State| state.drip.is_some() && state.cuts == born;
        let waited = self.news.wait_timeout_while(self.lock(), wait, dripping);
        let (state, _) = waited.unwrap_or_else(PoisonError::into_inner);
        state.cuts == born
    }
}

fn accept(listener: &TcpListener, target: SocketAddr, wire: &Arc<Wire>) {
    let mut threads = Vec::new();
    for stream in listener.incoming() {
        if wire.lock().stopped {
            break;
        }
        let Ok(near) = stream else { continue };
        // Whoever connected sees its connection closed if there is nobody behind.
        let Ok(pumps) = connect(near, target, wire) else {
            continue;
        };
        threads.extend(pumps);
    }
    for thread in threads {
        let _ = thread.join();
    }
}

fn connect(
    near: TcpStream,
    target: SocketAddr,
    wire: &Arc<Wire>,
) -> io::Result<[JoinHandle<()>; 2]> {
    let far = TcpStream::connect(target)?;
    near.set_nodelay(true)?;
    far.set_nodelay(true)?;
    let back = (far.try_clone()?, near.try_clone()?);
    let mut state = wire.lock();
    state.open.extend([near.try_clone()?, far.try_clone()?]);
    let born = state.cuts;
    let stopped = state.stopped;
    if stopped {
        state.cut();
    }
    drop(state);
    let pump = |from, to, is_answer| {
        let wire = Arc::clone(wire);
        let thread = thread::Builder::new().name("testkit-relay-pump".to_owned());
        thread.spawn(move || {
            let _ = pump(from, &to, &wire, born, is_answer);
            let _ = to.shutdown(Shutdown::Write);
        })
    };
    Ok([pump(near, far, false)?, pump(back.0, back.1, true)?])
}

fn pump(
    mut from: TcpStream,
    mut to: &TcpStream,
    wire: &Wire,
    born: usize,
    is_answer: bool,
) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let count = from.read(&mut buffer)?;
        let mut rest = buffer.get(..count).unwrap_or_default();
        if rest.is_empty() {
            return Ok(());
        }
        if is_answer && !wire.answer(born) {
            return Ok(());
        }
        while !rest.is_empty() {
            if !wire.pass(born) {
                return Ok(());
            }
            let drip = wire.lock().drip.filter(|_| is_answer);
            let size = match drip {
                Some(wait) if !wire.drop_by_drop(born, wait) => return Ok(()),
                Some(_) => 1,
                None => rest.len(),
            };
            let (now, later) = rest.split_at(size);
            to.write_all(now)?;
            rest = later;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;
    use std::time::Instant;

    use super::*;
    use crate::Server;

    fn greeting() -> Server {
        Server::start(|_, reply| reply.raw(b"hello")).unwrap()
    }

    fn ask(relay: &Relay, limit: Duration) -> TcpStream {
        let mut client = TcpStream::connect(relay.address()).unwrap();
        client.set_read_timeout(Some(limit)).unwrap();
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        client
    }

    #[test]
    fn what_is_paused_comes_later() {
        let server = greeting();
        let relay = Relay::start(server.address()).unwrap();
        relay.pause();
        let mut client = ask(&relay, Duration::from_millis(50));
        let silence = client.read(&mut [0]).unwrap_err().kind();
        assert!(matches!(
            silence,
            ErrorKind::WouldBlock | ErrorKind::TimedOut
        ));
        client.set_read_timeout(None).unwrap();
        relay.resume();
        client.read_exact(&mut [0; 5]).unwrap();
    }

    #[test]
    fn what_is_late_comes_whole() {
        let server = greeting();
        let relay = Relay::start(server.address()).unwrap();
        relay.delay(Some(Duration::from_millis(20)));
        let started = Instant::now();
        let mut answer = [0; 5];
        ask(&relay, Duration::from_secs(5))
            .read_exact(&mut answer)
            .unwrap();
        assert_eq!((&answer, relay.answers()), (b"hello", 1));
        assert!(started.elapsed() >= Duration::from_millis(20));
    }

    #[test]
    fn what_drips_comes_byte_by_byte_until_it_is_cut() {
        let server = greeting();
        let relay = Relay::start(server.address()).unwrap();
        relay.drip(Some(Duration::from_millis(5)));
        let mut client = ask(&relay, Duration::from_secs(60));
        assert_eq!(client.read(&mut [0; 5]).unwrap(), 1);
        relay.drip(Some(Duration::from_secs(3600)));
        relay.cut();
        let mut rest = Vec::new();
        let _ = client.read_to_end(&mut rest);
        assert!(rest.len() < 5);
        relay.drip(None);
        ask(&relay, Duration::from_secs(60))
            .read_exact(&mut [0; 5])
            .unwrap();
    }
}
