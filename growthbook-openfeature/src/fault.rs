use std::fmt;

use open_feature::{EvaluationError, EvaluationErrorCode};

/// Why there is no value to answer with. What it says names kinds, never values.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    /// The feature depends on itself.
    Cyclic,
    /// A prerequisite of the feature is not met.
    Gated,
    /// Code of the program panicked, or did not run what it was handed.
    Internal,
    /// The value is of another type.
    Mismatch {
        expected: &'static str,
        found: &'static str,
    },
    /// There was never anything to evaluate with.
    NotReady,
    /// The value is null.
    Null,
    /// There is no such feature.
    Unknown,
}

impl Fault {
    fn code(self) -> EvaluationErrorCode {
        match self {
            Self::Cyclic => EvaluationErrorCode::ParseError,
            // The other codes print as their names, so this one does, too; why is in the message.
            Self::Gated | Self::Internal | Self::Null => {
                EvaluationErrorCode::General("GENERAL".to_owned())
            }
            Self::Mismatch { .. } => EvaluationErrorCode::TypeMismatch,
            Self::NotReady => EvaluationErrorCode::ProviderNotReady,
            Self::Unknown => EvaluationErrorCode::FlagNotFound,
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cyclic => f.write_str("the feature depends on itself through prerequisites"),
            Self::Gated => {
                f.write_str("a prerequisite of the feature is not met, so it has no value")
            }
            Self::Internal => f.write_str("the evaluation was cut short by code of the program"),
            Self::Mismatch { expected, found } => {
                write!(f, "the feature's value is {found}, and not {expected}")
            }
            Self::NotReady => f.write_str("no features were loaded yet"),
            Self::Null => f.write_str("the feature's value is null"),
            Self::Unknown => f.write_str("there is no such feature"),
        }
    }
}

impl From<Fault> for EvaluationError {
    fn from(fault: Fault) -> Self {
        Self {
            code: fault.code(),
            message: Some(fault.to_string()),
        }
    }
}
