use std::time::Duration;

/// When events are delivered, how many at a time, and how long it is tried.
///
/// A sink says what suits it ([`EventSink::batching`](crate::EventSink::batching)), and the tracker's builder overrides it.
#[derive(Clone, Debug)]
pub struct Batching {
    pub(crate) batch_size: usize,
    pub(crate) interval: Duration,
    pub(crate) most_events: usize,
    pub(crate) most_bytes: usize,
    pub(crate) spacing: Duration,
    pub(crate) max_retries: Option<u32>,
    pub(crate) limit: Duration,
    pub(crate) first_delay: Duration,
    pub(crate) longest_delay: Duration,
}

impl Batching {
    /// How many events are delivered without waiting for more. 10 unless set; 0 counts as 1. Where that is also the most
    /// that a batch holds, as for closures, it stays so.
    #[must_use]
    pub fn batch_size(self, events: usize) -> Self {
        let batch_size = events.max(1);
        let is_most = self.most_events == self.batch_size;
        let most_events = if is_most { 0 } else { self.most_events };
        let most_events = most_events.max(batch_size);
        Self {
            batch_size,
            most_events,
            ..self
        }
    }

    /// How long an event waits for others at most. 10 s unless set.
    #[must_use]
    pub fn interval(self, interval: Duration) -> Self {
        Self { interval, ..self }
    }

    /// The most that a batch holds: of events (100 unless set; at least the batch size), and of bytes of their JSON
    /// (512 KiB unless set). One event alone may be larger only if the tracker takes such events at all.
    #[must_use]
    pub fn at_most(self, events: usize, bytes: usize) -> Self {
        let most_events = events.max(self.batch_size);
        Self {
            most_events,
            most_bytes: bytes,
            ..self
        }
    }

    /// The least time from the start of one delivery to that of the next. None unless set. Closing does not keep to it.
    #[must_use]
    pub fn spacing(self, spacing: Duration) -> Self {
        Self { spacing, ..self }
    }

    /// How often a batch is tried again before it is given up. `None`, the default: until its events are too old.
    #[must_use]
    pub fn max_retries(self, retries: Option<u32>) -> Self {
        Self {
            max_retries: retries,
            ..self
        }
    }

    /// How long to wait after a failure at first (1 s unless set), and at most (60 s), doubling in between; each delay is a
    /// fifth shorter or longer by chance.
    #[must_use]
    pub fn delays(self, first: Duration, longest: Duration) -> Self {
        Self {
            first_delay: first,
            longest_delay: longest,
            ..self
        }
    }

    /// How long one delivery may take. 10 s unless set. It is up to the sink to keep to it.
    #[must_use]
    pub fn limit(self, limit: Duration) -> Self {
        Self { limit, ..self }
    }
}

impl Default for Batching {
    fn default() -> Self {
        Self {
            batch_size: 10,
            interval: Duration::from_secs(10),
            most_events: 100,
            most_bytes: 512 * 1024,
            spacing: Duration::ZERO,
            max_retries: None,
            limit: Duration::from_secs(10),
            first_delay: Duration::from_secs(1),
            longest_delay: Duration::from_secs(60),
        }
    }
}
