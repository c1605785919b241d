/// What the [OpenTelemetry events](crate::GrowthBookClientBuilder::evaluation_events) of evaluations say beyond names and
/// reasons. By default nothing: attributes and values may be personal, and go wherever traces go.
///
/// # Example
///
/// ```
/// use growthbook_core::{EvaluationEvents, GrowthBookClient};
///
/// let client = GrowthBookClient::builder()
///     .evaluation_events(EvaluationEvents::new().with_context_id("id"))
///     .build()?;
/// # let _ = client;
/// # Ok::<(), growthbook_core::BuildError>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct EvaluationEvents {
    pub(super) context_id: Option<Box<str>>,
    pub(super) has_values: bool,
}

impl EvaluationEvents {
    /// Names and reasons only.
    pub fn new() -> Self {
        Self::default()
    }

    /// Says who it was: the value of this attribute as `feature_flag.context.id`, if it is a text or a number. That is
    /// personal data in most programs.
    #[must_use]
    pub fn with_context_id(self, attribute: impl Into<String>) -> Self {
        Self {
            context_id: Some(attribute.into().into()),
            ..self
        }
    }

    /// Says the value as `feature_flag.result.value`: objects and lists as JSON text, however long.
    #[must_use]
    pub fn with_values(self) -> Self {
        Self {
            has_values: true,
            ..self
        }
    }
}
