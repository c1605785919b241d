//! Several providers, and many who ask.

use std::sync::Arc;

use growthbook_core::testing::TestFeatures;
use growthbook_openfeature::GrowthBookProvider;
use open_feature::OpenFeature;
use tokio::runtime::Builder;

use crate::support::{asking, in_time, run, user};

#[test]
fn providers_live_side_by_side() {
    run(async {
        let features = |color| TestFeatures::new().value("color", color).client();
        let mut api = OpenFeature::singleton_mut().await;
        for (domain, color) in [("shop", "red"), ("blog", "blue")] {
            let provider = GrowthBookProvider::new(features(color));
            api.set_named_provider(domain, provider).await;
        }
        let (shop, blog) = (
            api.create_named_client("shop"),
            api.create_named_client("blog"),
        );
        drop(api);
        assert_eq!(
            shop.get_string_value("color", None, None).await.unwrap(),
            "red"
        );
        assert_eq!(
            blog.get_string_value("color", None, None).await.unwrap(),
            "blue"
        );

        // Another one takes the place of the first.
        let provider = GrowthBookProvider::new(features("green"));
        OpenFeature::singleton_mut()
            .await
            .set_named_provider("shop", provider)
            .await;
        assert_eq!(
            shop.get_string_value("color", None, None).await.unwrap(),
            "green"
        );
        assert_eq!(
            blog.get_string_value("color", None, None).await.unwrap(),
            "blue"
        );
    });
}

#[test]
fn many_ask_while_features_change() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(4)
        .enable_time()
        .build();
    runtime.unwrap().block_on(in_time(async {
        let features = |color| {
            TestFeatures::new()
                .value("color", "none")
                .value_for("color", color, ("vip", true))
        };
        let client = features("red").client();
        let flags = Arc::new(asking(GrowthBookProvider::new(client.clone())).await);
        let tasks: Vec<_> = (0..8)
            .map(|number| {
                let flags = Arc::clone(&flags);
                let vip = user(&format!("u-{number}")).with_custom_field("vip", true);
                tokio::spawn(async move {
                    for _ in 0..500 {
                        let color = flags
                            .get_string_value("color", Some(&vip), None)
                            .await
                            .unwrap();
                        assert!(["red", "blue"].contains(&color.as_str()), "{color}");
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        for color in ["blue", "red"].repeat(20) {
            features(color).load_into(&client);
            tokio::task::yield_now().await;
        }
        for task in tasks {
            task.await.unwrap();
        }
    }));
}
