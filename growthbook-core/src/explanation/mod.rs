//! Why a user got a value.
mod step;

pub use self::step::Step;
