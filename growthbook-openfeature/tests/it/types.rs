//! Each of OpenFeature's types, for each kind of value.

use open_feature::{EvaluationError, EvaluationErrorCode as Code, StructValue, Value};

use crate::support::{asking_with, run};

const PAYLOAD: &str = r#"{"features": {
    "bool": {"defaultValue": false},
    "text": {"defaultValue": "false"},
    "number": {"defaultValue": 0},
    "fraction": {"defaultValue": 3.7},
    "whole": {"defaultValue": 42.0},
    "big": {"defaultValue": 4e18},
    "too-big": {"defaultValue": 1e19},
    "object": {"defaultValue": {"name": "Zoë", "tries": 3, "share": 0.5, "nested": {"deep": [true, "x", [1]]}, "no": null}},
    "holey": {"defaultValue": {"list": [1, null]}},
    "array": {"defaultValue": [1, 2]}
}}"#;

/// What the types make of a feature: the names of those that have a value for it.
async fn fitting(feature: &str) -> String {
    let flags = asking_with(PAYLOAD).await;
    let mut fitting = Vec::new();
    let mut note = |name: &'static str, error: Option<EvaluationError>| match error {
        None => fitting.push(name),
        Some(error) => assert_eq!(error.code, Code::TypeMismatch, "{feature} as {name}"),
    };
    note(
        "bool",
        flags.get_bool_value(feature, None, None).await.err(),
    );
    note("int", flags.get_int_value(feature, None, None).await.err());
    note(
        "float",
        flags.get_float_value(feature, None, None).await.err(),
    );
    note(
        "string",
        flags.get_string_value(feature, None, None).await.err(),
    );
    let structure = flags.get_struct_value::<StructValue>(feature, None, None);
    note("struct", structure.await.err());
    fitting.join(" ")
}

#[test]
fn nothing_is_coerced() {
    let rows = [
        ("bool", "bool"),
        ("text", "string"),
        ("number", "int float"),
        ("fraction", "float"),
        ("whole", "int float"),
        ("big", "int float"),
        ("too-big", "float"),
        ("object", "struct"),
        ("holey", ""),
        ("array", ""),
    ];
    run(async {
        for (feature, types) in rows {
            assert_eq!(fitting(feature).await, types, "{feature}");
        }
    });
}

#[test]
fn values_come_through() {
    run(async {
        let flags = asking_with(PAYLOAD).await;
        let int = async |feature| flags.get_int_value(feature, None, None).await.unwrap();
        assert!(!flags.get_bool_value("bool", None, None).await.unwrap());
        assert_eq!(
            flags.get_string_value("text", None, None).await.unwrap(),
            "false"
        );
        assert_eq!(
            (int("whole").await, int("big").await),
            (42, 4_000_000_000_000_000_000)
        );
        let fraction = flags.get_float_value("fraction", None, None).await.unwrap();
        assert_eq!(fraction.to_bits(), 3.7_f64.to_bits());
    });
}

#[test]
fn a_structure_has_its_members() {
    run(async {
        let flags = asking_with(PAYLOAD).await;
        let deep = Value::Array(vec![
            true.into(),
            "x".into(),
            Value::Array(vec![Value::Int(1)]),
        ]);
        let expected = StructValue::default()
            .with_field("name", "Zoë")
            .with_field("tries", 3)
            .with_field("share", 0.5)
            .with_field(
                "nested",
                Value::Struct(StructValue::default().with_field("deep", deep)),
            );
        let structure = flags
            .get_struct_value::<StructValue>("object", None, None)
            .await;
        assert_eq!(structure.unwrap(), expected);
    });
}
