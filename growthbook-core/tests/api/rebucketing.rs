//! Whose users another payload moves from variation to variation, and why.

use growthbook_core::{RebucketingCause, Ruleset};

fn ruleset(rules: &str) -> Ruleset {
    let text = format!(r#"{{"features":{{"f":{{"rules":[{rules}]}}}}}}"#);
    Ruleset::from_json(text.as_bytes(), None).unwrap()
}

/// Experiment and cause of all that is reported, and whether users move without and with sticky buckets.
fn reported(before: &str, after: &str) -> Vec<(String, RebucketingCause, [bool; 2])> {
    let (before, after) = (ruleset(before), ruleset(after));
    let changes = after.changes_since(&before);
    let rebucketings = changes.rebucketings().map(|it| {
        assert_eq!(it.feature_key(), "f");
        let moves = [
            it.moves_without_sticky_buckets(),
            it.moves_with_sticky_buckets(),
        ];
        (it.experiment_key().to_owned(), it.cause(), moves)
    });
    rebucketings.collect()
}

/// What is reported when an experiment of two variations with keys of their own goes from some members to others.
fn check(before: &str, after: &str, expected: Option<(RebucketingCause, [bool; 2])>) {
    const COMMON: &str = r#""key":"e","variations":["x","y"],"meta":[{"key":"mx"},{"key":"my"}]"#;
    let rule = |members: &str| format!("{{{members}{COMMON}}}");
    let found = reported(&rule(before), &rule(after));
    let expected = expected.map(|(cause, moves)| ("e".to_owned(), cause, moves));
    assert_eq!(found, Vec::from_iter(expected), "{before} -> {after}");
}

/// Without sticky buckets, and with them for users who have none.
const ALL_BUT_KEPT: [bool; 2] = [true, false];
const ALL: [bool; 2] = [true, true];
const KEPT: [bool; 2] = [false, true];

#[test]
fn what_hashes_anew_moves_users() {
    use RebucketingCause::{HashAttribute, HashVersion, Seed};

    check("", r#""seed":"s","#, Some((Seed, ALL_BUT_KEPT)));
    check(r#""seed":"e","#, "", None);
    check("", r#""hashVersion":2,"#, Some((HashVersion, ALL_BUT_KEPT)));
    check(r#""hashVersion":1,"#, "", None);
    // Nobody is bucketed.
    check("", r#""hashVersion":3,"#, None);
    check("", r#""seed":"s","coverage":0,"#, None);
    // Nobody gets anything else.
    check(
        r#""weights":[1,0],"#,
        r#""weights":[1,0],"seed":"s","#,
        None,
    );
    // Sticky buckets of the old attribute are not looked up, unless it is the fallback or `id`.
    let device = r#""hashAttribute":"device","#;
    check(device, "", Some((HashAttribute, ALL)));
    check("", device, Some((HashAttribute, ALL_BUT_KEPT)));
    let company = r#""hashAttribute":"device","fallbackAttribute":"company","#;
    check("", company, Some((HashAttribute, ALL)));
}

#[test]
fn a_split_moves_users_where_buckets_change_hands() {
    let moved = Some((RebucketingCause::TrafficSplit, ALL_BUT_KEPT));
    check(r#""weights":[0.5,0.5],"#, "", None);
    check("", r#""weights":[0.6,0.4],"#, moved);
    check("", r#""coverage":0.2,"#, None);
    check(r#""coverage":0.2,"#, r#""coverage":0.7,"#, None);
    // Under this coverage the second range begins where the first one once ended.
    check(
        r#""coverage":0.5,"#,
        r#""coverage":0.5,"weights":[0.6,0.4],"#,
        None,
    );
    check("", r#""coverage":0.5,"weights":[0.3,0.7],"#, moved);
    check("", r#""ranges":[[0,0.5],[0.5,1]],"#, None);
    check("", r#""ranges":[[0.5,1],[0,0.5]],"#, moved);
    check(
        r#""ranges":[[0,0.1]],"#,
        r#""ranges":[[0.1,0.2],[0.2,0.3]],"#,
        None,
    );
    // The hundredth of a bucket is nobody's; a bucket is somebody's.
    check("", r#""ranges":[[0,0.50001],[0.50001,1]],"#, moved);
    check("", r#""ranges":[[0,0.49999],[0.49999,1]],"#, None);
    // More ranges than variations shadow those that come after them.
    check(r#""ranges":[[0,0],[0,0],[0,1]],"#, "", None);
}

#[test]
fn variations_are_known_by_their_keys() {
    let moved = |moves| vec![("e".to_owned(), RebucketingCause::TrafficSplit, moves)];
    let rule = |variations: &str, ranges: &str, keys: &[&str]| {
        let meta: Vec<_> = keys
            .iter()
            .map(|it| format!(r#"{{"key":"{it}"}}"#))
            .collect();
        let meta = meta.join(",");
        format!(r#"{{"key":"e","variations":[{variations}],"meta":[{meta}]{ranges}}}"#)
    };
    let two = rule("1,2", "", &["a", "b"]);
    assert_eq!(
        reported(&two, &rule("2,1", "", &["b", "a"])),
        moved(ALL_BUT_KEPT)
    );
    let turned = rule("2,1", r#","ranges":[[0.5,1],[0,0.5]]"#, &["b", "a"]);
    assert_eq!(reported(&two, &turned), []);
    assert_eq!(
        reported(&two, &rule("1,2,3", "", &["a", "b", "c"])),
        moved(ALL_BUT_KEPT)
    );
    let third = rule(
        "1,2,3",
        r#","ranges":[[0,0.5],[0.5,0.9],[0.95,1]]"#,
        &["a", "b", "c"],
    );
    assert_eq!(reported(&two, &third), moved(ALL_BUT_KEPT));
    let room = rule(
        "1,2,3",
        r#","ranges":[[0,0.5],[0.5,0.9],[0.9,0.9]]"#,
        &["a", "b", "c"],
    );
    assert_eq!(reported(&two, &room), []);
    // One that is gone leaves its users to others, or to nobody.
    let three = rule("1,2,3", "", &["a", "b", "c"]);
    assert_eq!(reported(&three, &two), moved(ALL));
    let outside = rule("1,2", r#","weights":[0.5,0.5],"coverage":0.6"#, &["a", "b"]);
    let all = r#","ranges":[[0,0.5],[0.5,0.9],[0.9,1]]"#;
    let gone = reported(&rule("1,2,3", all, &["a", "b", "c"]), &outside);
    // But for those whom a sticky bucket held there.
    let released = ("e".to_owned(), RebucketingCause::StickyBuckets, KEPT);
    assert_eq!(gone, [released]);
    // Whether a value is another one is the author's affair.
    assert_eq!(reported(&two, &rule("3,4", "", &["a", "b"])), []);
}

#[test]
fn what_keeps_users_out_moves_nobody() {
    check("", r#""namespace":["n",0,0.5],"#, None);
    check(
        r#""namespace":["n",0.5,1],"#,
        r#""namespace":["n",0,0.5],"#,
        None,
    );
    check(
        "",
        r#""condition":{"a":1},"filters":[{"seed":"n","ranges":[[0,1]]}],"#,
        None,
    );
    // A new seed moves those only who are in both.
    let moved = Some((RebucketingCause::Seed, ALL_BUT_KEPT));
    let seed = |members: &str| format!(r#"{members}"seed":"s","#);
    for (before, after, expected) in [
        (
            r#""namespace":["n",0.4,1],"#,
            r#""namespace":["n",0,0.5],"#,
            moved,
        ),
        (
            r#""namespace":["n",0.5,1],"#,
            r#""namespace":["n",0,0.5],"#,
            None,
        ),
        (
            r#""namespace":["n",0.5,1],"#,
            r#""namespace":["m",0,0.5],"#,
            moved,
        ),
        ("", r#""namespace":["n",0.5,0.5],"#, None),
        ("", r#""namespace":5,"#, None),
        ("", r#""filters":5,"#, None),
    ] {
        check(before, &seed(after), expected);
    }
    let filter = |range: &str| format!(r#""filters":[{{"seed":"n","ranges":[{range}]}}],"#);
    check(&filter("[0,0.3]"), &seed(&filter("[0.3,0.6]")), None);
    check(
        &filter("[0,0.3]"),
        &seed(&filter("[0.9,1],[0.2,0.6]")),
        moved,
    );
}

#[test]
fn sticky_buckets_that_count_no_more_release_users() {
    let released = Some((RebucketingCause::StickyBuckets, KEPT));
    check("", r#""bucketVersion":1,"#, released);
    check("", r#""disableStickyBucketing":true,"#, released);
    check(r#""disableStickyBucketing":true,"#, "", None);
    // They are kept out.
    check("", r#""bucketVersion":1,"minBucketVersion":1,"#, None);
    check(
        r#""bucketVersion":1,"#,
        r#""bucketVersion":2,"minBucketVersion":1,"#,
        released,
    );
    check("", r#""minBucketVersion":1,"#, None);
    // A new phase deals all anew, or those only who were not there.
    let seed = |moves| Some((RebucketingCause::Seed, moves));
    check("", r#""seed":"s","bucketVersion":1,"#, seed(ALL));
    check(
        "",
        r#""seed":"s","bucketVersion":1,"minBucketVersion":1,"#,
        seed(ALL_BUT_KEPT),
    );
    check(
        "",
        r#""seed":"s","disableStickyBucketing":true,"#,
        seed(ALL),
    );
    // A key that is new finds nothing; without keys nothing was ever found.
    let rule = |meta: &str| format!(r#"{{"key":"e","variations":[1,2]{meta}}}"#);
    let named = rule(r#","meta":[{"key":"a"},{"key":"b"}]"#);
    let renamed = rule(r#","meta":[{"key":"a"},{"key":"c"}]"#);
    let expected = ("e".to_owned(), RebucketingCause::StickyBuckets, KEPT);
    assert_eq!(reported(&named, &renamed), [expected]);
    assert_eq!(reported(&rule(""), &rule(r#","bucketVersion":1"#)), []);
}

#[test]
fn fallbacks_count_with_sticky_buckets_only() {
    let by = |name: &str| format!(r#""fallbackAttribute":"{name}","#);
    let moved = Some((RebucketingCause::FallbackAttribute, KEPT));
    check(&by("device"), &by("company"), moved);
    check("", &by("company"), None);
    check(&by("company"), "", None);
    let disabled = |name: &str| format!(r#"{}"disableStickyBucketing":true,"#, by(name));
    check(&disabled("device"), &disabled("company"), None);
}

#[test]
fn rules_of_one_experiment_are_paired() {
    let rule =
        |key: &str, seed: &str| format!(r#"{{"key":"{key}","variations":[1,2],"seed":"{seed}"}}"#);
    let rules = |rules: &[(&str, &str)]| {
        let rules: Vec<_> = rules.iter().map(|(key, seed)| rule(key, seed)).collect();
        rules.join(",")
    };
    let check = |before: &[(&str, &str)], after: &[(&str, &str)], expected: &[&str]| {
        let found = reported(&rules(before), &rules(after));
        let keys: Vec<_> = found.iter().map(|(key, ..)| key.as_str()).collect();
        assert_eq!(keys, expected, "{before:?} -> {after:?}");
    };
    check(
        &[("a", "1"), ("b", "1")],
        &[("b", "2"), ("a", "2")],
        &["b", "a"],
    );
    check(&[("a", "1"), ("a", "2")], &[("a", "2"), ("a", "1")], &[]);
    check(&[("a", "1"), ("a", "2")], &[("a", "2")], &[]);
    check(&[("a", "1"), ("a", "2")], &[("a", "2"), ("a", "3")], &["a"]);
    check(&[("a", "1")], &[("b", "1")], &[]);
}
