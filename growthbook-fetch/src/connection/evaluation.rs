//! Having features evaluated for one user.

use std::time::{Instant, SystemTime};

use growthbook_core::FetchError;

use super::{Connection, MAX_REDIRECTS, redirect};
use crate::response::{Verdict, judge};

impl Connection {
    /// Asks for the features of the user that `question` describes, and hands back the body of the answer. It ends within
    /// the endpoint's time.
    pub(crate) fn evaluate(&self, question: &[u8]) -> Result<Vec<u8>, FetchError> {
        let started = Instant::now();
        let outcome = self.evaluated(question, started + self.timeout);
        let label = &self.evaluation.label;
        let took = started.elapsed().as_millis();
        match &outcome {
            Ok(bytes) => {
                log::debug!(target: crate::LOG, "POST {label}: status 200, {} bytes, {took} ms", bytes.len());
            }
            Err(error) => log::debug!(target: crate::LOG, "POST {label}: {error}, {took} ms"),
        }
        outcome
    }

    fn evaluated(&self, question: &[u8], deadline: Instant) -> Result<Vec<u8>, FetchError> {
        let mut address = self.evaluation.address.clone();
        for hop in 0..=MAX_REDIRECTS {
            let request = self.evaluation.question(&address, question);
            // A question changes nothing on the server, so it may be sent again over a new connection.
            let response = self.send(request, hop == 0, deadline)?;
            let status = response.status().as_u16();
            let location = match judge(status, response.headers(), SystemTime::now()) {
                Verdict::Body => {
                    self.learn(response.headers(), Some(false));
                    return self.body(response);
                }
                Verdict::Failed(error) => return Err(error),
                // The other redirects ask for a request without a body.
                Verdict::Moved(location) if matches!(status, 307 | 308) => location,
                Verdict::Moved(_) => return Err(FetchError::Redirected),
                Verdict::Unchanged => {
                    return Err(FetchError::Status {
                        status,
                        retry_after: None,
                    });
                }
            };
            address = redirect::followed(&address, &location).ok_or(FetchError::Redirected)?;
        }
        Err(FetchError::Redirected)
    }
}
