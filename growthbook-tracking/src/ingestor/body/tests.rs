use proptest::prelude::*;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};

use super::properties::{self, Properties};
use super::sdk::PROMOTED;
use super::timestamp::Timestamp;
use super::*;

/// Any JSON, with numbers that doubles hold exactly.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        prop::num::f64::NORMAL.prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

/// Any attributes, those with names that mean something among them.
fn any_attributes() -> impl Strategy<Value = Map<String, Value>> {
    let name = prop_oneof![
        any::<String>(),
        prop::sample::select(&PROMOTED[..]).prop_map(str::to_owned),
        prop::sample::select(&["sdk_language", "sdk_version", "url"][..]).prop_map(str::to_owned),
    ];
    prop::collection::vec((name, any_json()), 0..8)
        .prop_map(|members| members.into_iter().collect())
}

fn any_body() -> impl Strategy<Value = Value> {
    let text = any::<String>;
    let maybe = |name: &'static str| {
        let member = any::<String>().prop_map(move |text| (name, Value::from(text)));
        prop::option::of(member)
    };
    let custom = (text(), any_attributes())
        .prop_map(|(name, properties)| json!({"custom": {"name": name, "properties": properties}}));
    let bandit = (any::<i64>(), prop::collection::vec(any::<f64>(), 0..3), any::<Option<i64>>())
        .prop_map(|(leaf, weights, version)| {
            json!({"leaf_id": leaf, "variation_weights": weights, "version": version})
        });
    let texts = [text(), text(), text(), text()];
    let flags = any::<[bool; 3]>();
    let viewed = (
        texts,
        any::<usize>(),
        flags,
        prop::option::of(bandit),
        maybe("feature"),
    );
    let viewed = viewed.prop_map(|(texts, index, flags, bandit, feature)| {
        let mut viewed = json!({
            "experiment": texts[0], "variation_index": index, "variation_key": texts[1],
            "hash_attribute": texts[2], "hash_value": texts[3], "in_experiment": flags[0],
            "hash_used": flags[1], "sticky_bucket_used": flags[2], "bandit": bandit,
        });
        if let Some((name, value)) = feature {
            viewed[name] = value;
        }
        json!({"experiment_viewed": viewed})
    });
    let evaluated = (
        text(),
        any_json(),
        text(),
        maybe("rule_id"),
        maybe("variation_key"),
    );
    let evaluated = evaluated.prop_map(|(feature, value, source, rule, key)| {
        let mut evaluated = json!({"feature": feature, "value": value, "source": source});
        for (name, value) in rule.into_iter().chain(key) {
            evaluated[name] = value;
        }
        json!({"feature_evaluated": evaluated})
    });
    prop_oneof![custom, viewed, evaluated]
}

fn any_event() -> impl Strategy<Value = Event> {
    let url = prop::option::of(any::<String>());
    let parts = (
        any::<u128>(),
        any::<u64>(),
        any_body(),
        any_attributes(),
        url,
    );
    parts.prop_map(|(id, at, body, attributes, url)| {
        let id = format!("{id:032x}");
        let record =
            json!({"id": id, "at": at, "body": body, "attributes": attributes, "url": url});
        serde_json::from_value(record).unwrap()
    })
}

/// The members that are what they are whatever the schema: the name and what is said.
fn said(event: &Event, naming: EventNaming) -> (String, Value) {
    let properties = Properties {
        body: event.body(),
        naming,
    };
    let name = properties::name(event.body(), naming);
    (name.to_owned(), serde_json::to_value(properties).unwrap())
}

fn check(events: &[Event], naming: EventNaming) {
    let direct = encoded(events, Schema::Direct, naming, UNIX_EPOCH).unwrap();
    let direct: Value = serde_json::from_slice(&direct).unwrap();
    let sdk = encoded(events, Schema::Sdk, naming, UNIX_EPOCH).unwrap();
    let sdk: Vec<Value> = serde_json::from_slice(&sdk).unwrap();
    let direct = direct["events"].as_array().unwrap();
    assert_eq!((direct.len(), sdk.len()), (events.len(), events.len()));
    for ((event, direct), sdk) in events.iter().zip(direct).zip(sdk) {
        let (name, properties) = said(event, naming);
        let mut attributes = event.attributes();
        attributes.insert("sdk_language".to_owned(), SDK_LANGUAGE.into());
        attributes.insert("sdk_version".to_owned(), SDK_VERSION.into());
        let expected = json!({
            "event_name": &name, "properties": &properties, "attributes": attributes,
            "timestamp": Timestamp(event.at_millis()).to_string(),
        });
        assert_eq!(*direct, expected);
        let mut context = event.attributes();
        for name in PROMOTED {
            context.remove(name);
        }
        assert_eq!(sdk["event_name"], name.as_str());
        assert_eq!(sdk["properties_json"], properties);
        assert_eq!(sdk["context_json"], Value::Object(context));
        assert_eq!(sdk["url"], event.url().unwrap_or_default());
    }
}

proptest! {
    #[test]
    fn whatever_is_sent_reads_as_what_happened(events in prop::collection::vec(any_event(), 1..4)) {
        check(&events, EventNaming::JavaScript);
        check(&events, EventNaming::Python);
    }

    /// The record of an event is read as it was written, also by a version that knows less.
    #[test]
    fn a_record_is_read_as_it_was_written(event in any_event()) {
        let record = serde_json::to_string(&event).unwrap();
        let read: Event = serde_json::from_str(&record).unwrap();
        prop_assert_eq!(serde_json::to_string(&read).unwrap(), record.as_str());
        let later = record.replacen('{', r#"{"later":{"a":[1]},"#, 1);
        let later = later.replacen(r#""body":{"#, r#""also":null,"body":{"#, 1);
        for kind in ["custom", "experiment_viewed", "feature_evaluated"] {
            let (kind, new) = (format!(r#""body":{{"{kind}":{{"#), r#""new":[{}],"#);
            let with = later.replacen(&kind, &(kind.clone() + new), 1);
            let read: Event = serde_json::from_str(&with).unwrap();
            prop_assert_eq!(serde_json::to_string(&read).unwrap(), record.as_str());
        }
    }
}

#[test]
fn an_envelope_is_sent_after_what_is_in_it() {
    let event =
        r#"{"id":"1","at":2000,"body":{"custom":{"name":"e","properties":{}}},"attributes":{}}"#;
    let events: [Event; 1] = [serde_json::from_str(event).unwrap()];
    for (now, sent_at) in [
        (0, "1970-01-01T00:00:02.001Z"),
        (2000, "1970-01-01T00:00:02.001Z"),
        (2001, "1970-01-01T00:00:02.001Z"),
        (2002, "1970-01-01T00:00:02.002Z"),
    ] {
        let now = UNIX_EPOCH + std::time::Duration::from_millis(now);
        let body = encoded(&events, Schema::Direct, EventNaming::JavaScript, now).unwrap();
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!(body["sentAt"], sent_at);
    }
}

/// As deep as attributes can be read at all.
#[test]
fn depth_is_no_matter() {
    let deep = format!(r#"{{"a":{}{}}}"#, "[".repeat(126), "]".repeat(126));
    let attributes = RawValue::from_string(deep).unwrap();
    let event = json!({"id": "1", "at": 0, "body": {"custom": {"name": "e", "properties": {}}}});
    let record = event
        .to_string()
        .replacen('{', &format!(r#"{{"attributes":{attributes},"#), 1);
    let events: [Event; 1] = [serde_json::from_str(&record).unwrap()];
    assert_eq!(events[0].attributes().len(), 1);
    for schema in [Schema::Direct, Schema::Sdk] {
        let body = encoded(&events, schema, EventNaming::JavaScript, UNIX_EPOCH).unwrap();
        let body = String::from_utf8(body).unwrap();
        assert!(body.contains(&"[".repeat(126)), "{body}");
    }
}
