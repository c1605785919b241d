//! Features that change while the program runs.

use std::error::Error;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use growthbook::{
    Attributes, EvaluatedFeature, GrowthBookClient, HttpSource, Origin, RefreshEvent, UserContext,
};
use serde_json::Value;

use super::server::Server;

/// What changed, whenever something does.
pub(crate) struct Changes(Receiver<String>);

impl Changes {
    /// Where changes go, and where they can be waited for.
    pub(crate) fn new() -> (impl Fn(&RefreshEvent<'_>) + Send + Sync + 'static, Self) {
        let (tell, told): (Sender<String>, _) = channel();
        let listener = move |event: &RefreshEvent<'_>| {
            if event.origin() == Origin::Fetched {
                let changed: Vec<&str> = event.changes().changed().collect();
                // Nobody listens any more when the tour is over.
                let _ = tell.send(changed.join(", "));
            }
        };
        (listener, Self(told))
    }

    fn wait(&self, limit: Duration) -> Option<String> {
        self.0.recv_timeout(limit).ok()
    }

    /// The first features are no change.
    pub(crate) fn pass_over_the_first(&self) {
        self.wait(Duration::from_secs(5));
    }
}

/// Somebody flips a flag in GrowthBook; it arrives over the stream.
pub(crate) fn flip(
    server: &Server,
    client: &GrowthBookClient,
    changes: &Changes,
) -> Result<(), Box<dyn Error>> {
    let is_open = || client.is_on("shop-open", &UserContext::default());
    println!("\nSomebody closes the shop in GrowthBook");
    println!("  shop-open is {}", is_open());
    let mut payload: Value = serde_json::from_slice(super::SHOP)?;
    let flag = payload.pointer_mut("/features/shop-open/defaultValue");
    *flag.ok_or("the shop has a flag")? = Value::Bool(false);
    if let Some(date) = payload.get_mut("dateUpdated") {
        *date = "2026-05-04T18:00:00.000Z".into();
    }
    server.publish(&payload);
    let features = changes.wait(Duration::from_secs(10));
    println!(
        "  changed over the stream: {}",
        features.ok_or("the stream brought nothing")?
    );
    println!("  shop-open is {}", is_open());
    Ok(())
}

/// The features of a GrowthBook of yours, and what changes in them within half a minute.
pub(crate) fn watch() -> Result<(), Box<dyn Error>> {
    let (listener, changes) = Changes::new();
    let client = GrowthBookClient::builder()
        .source(HttpSource::from_env().streaming())
        .on_refresh(listener)
        .on_error(|error| println!("  {error}"))
        .build()?;
    let readiness = client.wait_ready(Duration::from_secs(10));
    let user = UserContext::new(Attributes::new().with("id", "quickstart"));
    let features = client.scope(user).evaluate_all();
    let on = features.iter().filter(EvaluatedFeature::is_on).count();
    println!(
        "{readiness:?}: {} features, {on} of them on for the user `quickstart`",
        features.len()
    );
    println!("Flip one in GrowthBook now: changes are shown for half a minute.");
    changes.pass_over_the_first();
    while let Some(changed) = changes.wait(Duration::from_secs(30)) {
        println!("  changed: {changed}");
    }
    println!("{:?}", client.status().source());
    Ok(())
}
