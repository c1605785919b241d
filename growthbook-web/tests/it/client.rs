//! A browser, as far as these tests need one.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookies: Vec<String>,
    pub(crate) body: String,
}

/// Asks for a target, with further headers.
pub(crate) fn ask(server: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Answer {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let headers = headers.iter();
    let headers = headers.map(|(name, value)| [name, ": ", value, "\r\n"].concat());
    let headers = headers.collect::<Vec<_>>().concat();
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n{headers}\r\n"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap();
    let mut lines = head.lines();
    let status = lines.next().and_then(|line| line.split(' ').nth(1));
    let headers = lines.filter_map(|line| line.split_once(": "));
    let cookies = headers.filter(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
    Answer {
        status: status.unwrap().parse().unwrap(),
        cookies: cookies.map(|(_, value)| value.to_owned()).collect(),
        body: body.to_owned(),
    }
}

/// As a browser sends back what it was told to keep.
pub(crate) fn sent_back(cookies: &[String]) -> String {
    let pairs = cookies.iter().filter_map(|it| it.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

/// Long enough for any machine: a test that waits so long has failed.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
