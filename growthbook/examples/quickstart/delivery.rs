//! How exposures reach analytics: in batches, from a thread of their own, and all accounted for.

use std::error::Error;
use std::time::Duration;

use growthbook::GrowthBookClient;
// In a program: `growthbook::{BatchTracker, Ingestor}`, with the Cargo feature `tracking`.
use growthbook_tracking::{BatchTracker, Ingestor, IngestorError};
use serde_json::Value;

use super::server::{Collected, Server};

/// Sends to the tour's own server. The key alone is enough for the GrowthBook in the cloud.
pub(crate) fn tracker(server: &Server) -> Result<BatchTracker, IngestorError> {
    let ingestor = Ingestor::builder("sdk-shop").ingestor_host(server.url());
    Ok(BatchTracker::new(ingestor.build()?))
}

/// The end of a program: whatever is under way is delivered, within a limit.
pub(crate) fn close(
    client: &GrowthBookClient,
    tracker: &BatchTracker,
    server: &Server,
) -> Result<(), Box<dyn Error>> {
    let closed = client.close(Duration::from_secs(5));
    let requests = server.collected();
    println!("\nExposures that arrived at the ingestion API of the tour's server");
    for Collected { target, body } in &requests {
        let batch: Value = serde_json::from_slice(body)?;
        let events = batch.pointer("/events").and_then(Value::as_array);
        let path = target.split('?').next().unwrap_or_default();
        println!(
            "  POST {path}: {} events, {} bytes",
            events.map_or(0, Vec::len),
            body.len()
        );
    }
    let first = requests.first().ok_or("nothing arrived")?;
    let batch: Value = serde_json::from_slice(&first.body)?;
    let event = batch.pointer("/events/0").ok_or("there is an event")?;
    println!("  the first of them: {event}");
    println!("  {}", tracker.report());
    println!("  all of it in time: {}", closed.is_complete());
    Ok(())
}
