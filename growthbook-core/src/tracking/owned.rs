use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};

use super::event::{CustomEvent, Evaluated, ExperimentViewed, FeatureEvaluated, TrackingEvent};
use super::occasion::Occasion;
use crate::engine::OwnedExposure;
use crate::result::FeatureResult;
use crate::user::{GlobalContext, UserContext};

/// An event that was kept, to be looked at later or in another thread.
///
/// It shares the payload, the client's context and the user, so that making one copies little; it keeps them alive, too.
#[derive(Clone)]
pub struct OwnedTrackingEvent {
    what: OwnedWhat,
    global: Arc<GlobalContext>,
    user: UserContext,
    at: SystemTime,
}

#[derive(Clone)]
pub(super) enum OwnedWhat {
    Custom {
        name: Box<str>,
        properties: Arc<Map<String, Value>>,
    },
    ExperimentViewed(OwnedExposure),
    FeatureEvaluated(FeatureResult),
}

impl OwnedTrackingEvent {
    pub(super) fn new(what: OwnedWhat, occasion: Occasion<'_>) -> Self {
        Self {
            what,
            global: Arc::clone(occasion.global),
            user: occasion.user.clone(),
            at: occasion.at,
        }
    }

    /// The event, to be looked at.
    pub fn as_event(&self) -> TrackingEvent<'_> {
        let occasion = Occasion {
            global: &self.global,
            user: &self.user,
            at: self.at,
        };
        match &self.what {
            OwnedWhat::Custom { name, properties } => TrackingEvent::Custom(CustomEvent {
                name,
                properties,
                occasion,
            }),
            OwnedWhat::ExperimentViewed(exposure) => {
                TrackingEvent::ExperimentViewed(ExperimentViewed {
                    exposure: exposure.as_exposure(),
                    occasion,
                })
            }
            OwnedWhat::FeatureEvaluated(result) => {
                TrackingEvent::FeatureEvaluated(FeatureEvaluated {
                    what: Evaluated::Kept(result),
                    occasion,
                })
            }
        }
    }
}

impl fmt::Debug for OwnedTrackingEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, name) = match &self.what {
            OwnedWhat::Custom { name, .. } => ("Custom", &**name),
            OwnedWhat::ExperimentViewed(exposure) => (
                "ExperimentViewed",
                exposure.as_exposure().experiment().key(),
            ),
            OwnedWhat::FeatureEvaluated(result) => ("FeatureEvaluated", result.key()),
        };
        f.debug_struct("OwnedTrackingEvent")
            .field("kind", &kind)
            .field("name", &name)
            .finish_non_exhaustive()
    }
}
