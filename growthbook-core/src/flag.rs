//! Features that a program names once: key, type and fallback in one place.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::result::{ValueError, read_value};
use crate::ruleset::Ruleset;

/// A feature as the program knows it: its key, the type of its value, and the value if there is none.
///
/// Make it a `static`: it remembers where it last found the feature, so that [`UserScope::get`](crate::UserScope::get)
/// need not look the key up. As a `const` it works as well, and remembers nothing. What it remembers is of one payload:
/// used with several clients in turn, it works and gains nothing.
///
/// The type is that of the fallback: a `bool`, a number, a `&str`, or for anything else that can be deserialised, a
/// function that makes the fallback.
///
/// # Example
///
/// ```
/// use growthbook_core::{Flag, GrowthBookClient, UserContext};
///
/// #[derive(Debug, PartialEq, serde::Deserialize)]
/// struct Limits { per_minute: u32 }
///
/// static BETA: Flag<bool> = Flag::new("beta", false);
/// static COLOR: Flag<&str> = Flag::new("color", "blue");
/// static LIMITS: Flag<fn() -> Limits> = Flag::new("limits", || Limits { per_minute: 60 });
///
/// let scope = GrowthBookClient::builder()
///     .payload(r#"{"features": {"limits": {"defaultValue": {"per_minute": 90}}}}"#)
///     .build()?
///     .scope(UserContext::default());
/// assert!(!scope.get(&BETA));
/// assert_eq!(scope.get(&COLOR), "blue");
/// assert_eq!(scope.get(&LIMITS), Limits { per_minute: 90 });
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
pub struct Flag<V> {
    key: &'static str,
    fallback: V,
    /// Where the feature was in the last payload. Whether it still is there is seen by its key.
    hint: AtomicU32,
}

impl<V> Flag<V> {
    /// A feature with this key.
    pub const fn new(key: &'static str, fallback: V) -> Self {
        Self {
            key,
            fallback,
            hint: AtomicU32::new(0),
        }
    }

    /// The feature's key.
    pub const fn key(&self) -> &'static str {
        self.key
    }

    /// The value if the feature has none, or one of another type.
    pub const fn fallback(&self) -> &V {
        &self.fallback
    }

    /// Where the feature is in a ruleset.
    #[inline]
    pub(crate) fn place_in(&self, ruleset: &Ruleset) -> Option<u32> {
        let hint = self.hint.load(Ordering::Relaxed);
        if ruleset.feature_key(hint) == self.key {
            return Some(hint);
        }
        let place = ruleset.feature_place(self.key)?;
        self.hint.store(place, Ordering::Relaxed);
        Some(place)
    }
}

impl<V: fmt::Debug> fmt::Debug for Flag<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flag")
            .field("key", &self.key)
            .field("fallback", &self.fallback)
            .finish_non_exhaustive()
    }
}

/// A type that a [`Flag`] can have: `bool`, numbers, `&'static str`, and `fn() -> T` for any other `T` that can be
/// deserialised.
pub trait FlagValue: 'static {
    /// The value that a scope gives, which may borrow from it.
    type Of<'s>;

    /// Reads a feature's value.
    ///
    /// # Errors
    ///
    /// When there is none, or it is of another type.
    fn read(json: &Value) -> Result<Self::Of<'_>, ValueError>;

    /// The value of a fallback.
    fn of(&self) -> Self::Of<'_>;
}

macro_rules! copied {
    ($($type:ty),*) => {$(
        impl FlagValue for $type {
            type Of<'s> = Self;

            #[inline]
            fn read(json: &Value) -> Result<Self, ValueError> {
                read_value(json)
            }

            fn of(&self) -> Self {
                *self
            }
        }
    )*};
}

copied!(
    bool, f32, f64, i8, i16, i32, i64, isize, u8, u16, u32, u64, usize
);

impl FlagValue for &'static str {
    type Of<'s> = &'s str;

    #[inline]
    fn read(json: &Value) -> Result<&str, ValueError> {
        read_value(json)
    }

    fn of(&self) -> &str {
        self
    }
}

impl<T: DeserializeOwned + 'static> FlagValue for fn() -> T {
    type Of<'s> = T;

    fn read(json: &Value) -> Result<T, ValueError> {
        read_value(json)
    }

    fn of(&self) -> T {
        self()
    }
}
