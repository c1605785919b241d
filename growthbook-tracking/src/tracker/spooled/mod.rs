//! A tracker that keeps events on disk until they are delivered.
//!
//! * `scribe` is the thread that empties the queue: it writes what comes, group by group, and has what cannot be written wait
//!   in memory.
//! * `shelf` is where the worker finds both again, in the order in which they came.
//! * `mail` is what passes from the one to the other; `storage` is what they share.
//!
//! Nothing here is shared with a copy of the process: there, the spool is not touched.

mod mail;
mod scribe;
mod shelf;
mod storage;

use std::io;
use std::sync::Arc;
use std::thread::Builder;

use crossbeam_channel::Receiver;

use self::mail::{Courier, Mail};
use self::scribe::Scribe;
use self::shelf::Shelf;
pub(crate) use self::storage::{Receipt, Storage};
use super::door::Door;
use super::lane::Lane;
use crate::Batching;
use crate::batch::Dispatch;

/// Starts the thread that writes, and makes what the worker needs to deliver.
pub(super) fn start(
    lane: &Arc<Lane>,
    storage: &Arc<Storage>,
    (door, at_door): (Door, Receiver<()>),
    batching: Batching,
) -> io::Result<(Mail, Dispatch<Shelf>)> {
    let courier = Arc::new(Courier::default());
    let (alive, gone) = crossbeam_channel::bounded(0);
    let mail = Mail::new(
        Arc::clone(lane),
        Arc::clone(storage),
        Arc::clone(&courier),
        gone,
    );
    let scribe = Scribe::new(
        Arc::clone(lane),
        Arc::clone(storage),
        (door, at_door),
        courier,
    );
    let thread = Builder::new().name("gb-spool".to_owned());
    thread.spawn(move || {
        scribe.run();
        drop::<crossbeam_channel::Sender<()>>(alive);
    })?;
    let shelf = Shelf::new(Arc::clone(lane), Arc::clone(storage));
    Ok((mail, Dispatch::new(batching, shelf)))
}
