//! From evaluation contexts to attributes, seen by conditions.

use std::sync::Arc;

use growthbook_core::Attributes;
use growthbook_openfeature::GrowthBookProvider;
use open_feature::{EvaluationContext, EvaluationContextFieldValue as Field, StructValue, Value};
use serde_json::{Map, json};
use time::{OffsetDateTime, UtcOffset};

use crate::support::{Broken, asking, check_general, run, user, with};

/// A feature that is on where the condition fits.
fn payload(condition: &serde_json::Value) -> String {
    let rule = json!({ "condition": condition, "force": true });
    json!({ "features": { "fits": { "defaultValue": false, "rules": [rule] } } }).to_string()
}

#[derive(serde::Serialize)]
struct Company {
    plan: &'static str,
    seats: u32,
}

async fn fits(condition: serde_json::Value, context: &EvaluationContext) -> bool {
    let provider = GrowthBookProvider::builder(with(&payload(&condition)))
        .structure::<Company>()
        .structure::<Vec<u8>>()
        .build();
    let flags = asking(provider).await;
    flags
        .get_bool_value("fits", Some(context), None)
        .await
        .unwrap()
}

async fn fits_field(condition: serde_json::Value, field: impl Into<Field>) -> bool {
    let context = EvaluationContext::default().with_custom_field("field", field);
    fits(json!({ "field": condition }), &context).await
}

#[test]
fn simple_fields_are_attributes() {
    run(async {
        assert!(fits_field(json!({ "$eq": true }), true).await);
        assert!(fits_field(json!({ "$eq": -3 }), -3).await);
        assert!(fits_field(json!({ "$eq": 0.25 }), 0.25).await);
        assert!(fits_field(json!({ "$regex": "^Zo" }), "Zoë").await);
        assert!(!fits_field(json!({ "$eq": "3" }), 3).await);
        assert!(!fits_field(json!({ "$exists": true }), f64::NAN).await);
    });
}

#[test]
fn the_targeting_key_is_the_id() {
    run(async {
        let is = |id: &str| json!({ "id": id });
        let both = user("key").with_custom_field("id", "field");
        assert!(fits(is("key"), &both).await);
        let empty = user("").with_custom_field("id", "field");
        assert!(fits(is("field"), &empty).await);
        let field = EvaluationContext::default().with_custom_field("id", "field");
        assert!(fits(is("field"), &field).await);
    });
}

#[test]
fn the_targeting_key_may_be_another_attribute() {
    run(async {
        let condition = json!({ "user_id": "key", "id": "field" });
        let provider = GrowthBookProvider::builder(with(&payload(&condition)));
        let flags = asking(provider.targeting_attribute("user_id").build()).await;
        let context = user("key").with_custom_field("id", "field");
        assert!(
            flags
                .get_bool_value("fits", Some(&context), None)
                .await
                .unwrap()
        );
    });
}

#[test]
fn contexts_of_the_client_count() {
    run(async {
        let condition = json!({ "id": "key", "plan": "pro" });
        let mut flags = asking(GrowthBookProvider::new(with(&payload(&condition)))).await;
        flags.set_evaluation_context(EvaluationContext::default().with_custom_field("plan", "pro"));
        assert!(
            flags
                .get_bool_value("fits", Some(&user("key")), None)
                .await
                .unwrap()
        );
    });
}

#[test]
fn date_times_compare_as_text() {
    run(async {
        let before = OffsetDateTime::from_unix_timestamp_nanos(-1).unwrap();
        assert!(fits_field(json!({ "$eq": "1969-12-31T23:59:59.999Z" }), before).await);
        assert!(fits_field(json!({ "$lt": "1970-01-01T00:00:00.000Z" }), before).await);

        let east = UtcOffset::from_hms(5, 30, 0).unwrap();
        let moment = OffsetDateTime::from_unix_timestamp(1_700_000_000)
            .unwrap()
            .to_offset(east);
        assert!(fits_field(json!({ "$eq": "2023-11-14T22:13:20.000Z" }), moment).await);
        assert!(fits_field(json!({ "$gte": "2023-11-14T22:13:20.000Z" }), moment).await);
    });
}

#[test]
fn structures_are_objects() {
    run(async {
        let condition = json!({ "plan": "pro", "seats": { "$gt": 10 } });
        let company = || Company {
            plan: "pro",
            seats: 12,
        };
        let members = json!({ "plan": "pro", "seats": 12 });
        let structure = StructValue::default()
            .with_field("plan", "pro")
            .with_field("seats", 12);
        let attributes = Attributes::new().with("plan", "pro").with("seats", 12);
        let map: Map<_, _> = members.as_object().unwrap().clone();
        for field in [
            Field::new_struct(company()),
            Field::from(Arc::new(company())),
            Field::new_struct(members),
            Field::new_struct(map),
            Field::new_struct(attributes),
            Field::new_struct(Value::Struct(structure.clone())),
            Field::new_struct(structure),
        ] {
            let context = EvaluationContext::default().with_custom_field("field", field);
            let dotted = json!({ "field.plan": "pro", "field.seats": { "$gt": 10 } });
            assert!(fits(dotted, &context).await);
            let nested = json!({ "field": { "$not": { "$eq": null } } });
            assert!(fits(nested, &context).await);
        }
        assert!(!fits_field(condition, "pro").await);
    });
}

#[test]
fn structures_nest() {
    run(async {
        let list = Value::Array(vec!["beta".into(), "vip".into()]);
        let inner = StructValue::default()
            .with_field("tags", list)
            .with_field("b", 1)
            .with_field("a", 0.5);
        let outer = StructValue::default().with_field("inner", Value::Struct(inner));
        let context = EvaluationContext::default()
            .with_custom_field("outer", Field::new_struct(outer))
            .with_custom_field("tags", Field::new_struct(vec!["vip".to_owned()]));
        assert!(
            fits(
                json!({ "outer.inner.tags": { "$elemMatch": { "$eq": "vip" } } }),
                &context
            )
            .await
        );
        assert!(
            fits(
                json!({ "outer.inner.b": 1, "outer.inner.a": 0.5 }),
                &context
            )
            .await
        );
        assert!(fits(json!({ "tags": { "$in": ["vip"] } }), &context).await);
        assert!(!fits(json!({ "tags": { "$in": ["beta"] } }), &context).await);
        // Members are sorted by name, so a comparison of the whole has one answer.
        let whole = json!({ "outer": { "inner": { "a": 0.5, "b": 1, "tags": ["beta", "vip"] } } });
        assert!(fits(whole, &context).await);
    });
}

#[test]
fn what_cannot_be_an_attribute_is_left_out_and_the_rest_counts() {
    struct Unknown;
    run(async {
        let infinite = StructValue::default().with_field("n", f64::INFINITY);
        let far = OffsetDateTime::from_unix_timestamp(-100_000_000_000).unwrap();
        for field in [
            Field::new_struct(Unknown),
            Field::new_struct(infinite),
            // Serialises to a list, which is no object.
            Field::new_struct(vec![1_u8]),
            Field::Float(f64::NEG_INFINITY),
            Field::DateTime(far),
        ] {
            let context = user("u-1").with_custom_field("field", field);
            let condition = json!({ "id": "u-1", "field": { "$exists": false } });
            assert!(fits(condition, &context).await);
        }
    });
}

#[test]
fn a_structure_that_panics_is_an_error_without_its_words() {
    run(async {
        let provider = GrowthBookProvider::builder(with(&payload(&json!({}))));
        let flags = asking(provider.structure::<Broken>().build()).await;
        let context = user("u-1").with_custom_field("field", Field::new_struct(Broken("it broke")));
        let answer = flags.get_bool_value("fits", Some(&context), None).await;
        check_general(
            answer,
            "the evaluation was cut short by code of the program",
        );
        // The provider goes on.
        assert!(
            flags
                .get_bool_value("fits", Some(&user("u-1")), None)
                .await
                .unwrap()
        );
    });
}
