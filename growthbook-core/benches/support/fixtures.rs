//! What workloads work on, made once per run.

use std::cell::RefCell;
use std::collections::HashMap;

use growthbook_core::{Attributes, GrowthBookClient, UserContext};

use crate::payload::{payload, primary_user};

#[derive(Debug, Default)]
pub(crate) struct Fixtures {
    clients: RefCell<HashMap<(usize, Vec<usize>), GrowthBookClient>>,
}

impl Fixtures {
    /// A client with so many features, and saved groups of these sizes.
    pub(crate) fn client(&self, features: usize, groups: &[usize]) -> GrowthBookClient {
        self.clients
            .borrow_mut()
            .entry((features, groups.to_vec()))
            .or_insert_with(|| client(payload(features, groups)))
            .clone()
    }
}

pub(crate) fn client(payload: String) -> GrowthBookClient {
    GrowthBookClient::builder()
        .payload(payload)
        .build()
        .expect("a payload made here is one")
}

/// The primary user's attributes.
pub(crate) fn attributes() -> Attributes {
    Attributes::from_json(&primary_user()).expect("the user is an object")
}

/// The primary user.
pub(crate) fn user() -> UserContext {
    UserContext::new(attributes())
}
