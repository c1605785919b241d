use std::io::{self, ErrorKind, Read};

/// The head of a request, as it came.
#[derive(Clone, Debug)]
pub struct Request {
    head: String,
    connection: usize,
}

impl Request {
    /// Reads a head up to its last byte, which it leaves: see `Reply::reset`.
    pub(super) fn read(from: &mut impl Read, connection: usize) -> io::Result<Self> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r") {
            let mut byte = [0];
            from.read_exact(&mut byte)?;
            head.extend(byte);
            if head.len() > 1 << 20 {
                return Err(ErrorKind::InvalidData.into());
            }
        }
        head.push(b'\n');
        let head = String::from_utf8_lossy(&head).into_owned();
        Ok(Self { head, connection })
    }

    /// All of it, as it was on the wire.
    pub fn head(&self) -> &str {
        &self.head
    }

    /// The method, such as `GET`.
    pub fn method(&self) -> &str {
        self.words().next().unwrap_or_default()
    }

    /// What is asked for: a path with its query, or with a proxy a host.
    pub fn target(&self) -> &str {
        self.words().nth(1).unwrap_or_default()
    }

    /// The names and values of the headers, in order.
    pub fn headers(&self) -> impl Iterator<Item = (&str, &str)> {
        let lines = self.head.lines().skip(1);
        lines.filter_map(|line| line.split_once(": "))
    }

    /// The value of the first header of that name, in whatever case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers();
        headers.find_map(|(known, value)| known.eq_ignore_ascii_case(name).then_some(value))
    }

    /// Over which connection it came, counted from 0.
    pub fn connection(&self) -> usize {
        self.connection
    }

    fn words(&self) -> impl Iterator<Item = &str> {
        self.head.lines().next().unwrap_or_default().split(' ')
    }
}
