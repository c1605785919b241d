//! The words after a command's name.

use std::str::FromStr;

use crate::failure::{Failure, Outcome};

/// Words that a command takes one by one; [`Arguments::finish`] refuses what nobody took.
#[derive(Debug)]
pub(crate) struct Arguments(Vec<String>);

impl Arguments {
    pub(crate) fn new(words: impl IntoIterator<Item = String>) -> Self {
        Self(words.into_iter().collect())
    }

    /// Takes `--name`, wherever it stands.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }

    /// Takes `--name <value>`, wherever it stands.
    pub(crate) fn option<T: FromStr>(&mut self, name: &str) -> Outcome<Option<T>> {
        let Some(at) = self.0.iter().position(|word| word == name) else {
            return Ok(None);
        };
        self.0.remove(at);
        if at == self.0.len() {
            return Err(Failure::new(format!("{name} needs a value")));
        }
        let value = self.0.remove(at);
        match value.parse() {
            Ok(parsed) => Ok(Some(parsed)),
            Err(_) => Err(Failure::new(format!("{name} does not take `{value}`"))),
        }
    }

    /// Takes the first word that is left.
    pub(crate) fn word(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    pub(crate) fn finish(self) -> Outcome {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!(
            "unexpected `{}`; `cargo xtask` lists what each command takes",
            self.0.join(" ")
        )))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(text: &str) -> Arguments {
        Arguments::new(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_may_stand_anywhere() {
        let mut given = arguments("payload --seconds 5 --json");
        assert_eq!(given.option::<u64>("--seconds"), Ok(Some(5)));
        assert!(given.flag("--json"));
        assert_eq!(given.word().as_deref(), Some("payload"));
        assert_eq!(given.finish(), Ok(()));
    }

    #[test]
    fn a_value_that_is_missing_or_wrong_is_refused() {
        assert!(arguments("--seconds").option::<u64>("--seconds").is_err());
        assert!(
            arguments("--seconds soon")
                .option::<u64>("--seconds")
                .is_err()
        );
        assert_eq!(arguments("").option::<u64>("--seconds"), Ok(None));
    }

    #[test]
    fn what_nobody_took_is_refused() {
        assert!(arguments("--jsn").finish().is_err());
    }
}
