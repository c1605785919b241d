//! The places in which the client calls the program's code, and what the program does there.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A place in which the client calls the program's code.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(crate) enum Spot {
    CacheLoad,
    CacheStore,
    ClockDate,
    ClockMonotonic,
    Fetch,
    FetchKey,
    OnError,
    OnEvent,
    OnRefresh,
    OnUsage,
    OnViewed,
    PluginClose,
    PluginFlush,
    PluginInterest,
    PluginRecord,
    SourceClose,
    SourceDrop,
    SourceKey,
    SourceRefresh,
    SourceRequest,
    SourceStart,
    SourceStatus,
    StickyFlush,
    StickyLoad,
    StickySave,
    Subscriber,
}

impl Spot {
    pub(crate) const ALL: [Self; 26] = [
        Self::CacheLoad,
        Self::CacheStore,
        Self::ClockDate,
        Self::ClockMonotonic,
        Self::Fetch,
        Self::FetchKey,
        Self::OnError,
        Self::OnEvent,
        Self::OnRefresh,
        Self::OnUsage,
        Self::OnViewed,
        Self::PluginClose,
        Self::PluginFlush,
        Self::PluginInterest,
        Self::PluginRecord,
        Self::SourceClose,
        Self::SourceDrop,
        Self::SourceKey,
        Self::SourceRefresh,
        Self::SourceRequest,
        Self::SourceStart,
        Self::SourceStatus,
        Self::StickyFlush,
        Self::StickyLoad,
        Self::StickySave,
        Self::Subscriber,
    ];
}

/// What happens where, and how often the client came by.
#[derive(Clone, Default)]
pub(crate) struct Stage(Arc<Mutex<Script>>);

#[derive(Default)]
struct Script {
    acts: BTreeMap<Spot, Act>,
    calls: BTreeMap<Spot, u64>,
}

type Act = Arc<dyn Fn() + Send + Sync>;

impl Stage {
    /// From now on this happens there, besides what happens anyway.
    pub(crate) fn at(&self, spot: Spot, act: impl Fn() + Send + Sync + 'static) {
        self.lock().acts.insert(spot, Arc::new(act));
    }

    /// Nothing happens there any more.
    pub(crate) fn calm(&self, spot: Spot) {
        let act = self.lock().acts.remove(&spot);
        drop(act);
    }

    /// How often the client came by.
    pub(crate) fn calls(&self, spot: Spot) -> u64 {
        self.lock().calls.get(&spot).copied().unwrap_or_default()
    }

    /// The client comes by.
    pub(crate) fn enter(&self, spot: Spot) {
        let act = {
            let mut script = self.lock();
            *script.calls.entry(spot).or_default() += 1;
            script.acts.get(&spot).cloned()
        };
        if let Some(act) = act {
            act();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Script> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stage")
    }
}
