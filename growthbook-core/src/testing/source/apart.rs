//! A source whose handle the suite holds, instead of the client that it brings features to.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::client::{
    BuildError, PayloadSink, PayloadSource, Refresh, RefreshError, RefreshMode, SourceHandle,
    SourceStatus,
};

#[derive(Debug)]
pub(super) struct Apart<P> {
    source: P,
    started: Started,
}

/// What was started, once it is.
pub(super) type Started = Arc<Mutex<Option<(Box<dyn SourceHandle>, PayloadSink)>>>;

impl<P: PayloadSource> Apart<P> {
    pub(super) fn new(source: P) -> (Self, Started) {
        let started = Started::default();
        let apart = Self {
            source,
            started: Arc::clone(&started),
        };
        (apart, started)
    }
}

impl<P: PayloadSource> PayloadSource for Apart<P> {
    fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
        let handle = Box::new(self.source).start(sink.clone())?;
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        *started = Some((handle, sink));
        Ok(Box::new(Nothing))
    }
}

/// What the client holds instead.
#[derive(Debug)]
struct Nothing;

impl SourceHandle for Nothing {
    fn refresh(&self, _: RefreshMode, _: Duration) -> Result<Refresh, RefreshError> {
        Err(RefreshError::NoSource)
    }

    fn status(&self) -> SourceStatus {
        SourceStatus::default()
    }

    fn close(&self, _: Duration) {}
}
