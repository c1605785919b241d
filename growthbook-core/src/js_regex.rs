//! Stands in for the JavaScript regular expressions that replace it.

#[derive(Debug)]
pub(crate) struct JsRegex(regex::Regex);
#[derive(Debug)]
pub(crate) struct PatternError;
#[derive(Debug)]
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
