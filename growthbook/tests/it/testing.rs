//! A program's test, as it reads with the facade alone.

use growthbook::testing::{RecordingPlugin, TestFeatures};
use growthbook::{Attributes, GrowthBookClient, UserContext};

/// What is tested.
fn shipping(client: &GrowthBookClient, user: &str) -> String {
    let user = UserContext::new(Attributes::new().with("id", user));
    let scope = client.scope(user);
    match scope.value("free-shipping-from", 50) {
        0 => "free".to_owned(),
        from => format!("free from {from}"),
    }
}

#[test]
fn a_program_is_tested_with_the_features_of_the_test() {
    let features = TestFeatures::new().value_for("free-shipping-from", 0, ("id", "ann"));
    let client = features.client();
    assert_eq!(shipping(&client, "ann"), "free");
    assert_eq!(shipping(&client, "bob"), "free from 50");

    let analytics = RecordingPlugin::new();
    let builder = features
        .value_in("free-shipping-from", 35, ("shipping-test", "from-35"))
        .builder();
    let client = builder.plugin(analytics.clone()).build().unwrap();
    assert_eq!(shipping(&client, "bob"), "free from 35");
    assert_eq!(
        analytics.exposures(),
        [("shipping-test", "from-35", "id", "bob")]
    );
}
