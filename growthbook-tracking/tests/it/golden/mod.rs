//! What is sent of each event, written out by hand after spec/transport 10.7, and compared member by member.

#![expect(clippy::panic, reason = "helpers of tests may stop as tests do")]

use growthbook_tracking::{Event, EventNaming, EventSink, Ingestor, Schema};
use serde_json::{Map, Value, json};

use crate::ingestor::Collector;
use crate::records::batch;

const CASES: &str = include_str!("events.json");

#[test]
fn every_kind_of_event_is_sent_as_it_is_written_here() {
    let cases = CASES.replace("VERSION", env!("CARGO_PKG_VERSION"));
    let cases: Vec<Map<String, Value>> = serde_json::from_str(&cases).unwrap();
    let event = |case: &Map<String, Value>| {
        let text = case["event"].to_string();
        serde_json::from_str::<Event>(&text).unwrap()
    };
    let events: Vec<Event> = cases.iter().map(event).collect();
    for (schema, schema_name) in [(Schema::Direct, "direct"), (Schema::Sdk, "sdk")] {
        for (naming, naming_name) in [
            (EventNaming::JavaScript, "javascript"),
            (EventNaming::Python, "python"),
        ] {
            let sent = sent(&events, schema, naming);
            assert_eq!(sent.len(), cases.len());
            for (case, sent) in cases.iter().zip(sent) {
                let mut expected = case[schema_name].clone();
                let properties = match schema {
                    Schema::Direct => "properties",
                    _ => "properties_json",
                };
                expected["event_name"] = case[naming_name][0].clone();
                expected[properties] = case[naming_name][1].clone();
                let name = &case["case"];
                assert_eq!(sent, expected, "{name} in {schema_name} and {naming_name}");
            }
        }
    }
}

/// What arrives, without the envelope, which is checked.
fn sent(events: &[Event], schema: Schema, naming: EventNaming) -> Vec<Value> {
    let collector = Collector::willing();
    let ingestor = Ingestor::builder("sdk-abc123")
        .ingestor_host(collector.server.url())
        .schema(schema)
        .event_naming(naming);
    let delivered = ingestor.build().unwrap().deliver(&batch(events));
    delivered.unwrap();
    let [body] = &*collector.bodies() else {
        panic!("not one body")
    };
    let request = &collector.server.requests()[0];
    let body: Value = serde_json::from_slice(body).unwrap();
    match (request.header("content-type"), body) {
        (Some("text/plain"), Value::Array(events)) => events,
        (Some("application/json"), Value::Object(mut envelope)) => {
            let sent_at = envelope.remove("sentAt").unwrap();
            let Some(Value::Array(events)) = envelope.remove("events") else {
                panic!("no events")
            };
            assert_eq!(envelope, Map::new());
            // As the test has an event of the year 9999, all were sent just after it, which has the same text.
            assert_eq!(sent_at, json!("9999-12-31T23:59:59.999Z"));
            events
        }
        (content_type, body) => panic!("{content_type:?} with {body}"),
    }
}

#[test]
fn what_is_on_the_wire_to_the_last_byte() {
    let record = r#"{"id":"01234567-89ab-7000-8000-000000000001","at":1767323045678,"body":{"experiment_viewed":{
        "experiment":"exp1","variation_index":1,"variation_key":"1","hash_attribute":"id","hash_value":"u1",
        "in_experiment":true,"hash_used":true,"sticky_bucket_used":false}},"attributes":{"id":"u1","country":"US"},
        "url":"https://shop.example/"}"#;
    let events: [Event; 1] = [serde_json::from_str(record).unwrap()];
    let collector = Collector::willing();
    let ingestor = Ingestor::builder(" a&b ").ingestor_host(collector.server.url() + "/gb/");
    let mut ingestor = ingestor.schema(Schema::Sdk).build().unwrap();
    ingestor.deliver(&batch(&events)).unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let expected = format!(
        concat!(
            r#"[{{"event_name":"Experiment Viewed","properties_json":{{"experimentId":"exp1","variationId":"1","#,
            r#""hashAttribute":"id","hashValue":"u1"}},"user_id":null,"device_id":"u1","page_id":null,"#,
            r#""session_id":null,"sdk_language":"rust","sdk_version":"{}","url":"https://shop.example/","#,
            r#""context_json":{{"country":"US"}}}}]"#
        ),
        version
    );
    assert_eq!(
        String::from_utf8(collector.bodies().remove(0)).unwrap(),
        expected
    );
    let head = collector.server.requests()[0].head().to_ascii_lowercase();
    let mut lines: Vec<&str> = head.trim_end().lines().collect();
    lines.sort_unstable();
    let expected = [
        "accept-encoding: identity".to_owned(),
        "accept: application/json".to_owned(),
        format!("content-length: {}", expected.len()),
        "content-type: text/plain".to_owned(),
        format!("host: {}", collector.server.address()),
        "post /gb/track?client_key=a%26b http/1.1".to_owned(),
        format!("user-agent: growthbook-rust/{version}"),
    ];
    assert_eq!(lines, expected);
}

/// Names that repeat go on as they came, and the last one counts; what is no object has no members.
#[test]
fn attributes_may_be_strange() {
    let nested = format!("{}1{}", r#"{"a":["#.repeat(63), "]}".repeat(63));
    for (attributes, device, context) in [
        (
            r#"{"id":"a","x":1,"id":"b","x":2}"#,
            r#""b""#,
            r#"{"x":1,"x":2}"#,
        ),
        (
            r#"{ "\u0069d" : "\u00e9" , "\u0078" : 1e400 }"#,
            r#""é""#,
            r#"{"x":1e400}"#,
        ),
        (r#"{"id":1e400,"x":"\ud800"}"#, "null", r#"{"x":"\ud800"}"#),
        (r#"["id"]"#, "null", "{}"),
        ("null", "null", "{}"),
        (&*nested, "null", &*nested),
    ] {
        let record = format!(
            r#"{{"id":"0-0-0-0-1","at":1,"body":{{"custom":{{"name":"e","properties":{{}}}}}},"attributes":{attributes}}}"#
        );
        let events: [Event; 1] = [serde_json::from_str(&record).unwrap()];
        for (schema, parts) in [
            (
                Schema::Sdk,
                [
                    format!(r#""device_id":{device},"#),
                    format!(r#""context_json":{context}}}]"#),
                ],
            ),
            (
                Schema::Direct,
                [
                    r#"{"sentAt":"#.to_owned(),
                    r#""sdk_language":"rust","sdk_version":"#.to_owned(),
                ],
            ),
        ] {
            let collector = Collector::willing();
            let ingestor = Ingestor::builder("k").ingestor_host(collector.server.url());
            let mut ingestor = ingestor.schema(schema).build().unwrap();
            ingestor.deliver(&batch(&events)).unwrap();
            let body = String::from_utf8(collector.bodies().remove(0)).unwrap();
            for part in parts {
                assert!(body.contains(&part), "{part} is not in {body}");
            }
        }
    }
}
