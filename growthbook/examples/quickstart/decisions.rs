//! What a customer gets, and why.

use growthbook::{FeatureResult, UserScope};

use super::customers::Customer;

pub(crate) fn print(scope: &UserScope, customer: &Customer) {
    println!("\n{}", customer.role);
    for feature in customer.features {
        let result = scope.evaluate(feature);
        let line = format!(
            "  {feature:<21} {:<30} {:<12} {}",
            shortened(result.value().to_string()),
            result.source().as_str(),
            reason(&result)
        );
        println!("{}", line.trim_end());
    }
}

/// The experiment and the variation, or else the rule.
fn reason(result: &FeatureResult) -> String {
    let (Some(experiment), Some(assignment)) = (result.experiment(), result.assignment()) else {
        return result.rule_id().unwrap_or_default().to_owned();
    };
    let reason = format!("{}: {}", experiment.key(), assignment.variation_key());
    match assignment.bandit() {
        Some(bandit) => format!("{reason}, leaf {}", bandit.leaf_id()),
        None => reason,
    }
}

fn shortened(text: String) -> String {
    if text.chars().count() <= MOST_CHARS {
        return text;
    }
    text.chars().take(MOST_CHARS - 1).chain(['…']).collect()
}

const MOST_CHARS: usize = 30;
