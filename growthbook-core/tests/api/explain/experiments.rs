//! Every step that can settle an experiment.

use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::explanation::StickyAnswer;
use growthbook_core::{
    Experiment, ExperimentOverride, GlobalContext, StickyDocuments, StickyIdentity, UserContext,
};

use super::super::ruleset;
use super::user;

/// The experiment `exp` of `control` and `new`, for the user whose id is `u` and whose `a` is 1.
fn check(members: &str, adapt: impl FnOnce(UserContext) -> UserContext, expected: &str) {
    check_with(members, adapt, &GlobalContext::new(), None, expected);
}

fn check_with(
    members: &str,
    adapt: impl FnOnce(UserContext) -> UserContext,
    global: &GlobalContext,
    documents: Option<&StickyDocuments>,
    expected: &str,
) {
    let ruleset = ruleset(r#"{"features": {"p": {"defaultValue": 1}}}"#);
    let json = format!(
        r#"{{"key": "exp", "variations": ["a", "b"], "meta": [{{"key": "control"}}, {{"key": "new"}}]{members}}}"#
    );
    let experiment = Experiment::from_json(&json).unwrap();
    let user = adapt(user(r#"{"id": "u", "a": 1}"#));
    let subject = Subject::new(&user).within(global);
    let explanation = engine::explain_experiment(&ruleset, &experiment, &subject, documents);
    let text = explanation.to_string();
    assert_eq!(text, expected.trim_start_matches('\n'), "{members}");
    let mut documents = documents.cloned();
    let result = engine::run(
        &ruleset,
        &experiment,
        &subject,
        documents.as_mut(),
        &mut Silent,
    );
    assert_eq!(explanation.experiment().assignment(), result.assignment());
    let json = explanation.to_json();
    assert_eq!(json.get("experiment"), Some(&"exp".into()));
}

fn nothing_else(user: UserContext) -> UserContext {
    user
}

#[test]
fn before_anything_is_hashed() {
    check(
        r#", "variations": ["a"]"#,
        nothing_else,
        "experiment exp: not in it, there are fewer than two variations (step 1)\n",
    );
    check(
        "",
        |user| user.with_enabled(false),
        "experiment exp: not in it, experiments are switched off (step 2)\n",
    );
    check(
        r#", "urlPatterns": [{"type": "simple", "pattern": "/a", "include": true}]"#,
        |user| user.with_url("https://x.org/b"),
        "experiment exp: not in it, the page is none that it runs on (step 4)\n  page: https://x.org/b\n",
    );
    check(
        "",
        |user| user.with_url("https://x.org/?exp=1"),
        "experiment exp: variation new, forced by the page's query string (step 5)\n  page: https://x.org/?exp=1\n",
    );
    check(
        "",
        |user| user.with_forced_variation("exp", 1),
        "experiment exp: variation new, forced by the program (step 6)\n",
    );
    check(
        "",
        |user| user.with_forced_variation("exp", 7),
        "experiment exp: not in it, forced by the program, to a variation that does not exist (step 6)\n",
    );
    for members in [r#", "status": "draft""#, r#", "active": false"#] {
        check(
            members,
            nothing_else,
            "experiment exp: not in it, it is a draft, or not active (step 7)\n",
        );
    }
    check(
        r#", "hashAttribute": "device""#,
        nothing_else,
        "experiment exp: not in it, the user lacks the attribute that is hashed (step 8)\n  device has no value that can be hashed\n",
    );
}

#[test]
fn by_targeting() {
    check(
        r#", "filters": [{"seed": "s", "ranges": [[0, 0.1]]}]"#,
        nothing_else,
        r#"
experiment exp: not in it, outside its filters (step 10a)
  no   filter: id "u" has bucket 0.1444, outside [0, 0.1) (seed "s", hash version 2)
"#,
    );
    check(
        r#", "namespace": ["ns", 0, 0.1]"#,
        nothing_else,
        r#"
experiment exp: not in it, outside its part of the namespace (step 10b)
  no   namespace: id "u" has bucket 0.577, outside [0, 0.1) (seed "__ns", hash version 1)
"#,
    );
    check(
        r#", "namespace": ["ns", 0, 1], "condition": {"a": 2}"#,
        nothing_else,
        r#"
experiment exp: not in it, its condition does not hold (step 10d)
  yes  namespace: id "u" has bucket 0.577, inside [0, 1) (seed "__ns", hash version 1)
  no   a = 2   found 1
"#,
    );
    check(
        r#", "parentConditions": [{"id": "p"}, {"id": "p", "condition": {"value": 2}}]"#,
        nothing_else,
        r"
experiment exp: not in it, a prerequisite is not met (step 10e)
  needs p: met
    p = 1 [defaultValue]: it has no rules
  needs p: not met
    p = 1 (told above)
    no   value = 2   found 1
",
    );
    check(
        r#", "groups": ["beta"]"#,
        nothing_else,
        "experiment exp: not in it, in none of its groups (step 10f)\n",
    );
    check(
        r#", "url": "^/a""#,
        |user| user.with_url("/b"),
        "experiment exp: not in it, the page does not match its URL (step 11)\n  page: /b\n",
    );
    check(
        r#", "hashVersion": 3"#,
        nothing_else,
        r#"
experiment exp: not in it, its hash version is unknown to this SDK (step 12)
  id "u", but the hash version is unknown to this SDK
"#,
    );
}

#[test]
fn the_program_leaves_users_out() {
    let experiment = Experiment::builder("exp", [1, 2])
        .include(false)
        .build()
        .unwrap();
    let user = user(r#"{"id": "u"}"#);
    let ruleset = ruleset(r#"{"features": {}}"#);
    let explanation = engine::explain_experiment(&ruleset, &experiment, &Subject::new(&user), None);
    assert_eq!(
        explanation.to_string(),
        "experiment exp: not in it, the program leaves the user out (step 10c)\n"
    );
}

#[test]
fn after_the_bucket_is_known() {
    let dealt = |first: &str, ranges: [&str; 2]| {
        let [control, new] = ranges;
        format!(
            "experiment exp: {first}\n  id \"u\" has bucket 0.535 (seed \"exp\", hash version 1)\n    \
             0 control  {control}\n    1 new      {new}\n"
        )
    };
    let halves = ["[0, 0.5)", "[0.5, 1)  <- here"];
    check(
        "",
        nothing_else,
        &dealt("variation new, chosen by the bucket (step 20)", halves),
    );
    check(
        r#", "weights": [0.53, 0.47], "coverage": 0.01"#,
        nothing_else,
        &dealt(
            "not in it, the bucket is in no variation's range (step 15)",
            ["[0, 0.0053)", "[0.53, 0.5347)"],
        ),
    );
    for (members, first) in [
        (
            r#", "force": 0"#,
            "variation control, forced by the experiment (step 16)",
        ),
        (
            r#", "force": 2"#,
            "not in it, forced by the experiment, to a variation that does not exist (step 16)",
        ),
        (
            r#", "status": "stopped""#,
            "not in it, it has been stopped (step 19)",
        ),
    ] {
        check(members, nothing_else, &dealt(first, halves));
    }
    check(
        "",
        |user| user.with_qa_mode(true),
        &dealt("not in it, in QA mode nobody is bucketed (step 17)", halves),
    );
    check(
        "",
        |user| user.with_all_experiments_skipped(true),
        &dealt(
            "not in it, the user is kept out of all experiments (step 18)",
            halves,
        ),
    );
    check(
        r#", "ranges": [[0, 0], [0, 0.5], [0.5, 1]]"#,
        nothing_else,
        r#"
experiment exp: not in it, the bucket's range belongs to no variation (step 20)
  id "u" has bucket 0.535 (seed "exp", hash version 1)
    0 control  [0, 0)
    1 new      [0, 0.5)
    2 (none)   [0.5, 1)  <- here
"#,
    );
    // What overrides change is what is told.
    let weights = ExperimentOverride::from_json(r#"{"weights": [1, 0]}"#).unwrap();
    check_with(
        "",
        nothing_else,
        &GlobalContext::new().with_override("exp", weights),
        None,
        &dealt(
            "variation control, chosen by the bucket (step 20)",
            ["[0, 1)  <- here", "[1, 1)"],
        ),
    );
}

#[test]
fn with_sticky_buckets() {
    let dealt = r#"  id "u" has bucket 0.535 (seed "exp", hash version 1)
    0 control  [0, 0.5)
    1 new      [0.5, 1)  <- here
"#;
    let mut documents = StickyDocuments::new();
    let nobody = GlobalContext::new();
    check_with(
        "",
        nothing_else,
        &nobody,
        Some(&documents),
        &format!(
            "experiment exp: variation new, chosen by the bucket (step 20)\n  sticky bucket: none\n{dealt}"
        ),
    );
    let assignments = [("exp__0".to_owned(), "control".to_owned())];
    documents.insert(
        StickyIdentity::new("id", "u"),
        assignments.into_iter().collect(),
    );
    check_with(
        r#", "condition": {"a": 2}"#,
        nothing_else,
        &nobody,
        Some(&documents),
        &format!(
            "experiment exp: variation control, kept from an earlier assignment (step 20)\n  \
             sticky bucket: control\n{dealt}"
        ),
    );
    check_with(
        r#", "bucketVersion": 2, "minBucketVersion": 1"#,
        nothing_else,
        &nobody,
        Some(&documents),
        &format!(
            "experiment exp: not in it, assigned under a bucket version that is kept out (step 14)\n  \
             sticky bucket: of a bucket version that is kept out\n{dealt}"
        ),
    );

    let ruleset = ruleset(
        r#"{"features": {"f": {"rules": [{"key": "exp", "variations": [1, 2], "meta": [{"key": "control"}]}]}}}"#,
    );
    let user = user(r#"{"id": "u"}"#);
    let before = documents.clone();
    let explanation = engine::explain(&ruleset, "f", &Subject::new(&user), Some(&documents));
    let experiment = explanation.rules()[0].experiment().unwrap();
    let variation = "control".to_owned();
    assert_eq!(
        experiment.sticky(),
        Some(&StickyAnswer::Found { variation })
    );
    assert_eq!(documents, before);
}
