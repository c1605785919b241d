//! Bodies: one that has an end, and one that need not.

use std::io::{self, ErrorKind, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ureq::BodyReader;

/// All of a body, unless it is longer than `limit`: then `None`, and no more than that was taken.
///
/// The reader decodes, so this limits what the body becomes. A limit on what is received would let a small body become a
/// huge one.
pub(super) fn read_all(mut reader: impl Read, limit: usize) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    loop {
        // Grown by hand, since a buffer that doubles would be nearly twice as long as the limit.
        let room = limit.saturating_add(1).saturating_sub(bytes.len());
        let step = room.min(bytes.len().max(FIRST_STEP));
        bytes.reserve_exact(step);
        let before = bytes.len();
        reader.by_ref().take(step as u64).read_to_end(&mut bytes)?;
        if bytes.len() > limit {
            return Ok(None);
        }
        if bytes.len() - before < step {
            return Ok(Some(bytes));
        }
    }
}

const FIRST_STEP: usize = 16 << 10;

/// The body of a stream. Once the connection has been closed from here, a read fails, where it would look like an end
/// otherwise.
pub(super) struct StreamBody {
    pub(super) reader: BodyReader<'static>,
    pub(super) closed: Arc<AtomicBool>,
}

impl Read for StreamBody {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.reader.read(buffer);
        if self.closed.load(Ordering::SeqCst) {
            return Err(ErrorKind::NotConnected.into());
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_may_be_as_long_as_the_limit() {
        for limit in [0, 1, FIRST_STEP - 1, FIRST_STEP, FIRST_STEP + 1, 100_000] {
            let whole = vec![b'x'; limit];
            assert_eq!(read_all(&*whole, limit).unwrap(), Some(whole), "{limit}");
            assert_eq!(
                read_all(&*vec![b'x'; limit + 1], limit).unwrap(),
                None,
                "{limit}"
            );
        }
        assert_eq!(
            read_all(&b"{}"[..], usize::MAX).unwrap(),
            Some(b"{}".to_vec())
        );
    }

    #[test]
    fn an_endless_body_takes_no_more_than_the_limit() {
        let mut taken = 0;
        let endless = Counted(io::repeat(b'x'), &mut taken);
        assert_eq!(read_all(endless, 1 << 20).unwrap(), None);
        assert_eq!(taken, (1 << 20) + 1);
    }

    struct Counted<'a, R>(R, &'a mut usize);

    impl<R: Read> Read for Counted<'_, R> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let read = self.0.read(buffer)?;
            *self.1 += read;
            Ok(read)
        }
    }
}
