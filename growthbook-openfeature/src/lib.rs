#![doc = include_str!("../README.md")]

mod attributes;
mod builder;
mod date_time;
mod fault;
mod flag_type;
mod guard;
mod hand_off;
mod provider;
mod resolution;
mod structures;
mod tracker;

pub use self::builder::{BlockingWork, GrowthBookProviderBuilder};
pub use self::provider::GrowthBookProvider;
pub use self::tracker::{Tracker, TrackingDetails};

/// The target of what is logged here.
const LOG: &str = "growthbook::openfeature";
