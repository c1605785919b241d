use std::fmt;

/// What a stream says.
#[derive(PartialEq)]
pub(crate) enum Event {
    /// An event, its type being `message` if the server named none.
    Message { event_type: String, data: String },
    /// There was something, longer than the limit. It may have been new features.
    TooLong,
}

impl fmt::Debug for Event {
    /// Says how many bytes of data there are, and not which.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Message { event_type, data } => f
                .debug_struct("Message")
                .field("event_type", event_type)
                .field("data", &data.len())
                .finish(),
            Self::TooLong => f.write_str("TooLong"),
        }
    }
}
