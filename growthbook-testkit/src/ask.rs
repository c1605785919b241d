//! A browser, as far as tests need one.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// Its status, such as 200.
    pub status: u16,
    /// Its headers, in the order in which they came, with lower-case names.
    pub headers: Vec<(String, String)>,
    /// Its body, as it was sent.
    pub body: String,
}

impl Answer {
    /// The headers of a name, which is in lower case.
    pub fn headers(&self, name: &str) -> Vec<&str> {
        let headers = self.headers.iter().filter(|(key, _)| key == name);
        headers.map(|(_, value)| &**value).collect()
    }
}

/// Sends a request, such as `GET /cart?promo=1`, with further headers and a body, over a connection of its own, and reads
/// the answer to its end. It waits for 30 s at most.
///
/// # Errors
///
/// When there is no such server, or its answer is none.
pub fn ask(
    server: SocketAddr,
    request: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> io::Result<Answer> {
    let length = body.len();
    let mut text = format!(
        "{request} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nContent-Length: {length}\r\n"
    );
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    send(server, [&*text, "\r\n", body].concat().as_bytes())
}

/// Sends a request as it stands, after which the server is to close the connection, and reads the answer.
///
/// # Errors
///
/// As those of [`ask`].
pub fn send(server: SocketAddr, request: &[u8]) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(server)?;
    stream.set_read_timeout(Some(Duration::from_secs(30)))?;
    stream.write_all(request)?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    read(&text).ok_or_else(|| io::Error::other(format!("no answer: {text}")))
}

fn read(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut lines = head.lines();
    let status = lines.next()?.split(' ').nth(1)?.parse().ok()?;
    let headers = lines.filter_map(|line| line.split_once(": "));
    let headers = headers.map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()));
    Some(Answer {
        status,
        headers: headers.collect(),
        body: body.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Server;

    #[test]
    fn what_is_answered_is_read() {
        let server = Server::start(|request, reply| {
            let body = reply.body(request)?;
            reply.respond(201, &[("X-A", "1"), ("x-a", "2")], &body)?;
            reply.close();
            Ok(())
        });
        let server = server.unwrap();
        let answer = ask(server.address(), "POST /a?b", &[("X-B", "3")], "hello").unwrap();
        assert_eq!((answer.status, &*answer.body), (201, "hello"));
        assert_eq!(answer.headers("x-a"), ["1", "2"]);
        let asked = &server.requests()[0];
        assert_eq!((asked.target(), asked.header("x-b")), ("/a?b", Some("3")));
    }
}
