use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::cache::{CacheKey, Validator};
use crate::error::BackendError;
use crate::fetch::{FeatureFetcher, FetchError, Fetched};
use crate::secret::ClientKey;

/// A fetcher that answers what it was told to, one answer for each call, and remembers what it was asked.
///
/// When the answers are used up, it fails with [`FetchError::Transport`], as a server that is down. A clone plays the
/// same script.
///
/// # Example
///
/// ```
/// use growthbook_core::testing::ScriptedFetcher;
/// use growthbook_core::{FeatureFetcher, FetchError, Fetched, Validator};
///
/// let fetcher = ScriptedFetcher::new([
///     Ok(Fetched::Unchanged { max_age: None }),
///     Err(FetchError::TimedOut),
/// ]);
///
/// let known = Validator::new("\"1\"");
/// assert!(fetcher.fetch(Some(&known)).is_ok());
/// assert!(matches!(fetcher.fetch(None), Err(FetchError::TimedOut)));
/// assert!(matches!(fetcher.fetch(None), Err(FetchError::Transport(_))));
///
/// assert_eq!(fetcher.calls(), 3);
/// assert_eq!(fetcher.asked_with(), [Some(known), None, None]);
/// ```
#[derive(Clone, Debug, Default)]
pub struct ScriptedFetcher {
    script: Arc<Mutex<Script>>,
}

#[derive(Debug, Default)]
struct Script {
    answers: VecDeque<Result<Fetched, FetchError>>,
    asked_with: Vec<Option<Validator>>,
}

impl ScriptedFetcher {
    /// A fetcher that gives these answers, in this order.
    pub fn new(answers: impl IntoIterator<Item = Result<Fetched, FetchError>>) -> Self {
        let script = Script {
            answers: answers.into_iter().collect(),
            asked_with: Vec::new(),
        };
        Self {
            script: Arc::new(Mutex::new(script)),
        }
    }

    /// Adds an answer at the end.
    pub fn push(&self, answer: Result<Fetched, FetchError>) {
        self.lock().answers.push_back(answer);
    }

    /// How often it was asked.
    pub fn calls(&self) -> usize {
        self.lock().asked_with.len()
    }

    /// The validators that it was asked with, one for each call.
    pub fn asked_with(&self) -> Vec<Option<Validator>> {
        self.lock().asked_with.clone()
    }

    /// A panic elsewhere cannot leave an answer half taken.
    fn lock(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl FeatureFetcher for ScriptedFetcher {
    /// The same for all of them.
    fn cache_key(&self) -> CacheKey {
        CacheKey::new("https://scripted.invalid", &ClientKey::new("sdk-scripted"))
    }

    fn fetch(&self, known: Option<&Validator>) -> Result<Fetched, FetchError> {
        let mut script = self.lock();
        script.asked_with.push(known.cloned());
        script.answers.pop_front().unwrap_or_else(|| {
            let used_up = "its script is used up";
            Err(FetchError::Transport(BackendError::new(
                "the scripted fetcher",
                "answer",
                used_up,
            )))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::CachedPayload;

    #[test]
    fn answers_can_be_added_while_it_plays() {
        let fetcher = ScriptedFetcher::default();
        let shared = fetcher.clone();
        assert!(shared.fetch(None).is_err());
        let payload = Fetched::Fresh(CachedPayload::new(*b"{}"));
        fetcher.push(Ok(payload.clone()));
        assert_eq!(shared.fetch(None).unwrap(), payload);
        assert_eq!(fetcher.calls(), 2);
        assert_eq!(fetcher.cache_key(), shared.cache_key());
    }
}
