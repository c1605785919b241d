//! For tests: of programs that use the SDK, and of what plugs into it.
//!
//! # Testing a program
//!
//! Say which features there are, hand the code its client, and look at what it does:
//!
//! ```
//! use growthbook_core::testing::{RecordingPlugin, TestFeatures};
//! use growthbook_core::{Attributes, GrowthBookClient, UserContext};
//!
//! // The code under test takes the client that it takes in production.
//! fn greeting(client: &GrowthBookClient, name: &str) -> String {
//!     let user = UserContext::new(Attributes::new().with("id", name));
//!     let scope = client.scope(user);
//!     format!("{} {name}", scope.value("greeting", "Hello"))
//! }
//!
//! // A feature that the test does not mention is unknown: the code falls back.
//! assert_eq!(greeting(&TestFeatures::new().client(), "Ann"), "Hello Ann");
//!
//! // A value for everybody, and one for somebody.
//! let features = TestFeatures::new().value("greeting", "Hi").value_for("greeting", "Dear", ("id", "Bob"));
//! let client = features.client();
//! assert_eq!(greeting(&client, "Ann"), "Hi Ann");
//! assert_eq!(greeting(&client, "Bob"), "Dear Bob");
//!
//! // A feature changes while the program runs.
//! features.value("greeting", "Hey").load_into(&client);
//! assert_eq!(greeting(&client, "Bob"), "Hey Bob");
//!
//! // What analytics would be told: everybody is in the variation `casual` here, and each is reported once.
//! let analytics = RecordingPlugin::new();
//! let features = TestFeatures::new().value_in("greeting", "Yo", ("greeting-test", "casual"));
//! let client = features.builder().plugin(analytics.clone()).build()?;
//! for name in ["Ann", "Bob", "Ann"] {
//!     greeting(&client, name);
//! }
//! assert_eq!(
//!     analytics.exposures(),
//!     [("greeting-test", "casual", "id", "Ann"), ("greeting-test", "casual", "id", "Bob")]
//! );
//! # Ok::<(), growthbook_core::BuildError>(())
//! ```
//!
//! * [`TestFeatures`] makes clients whose features a test chooses, from nothing or from a payload that the program ships.
//! * A [`RecordingPlugin`] keeps what a client reports: exposures, features evaluated, events of the program's own. It also
//!   panics and fails on demand.
//! * A [`ManualClock`] moves by hand, so that a test of what takes hours takes no time.
//! * A [`ScriptedSource`] brings payloads when the test says so, for code that waits for a client to be ready, or that has
//!   to do without a server. A [`ScriptedFetcher`] does the same for programs that refresh by hand.
//!
//! # Testing what plugs in
//!
//! Each trait that others implement has its contract as a suite. Run it on your own implementation, as this SDK does on
//! its:
//!
//! | trait | suite |
//! |---|---|
//! | [`FeatureCache`](crate::FeatureCache) | [`cache_contract`] |
//! | [`FeatureFetcher`](crate::FeatureFetcher) | [`fetcher_contract`] |
//! | [`PayloadSource`](crate::PayloadSource) | [`source_contract`] |
//! | [`StickyBucketService`](crate::StickyBucketService) | [`sticky_contract`] |
//! | [`TrackingPlugin`](crate::TrackingPlugin) | [`tracking_contract`] |
//!
//! ```
//! use growthbook_core::MemoryStickyBuckets;
//! use growthbook_core::testing::sticky_contract;
//!
//! // In a test of your store:
//! sticky_contract(MemoryStickyBuckets::new);
//! ```
//!
//! The suites panic where a contract is broken, and say how; they start threads, since that is what breaks most
//! implementations.
#![expect(clippy::panic, reason = "a broken contract ends the test that runs it")]

mod cache;
mod clock;
mod features;
mod fetch;
mod fetcher;
mod recording;
mod scripted_source;
mod source;
mod sticky;
mod suite;
mod tracking;

pub use self::cache::cache_contract;
pub use self::clock::ManualClock;
pub use self::features::TestFeatures;
pub use self::fetch::fetcher_contract;
pub use self::fetcher::ScriptedFetcher;
pub use self::recording::{RecordedCustom, RecordedExposure, RecordedFeature, RecordingPlugin};
pub use self::scripted_source::{ScriptedSource, SourceScript};
pub use self::source::source_contract;
pub use self::sticky::sticky_contract;
pub use self::tracking::{Deliveries, tracking_contract};
