#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

mod builder;
mod cache;
mod date;
mod entry;
mod names;
mod scripts;
mod wishes;

pub use self::builder::RedisCacheBuilder;
pub use self::cache::RedisCache;

/// The target of what is logged here.
const LOG: &str = "growthbook::cache";
