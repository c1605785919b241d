//! The form of the SDKs for JavaScript and Python: some attributes are members of the event.

use growthbook_core::Number;
use serde::ser::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::members::Members;
use super::properties::{self, Properties};
use super::{EventNaming, SDK_LANGUAGE, SDK_VERSION};
use crate::Event;

#[derive(serde::Serialize)]
pub(super) struct SdkEvent<'a> {
    event_name: &'a str,
    properties_json: Properties<'a>,
    user_id: Option<String>,
    device_id: Option<String>,
    page_id: Option<String>,
    session_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    utm_campaign: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    utm_content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    utm_medium: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    utm_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    utm_term: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    page_title: Option<String>,
    sdk_language: &'static str,
    sdk_version: &'static str,
    url: &'a str,
    context_json: Context<'a>,
}

impl<'a> SdkEvent<'a> {
    pub(super) fn new(event: &'a Event, naming: EventNaming) -> Self {
        let attributes = Members::of(event.raw_attributes());
        let id = |name| attributes.last(name).and_then(identifier);
        let said = |name| attributes.text(name).filter(|text| !text.is_empty());
        let devices = ["device_id", "anonymous_id", "id"];
        let mut devices = devices.into_iter().filter_map(|name| attributes.last(name));
        Self {
            event_name: properties::name(event.body(), naming),
            properties_json: Properties {
                body: event.body(),
                naming,
            },
            user_id: id("user_id"),
            device_id: devices.find(|value| is_truthy(value)).and_then(identifier),
            page_id: id("page_id"),
            session_id: id("session_id"),
            utm_campaign: said("utmCampaign"),
            utm_content: said("utmContent"),
            utm_medium: said("utmMedium"),
            utm_source: said("utmSource"),
            utm_term: said("utmTerm"),
            page_title: said("pageTitle"),
            sdk_language: SDK_LANGUAGE,
            sdk_version: SDK_VERSION,
            url: event.url().unwrap_or_default(),
            context_json: Context(attributes),
        }
    }
}

/// The attributes that are not members of the event.
struct Context<'a>(Members<'a>);

impl Serialize for Context<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.replaced(&PROMOTED, &[]).serialize(serializer)
    }
}

/// A text, or a number as JavaScript writes it.
fn identifier(value: &RawValue) -> Option<String> {
    let json = value.get();
    match serde_json::from_str::<f64>(json) {
        Ok(number) => Number::from_f64(number).map(|number| number.to_string()),
        Err(_) => serde_json::from_str(json).ok(),
    }
}

/// Whether JavaScript takes it for true.
fn is_truthy(value: &RawValue) -> bool {
    match value.get() {
        "null" | "false" | "\"\"" => false,
        json => serde_json::from_str::<f64>(json).ok() != Some(0.0),
    }
}

/// Whatever their values are, these do not stay among the attributes.
pub(super) const PROMOTED: [&str; 12] = [
    "user_id",
    "device_id",
    "anonymous_id",
    "id",
    "page_id",
    "session_id",
    "utmCampaign",
    "utmContent",
    "utmMedium",
    "utmSource",
    "utmTerm",
    "pageTitle",
];
