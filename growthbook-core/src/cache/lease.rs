use std::fmt;

/// What a cache says to whoever wants to ask the server on behalf of all that share it: see
/// [`FeatureCache::lease`](super::FeatureCache::lease).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Lease {
    /// Nobody keeps count: whoever wants to asks.
    Free,
    /// Whoever has this asks, stores what comes, and gives it back with the token.
    Granted(LeaseToken),
    /// Somebody else is asking, and will store what comes.
    Taken,
}

/// Tells who has a lease. It is unlike that of any other lease, of other processes as well.
#[derive(Clone, Eq, PartialEq)]
pub struct LeaseToken(Box<str>);

impl LeaseToken {
    /// A token with this text, which the cache makes up.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into().into_boxed_str())
    }

    /// The text, for the store.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for LeaseToken {
    /// Without the text: who knows it can give the lease back.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LeaseToken(..)")
    }
}
