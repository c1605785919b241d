//! Small random payloads and users. They are written as text, since the order of keys matters.

use growthbook_core::Attributes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

/// A user's attributes, of which some are known.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) known: Attributes,
    pub(crate) all: Attributes,
}

pub(crate) fn user() -> impl Strategy<Value = User> {
    let attribute = prop_oneof![
        2 => Just(None),
        5 => (value(), any::<bool>()).prop_map(Some),
    ];
    let listed = prop_oneof![
        3 => Just(None),
        2 => (vec(select(GROUPS), 0..3).prop_map(|ids| array(&quoted(&ids))), any::<bool>()).prop_map(Some),
    ];
    (vec(attribute, NAMES.len()), listed).prop_map(|(values, listed)| {
        let names = NAMES.iter().chain(&["__gb_remoteGroupIds"]);
        let given: Vec<(String, bool)> = names
            .zip(values.into_iter().chain([listed]))
            .filter_map(|(name, value)| Some((name, value?)))
            .map(|(name, (value, known))| (format!(r#""{name}":{value}"#), known))
            .collect();
        let of = |members: Vec<&str>| {
            Attributes::from_json(&format!("{{{}}}", members.join(","))).unwrap()
        };
        User {
            known: of(given.iter().filter(|it| it.1).map(|it| &*it.0).collect()),
            all: of(given.iter().map(|it| &*it.0).collect()),
        }
    })
}

pub(crate) fn condition() -> BoxedStrategy<String> {
    let leaf = prop_oneof![
        9 => (select(PATHS), check()).prop_map(|(path, check)| format!(r#""{path}":{check}"#)),
        4 => reference().prop_map(|it| format!(r#""$savedGroup":{it}"#)),
        1 => select(ODD).prop_map(str::to_owned),
    ];
    let leaf = vec(leaf, 0..3).prop_map(|entries| object(&entries));
    leaf.prop_recursive(3, 12, 3, |inner| {
        let list = vec(inner.clone(), 0..4).prop_map(|items| array(&items));
        let entry = prop_oneof![
            3 => (select(&["$and", "$or", "$nor"][..]), list).prop_map(|(key, it)| format!(r#""{key}":{it}"#)),
            2 => inner.clone().prop_map(|it| format!(r#""$not":{it}"#)),
            2 => (select(PATHS), check()).prop_map(|(path, check)| format!(r#""{path}":{check}"#)),
            1 => (select(PATHS), inner).prop_map(|(path, it)| format!(r#""{path}":{{"$elemMatch":{it}}}"#)),
        ];
        vec(entry, 1..3).prop_map(|entries| object(&entries))
    })
    .boxed()
}

pub(crate) fn groups() -> impl Strategy<Value = String> {
    let values = || vec(value(), 0..3).prop_map(|items| array(&items));
    let group = prop_oneof![
        8 => condition().prop_map(|it| format!(r#"{{"type":"condition","condition":{it}}}"#)),
        2 => (select(NAMES), values())
            .prop_map(|(key, it)| format!(r#"{{"type":"list","attributeKey":"{key}","values":{it}}}"#)),
        1 => select(NAMES).prop_map(|key| format!(r#"{{"type":"remote","attributeKey":"{key}"}}"#)),
        1 => values(),
        1 => select(&["null", "5", r#"{"type":"later","of":"g1"}"#, r#"{"type":"condition"}"#][..])
            .prop_map(str::to_owned),
    ];
    vec(group, 0..=GROUPS.len()).prop_map(|groups| {
        let entries = GROUPS.iter().zip(groups);
        object(
            &entries
                .map(|(id, it)| format!(r#""{id}":{it}"#))
                .collect::<Vec<_>>(),
        )
    })
}

pub(crate) fn payload() -> impl Strategy<Value = String> {
    let features = vec(feature(), 1..=FEATURES.len());
    let experiments = vec(auto_experiment(), 0..3).prop_map(|it| array(&it));
    (features, experiments, groups(), bandit()).prop_map(|(features, experiments, groups, bandit)| {
        let features = FEATURES.iter().zip(features);
        let features: Vec<String> = features.map(|(key, it)| format!(r#""{key}":{it}"#)).collect();
        format!(
            r#"{{"status":200,"features":{},"savedGroups":{groups},"experiments":{experiments},"contextualBandits":{{"cb":{bandit}}}}}"#,
            object(&features),
        )
    })
}

/// Filters that leave a kept feature's rules alone.
pub(crate) fn options() -> impl Strategy<Value = String> {
    let filter = |key: &'static str| {
        let part = (select(&["projects", "tags"][..]), vec(select(TAGS), 0..3));
        part.prop_map(move |(part, tags)| {
            format!(r#"{{"{key}":{{"{part}":{}}}}}"#, array(&quoted(&tags)))
        })
    };
    prop_oneof![2 => Just("{}".to_owned()), 1 => filter("include"), 1 => filter("exclude")]
}

fn feature() -> impl Strategy<Value = String> {
    let metadata = prop_oneof![
        2 => Just(String::new()),
        1 => (select(&["projects", "tags"][..]), vec(select(TAGS), 0..3)).prop_map(|(part, tags)| {
            format!(r#","metadata":{{"{part}":{}}}"#, array(&quoted(&tags)))
        }),
    ];
    (vec(rule(), 0..3), select(VALUES), metadata).prop_map(|(rules, default, metadata)| {
        let rules = rules.iter().enumerate();
        let rules: Vec<String> = rules
            .map(|(place, it)| format!(r#"{{"id":"r{place}"{it}}}"#))
            .collect();
        format!(
            r#"{{"defaultValue":{default}{metadata},"rules":{}}}"#,
            array(&rules)
        )
    })
}

fn rule() -> impl Strategy<Value = String> {
    let kind = prop_oneof![
        4 => select(VALUES).prop_map(|it| format!(r#","force":{it}"#)),
        2 => (select(VALUES), select(NAMES))
            .prop_map(|(it, name)| format!(r#","force":{it},"coverage":0.5,"hashAttribute":"{name}""#)),
        3 => (select(NAMES), any::<bool>()).prop_map(|(name, passes)| format!(
            r#","variations":["c","t"],"hashAttribute":"{name}","meta":[{{"passthrough":{passes}}},{{}}]"#
        )),
        2 => Just(r#","contextualVariations":["c","t"],"contextualBanditRef":"cb""#.to_owned()),
        1 => Just(String::new()),
    ];
    (kind, optional_condition(), parents())
        .prop_map(|(kind, condition, parents)| format!("{kind}{condition}{parents}"))
}

fn auto_experiment() -> impl Strategy<Value = String> {
    (optional_condition(), parents(), select(NAMES), any::<bool>()).prop_map(
        |(condition, parents, name, forced)| {
            let force = if forced { r#","force":1"# } else { "" };
            format!(
                r#"{{"key":"auto","variations":[{{"css":"a"}},{{"css":"b"}}],"hashAttribute":"{name}"{force}{condition}{parents}}}"#
            )
        },
    )
}

fn optional_condition() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        8 => condition().prop_map(|it| format!(r#","condition":{it}"#)),
        1 => select(&["null", "5", "[]", r#""g0""#][..]).prop_map(|it| format!(r#","condition":{it}"#)),
    ]
}

fn parents() -> impl Strategy<Value = String> {
    let condition = prop_oneof![
        3 => check().prop_map(|it| format!(r#"{{"value":{it}}}"#)),
        1 => reference().prop_map(|it| format!(r#"{{"$savedGroup":{it}}}"#)),
    ];
    let parent = (select(FEATURES), condition, any::<bool>()).prop_map(|(id, condition, gate)| {
        format!(r#"{{"id":"{id}","condition":{condition},"gate":{gate}}}"#)
    });
    prop_oneof![
        3 => Just(String::new()),
        2 => vec(parent, 1..3).prop_map(|it| format!(r#","parentConditions":{}"#, array(&it))),
    ]
}

fn bandit() -> impl Strategy<Value = String> {
    let context = prop_oneof![
        8 => (0..9, optional_condition(), any::<bool>()).prop_map(|(leaf, condition, control)| {
            let weights = if control { "[1,0]" } else { "[0,1]" };
            format!(r#"{{"leafId":{leaf}.0,"weights":{weights}{condition}}}"#).replace(".0", if leaf == 7 { ".0" } else { "" })
        }),
        1 => Just("null".to_owned()),
    ];
    prop_oneof![
        6 => vec(context, 0..4).prop_map(|it| format!(r#"{{"banditVersion":3,"contexts":{}}}"#, array(&it))),
        1 => select(&["null", "1", r#"{"contexts":{}}"#][..]).prop_map(str::to_owned),
    ]
}

fn reference() -> impl Strategy<Value = String> {
    prop_oneof![
        8 => select(GROUPS).prop_map(|id| format!(r#"{{"id":"{id}"}}"#)),
        2 => (select(GROUPS), select(PATHS)).prop_map(|(id, key)| format!(r#"{{"id":"{id}","attributeKey":"{key}"}}"#)),
        1 => select(&[r#"{"id":"nowhere"}"#, "{}", "5", r#"{"id":"g0","attributeKey":null}"#][..])
            .prop_map(str::to_owned),
    ]
}

/// What a value is tested against: a literal, or operators, some of which do not exist.
fn check() -> BoxedStrategy<String> {
    let list = || vec(value(), 0..3).prop_map(|items| array(&items));
    let operator = prop_oneof![
        4 => (select(&["$eq", "$ne", "$gt", "$lte", "$veq", "$regex", "$notRegex", "$type", "$later"][..]), value())
            .prop_map(|(name, it)| format!(r#""{name}":{it}"#)),
        3 => (select(&["$in", "$nin", "$ini", "$all", "$in"][..]), list())
            .prop_map(|(name, it)| format!(r#""{name}":{it}"#)),
        2 => (select(&["$inGroup", "$notInGroup", "$inGroupLater"][..]), select(GROUPS))
            .prop_map(|(name, id)| format!(r#""{name}":"{id}""#)),
        2 => any::<bool>().prop_map(|it| format!(r#""$exists":{it}"#)),
        1 => reference().prop_map(|it| format!(r#""$elemMatch":{{"$savedGroup":{it}}}"#)),
        1 => select(&[r#""$elemMatch":5"#, r#""$in":5"#, r#""$or":[]"#, r#""$size":{"$gt":0}"#][..])
            .prop_map(str::to_owned),
    ];
    let operators = vec(operator, 0..3).prop_map(|entries| object(&entries));
    let check = prop_oneof![2 => value(), 5 => operators];
    check
        .prop_recursive(2, 4, 1, |inner| {
            (select(&["$not", "$elemMatch", "$size"][..]), inner)
                .prop_map(|(name, it)| format!(r#"{{"{name}":{it}}}"#))
        })
        .boxed()
}

fn value() -> impl Strategy<Value = String> {
    select(VALUES).prop_map(str::to_owned)
}

pub(crate) fn object(entries: &[String]) -> String {
    format!("{{{}}}", entries.join(","))
}

pub(crate) fn array(items: &[String]) -> String {
    format!("[{}]", items.join(","))
}

fn quoted(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| format!("{text:?}")).collect()
}

const NAMES: &[&str] = &["id", "plan", "items", "x"];

const PATHS: &[&str] = &["id", "plan", "items", "x", "items.0", "x.id", "zz"];

const VALUES: &[&str] = &[
    r#""a""#,
    r#""b""#,
    "1",
    "true",
    "null",
    "[]",
    r#"["a",1]"#,
    r#"[{"id":"a"},{"x":1,"plan":"b"}]"#,
    r#"{"id":"a"}"#,
];

pub(crate) const GROUPS: &[&str] = &["g0", "g1", "g2", "g3", "g4"];

const FEATURES: &[&str] = &["f0", "f1", "f2", "f3", "$holdout:h"];

const TAGS: &[&str] = &["t", "u"];

const ODD: &[&str] = &[
    r#""$or":null"#,
    r#""$and":[5]"#,
    r#""$not":[]"#,
    r#""$savedGroups":["g0"]"#,
    r#""$later":"g1""#,
];
