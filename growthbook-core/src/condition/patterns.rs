use std::collections::HashMap;

use crate::js_regex::{JsRegex, PatternError};

/// The patterns of a payload, each compiled once however often it stands there. Failures are remembered too.
#[derive(Debug, Default)]
pub(crate) struct Patterns {
    compiled: HashMap<(Box<str>, bool), Result<JsRegex, PatternError>, foldhash::fast::RandomState>,
}

impl Patterns {
    pub(crate) fn get(
        &mut self,
        pattern: &str,
        ignore_case: bool,
    ) -> Result<JsRegex, PatternError> {
        self.compiled
            .entry((pattern.into(), ignore_case))
            .or_insert_with(|| JsRegex::new(pattern, ignore_case))
            .clone()
    }
}
