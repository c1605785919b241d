//! Small payloads that are dense in what is hard to reduce: cycles, and groups that are tested against items.

use growthbook_core::Attributes;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::generate::{GROUPS, User, array, object};

/// Groups that are little but references to one another, of users and of the items of a list, and a feature for each but the last.
pub(crate) fn payload() -> impl Strategy<Value = String> {
    let test = (
        select(&["id", "plan"][..]),
        select(&[r#""a""#, r#""b""#][..]),
    )
        .prop_map(|(name, value)| format!(r#"{{"{name}":{value}}}"#));
    let named =
        || select(&GROUPS[..3]).prop_map(|id| format!(r#"{{"$savedGroup":{{"id":"{id}"}}}}"#));
    let part = prop_oneof![
        2 => named(),
        5 => test,
        2 => named().prop_map(|it| format!(r#"{{"items":{{"$elemMatch":{it}}}}}"#)),
    ];
    let list = (select(&["$and", "$or", "$nor"][..]), vec(part, 1..4))
        .prop_map(|(key, items)| format!(r#"{{"{key}":{}}}"#, array(&items)));
    vec(list, 3).prop_map(|conditions| {
        let (mut rules, mut groups) = (Vec::new(), Vec::new());
        for (id, condition) in GROUPS.iter().zip(conditions) {
            let named = format!(r#"{{"$savedGroup":{{"id":"{id}"}}}}"#);
            rules.push(format!(
                r#""{id}":{{"rules":[{{"condition":{named},"force":1}}]}}"#
            ));
            groups.push(format!(
                r#""{id}":{{"type":"condition","condition":{condition}}}"#
            ));
        }
        // The last group is needed only if another one needs it.
        rules.truncate(2);
        format!(
            r#"{{"features":{},"savedGroups":{}}}"#,
            object(&rules),
            object(&groups)
        )
    })
}

/// A user with a list of items, of whom any part may be known.
pub(crate) fn owner() -> impl Strategy<Value = User> {
    let text = || select(&["a", "b"][..]);
    let item =
        (text(), text()).prop_map(|(id, plan)| format!(r#"{{"id":"{id}","plan":"{plan}"}}"#));
    let items = vec(item, 0..3).prop_map(|items| array(&items));
    (text(), text(), items, any::<[bool; 3]>()).prop_map(|(id, plan, items, known)| {
        let all = Attributes::from_json(&format!(
            r#"{{"id":"{id}","plan":"{plan}","items":{items}}}"#
        ));
        let all = all.unwrap();
        let known = all.clone().into_iter().zip(known).filter(|it| it.1);
        User {
            known: known.map(|it| it.0).collect(),
            all,
        }
    })
}
