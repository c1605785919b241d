#![doc = include_str!("../README.md")]
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "actix")]
mod actix;
#[cfg(feature = "axum")]
mod axum;
#[cfg(any(feature = "actix", feature = "axum"))]
mod blocking;
mod browser_id;
mod growthbook;
mod head;
mod options;
mod overrides;
#[cfg(any(feature = "actix", feature = "axum"))]
mod scope;
#[cfg(any(feature = "actix", feature = "tower"))]
mod settings;
#[cfg(feature = "tower")]
mod tower;

#[cfg(feature = "actix")]
#[cfg_attr(docsrs, doc(cfg(feature = "actix")))]
pub use self::actix::{GrowthBookMiddleware, GrowthBookMiddlewareService};
pub use self::growthbook::GrowthBook;
pub use self::head::RequestHead;
pub use self::options::WebOptions;
#[cfg(any(feature = "actix", feature = "axum"))]
#[cfg_attr(docsrs, doc(cfg(any(feature = "actix", feature = "axum"))))]
pub use self::scope::{NotInstalled, Scope};
#[cfg(feature = "tower")]
#[cfg_attr(docsrs, doc(cfg(feature = "tower")))]
pub use self::tower::{GrowthBookLayer, GrowthBookService, ResponseFuture};

/// The target of what is logged here.
const LOG: &str = "growthbook::web";

/// The repository's pages whose code needs this crate, and the facade with all its features.
#[cfg(all(doctest, feature = "actix", feature = "axum"))]
mod pages {
    #[doc = include_str!("../../docs/from-python.md")]
    mod from_python {}

    #[doc = include_str!("../../docs/from-python-web.md")]
    mod from_python_web {}
}
