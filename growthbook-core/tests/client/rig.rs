//! A client with one of everything, and a round through all that it does.

use std::time::Duration;

use growthbook_core::{
    BuildError, CloseReport, Experiment, GrowthBookClient, MemoryCache, MemoryStickyBuckets,
    Subscription, UserContext,
};
use serde_json::Map;

use super::puppets::{Cache, Down, Plugin, Server, Source, Sticky, Time, Witness};
use super::stage::{Spot, Stage};
use super::support::user;

/// How a client gets its features.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Way {
    Fetcher,
    Source,
}

impl Way {
    pub(crate) const BOTH: [Self; 2] = [Self::Fetcher, Self::Source];

    /// Whether a client of this kind comes by there at all.
    pub(crate) fn leads_by(self, spot: Spot) -> bool {
        match spot {
            Spot::Fetch | Spot::FetchKey => self == Self::Fetcher,
            Spot::SourceClose
            | Spot::SourceDrop
            | Spot::SourceKey
            | Spot::SourceRefresh
            | Spot::SourceRequest
            | Spot::SourceStart
            | Spot::SourceStatus => self == Self::Source,
            _ => true,
        }
    }
}

pub(crate) struct Rig {
    pub(crate) client: GrowthBookClient,
    pub(crate) stage: Stage,
    witness: Witness,
    _subscription: Subscription,
}

impl Rig {
    pub(crate) fn new(way: Way) -> Self {
        Self::on(&Stage::default(), way).unwrap()
    }

    /// With something on the stage from the beginning.
    pub(crate) fn on(stage: &Stage, way: Way) -> Result<Self, BuildError> {
        let witness = Witness::default();
        let there = |spot| {
            let stage = stage.clone();
            move || stage.enter(spot)
        };
        let (viewed, used, event) = (
            there(Spot::OnViewed),
            there(Spot::OnUsage),
            there(Spot::OnEvent),
        );
        let (refreshed, failed) = (there(Spot::OnRefresh), there(Spot::OnError));
        let builder = GrowthBookClient::builder()
            .payload(SHIPPED)
            .on_experiment_viewed(move |_| viewed())
            .on_feature_usage(move |_| used())
            .on_event(move |_| event())
            .on_refresh(move |_| refreshed())
            .on_error(move |_| failed())
            .plugin(Plugin(stage.clone()))
            .plugin(witness.clone())
            .sticky_buckets(Sticky(stage.clone(), MemoryStickyBuckets::new()))
            .cache(Down)
            .cache(Cache(stage.clone(), MemoryCache::new()))
            .clock(Time(stage.clone()));
        let builder = match way {
            Way::Fetcher => builder.fetcher(Server(stage.clone(), SERVED)),
            Way::Source => builder.source(Source(stage.clone(), SERVED)),
        };
        let client = builder.build()?;
        let subscriber = there(Spot::Subscriber);
        Ok(Self {
            _subscription: client.subscribe(move |_, _| subscriber()),
            client,
            stage: stage.clone(),
            witness,
        })
    }

    /// Does everything once, for a user of its own, and says what they got and what was reported.
    pub(crate) fn round(&self, name: &str) -> Round {
        let refreshed = [
            self.client.refresh().is_ok(),
            self.client.force_refresh().is_ok(),
        ];
        let received = self.client.receive(SERVED.as_bytes()).is_ok();
        self.client.request_refresh();
        let answers = evaluations(&self.client, name);
        let flushed = self.client.flush(SECOND).is_ok();
        Round {
            answers,
            heard: self.witness.take(),
            went_well: [refreshed[0], refreshed[1], received, flushed],
        }
    }

    pub(crate) fn close(&self) -> CloseReport {
        self.client.close(SECOND)
    }
}

#[derive(Debug, PartialEq)]
pub(crate) struct Round {
    pub(crate) answers: Vec<String>,
    pub(crate) heard: Vec<String>,
    /// Two refreshes, what was pushed, and the flush.
    pub(crate) went_well: [bool; 4],
}

/// What a user gets, by each kind of question.
pub(crate) fn evaluations(client: &GrowthBookClient, name: &str) -> Vec<String> {
    let user: UserContext = user(name);
    let inline = Experiment::builder("inline", ["left", "right"])
        .build()
        .unwrap();
    let result = client.evaluate("tested", &user);
    let variation = result
        .assignment()
        .map(|assignment| assignment.variation_key().to_owned());
    let scope = client.scope(user.clone());
    client.log_event("bought", Map::new(), &user);
    vec![
        format!("{} {variation:?} {}", result.value(), result.source()),
        client.value("gated", &user, "none".to_owned()),
        (*client.run(&inline, &user).value()).to_string(),
        scope.value("tested", "none").to_owned(),
        (*scope.run(&inline).value()).to_string(),
        scope.evaluate_all().to_json().to_string(),
        client.is_on("unknown", &user).to_string(),
    ]
}

pub(crate) const SECOND: Duration = Duration::from_secs(1);

/// The features that the program ships, and those that the server has: they say the same, in other bytes.
const SHIPPED: &str = r#"{"features":{
    "tested":{"defaultValue":"default","rules":[{"key":"exp","variations":["a","b"],"meta":[{"key":"A"},{"key":"B"}]}]},
    "gated":{"defaultValue":"shut","rules":[{"parentConditions":[{"id":"base","condition":{"value":true}}],"force":"open"}]},
    "base":{"defaultValue":true}}}"#;

const SERVED: &str = r#" {"features":{
    "tested":{"defaultValue":"default","rules":[{"key":"exp","variations":["a","b"],"meta":[{"key":"A"},{"key":"B"}]}]},
    "gated":{"defaultValue":"shut","rules":[{"parentConditions":[{"id":"base","condition":{"value":true}}],"force":"open"}]},
    "base":{"defaultValue":true}}}"#;
