//! What went wrong, and what to do about it.

use std::fmt;

/// A message for whoever ran the command. It names the thing that failed and, where one exists, the
/// next step.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failure(String);

/// What a command, or a part of one, ends in.
pub(crate) type Outcome<T = ()> = Result<T, Failure>;

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// One failure that lists `problems`, or none if the list is empty.
    pub(crate) fn unless_empty(heading: &str, problems: &[String]) -> Outcome {
        if problems.is_empty() {
            return Ok(());
        }
        Err(Self(format!("{heading}\n  - {}", problems.join("\n  - "))))
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_problem_is_no_failure() {
        assert_eq!(Failure::unless_empty("two things", &[]), Ok(()));
        let problems = ["one".to_owned(), "two".to_owned()];
        assert_eq!(
            Failure::unless_empty("two things", &problems).map_err(|failure| failure.to_string()),
            Err("two things\n  - one\n  - two".to_owned())
        );
    }
}
