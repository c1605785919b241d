use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use growthbook_core::GrowthBookClient;
use serde::Serialize;

use crate::attributes::Mapping;
use crate::provider::GrowthBookProvider;
use crate::structures::Structures;

/// Work that may wait for I/O, for a thread on which that is no harm.
pub type BlockingWork = Box<dyn FnOnce() + Send>;

/// Where such work goes.
pub(crate) type Spawn = Box<dyn Fn(BlockingWork) + Send + Sync>;

/// Builds a [`GrowthBookProvider`].
///
/// # Example
///
/// ```
/// use std::time::Duration;
///
/// use growthbook_core::GrowthBookClient;
/// use growthbook_openfeature::GrowthBookProvider;
///
/// #[derive(serde::Serialize)]
/// struct Company { plan: String, seats: u32 }
///
/// let client = GrowthBookClient::builder().build()?;
/// let provider = GrowthBookProvider::builder(client)
///     .targeting_attribute("user_id")
///     .structure::<Company>()
///     .ready_timeout(Duration::from_secs(2))
///     .build();
/// # let _ = provider;
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[must_use = "a builder does nothing until `build`"]
pub struct GrowthBookProviderBuilder {
    client: GrowthBookClient,
    targeting_attribute: String,
    structures: Structures,
    ready_timeout: Duration,
    spawn: Option<Spawn>,
}

impl GrowthBookProviderBuilder {
    pub(crate) fn new(client: GrowthBookClient) -> Self {
        Self {
            client,
            targeting_attribute: "id".to_owned(),
            structures: Structures::default(),
            ready_timeout: Duration::from_secs(5),
            spawn: None,
        }
    }

    /// The attribute that the targeting key becomes, in place of a custom field of that name: `id`, unless experiments hash
    /// another one. An empty targeting key is none.
    pub fn targeting_attribute(mut self, name: impl Into<String>) -> Self {
        self.targeting_attribute = name.into();
        self
    }

    /// Structures of this type become attributes: maps, with their members as serde writes them. What does not serialise to
    /// a JSON object is left out.
    ///
    /// Known without this are `open_feature`'s `StructValue` and `Value`, `serde_json`'s `Value` and `Map<String, Value>`,
    /// [`Attributes`](growthbook_core::Attributes), [`AttributeValue`](growthbook_core::AttributeValue) and `Vec<String>`.
    pub fn structure<T: Serialize + Send + Sync + 'static>(mut self) -> Self {
        self.structures.add::<T>();
        self
    }

    /// How long OpenFeature waits for the first features when the provider is set: 5 seconds unless set. Zero waits for
    /// nothing, and features come when they come.
    ///
    /// `open-feature` 0.3 answers nobody while it waits for a default provider. While it waits for a named one, it goes on
    /// answering the clients that there are.
    pub fn ready_timeout(mut self, limit: Duration) -> Self {
        self.ready_timeout = limit;
        self
    }

    /// Where evaluations run: on threads that the program's runtime has for blocking work. For clients with a store of sticky
    /// buckets that does I/O; without such a store an evaluation waits for nothing, and is quicker where it is asked for, which
    /// is the default.
    ///
    /// `spawn` takes the work and must not wait for it. An evaluation whose work is dropped fails with `GENERAL`. A future
    /// that is dropped does not stop its work.
    ///
    /// # Example
    ///
    /// With tokio, or with a thread for each evaluation:
    ///
    /// ```
    /// # use growthbook_core::GrowthBookClient;
    /// # use growthbook_openfeature::GrowthBookProvider;
    /// # let client = GrowthBookClient::builder().build()?;
    /// let provider = GrowthBookProvider::builder(client.clone())
    ///     .spawn_blocking(|work| drop(tokio::task::spawn_blocking(work)))
    ///     .build();
    /// let provider = GrowthBookProvider::builder(client)
    ///     .spawn_blocking(|work| drop(std::thread::spawn(work)))
    ///     .build();
    /// # Ok::<(), growthbook_core::BuildError>(())
    /// ```
    pub fn spawn_blocking(mut self, spawn: impl Fn(BlockingWork) + Send + Sync + 'static) -> Self {
        self.spawn = Some(Box::new(spawn));
        self
    }

    /// The provider.
    pub fn build(self) -> GrowthBookProvider {
        let mapping = Mapping {
            targeting_attribute: self.targeting_attribute,
            structures: self.structures,
        };
        GrowthBookProvider::of(
            self.client,
            Arc::new(mapping),
            self.ready_timeout,
            self.spawn,
        )
    }
}

impl fmt::Debug for GrowthBookProviderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrowthBookProviderBuilder")
            .field("client", &self.client)
            .field("targeting_attribute", &self.targeting_attribute)
            .field("structures", &self.structures)
            .field("ready_timeout", &self.ready_timeout)
            .field("spawns", &self.spawn.is_some())
            .finish_non_exhaustive()
    }
}
