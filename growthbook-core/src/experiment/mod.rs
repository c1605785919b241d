//! Experiments: what they are, and how a program defines its own.

mod bucket_version;
mod builder;
mod info;
mod overrides;
pub(crate) mod read;

use std::fmt;
use std::sync::Arc;

use serde_json::Value;

pub(crate) use self::bucket_version::is_kept_out;
pub use self::builder::ExperimentBuilder;
pub use self::info::ExperimentInfo;
pub use self::overrides::ExperimentOverride;
pub(crate) use self::overrides::Replacement;
use crate::assignment::Assignment;
use crate::json::Json;

/// An experiment that the program defines itself, with variations of any type.
///
/// Most experiments come with the payload, as rules of a feature. An inline one needs no feature: the code says what is
/// tried, and results are analysed under the experiment's key.
///
/// # Example
///
/// ```
/// use growthbook_core::{Attributes, Experiment, GrowthBookClient, UserContext};
///
/// let client = GrowthBookClient::builder().build()?;
/// let user = UserContext::new(Attributes::new().with("id", "user-7"));
///
/// let checkout = Experiment::builder("checkout-button", ["Buy now", "Continue"]).build()?;
/// let result = client.run(&checkout, &user);
/// assert_eq!(*result.value(), &"Continue");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Experiment<T> {
    pub(crate) info: Arc<ExperimentInfo>,
    control: T,
    treatments: Vec<T>,
}

impl<T> Experiment<T> {
    /// Starts an experiment with a key and at least two variations. The first variation is the control: what users who
    /// are not in the experiment get.
    pub fn builder(
        key: impl Into<String>,
        variations: impl IntoIterator<Item = T>,
    ) -> ExperimentBuilder<T> {
        ExperimentBuilder::new(key.into(), variations.into_iter().collect())
    }

    /// The experiment without its variations' values.
    pub fn info(&self) -> &ExperimentInfo {
        &self.info
    }

    /// The variations' values, in order: the control first.
    pub fn variations(&self) -> impl ExactSizeIterator<Item = &T> {
        Variations {
            control: Some(&self.control),
            treatments: self.treatments.iter(),
        }
    }

    /// The value of a variation; the control's if there is no such variation.
    pub fn variation(&self, index: usize) -> &T {
        let treatment = index
            .checked_sub(1)
            .and_then(|index| self.treatments.get(index));
        treatment.unwrap_or(&self.control)
    }
}

impl Experiment<Value> {
    /// An experiment as GrowthBook writes it in JSON, with every field of spec 1.4 and all the leniency that a payload
    /// gets: an experiment with fewer than two variations, say, is one that nobody is in.
    ///
    /// # Errors
    ///
    /// When the text is not a JSON object.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::Experiment;
    ///
    /// let experiment = Experiment::from_json(r#"{"key": "my-test", "variations": ["a", "b"]}"#)?;
    /// assert_eq!(experiment.variation(1), "b");
    /// # Ok::<(), growthbook_core::ExperimentError>(())
    /// ```
    pub fn from_json(text: &str) -> Result<Self, ExperimentError> {
        let json = Json::parse(text).map_err(|_| ExperimentError::NotAnObject)?;
        let object = json.as_object().ok_or(ExperimentError::NotAnObject)?;
        let variations = object
            .get("variations")
            .and_then(Json::as_array)
            .unwrap_or_default();
        let mut values = variations.iter().map(Value::from);
        // Without any variations there is no value to give.
        let control = values.next().unwrap_or_default();
        Ok(Self::assemble(
            object,
            variations.len(),
            control,
            values.collect(),
            None,
        ))
    }
}

impl<T: fmt::Debug> fmt::Debug for Experiment<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Experiment")
            .field("info", &self.info)
            .field("control", &self.control)
            .field("treatments", &self.treatments)
            .finish()
    }
}

struct Variations<'a, T> {
    control: Option<&'a T>,
    treatments: std::slice::Iter<'a, T>,
}

impl<'a, T> Iterator for Variations<'a, T> {
    type Item = &'a T;

    fn next(&mut self) -> Option<&'a T> {
        self.control.take().or_else(|| self.treatments.next())
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let len = usize::from(self.control.is_some()) + self.treatments.len();
        (len, Some(len))
    }
}

impl<T> ExactSizeIterator for Variations<'_, T> {}

/// Which variation a user got, and its value.
#[derive(Clone, Debug, PartialEq)]
pub struct ExperimentResult<T> {
    value: T,
    assignment: Assignment,
}

impl<T> ExperimentResult<T> {
    pub(crate) fn new(value: T, assignment: Assignment) -> Self {
        Self { value, assignment }
    }

    /// The variation's value; the first variation's if the user is not in the experiment.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The variation's value, taken out.
    pub fn into_value(self) -> T {
        self.value
    }

    /// Which variation, and how it was chosen.
    pub fn assignment(&self) -> &Assignment {
        &self.assignment
    }

    /// The same result with another value.
    pub fn map<U>(self, f: impl FnOnce(T) -> U) -> ExperimentResult<U> {
        ExperimentResult {
            value: f(self.value),
            assignment: self.assignment,
        }
    }
}

/// Why something is not an experiment.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// There are fewer than two variations: nothing is tried. Give the control and at least one more.
    #[error("an experiment needs at least two variations and has {count}")]
    FewVariations {
        /// How many there are.
        count: usize,
    },
    /// The condition is not a JSON object.
    #[error("the condition must be a JSON object")]
    InvalidCondition,
    /// The coverage is not a number from 0 to 1.
    #[error("the coverage must be a number from 0 to 1")]
    InvalidCoverage,
    /// The weights are not one number per variation, none negative, that add up to 1 within 0.01.
    #[error("the weights must be one number per variation, none negative, adding up to 1")]
    InvalidWeights,
    /// The key is empty. Results are analysed under the key: choose one.
    #[error("the experiment has no key")]
    MissingKey,
    /// The text is not a JSON object.
    #[error("an experiment must be a JSON object")]
    NotAnObject,
    /// There are hash versions 1 and 2 only.
    #[error("the hash version must be 1 or 2")]
    UnsupportedHashVersion,
}
