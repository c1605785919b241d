use std::fmt;
use std::sync::Arc;

/// The process that something was made in: a copy of it (`fork`) has no threads but the one that made the copy.
#[derive(Clone)]
pub(super) struct Process {
    id: u32,
    ask: Arc<dyn Fn() -> u32 + Send + Sync>,
}

impl Process {
    /// The one that this is called in. `ask` says which that is.
    pub(super) fn own(ask: impl Fn() -> u32 + Send + Sync + 'static) -> Self {
        Self {
            id: ask(),
            ask: Arc::new(ask),
        }
    }

    /// Whether it is the one that this is called in.
    pub(super) fn is_own(&self) -> bool {
        (self.ask)() == self.id
    }

    /// The one that this is called in, asked in the same way.
    pub(super) fn renewed(&self) -> Self {
        let ask = Arc::clone(&self.ask);
        Self { id: ask(), ask }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}
