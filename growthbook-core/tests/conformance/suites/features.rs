use std::collections::BTreeMap;
use std::sync::Arc;

use growthbook_core::engine::{self, Silent, Subject};
use growthbook_core::{StickyAssignments, StickyDocuments, StickyIdentity};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::case::{Case, difference};
use crate::report::{part, suite};

/// `[name, context, feature key, expected result]`
fn check(case: &Case) -> Result<(), String> {
    let context = case.context(1);
    let (ruleset, user) = (Arc::new(context.ruleset()), context.user());
    let key: String = case.get(2);
    let result = engine::evaluate(&ruleset, &key, &Subject::new(&user), None, &mut Silent);
    difference(&result.to_json(), &case.value(3))
}

#[test]
fn feature() {
    suite("feature", check);
}

#[test]
fn contextual_bandit() {
    suite("contextualBandit", check);
}

#[test]
fn saved_group_references_v2() {
    part("savedGroupReferencesV2", "feature", check);
}

#[test]
fn saved_group_references_remote() {
    part("savedGroupReferencesRemote", "feature", check);
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    attribute_name: String,
    attribute_value: String,
    assignments: StickyAssignments,
}

/// `[name, context, stored documents, feature key, expected experiment result, expected documents]`
#[test]
fn sticky_bucket() {
    suite("stickyBucket", |case| {
        let context = case.context(1);
        let (ruleset, user) = (Arc::new(context.ruleset()), context.user());
        let subject = Subject::new(&user);
        let identities = engine::sticky_identities(&ruleset, &subject);
        let stored: Vec<Document> = case.get(2);
        let mut documents: StickyDocuments = stored
            .into_iter()
            .map(|it| {
                (
                    StickyIdentity::new(it.attribute_name, it.attribute_value),
                    it.assignments,
                )
            })
            .filter(|(identity, _)| identities.contains(identity))
            .collect();
        let key: String = case.get(3);
        let result = engine::evaluate(&ruleset, &key, &subject, Some(&mut documents), &mut Silent);
        let result = result
            .to_json()
            .get("experimentResult")
            .cloned()
            .unwrap_or_default();
        difference(&result, &case.value(4))?;
        let documents: BTreeMap<String, Value> = documents
            .iter()
            .map(|(identity, assignments)| {
                let document = json!({
                    "attributeName": identity.attribute(),
                    "attributeValue": identity.value(),
                    "assignments": assignments,
                });
                (identity.to_string(), document)
            })
            .collect();
        difference(&json!(documents), &case.value(5))
    });
}
