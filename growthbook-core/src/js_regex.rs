//! Stands in for the JavaScript regular expressions that replace it.

#[derive(Clone, Debug)]
pub(crate) struct JsRegex(regex::Regex);
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PatternError;
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct BudgetExhausted;

impl JsRegex {
    pub(crate) fn new(pattern: &str, ignore_case: bool) -> Result<Self, PatternError> {
        let mut builder = regex::RegexBuilder::new(pattern);
        builder
            .case_insensitive(ignore_case)
            .build()
            .map(Self)
            .map_err(|_| PatternError)
    }

    #[expect(clippy::unnecessary_wraps, reason = "the signature of what comes here")]
    pub(crate) fn is_match(&self, text: &str) -> Result<bool, BudgetExhausted> {
        Ok(self.0.is_match(text))
    }
}
impl std::fmt::Display for PatternError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("bad")
    }
}
