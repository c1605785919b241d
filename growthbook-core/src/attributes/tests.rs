use super::*;

fn names(attributes: &Attributes) -> Vec<&str> {
    attributes.iter().map(|(name, _)| name).collect()
}

#[test]
fn names_are_unique_and_in_javascript_order() {
    let mut attributes = Attributes::new()
        .with("b", 1)
        .with("10", 2)
        .with("a", 3)
        .with("9", 4);
    assert_eq!(names(&attributes), ["9", "10", "b", "a"]);
    assert_eq!(attributes.insert("b", 5), Some(1.into()));
    assert_eq!(attributes.len(), 4);
    assert_eq!(attributes.remove("10"), Some(2.into()));
    assert_eq!(names(&attributes), ["9", "b", "a"]);

    let collected: Attributes = [("b", 1), ("10", 2), ("a", 3), ("9", 4), ("b", 5)]
        .into_iter()
        .collect();
    assert_eq!(names(&collected), ["9", "10", "b", "a"]);
    assert_eq!(collected.get("b"), Some(&5.into()));
}

/// A few are looked through and many are in a table, which nobody is to notice.
#[test]
fn names_added_in_bulk_are_as_if_added_one_by_one() {
    for (before, added) in [
        (0, 3),
        (0, 100),
        (5, 26),
        (5, 27),
        (5, 28),
        (31, 60),
        (40, 40),
    ] {
        let name = |it: usize| match it % 7 {
            0 => (1_000 - it).to_string(),
            _ => format!("name-{}", it % 50),
        };
        let start: Attributes = (0..before).map(|it| (name(it), it as u64)).collect();
        let new = (0..added).map(|it| (name(it * 3), 1_000 + it as u64));
        let (mut in_bulk, mut one_by_one, mut appended) = (start.clone(), start.clone(), start);
        in_bulk.extend(new.clone());
        appended.append(new.clone().collect());
        for (name, value) in new {
            one_by_one.insert(name, value);
        }
        assert_eq!(in_bulk, one_by_one, "{before} and {added}");
        assert_eq!(appended, one_by_one, "{before} and {added}");
    }
}

#[test]
fn equality_minds_the_order_of_names() {
    let xy = Attributes::new().with("x", 1).with("y", 2);
    let yx = Attributes::new().with("y", 2).with("x", 1);
    assert_ne!(xy, yx);
    let indices = Attributes::new().with("2", "b").with("1", "a");
    assert_eq!(indices, Attributes::new().with("1", "a").with("2", "b"));
}

#[test]
fn errors_name_a_place_and_no_value() {
    let error = Attributes::from_json(r#"{"id": "secret-value" oops}"#).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the attributes are not valid JSON (line 1, column 23)"
    );
    assert!(matches!(
        Attributes::from_json("[1]"),
        Err(AttributeError::NotAnObject)
    ));
    assert!(Attributes::try_from(Value::from(5)).is_err());
}

#[test]
fn a_deep_value_is_refused() {
    let mut value = Value::Null;
    for _ in 0..1_000 {
        value = Value::Array(vec![value]);
    }
    let object = serde_json::json!({ "deep": value });
    assert!(Attributes::try_from(object).is_err());
}
