//! From what the client tells of to what is delivered: what may leave the process, and what is not wanted.

mod policy;
mod seen;
mod weight;

use std::fmt;
use std::sync::Arc;

use growthbook_core::{OwnedTrackingEvent, TrackingEvent};

pub(crate) use self::policy::Policy;
use self::seen::Seen;
use self::weight::weight;
use crate::event::Unfit;
use crate::guard::guarded;
use crate::random::random;
use crate::tracker::DropReason;
use crate::{Event, EventBody};

type Filter = dyn Fn(&Event) -> bool + Send + Sync;
type Also = dyn Fn(&Event) + Send + Sync;

/// What the tracker's builder says about events.
#[derive(Clone)]
pub(crate) struct IntakeOptions {
    pub(crate) policy: Policy,
    pub(crate) filter: Option<Arc<Filter>>,
    pub(crate) also: Vec<Arc<Also>>,
    pub(crate) max_event_bytes: usize,
    pub(crate) remembered: usize,
    pub(crate) told_apart_by: Vec<Box<str>>,
}

/// Turns events into what is kept of them.
pub(crate) struct Intake {
    options: IntakeOptions,
    seen: Seen,
    random: fastrand::Rng,
}

impl Intake {
    pub(crate) fn new(options: IntakeOptions) -> Self {
        Self {
            seen: Seen::new(options.remembered),
            options,
            random: random(),
        }
    }

    /// The event as it is delivered, and how large it is; or why it is not.
    pub(crate) fn take(
        &mut self,
        event: &OwnedTrackingEvent,
    ) -> Result<(Event, usize), DropReason> {
        let phase = match event.as_event() {
            TrackingEvent::ExperimentViewed(viewed) => viewed.experiment().phase(),
            _ => None,
        };
        let random = self.random.u128(..);
        let options = &self.options;
        // What converts it is ours, but what it is made of may be anybody's.
        let converted = guarded(|| convert(&options.policy, &event.as_event(), random));
        let Some(Ok(event)) = converted else {
            return Err(DropReason::Rejected);
        };
        let bytes = weight(&event);
        if bytes > options.max_event_bytes {
            return Err(DropReason::TooLarge);
        }
        // A filter that panics has not said no.
        let passes = |filter: &Arc<Filter>| guarded(|| filter(&event)).unwrap_or(true);
        if !options.filter.as_ref().is_none_or(passes) {
            return Err(DropReason::Filtered);
        }
        if !self.seen.is_new(&event, phase, &options.told_apart_by) {
            return Err(DropReason::Duplicate);
        }
        if matches!(event.body(), EventBody::ExperimentViewed(_)) {
            for also in &options.also {
                guarded(|| also(&event));
            }
        }
        Ok((event, bytes))
    }
}

fn convert(policy: &Policy, event: &TrackingEvent<'_>, random: u128) -> Result<Event, Unfit> {
    let attributes = policy.applied(event.user().attributes());
    let hashed = |name: &str, value: &_| policy.hashed_text(name, value);
    Event::new(event, &attributes, hashed, random)
}

impl fmt::Debug for IntakeOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IntakeOptions")
            .field("policy", &self.policy)
            .field("has_filter", &self.filter.is_some())
            .field("max_event_bytes", &self.max_event_bytes)
            .field("remembered", &self.remembered)
            .field("told_apart_by", &self.told_apart_by)
            .finish_non_exhaustive()
    }
}
