// Its code needs `http` and `spool`, so it is not run without.
#![cfg_attr(
    any(all(feature = "http", feature = "spool"), not(doctest)),
    doc = include_str!("../README.md")
)]
//!
//! ## Where to look
//!
//! | to | see |
//! |---|---|
//! | send events to GrowthBook | `Ingestor` |
//! | hand them to a closure | [`BatchTracker::callback`] |
//! | write them to a file | [`JsonLines`] |
//! | take them anywhere else | [`EventSink`] |
//! | choose which events, which attributes, and how many at a time | [`BatchTrackerBuilder`], [`Batching`] |
//! | lose none when the process ends | `BatchTrackerBuilder::spool`, `BatchTracker::sync` |
//! | see what became of them | [`BatchTracker::report`], [`DropReason`] |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod answer;
mod batch;
mod batching;
mod callback;
mod event;
mod guard;
#[cfg(feature = "http")]
mod ingestor;
mod intake;
mod lines;
mod random;
#[cfg(feature = "redis")]
mod redis_stream;
mod sink;
#[cfg(feature = "spool")]
mod spool;
mod tracker;

pub use self::batching::Batching;
pub use self::callback::{Callback, CallbackOutcome};
pub use self::event::{
    Bandit, EvaluatedFeature, Event, EventBody, EventId, LoggedEvent, ViewedExperiment,
};
#[cfg(feature = "http")]
pub use self::ingestor::{EventNaming, Ingestor, IngestorBuilder, IngestorError, Region, Schema};
pub use self::lines::JsonLines;
#[cfg(feature = "redis")]
#[cfg_attr(docsrs, doc(cfg(feature = "redis")))]
pub use self::redis_stream::{RedisStream, RedisStreamBuilder};
pub use self::sink::{DeliveryError, EventBatch, EventSink};
#[cfg(feature = "spool")]
#[cfg_attr(docsrs, doc(cfg(feature = "spool")))]
pub use self::spool::{SpoolError, SpoolOptions, SpoolReport};
pub use self::tracker::{
    BatchTracker, BatchTrackerBuilder, DeliveryFailure, DropReason, TrackerReport, TrackerState,
};

/// The target of what is logged here.
const LOG: &str = "growthbook::tracking";
