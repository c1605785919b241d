//! Those who are told of events: callbacks and plugins.

use std::fmt;

use super::seen::Listening;
use crate::guard::{Called, called, guarded};
use crate::tracking::{Interest, TrackingEvent, TrackingPlugin};

/// In the order in which they are told: callbacks first.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    all: Vec<Listener>,
    callbacks: usize,
    /// How many panicked when they were asked what they want.
    pub(crate) panics: u64,
}

#[derive(Debug)]
pub(crate) struct Listener {
    pub(crate) plugin: Box<dyn TrackingPlugin>,
    interest: Interest,
}

/// What became of an event.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// Those who have not heard of it.
    pub(crate) missed: Listening,
    pub(crate) panics: u64,
}

impl Listeners {
    pub(crate) fn new(
        callbacks: Vec<Box<dyn TrackingPlugin>>,
        plugins: Vec<Box<dyn TrackingPlugin>>,
    ) -> Self {
        let mut listeners = Self {
            callbacks: callbacks.len(),
            ..Self::default()
        };
        for plugin in callbacks.into_iter().chain(plugins) {
            let interest = guarded(|| plugin.interest());
            listeners.panics += u64::from(interest.is_none());
            listeners.all.push(Listener {
                // One that panics already here may still want everything.
                interest: interest.unwrap_or(Interest::ALL),
                plugin,
            });
        }
        listeners
    }

    /// Those who may have something to write.
    pub(crate) fn plugins(&self) -> &[Listener] {
        self.all.get(self.callbacks..).unwrap_or_default()
    }

    pub(crate) fn drain(&mut self) -> impl Iterator<Item = Listener> {
        self.all.drain(..)
    }

    /// What anybody wants.
    pub(crate) fn interest(&self) -> Interest {
        let interests = self.all.iter().map(|listener| listener.interest);
        interests.fold(Interest::NONE, |all, interest| all | interest)
    }

    /// Those who want events of this kind.
    pub(crate) fn wanting(&self, kind: Interest) -> Listening {
        let wanting = self.all.iter().enumerate();
        wanting
            .filter(|(_, listener)| listener.interest.contains(kind))
            .fold(0, |bits, (index, _)| bits | bit(index))
    }

    /// Tells some of them. Nobody is told of what they do themselves while they are being told of something.
    pub(crate) fn tell(&self, event: &TrackingEvent<'_>, some: Listening) -> Told {
        let mut told = Told::default();
        for (index, listener) in self.all.iter().enumerate() {
            let bit = bit(index);
            if some & bit == 0 {
                continue;
            }
            match called(listener, LISTENER, || listener.plugin.record(event)) {
                Called::Returned(()) => {}
                Called::Panicked => {
                    told.missed |= bit;
                    told.panics += 1;
                }
                Called::Refused => told.missed |= bit,
            }
        }
        told
    }

    /// The most that there can be.
    pub(crate) const MOST: usize = Listening::BITS as usize;
}

pub(crate) const LISTENER: &str = "tracking listener";

fn bit(index: usize) -> Listening {
    1 << index.min(Listeners::MOST - 1)
}

/// A closure that wants events of one kind, or all.
pub(crate) struct Callback<F> {
    interest: Interest,
    f: F,
}

impl<F> Callback<F> {
    pub(crate) fn new(interest: Interest, f: F) -> Self {
        Self { interest, f }
    }
}

impl<F: Fn(&TrackingEvent<'_>) + Send + Sync + 'static> TrackingPlugin for Callback<F> {
    fn interest(&self) -> Interest {
        self.interest
    }

    fn record(&self, event: &TrackingEvent<'_>) {
        (self.f)(event);
    }
}

impl<F> fmt::Debug for Callback<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Callback")
            .field("interest", &self.interest)
            .finish_non_exhaustive()
    }
}
