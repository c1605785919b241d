use std::sync::{Arc, Mutex};

use growthbook_core::{
    Attributes, Experiment, GrowthBookClient, MemoryStickyBuckets, Track, TrackingEvent,
    UserContext,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::case::{Case, Context, difference};
use crate::report::local;

/// One thing that the program does.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Ask {
    Feature(String),
    Run(Box<serde_json::value::RawValue>),
    /// From here on for a user with these attributes.
    User(Box<serde_json::value::RawValue>),
}

impl Ask {
    fn user(&self) -> Option<UserContext> {
        match self {
            Self::User(attributes) => Some(UserContext::new(
                Attributes::from_json(attributes.get()).unwrap(),
            )),
            _ => None,
        }
    }
}

type Log = Arc<Mutex<Vec<Value>>>;

/// A client that writes down what it reports: exposures as lists of four, features used as lists of three.
fn client(context: &Context) -> (GrowthBookClient, Log, Log) {
    let (exposures, usages) = (Log::default(), Log::default());
    let (viewed, used) = (Arc::clone(&exposures), Arc::clone(&usages));
    let builder = GrowthBookClient::builder()
        .payload(context.ruleset().payload().to_vec())
        .on_event(move |event| match event {
            TrackingEvent::ExperimentViewed(_) => viewed.lock().unwrap().push(line(event)),
            TrackingEvent::FeatureEvaluated(event) => {
                let line = json!([event.feature(), event.source().as_str(), event.value()]);
                used.lock().unwrap().push(line);
            }
            _ => {}
        });
    let client = if context.is_sticky() {
        builder.sticky_buckets(MemoryStickyBuckets::new()).build()
    } else {
        builder.build()
    };
    (client.unwrap(), exposures, usages)
}

fn line(event: &TrackingEvent<'_>) -> Value {
    let TrackingEvent::ExperimentViewed(event) = event else {
        panic!("no exposure");
    };
    let exposure = event.exposure();
    let assignment = event.assignment();
    json!([
        event.experiment().key(),
        event.variation_key(),
        exposure.hash_attribute(),
        Value::from(assignment.hash_value()),
    ])
}

/// Asks the client itself.
fn ask_client(client: &GrowthBookClient, mut user: UserContext, asks: &[Ask]) {
    for ask in asks {
        match ask {
            Ask::Feature(key) => drop(client.evaluate(key, &user)),
            Ask::Run(text) => {
                let experiment = Experiment::from_json(text.get()).unwrap();
                client.run(&experiment, &user);
            }
            Ask::User(_) => user = ask.user().unwrap(),
        }
    }
}

/// Asks a scope for each user; hands back what the scopes deferred.
fn ask_scopes(
    client: &GrowthBookClient,
    user: UserContext,
    asks: &[Ask],
    track: Track,
) -> Vec<Value> {
    let mut deferred = Vec::new();
    let mut scope = client.scope(user).with_track(track);
    for ask in asks {
        match ask {
            Ask::Feature(key) => drop(scope.is_on(key)),
            Ask::Run(text) => {
                let experiment = Experiment::from_json(text.get()).unwrap();
                scope.run(&experiment);
            }
            Ask::User(_) => {
                deferred.extend(scope.take_deferred().iter().map(|event| line(&event)));
                scope = client.scope(ask.user().unwrap()).with_track(track);
            }
        }
    }
    deferred.extend(scope.take_deferred().iter().map(|event| line(&event)));
    deferred
}

fn taken(log: &Log) -> Value {
    Value::Array(std::mem::take(&mut *log.lock().unwrap()))
}

fn asks(case: &Case) -> Vec<Ask> {
    case.get(2)
}

/// `[name, context, what is asked, exposures]`: whether a client is asked or its scopes.
#[test]
fn exposures() {
    local("exposures", |case| {
        let (context, asks, expected) = (case.context(1), asks(case), case.value(3));
        let (asked, exposures, _) = client(&context);
        ask_client(&asked, context.user(), &asks);
        difference(&taken(&exposures), &expected).map_err(|it| format!("client: {it}"))?;

        let (asked, exposures, _) = client(&context);
        ask_scopes(&asked, context.user(), &asks, Track::On);
        difference(&taken(&exposures), &expected).map_err(|it| format!("scopes: {it}"))?;
        ask_client(&asked, context.user(), &asks);
        difference(&taken(&exposures), &json!([])).map_err(|it| format!("once more: {it}"))?;

        let (asked, exposures, usages) = client(&context);
        ask_scopes(&asked, context.user(), &asks, Track::Off);
        difference(&taken(&exposures), &json!([])).map_err(|it| format!("off: {it}"))?;
        difference(&taken(&usages), &json!([])).map_err(|it| format!("off: {it}"))?;
        let deferred = ask_scopes(&asked, context.user(), &asks, Track::Deferred);
        difference(&taken(&exposures), &json!([])).map_err(|it| format!("deferred: {it}"))?;
        // Each scope defers its own, so scopes for the same user repeat each other.
        let has_several = asks.iter().any(|ask| ask.user().is_some());
        if has_several {
            return Ok(());
        }
        difference(&json!(deferred), &expected).map_err(|it| format!("deferred: {it}"))
    });
}

/// `[name, context, what is asked, features used as a client reports them, as scopes report them]`
#[test]
fn usages() {
    local("usages", |case| {
        let (context, asks) = (case.context(1), asks(case));
        let (asked, _, usages) = client(&context);
        ask_client(&asked, context.user(), &asks);
        difference(&taken(&usages), &case.value(3)).map_err(|it| format!("client: {it}"))?;
        ask_scopes(&asked, context.user(), &asks, Track::On);
        difference(&taken(&usages), &case.value(4)).map_err(|it| format!("scopes: {it}"))
    });
}
