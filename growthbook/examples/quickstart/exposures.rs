//! Who saw which variation: what a program sends to its analytics.

use std::sync::{Arc, Mutex, PoisonError};

use growthbook::ExperimentViewed;

/// Stands for analytics.
#[derive(Debug, Default)]
pub(crate) struct Exposures(Arc<Mutex<Vec<String>>>);

impl Exposures {
    /// What the client calls, once for each user, experiment and variation. It must not block: a program in production puts
    /// the exposure into a queue.
    pub(crate) fn writer(&self) -> impl Fn(&ExperimentViewed<'_>) + Send + Sync + 'static {
        let lines = Arc::clone(&self.0);
        move |viewed| {
            let assignment = viewed.assignment();
            let line = format!(
                "{:<20} {:<14} {} {}",
                viewed.experiment().key(),
                viewed.variation_key(),
                assignment.hash_attribute(),
                serde_json::Value::from(assignment.hash_value()),
            );
            lines
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(line);
        }
    }

    pub(crate) fn print(&self) {
        println!("\nExposures so far: experiment, variation, and by what the user was bucketed");
        for line in &*self.0.lock().unwrap_or_else(PoisonError::into_inner) {
            println!("  {line}");
        }
    }
}
