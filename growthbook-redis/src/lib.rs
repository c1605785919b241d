#![doc = include_str!("../README.md")]
//!
//! ## Where to look
//!
//! | to | see |
//! |---|---|
//! | reach a server or a cluster | [`Redis`], [`RedisBuilder`] |
//! | say something to it | [`Command`], [`Script`], [`Call`] |
//! | read what it says | [`Reply`], [`RedisError`] |
//! | see how it is doing | [`Redis::status`] |
#![cfg_attr(docsrs, feature(doc_cfg))]

mod address;
mod breaker;
mod builder;
mod call;
mod command;
mod deadline;
mod error;
mod exchange;
mod login;
mod node;
mod parallel;
mod redirect;
mod redis;
mod refresh;
mod reply;
mod routes;
mod slot;
mod slot_map;
#[cfg(feature = "tls")]
mod tls;

pub use self::builder::RedisBuilder;
pub use self::call::Call;
pub use self::command::{Command, Script};
pub use self::error::RedisError;
pub use self::redis::{Redis, RedisStatus};
pub use self::reply::Reply;
