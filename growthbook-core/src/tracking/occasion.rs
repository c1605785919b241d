use std::sync::Arc;
use std::time::SystemTime;

use serde_json::{Map, Value};

use crate::attributes::{AttributeValue, Attributes};
use crate::engine::Subject;
use crate::user::{GlobalContext, UserContext};

/// Whom something happened to, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Occasion<'a> {
    pub(crate) global: &'a Arc<GlobalContext>,
    pub(crate) user: &'a UserContext,
    pub(crate) at: SystemTime,
}

impl<'a> Occasion<'a> {
    pub(super) fn tracked_user(self) -> TrackedUser<'a> {
        TrackedUser {
            subject: Subject::new(self.user).within(self.global),
        }
    }
}

/// The user of an event, as they were then: their attributes, merged with the client's, and the page they were on.
#[derive(Clone, Copy, Debug)]
pub struct TrackedUser<'a> {
    subject: Subject<'a>,
}

impl<'a> TrackedUser<'a> {
    /// One attribute; overrides win over the user's own, and those over the client's.
    pub fn attribute(&self, name: &str) -> Option<&'a AttributeValue> {
        self.subject.attribute(name)
    }

    /// All attributes. Allocates.
    pub fn attributes(&self) -> Attributes {
        self.subject.merged_attributes()
    }

    /// Its maps of attributes, of which the later win.
    pub(super) fn attribute_maps(&self) -> impl Iterator<Item = &'a Attributes> {
        self.subject.attribute_maps()
    }

    /// The page, as it was given.
    pub fn url(&self) -> Option<&'a str> {
        self.subject.user().url()
    }

    /// `{"attributes": .., "url": ..}`, as the JavaScript SDK passes users on; the address is empty if there is none.
    pub fn to_json(&self) -> Value {
        let mut json = Map::new();
        let attributes = AttributeValue::Map(self.attributes());
        json.insert("attributes".to_owned(), Value::from(&attributes));
        json.insert("url".to_owned(), self.url().unwrap_or_default().into());
        Value::Object(json)
    }
}
