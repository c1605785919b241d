//! One of everything that a program can give to a client. Each does its work, and before that whatever the stage says.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use growthbook_core::{
    BackendError, BuildError, CacheKey, CachedPayload, ClientKey, Clock, FeatureCache,
    FeatureFetcher, FetchError, Fetched, FlushError, Interest, MemoryCache, MemoryStickyBuckets,
    PayloadSink, PayloadSource, Refresh, RefreshError, RefreshMode, Saved, SourceHandle,
    SourceStatus, StickyAssignments, StickyBucketService, StickyIdentity, StickyWrite, SystemClock,
    TrackingEvent, TrackingPlugin, Validator,
};

use super::stage::{Spot, Stage};
use super::support::name_of;

#[derive(Debug)]
pub(crate) struct Plugin(pub(crate) Stage);

impl TrackingPlugin for Plugin {
    fn interest(&self) -> Interest {
        self.0.enter(Spot::PluginInterest);
        Interest::ALL
    }

    fn record(&self, _: &TrackingEvent<'_>) {
        self.0.enter(Spot::PluginRecord);
    }

    fn flush(&self, _: Duration) -> Result<(), FlushError> {
        self.0.enter(Spot::PluginFlush);
        Ok(())
    }

    fn close(&self, _: Duration) -> Result<(), FlushError> {
        self.0.enter(Spot::PluginClose);
        Ok(())
    }
}

/// Writes down what it is told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Witness(Arc<Mutex<Vec<String>>>);

impl Witness {
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl TrackingPlugin for Witness {
    fn record(&self, event: &TrackingEvent<'_>) {
        let id = name_of(&event.user());
        self.0.lock().unwrap().push(match event {
            TrackingEvent::Custom(event) => format!("{id} did {}", event.name()),
            TrackingEvent::ExperimentViewed(viewed) => {
                format!(
                    "{id} saw {} {}",
                    viewed.experiment().key(),
                    viewed.variation_key()
                )
            }
            TrackingEvent::FeatureEvaluated(used) => {
                format!("{id} got {} {}", used.feature(), used.value())
            }
            _ => "?".to_owned(),
        });
    }
}

#[derive(Debug)]
pub(crate) struct Sticky(pub(crate) Stage, pub(crate) MemoryStickyBuckets);

impl StickyBucketService for Sticky {
    fn load(
        &self,
        identities: &[StickyIdentity],
    ) -> Result<BTreeMap<StickyIdentity, StickyAssignments>, BackendError> {
        self.0.enter(Spot::StickyLoad);
        self.1.load(identities)
    }

    fn save(&self, write: &StickyWrite<'_>) -> Result<Saved, BackendError> {
        self.0.enter(Spot::StickySave);
        self.1.save(write)
    }

    fn flush(&self, _: Duration) -> Result<(), FlushError> {
        self.0.enter(Spot::StickyFlush);
        Ok(())
    }
}

#[derive(Debug)]
pub(crate) struct Cache(pub(crate) Stage, pub(crate) MemoryCache);

impl FeatureCache for Cache {
    fn load(&self, key: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        self.0.enter(Spot::CacheLoad);
        self.1.load(key)
    }

    fn store(&self, key: &CacheKey, payload: &CachedPayload) -> Result<(), BackendError> {
        self.0.enter(Spot::CacheStore);
        self.1.store(key, payload)
    }
}

/// A cache that is down.
#[derive(Debug)]
pub(crate) struct Down;

impl FeatureCache for Down {
    fn load(&self, _: &CacheKey) -> Result<Option<CachedPayload>, BackendError> {
        Err(down())
    }

    fn store(&self, _: &CacheKey, _: &CachedPayload) -> Result<(), BackendError> {
        Err(down())
    }
}

pub(crate) fn down() -> BackendError {
    BackendError::new("test", "answer", "it is down")
}

#[derive(Debug)]
pub(crate) struct Time(pub(crate) Stage);

impl Clock for Time {
    fn now(&self) -> SystemTime {
        self.0.enter(Spot::ClockDate);
        SystemClock::new().now()
    }

    fn monotonic(&self) -> Duration {
        self.0.enter(Spot::ClockMonotonic);
        SystemClock::new().monotonic()
    }
}

/// Has one payload to give.
#[derive(Debug)]
pub(crate) struct Server(pub(crate) Stage, pub(crate) &'static str);

impl FeatureFetcher for Server {
    fn cache_key(&self) -> CacheKey {
        self.0.enter(Spot::FetchKey);
        cache_key()
    }

    fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
        self.0.enter(Spot::Fetch);
        Ok(match known {
            Some(_) => Fetched::Unchanged { max_age: None },
            None => Fetched::Fresh(fetched(self.1)),
        })
    }
}

/// A source without a thread: it brings its one payload when it is asked.
#[derive(Debug)]
pub(crate) struct Source(pub(crate) Stage, pub(crate) &'static str);

impl PayloadSource for Source {
    fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
        self.0.enter(Spot::SourceStart);
        Ok(Box::new(Started {
            source: *self,
            sink,
        }))
    }
}

#[derive(Debug)]
struct Started {
    source: Source,
    sink: PayloadSink,
}

impl SourceHandle for Started {
    fn refresh(&self, _: RefreshMode, _: Duration) -> Result<Refresh, RefreshError> {
        self.source.0.enter(Spot::SourceRefresh);
        self.sink.start_from_cache(&cache_key());
        self.sink.deliver(&cache_key(), fetched(self.source.1))
    }

    fn cache_key(&self) -> Option<CacheKey> {
        self.source.0.enter(Spot::SourceKey);
        Some(cache_key())
    }

    fn request_refresh(&self) -> bool {
        self.source.0.enter(Spot::SourceRequest);
        true
    }

    fn status(&self) -> SourceStatus {
        self.source.0.enter(Spot::SourceStatus);
        SourceStatus::default()
    }

    fn close(&self, _: Duration) {
        self.source.0.enter(Spot::SourceClose);
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        self.source.0.enter(Spot::SourceDrop);
    }
}

pub(crate) fn cache_key() -> CacheKey {
    CacheKey::new("https://host.invalid", &ClientKey::new("sdk-test"))
}

fn fetched(payload: &str) -> CachedPayload {
    CachedPayload::new(payload.as_bytes()).with_validator(Validator::new("\"v\""))
}
