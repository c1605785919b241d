use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crossbeam_channel::{Receiver, TryRecvError};

use super::shelf::Shelf;
use super::storage::Storage;
use crate::batch::{Dispatch, Kept};
use crate::tracker::desk::Asked;
use crate::tracker::door::{Brought, Inlet};
use crate::tracker::lane::Lane;

/// Takes things from the scribe to the worker, in the order in which they come.
#[derive(Default)]
pub(super) struct Courier {
    parcel: Mutex<Parcel>,
    is_closed: AtomicBool,
}

#[derive(Default)]
struct Parcel {
    /// What could not be written; numbered by how many were on disk before.
    spilled: Vec<Kept>,
    asked: Asked,
}

impl Courier {
    pub(super) fn spill(&self, spilled: Vec<Kept>) {
        self.lock().spilled.extend(spilled);
    }

    pub(super) fn pass_on(&self, asked: Asked) {
        self.lock().asked.add(asked);
    }

    /// Whether the worker has ended.
    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::SeqCst)
    }

    /// Things are put in and taken out whole.
    fn lock(&self) -> MutexGuard<'_, Parcel> {
        self.parcel.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The worker's end.
pub(crate) struct Mail {
    lane: Arc<Lane>,
    storage: Arc<Storage>,
    courier: Arc<Courier>,
    /// Is disconnected when the scribe is gone.
    gone: Receiver<()>,
}

impl Mail {
    pub(super) fn new(
        lane: Arc<Lane>,
        storage: Arc<Storage>,
        courier: Arc<Courier>,
        gone: Receiver<()>,
    ) -> Self {
        Self {
            lane,
            storage,
            courier,
            gone,
        }
    }

    fn is_scribe_gone(&self) -> bool {
        self.gone.try_recv() == Err(TryRecvError::Disconnected)
    }

    fn dismiss_scribe(&self) {
        self.courier.is_closed.store(true, Ordering::SeqCst);
        self.lane.ring();
    }
}

impl Inlet for Mail {
    type Backlog = Shelf;

    fn bring(&mut self, dispatch: &mut Dispatch<Shelf>) -> Brought {
        // First: what it had is there then.
        let is_scribe_gone = self.is_scribe_gone();
        let Parcel { spilled, mut asked } = mem::take(&mut *self.courier.lock());
        for kept in spilled {
            dispatch.push(kept);
        }
        if is_scribe_gone {
            asked.add(self.lane.desk.take());
            self.lane.answer_syncs(&mut asked);
        }
        Brought {
            asked,
            is_flowing: false,
            horizon: dispatch.backlog().end(),
        }
    }

    /// The scribe puts something down first, and rings then.
    fn sleeps(&self, _: bool) -> bool {
        false
    }

    /// Waits until all that came is on disk, or known not to be.
    fn end(&mut self, dispatch: &mut Dispatch<Shelf>) -> u64 {
        self.dismiss_scribe();
        let _ = self.gone.recv();
        let _ = self.bring(dispatch);
        0
    }
}

impl Drop for Mail {
    fn drop(&mut self) {
        self.dismiss_scribe();
        self.storage.close();
    }
}
