//! What must hold of two SDKs that share a store. Whoever has a bucket is then asked about experiments that would not have
//! them by their weights, coverage, seed and condition, so that nothing but the bucket explains the answer.

use std::sync::Arc;
use std::thread;

use growthbook_core::StickyBucketService;
use serde_json::{Value, json};

use super::Program;
use super::pair::{NEW, Pair, Side, ask, evaluate, kept_answer, open, rule, shut, slice};

/// Both have the store open all along, which is empty at first.
pub(crate) fn check(ours: impl StickyBucketService, theirs: &mut Program) {
    let mut pair = Pair {
        ours: Arc::new(ours),
        theirs,
    };
    for (attribute, first) in [("id", Side::Here), ("account", Side::There)] {
        users_are_kept_by_the_other(&mut pair, attribute, first);
        experiments_share_a_document(&mut pair, attribute, first);
        a_fallback_is_found_and_copied(&mut pair, attribute, first);
        versions_block_and_deal_anew(&mut pair, attribute, first);
    }
    both_write_at_once(&mut pair);
}

fn users_are_kept_by_the_other<S: StickyBucketService>(
    pair: &mut Pair<'_, S>,
    attribute: &str,
    first: Side,
) {
    let users = [
        (json!("ann"), "ann"),
        (json!(ODD), ODD),
        (json!(7), "7"),
        (json!(1.5), "1.5"),
        (json!(1e21), "1e+21"),
    ];
    for (user, text) in users {
        let about = json!({attribute: user});
        let key = format!("größe 🌸 {text}");
        let assigned = pair.ask(first, &about, &[open(&key, attribute)]);
        assert_eq!(
            assigned["features"][&key],
            json!({"value": "b", "variation": NEW, "sticky": false}),
            "{first:?} assigns {text}"
        );
        pair.is_kept(first.other(), &about, &key, attribute);
        let expected = json!({"attributeName": attribute, "attributeValue": text, "assignments": {format!("{key}__0"): NEW}});
        assert_eq!(pair.document(attribute, text), expected);
        let stranger = json!({attribute: "stranger"});
        let answer = pair.ask(first.other(), &stranger, &[shut(&key, attribute)]);
        let out = |value: &str| json!({"value": value, "variation": null, "sticky": false});
        assert_eq!(answer["features"][&key], out("default"));
        assert_eq!(answer["experiments"][&key], out("a"));
    }
}

fn experiments_share_a_document<S: StickyBucketService>(
    pair: &mut Pair<'_, S>,
    attribute: &str,
    first: Side,
) {
    let about = json!({attribute: "shared"});
    let keys = ["one", "two", "three", "four"];
    let mut assignments = json!({});
    let mut side = first;
    for (number, key) in keys.iter().enumerate() {
        pair.ask(side, &about, &[open(key, attribute)]);
        side = side.other();
        for known in &keys[..=number] {
            for asked in [Side::Here, Side::There] {
                pair.is_kept(asked, &about, known, attribute);
            }
        }
        assignments[format!("{key}__0")] = json!(NEW);
        let document = pair.document(attribute, "shared");
        assert_eq!(document["assignments"], assignments, "after {key}");
    }
}

fn a_fallback_is_found_and_copied<S: StickyBucketService>(
    pair: &mut Pair<'_, S>,
    attribute: &str,
    first: Side,
) {
    let device = format!("device of {attribute}");
    let rule = |mut rule: Value| {
        rule["fallbackAttribute"] = json!("device");
        rule
    };
    let (assigns, keeps) = (
        rule(open("login", attribute)),
        rule(shut("login", attribute)),
    );
    pair.ask(first, &json!({"device": device}), &[assigns]);
    let about = json!({"device": device, attribute: "logged in"});
    let kept = pair.ask(first.other(), &about, &[keeps]);
    assert_eq!(kept["features"]["login"], kept_answer(), "{first:?}");
    for (name, value) in [("device", &*device), (attribute, "logged in")] {
        let document = pair.document(name, value);
        assert_eq!(document["assignments"], json!({"login__0": NEW}), "{name}");
    }
}

fn versions_block_and_deal_anew<S: StickyBucketService>(
    pair: &mut Pair<'_, S>,
    attribute: &str,
    first: Side,
) {
    let about = json!({attribute: "veteran"});
    let with = |mut rule: Value, version: i32, minimum: i32| {
        rule["bucketVersion"] = json!(version);
        rule["minBucketVersion"] = json!(minimum);
        rule
    };
    let mut ask = |side, rule| pair.ask(side, &about, &[rule])["features"]["exp"].clone();
    ask(first, with(open("exp", attribute), 2, 0));
    for side in [first.other(), first] {
        let kept = ask(side, with(shut("exp", attribute), 2, 2));
        assert_eq!(kept, kept_answer());
        let blocked = ask(side, with(open("exp", attribute), 3, 3));
        assert_eq!(blocked["value"], "default", "{side:?} keeps out");
    }
    let anew = ask(first.other(), with(open("exp", attribute), 3, 0));
    assert_eq!(anew["variation"], NEW);
    let document = pair.document(attribute, "veteran");
    assert_eq!(
        document["assignments"],
        json!({"exp__2": NEW, "exp__3": NEW})
    );
}

/// Some users come to both at the same time. Both put them into the same variation, if not both then one by the other's.
fn both_write_at_once<S: StickyBucketService>(pair: &mut Pair<'_, S>) {
    let about = |number: usize| json!({"visitor": format!("v-{number}")});
    let halves = rule("at once", "visitor", &json!({"weights": [0.5, 0.5]}));
    let (ours, theirs) = (Arc::clone(&pair.ours), &mut *pair.theirs);
    let (here, there): (Vec<Value>, Vec<Value>) = thread::scope(|scope| {
        let ours = scope.spawn(|| {
            let ask = |number| evaluate(&ours, &about(number), slice(&halves));
            (0..150).map(ask).collect()
        });
        let ask = |number| ask(theirs, &about(number), slice(&halves));
        let there = (50..200).map(ask).collect();
        (ours.join().unwrap(), there)
    });
    let variation = |answer: &Value| answer["features"]["at once"]["variation"].clone();
    for number in 0..200 {
        let document = pair.document("visitor", &format!("v-{number}"));
        let standing = &document["assignments"]["at once__0"];
        let told = [
            here.get(number),
            number.checked_sub(50).map(|it| &there[it]),
        ];
        for answer in told.into_iter().flatten() {
            assert_eq!(variation(answer), *standing, "visitor {number}");
        }
    }
}

/// What a name need not be made of.
const ODD: &str = "Zoë \"🌸\"/\u{1}\u{2028}'; --";
