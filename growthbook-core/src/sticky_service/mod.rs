//! Stores of sticky buckets.

mod memory;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

pub use self::memory::MemoryStickyBuckets;
use crate::error::{BackendError, FlushError};
use crate::sticky::{StickyAssignments, StickyIdentity, StickyWrite};

/// A store of sticky buckets.
///
/// # Contract
///
/// * `load` gives the documents of the identities that have one; an identity without a document is left out.
/// * `save` is one atomic step: of several writers of the same assignment exactly one is stored, and the others are told
///   which variation stands. Assignments of other experiments in the same document are never lost. To save what stands
///   already changes nothing and is [`Saved::Stored`].
/// * `save_all` is `save` for each of the writes, and answers in their order; they need not be one step together.
/// * Names and values are any text, and are kept as they are.
/// * Both may be called from any thread, several at a time, and may block; evaluation without a service never does.
/// * Whoever implements it may use the client within: users are bucketed by hash there, and nothing is stored.
/// * An error of `load` means that nothing is known: the client then buckets by hash and writes nothing, since a write
///   could replace what could not be read.
///
/// `testing::sticky_contract`, of the Cargo feature `testing`, checks all this of an implementation.
///
/// # Example
///
/// ```
/// use growthbook_core::{GrowthBookClient, MemoryStickyBuckets};
///
/// let client = GrowthBookClient::builder().sticky_buckets(MemoryStickyBuckets::new()).build()?;
/// # let _ = client;
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
pub trait StickyBucketService: fmt::Debug + Send + Sync + 'static {
    /// The documents of these identities.
    ///
    /// # Errors
    ///
    /// When the store cannot be read.
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError>;

    /// Stores one assignment, unless another one than `write.expected` is there; says which one stands afterwards.
    ///
    /// # Errors
    ///
    /// When the store cannot be written. Nothing may have been stored then.
    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError>;

    /// Stores several assignments, each of them as [`save`](Self::save) does: says of each, in their order, what became of it.
    ///
    /// The default saves one after the other. A store that can write several at once for less does so here.
    fn save_all(&self, writes: &[StickyWrite<'_>]) -> Vec<Result<Saved, BackendError>> {
        writes.iter().map(|write| self.save(write)).collect()
    }

    /// Waits until what was saved before is where it outlives this process. A store that buffers nothing, which is what
    /// the default takes it for, has nothing to do.
    ///
    /// # Errors
    ///
    /// When some of it could not be written, or not in time.
    ///
    /// # Blocking
    ///
    /// For up to `limit`.
    fn flush(&self, limit: Duration) -> Result<(), FlushError> {
        let _ = limit;
        Ok(())
    }
}

/// What became of a write.
#[derive(Clone, Debug, Eq, PartialEq)]
#[expect(
    clippy::exhaustive_enums,
    reason = "a write is either stored or it is not"
)]
pub enum Saved {
    /// Another writer was first: this variation stands.
    Kept(String),
    /// The assignment is stored.
    Stored,
}

macro_rules! forward {
    ($($pointer:ident),*) => {$(
        #[deny(clippy::missing_trait_methods)]
        impl<S: StickyBucketService + ?Sized> StickyBucketService for $pointer<S> {
            fn load(
                &self,
                identities: &[StickyIdentity],
            ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
                (**self).load(identities)
            }

            fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
                (**self).save(write)
            }

            fn save_all(&self, writes: &[StickyWrite<'_>]) -> Vec<Result<Saved, BackendError>> {
                (**self).save_all(writes)
            }

            fn flush(&self, limit: Duration) -> Result<(), FlushError> {
                (**self).flush(limit)
            }
        }
    )*};
}

forward!(Arc, Box);
