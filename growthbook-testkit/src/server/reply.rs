use std::fmt::{self, Write as _};
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};

use super::Request;

/// A connection in both directions.
pub trait Duplex: Read + Write + Send {}

impl<T: Read + Write + Send> Duplex for T {}

/// The way back to whoever asked.
pub struct Reply {
    stream: Box<dyn Duplex>,
    socket: TcpStream,
    /// Whether the last byte of the request is still to be read.
    unread: bool,
    closing: bool,
    resetting: bool,
}

impl Reply {
    pub(super) fn new(stream: Box<dyn Duplex>, socket: TcpStream) -> Self {
        Self {
            stream,
            socket,
            unread: false,
            closing: false,
            resetting: false,
        }
    }

    /// Reads the body of the request, which has a `Content-Length`. Once for each request, and before it is answered.
    ///
    /// # Errors
    ///
    /// When the other side is gone.
    pub fn body(&mut self, request: &Request) -> io::Result<Vec<u8>> {
        let length = request.header("content-length").unwrap_or_default();
        let length: usize = length.parse().unwrap_or_default();
        // The last byte of the head comes first.
        let mut bytes = vec![0; length + 1];
        self.stream.read_exact(&mut bytes)?;
        self.unread = false;
        Ok(bytes.split_off(1))
    }

    /// Sends an answer with its `Content-Length`. The connection stays open for the next request.
    ///
    /// # Errors
    ///
    /// When the other side is gone.
    pub fn respond(
        &mut self,
        status: u16,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> io::Result<()> {
        let mut head = head(status, headers);
        let _ = write!(head, "Content-Length: {}\r\n\r\n", body.len());
        self.raw(&[head.as_bytes(), body].concat())
    }

    /// Sends the head of an answer whose body follows in [chunks](Self::chunk).
    ///
    /// # Errors
    ///
    /// When the other side is gone.
    pub fn begin(&mut self, status: u16, headers: &[(&str, &str)]) -> io::Result<()> {
        let mut head = head(status, headers);
        head.push_str("Transfer-Encoding: chunked\r\n\r\n");
        self.raw(head.as_bytes())
    }

    /// Sends a piece of a body in chunks; an empty one ends it.
    ///
    /// # Errors
    ///
    /// When the other side is gone.
    pub fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.raw(&chunk(bytes))
    }

    /// Sends these bytes and nothing else.
    ///
    /// # Errors
    ///
    /// When the other side is gone.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.write_all(bytes)?;
        self.stream.flush()
    }

    /// Ends the connection after this, in good order.
    pub fn close(&mut self) {
        self.closing = true;
    }

    /// Ends the connection after this with a reset: part of the request was never read, which is what a kernel sends one
    /// for.
    pub fn reset(&mut self) {
        self.closing = true;
        self.resetting = true;
    }

    /// A hand on this connection for the test, which can then write to it while the script [holds](Self::hold) it. It
    /// writes past what a wrapper would make of the bytes.
    ///
    /// # Errors
    ///
    /// When the system has no more handles.
    pub fn pushing(&self) -> io::Result<Pushing> {
        self.socket.try_clone().map(Pushing)
    }

    /// Waits until the other side, the server or a [`Pushing`] ends the connection.
    pub fn hold(&mut self) {
        self.closing = true;
        let mut ignored = [0; 64];
        while self.read(&mut ignored).is_ok_and(|count| count > 0) {}
    }

    /// Reads what is left of the request, unless that is to provoke a reset, and says whether another may follow.
    pub(super) fn settle(&mut self) -> io::Result<bool> {
        if self.unread && !self.resetting {
            self.unread = false;
            self.stream.read_exact(&mut [0])?;
        }
        if self.closing && !self.resetting {
            let _ = self.stream.flush();
            let _ = self.socket.shutdown(Shutdown::Write);
        }
        Ok(!self.closing)
    }
}

impl Read for Reply {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.stream.read(buffer)?;
        self.unread = true;
        Ok(count)
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("closing", &self.closing)
            .finish_non_exhaustive()
    }
}

/// A hand on a connection from outside of the script.
#[derive(Debug)]
pub struct Pushing(TcpStream);

impl Pushing {
    /// Sends these bytes and nothing else.
    ///
    /// # Errors
    ///
    /// When the other side is gone.
    pub fn raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.0.write_all(bytes)
    }

    /// Sends a piece of a body in chunks; an empty one ends it.
    ///
    /// # Errors
    ///
    /// When the other side is gone.
    pub fn chunk(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.raw(&chunk(bytes))
    }

    /// Ends the connection.
    pub fn close(self) {
        let _ = self.0.shutdown(Shutdown::Both);
    }
}

fn head(status: u16, headers: &[(&str, &str)]) -> String {
    let mut head = format!("HTTP/1.1 {status} Scripted\r\n");
    for (name, value) in headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    head
}

fn chunk(bytes: &[u8]) -> Vec<u8> {
    let mut chunk = format!("{:x}\r\n", bytes.len()).into_bytes();
    chunk.extend(bytes);
    chunk.extend(b"\r\n");
    chunk
}
