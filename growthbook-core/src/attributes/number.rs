use std::fmt;

/// A number as JSON and JavaScript know it: an IEEE-754 double.
///
/// `1` and `1.0` are the same value, and an integer beyond 2⁵³ takes the nearest double, as in every GrowthBook SDK
/// (spec 0). Pass identifiers of that size as strings. A `Number` is finite: NaN and the infinities have no JSON form.
///
/// # Example
///
/// ```
/// use growthbook_core::Number;
///
/// assert_eq!(Some(Number::from(5)), Number::from_f64(5.0));
/// assert_eq!(Number::from(10_u64.pow(18) * 10).to_string(), "10000000000000000000");
/// assert_eq!(Number::from_f64(f64::NAN), None);
/// ```
#[derive(Clone, Copy, Default, PartialEq, PartialOrd)]
pub struct Number(f64);

impl Number {
    /// A number with this value, or `None` if it is NaN or infinite.
    pub const fn from_f64(value: f64) -> Option<Self> {
        if value.is_finite() {
            Some(Self(value))
        } else {
            None
        }
    }

    /// The value.
    pub const fn get(self) -> f64 {
        self.0
    }

    /// Writes the text that JavaScript's `String(number)` gives into `buffer` (spec 7.3). Does not allocate.
    pub(crate) fn text(self, buffer: &mut ryu_js::Buffer) -> &str {
        buffer.format(self.0)
    }
}

impl fmt::Display for Number {
    /// Formats as JavaScript's `String(number)` does (spec 7.3).
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text(&mut ryu_js::Buffer::new()))
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

macro_rules! from_lossless {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Number {
            fn from(value: $kind) -> Self {
                Self(f64::from(value))
            }
        }
    )*};
}

macro_rules! from_nearest {
    ($($kind:ty),*) => {$(
        impl From<$kind> for Number {
            /// Takes the nearest double.
            #[expect(clippy::cast_precision_loss, reason = "every number is a double (spec 0)")]
            fn from(value: $kind) -> Self {
                Self(value as f64)
            }
        }
    )*};
}

from_lossless!(i8, i16, i32, u8, u16, u32);
from_nearest!(i64, u64, isize, usize);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_javascripts() {
        for (number, text) in [
            (0.0, "0"),
            (-0.0, "0"),
            (1.0, "1"),
            (1.5, "1.5"),
            (-1.5, "-1.5"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (0.000_001, "0.000001"),
            (1e-7, "1e-7"),
            (9_007_199_254_740_993.0, "9007199254740992"),
        ] {
            assert_eq!(Number::from_f64(number).unwrap().to_string(), text);
        }
        assert_eq!(
            Number::from(9_007_199_254_740_993_u64).to_string(),
            "9007199254740992"
        );
    }
}
