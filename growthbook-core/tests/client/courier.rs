//! A source with a thread of its own.

use std::fmt;
use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use growthbook_core::{
    BuildError, PayloadSink, PayloadSource, Refresh, RefreshError, RefreshMode, SourceHandle,
    SourceStatus,
};

/// Runs `work` in a thread, which it joins at its end, unless that comes in that thread itself. The end is that nothing can
/// be received any more.
pub(crate) struct Courier<F>(pub(crate) F);

impl<F: FnOnce(&PayloadSink, &Receiver<()>) + Send + 'static> PayloadSource for Courier<F> {
    fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
        let (end, ended) = channel();
        let thread = thread::spawn(move || (self.0)(&sink, &ended));
        Ok(Box::new(Route(Mutex::new(Some((end, thread))))))
    }
}

impl<F> fmt::Debug for Courier<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Courier")
    }
}

#[derive(Debug)]
struct Route(Mutex<Option<(Sender<()>, JoinHandle<()>)>>);

impl SourceHandle for Route {
    fn refresh(&self, _: RefreshMode, _: Duration) -> Result<Refresh, RefreshError> {
        Err(RefreshError::TimedOut)
    }

    fn status(&self) -> SourceStatus {
        SourceStatus::default()
    }

    fn close(&self, _: Duration) {
        let running = self.0.lock().unwrap().take();
        if let Some((end, thread)) = running {
            drop(end);
            if thread.thread().id() != thread::current().id() {
                thread.join().unwrap();
            }
        }
    }
}

impl Drop for Route {
    fn drop(&mut self) {
        self.close(Duration::ZERO);
    }
}
