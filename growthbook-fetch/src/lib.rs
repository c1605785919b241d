#![doc = include_str!("../README.md")]
//!
//! ## Where to look
//!
//! | to | see |
//! |---|---|
//! | keep a client fresh by itself | [`HttpSource`] |
//! | refresh by hand | [`HttpFetcher`] |
//! | reach a GrowthBook of your own, through a proxy, with other limits | [`Endpoint`] |
//! | have features evaluated by a server, and no rules in this process | [`RemoteEvaluation`] |
//! | take what GrowthBook sends to the program | [`Webhook`]; [`ProxyPush`] and [`EventWebhook`] for older ways |
//! | survive a restart during an outage | [`FileCache`] |
//! | see how it is doing | `GrowthBookClient::status`, `on_error`, and the log target `growthbook::fetch` |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod config;
mod connection;
mod disk;
mod endpoint;
mod environment;
mod fetcher;
mod host;
mod remote;
mod response;
mod retry_after;
mod source;
mod sse;
mod webhook;

pub use self::config::ConfigError;
pub use self::disk::FileCache;
pub use self::endpoint::Endpoint;
pub use self::fetcher::HttpFetcher;
pub use self::remote::{
    RemoteEvaluation, RemoteEvaluationBuilder, RemoteEvaluationError, RemoteEvaluationStats,
    RemoteSource,
};
pub use self::source::HttpSource;
pub use self::webhook::{
    EventWebhook, ProxyPush, Webhook, WebhookAction, WebhookError, WebhookEvent, WebhookOutcome,
    WebhookSecretError,
};

/// The target of what is logged here.
const LOG: &str = "growthbook::fetch";
