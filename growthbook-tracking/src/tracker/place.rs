use std::sync::Arc;

use super::ledger::Ledger;
use super::report::DropReason;
#[cfg(feature = "spool")]
use super::spooled::Receipt;

/// An event's place in the tracker. Wherever the event ends, be it in a panic, it is counted there: as closed, unless
/// somebody knows better.
#[derive(Debug)]
pub(crate) struct Place {
    ledger: Arc<Ledger>,
    bytes: usize,
    fate: Fate,
    /// Of an event that is on disk, and so takes no room in memory. As long as nobody knows better, it stays there.
    #[cfg(feature = "spool")]
    receipt: Option<Box<Receipt>>,
    /// Of an event that should be on disk, and is not.
    #[cfg(feature = "spool")]
    is_spilled: bool,
}

#[derive(Clone, Copy, Debug)]
enum Fate {
    Delivered,
    Dropped(DropReason),
    /// It is on disk, and counted there.
    #[cfg(feature = "spool")]
    Kept,
}

impl Place {
    /// For an event for which there is room.
    pub(super) fn new(ledger: Arc<Ledger>, bytes: usize) -> Self {
        Self {
            ledger,
            bytes,
            fate: Fate::Dropped(DropReason::Closed),
            #[cfg(feature = "spool")]
            receipt: None,
            #[cfg(feature = "spool")]
            is_spilled: false,
        }
    }

    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What was estimated is known now.
    pub(crate) fn resize(&mut self, bytes: usize) {
        self.ledger.resize(self.bytes, bytes);
        self.bytes = bytes;
    }

    pub(crate) fn delivered(mut self) {
        self.fate = Fate::Delivered;
    }

    pub(crate) fn dropped(mut self, reason: DropReason) {
        self.fate = Fate::Dropped(reason);
    }
}

#[cfg(feature = "spool")]
impl Place {
    /// For an event that was read from the disk.
    pub(super) fn on_disk(ledger: Arc<Ledger>, receipt: Receipt) -> Self {
        Self {
            ledger,
            bytes: 0,
            fate: Fate::Kept,
            receipt: Some(Box::new(receipt)),
            is_spilled: false,
        }
    }

    pub(super) fn is_on_disk(&self) -> bool {
        self.receipt.is_some()
    }

    /// The event cannot be written, and stays in memory.
    pub(super) fn spill(&mut self) {
        if !self.is_spilled {
            self.is_spilled = true;
            self.ledger.spilled(true);
        }
    }

    /// The event is on disk, which is where it is pending.
    pub(super) fn kept(mut self) {
        self.fate = Fate::Kept;
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        match self.fate {
            Fate::Delivered => self.ledger.delivered(),
            Fate::Dropped(reason) => self.ledger.turn_away(reason),
            #[cfg(feature = "spool")]
            Fate::Kept => {}
        }
        #[cfg(feature = "spool")]
        if self.is_spilled {
            self.ledger.spilled(false);
        }
        #[cfg(feature = "spool")]
        if let Some(receipt) = self.receipt.take() {
            if !matches!(self.fate, Fate::Kept) {
                receipt.settle();
            }
            return;
        }
        self.ledger.release(self.bytes);
    }
}
