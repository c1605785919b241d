//! Work that may wait for I/O, in a program whose threads must not.

use std::future::pending;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::runtime::Handle;

/// Does the work on a thread that tokio has for such. Where there is no tokio, it is done here.
pub(crate) async fn offload<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let Ok(runtime) = Handle::try_current() else {
        return work();
    };
    let here = Arc::new(Mutex::new(Some(work)));
    let there = Arc::clone(&here);
    let done = runtime.spawn_blocking(move || taken(&there).map(|work| work()));
    match done.await {
        Ok(Some(done)) => done,
        Err(error) if error.is_panic() => resume_unwind(error.into_panic()),
        // A runtime that is shutting down begins nothing on such threads.
        Ok(None) | Err(_) => match taken(&here) {
            Some(work) => work(),
            None => pending().await,
        },
    }
}

fn taken<W>(slot: &Mutex<Option<W>>) -> Option<W> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}
