//! As much of Redis' protocol as setting up servers takes.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// A connection to a Redis.
pub(crate) struct Wire(BufReader<TcpStream>);

impl Wire {
    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&address, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        Ok(Self(BufReader::new(stream)))
    }

    /// The answer as text, parts of lists on lines of their own; a refusal is an error with its words.
    pub(crate) fn ask(&mut self, words: &[&str]) -> io::Result<String> {
        let mut packed = format!("*{}\r\n", words.len()).into_bytes();
        for word in words {
            write!(packed, "${}\r\n{word}\r\n", word.len())?;
        }
        self.0.get_mut().write_all(&packed)?;
        self.answer()
    }

    fn answer(&mut self) -> io::Result<String> {
        let mut line = String::new();
        self.0.read_line(&mut line)?;
        let line = line.trim_end();
        let kind = line.chars().next().ok_or(io::ErrorKind::UnexpectedEof)?;
        let text = line.strip_prefix(kind).unwrap_or_default();
        match kind {
            '+' | ':' => Ok(text.to_owned()),
            '-' => Err(io::Error::other(text.to_owned())),
            '$' => self.data(length(text)?),
            '*' => {
                let parts = (0..length(text)?.unwrap_or(0)).map(|_| self.answer());
                Ok(parts.collect::<io::Result<Vec<_>>>()?.join("\n"))
            }
            _ => Err(io::ErrorKind::InvalidData.into()),
        }
    }

    fn data(&mut self, length: Option<usize>) -> io::Result<String> {
        let Some(length) = length else {
            return Ok(String::new());
        };
        let mut data = vec![0; length];
        self.0.read_exact(&mut data)?;
        self.0.read_exact(&mut [0; 2])?;
        Ok(String::from_utf8_lossy(&data).into_owned())
    }
}

/// `None` for nothing, which has the length -1.
fn length(text: &str) -> io::Result<Option<usize>> {
    let length: i64 = text.parse().map_err(io::Error::other)?;
    Ok(usize::try_from(length).ok())
}

/// For servers on the same machine.
const LIMIT: Duration = Duration::from_secs(5);
