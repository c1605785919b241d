//! A subscriber that keeps events as text, as the most talkative one would write them.

use std::error::Error;
use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::scene::chain;

/// One event.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Said {
    pub(crate) level: Level,
    pub(crate) target: String,
    /// What the event is called, if it was given a name.
    pub(crate) name: Option<&'static str>,
    /// The span that it is in.
    pub(crate) span: Option<u64>,
    pub(crate) message: String,
    /// All other fields, as `name=value` with a blank after each.
    pub(crate) fields: String,
}

/// What was said by this thread while `act` ran.
pub(crate) fn said<T>(act: impl FnOnce() -> T) -> (T, Vec<Said>) {
    let kept = Keeper::default();
    let returned = tracing::subscriber::with_default(kept.clone(), act);
    let said = kept.0.lock().unwrap().clone();
    (returned, said)
}

#[derive(Clone, Default)]
struct Keeper(Arc<Mutex<Vec<Said>>>, Arc<Mutex<Vec<u64>>>);

impl Subscriber for Keeper {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut said = Said {
            level: *event.metadata().level(),
            target: event.metadata().target().to_owned(),
            name: Some(event.metadata().name()).filter(|name| !name.starts_with("event ")),
            span: self.1.lock().unwrap().last().copied(),
            message: String::new(),
            fields: String::new(),
        };
        event.record(&mut said);
        self.0.lock().unwrap().push(said);
    }

    fn enter(&self, id: &Id) {
        self.1.lock().unwrap().push(id.into_u64());
    }

    fn exit(&self, _: &Id) {
        self.1.lock().unwrap().pop();
    }
}

impl Visit for Said {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == "message" {
            self.message = format!("{value:?}");
        } else {
            write!(self.fields, "{}={value:?} ", field.name()).unwrap();
        }
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        write!(self.fields, "{}={} ", field.name(), chain(value)).unwrap();
    }
}
