//! What GrowthBook's browser extension asks for: attributes, values and variations for whoever develops.

use std::borrow::Cow;

use growthbook_core::{Attributes, UserContext};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::LOG;
use crate::head::RequestHead;

/// What is to hold for one request.
#[derive(Default)]
pub(crate) struct Overrides(Map<String, Value>);

impl Overrides {
    /// Those of the query, else those of the cookie. What cannot be read is passed over.
    pub(crate) fn of(head: &RequestHead<'_>) -> Self {
        let Some(text) = in_query(head.target).or_else(|| in_cookie(head)) else {
            return Self::default();
        };
        let read = (text.len() <= MOST_BYTES).then(|| serde_json::from_str(&text).ok());
        let Some(overrides) = read.flatten() else {
            log::debug!(target: LOG, "overrides of {} bytes are no JSON object, or too long", text.len());
            return Self::default();
        };
        Self(overrides)
    }

    /// The user with them. A member of another type than it should be is passed over.
    pub(crate) fn apply(self, mut user: UserContext) -> UserContext {
        let Self(mut members) = self;
        let attributes = members.remove("attributes").filter(Value::is_object);
        if let Some(Ok(attributes)) = attributes.map(Attributes::try_from) {
            user = user.with_attribute_overrides(attributes);
        }
        if let Some(Value::Object(features)) = members.remove("features") {
            for (feature, value) in features {
                user = user.with_forced_value(feature, value);
            }
        }
        if let Some(Value::Object(experiments)) = members.remove("experiments") {
            for (experiment, variation) in experiments {
                let index = variation.as_u64().map(usize::try_from);
                if let Some(Ok(index)) = index {
                    user = user.with_forced_variation(experiment, index);
                }
            }
        }
        user
    }
}

fn in_query(target: &str) -> Option<Cow<'_, str>> {
    let (_, query) = target.split_once('?')?;
    let mut parameters = form_urlencoded::parse(query.as_bytes());
    parameters.find_map(|(name, value)| (name == NAME).then_some(value))
}

fn in_cookie<'h>(head: &'h RequestHead<'_>) -> Option<Cow<'h, str>> {
    // A cookie is percent-encoded and no more: in a query, these two would mean something.
    let value = head.cookie(NAME)?;
    let query = value.replace('&', "%26").replace('+', "%2B");
    let query = format!("{NAME}={query}");
    let (_, decoded) = form_urlencoded::parse(query.as_bytes()).next()?;
    Some(decoded.into_owned().into())
}

const NAME: &str = "_gbdebug";
const MOST_BYTES: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use growthbook_core::GrowthBookClient;
    use serde_json::json;

    use super::*;

    const PAYLOAD: &str = r#"{"features": {
        "color": {"defaultValue": "green", "rules": [{"condition": {"plan": "pro"}, "force": "gold"}]},
        "size": {"defaultValue": 1, "rules": [{"key": "sizes", "variations": [2, 3], "weights": [1, 0]}]}
    }}"#;

    fn answers(head: &RequestHead<'_>) -> (String, u32) {
        let client = GrowthBookClient::builder().payload(PAYLOAD).build();
        let user = UserContext::new(Attributes::new().with("id", "u-1"));
        let scope = client.unwrap().scope(Overrides::of(head).apply(user));
        (
            scope.value("color", "none").to_owned(),
            scope.value("size", 0),
        )
    }

    fn target(overrides: &str) -> String {
        let query = form_urlencoded::Serializer::new(String::new());
        format!("/?{}", { query }.append_pair(NAME, overrides).finish())
    }

    #[test]
    fn all_three_kinds_hold() {
        for (overrides, color, size) in [
            (json!({}), "green", 2),
            (json!({"attributes": {"plan": "pro"}}), "gold", 2),
            (json!({"features": {"color": "a+b&c=d"}}), "a+b&c=d", 2),
            (json!({"experiments": {"sizes": 1}}), "green", 3),
            (
                json!({"attributes": [], "features": 1, "experiments": {"sizes": "1"}}),
                "green",
                2,
            ),
            (
                json!({"experiments": {"sizes": -1}, "features": {"size": 9}}),
                "green",
                9,
            ),
            (json!([1]), "green", 2),
        ] {
            let overrides = overrides.to_string();
            let expected = (color.to_owned(), size);
            assert_eq!(answers(&RequestHead::new(&target(&overrides))), expected);
            let encoded = overrides.bytes().map(|byte| format!("%{byte:02X}"));
            let encoded = encoded.collect::<Vec<_>>().concat();
            for written in [encoded, overrides] {
                let header = format!("a=b; {NAME}={written}");
                let head = RequestHead::new("/?a=b").with_cookies(&header);
                assert_eq!(answers(&head), expected, "{header}");
            }
        }
    }

    #[test]
    fn the_query_wins() {
        let target = target(r#"{"features":{"size":7}}"#);
        let head = RequestHead::new(&target);
        let head = head.with_cookies(r#"_gbdebug={"features":{"size":8}}"#);
        assert_eq!(answers(&head).1, 7);
    }

    #[test]
    fn what_is_too_long_or_no_json_is_passed_over() {
        let long = format!(
            r#"{{"features":{{"size":7}},"x":"{}"}}"#,
            "x".repeat(MOST_BYTES)
        );
        for overrides in [&*long, "{", "", "null"] {
            assert_eq!(answers(&RequestHead::new(&target(overrides))).1, 2);
        }
    }
}
