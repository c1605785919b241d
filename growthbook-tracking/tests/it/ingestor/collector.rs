//! The far end of an ingestor.

use std::io;
use std::sync::{Arc, Mutex};

use growthbook_testkit::{Reply, Request, Server};

/// A server that keeps the bodies that come to it, and answers as the test says.
pub(crate) struct Collector {
    pub(crate) server: Server,
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Collector {
    pub(crate) fn start<F>(answer: F) -> Self
    where
        F: Fn(&Request, &[u8], &mut Reply) -> io::Result<()> + Send + Sync + 'static,
    {
        let bodies = Arc::<Mutex<Vec<Vec<u8>>>>::default();
        let kept = Arc::clone(&bodies);
        let server = Server::start(move |request, reply| {
            let body = reply.body(request)?;
            kept.lock().unwrap().push(body.clone());
            answer(request, &body, reply)
        });
        Self {
            server: server.unwrap(),
            bodies,
        }
    }

    /// One that takes everything.
    pub(crate) fn willing() -> Self {
        Self::start(|_, _, reply| reply.respond(202, &[], b""))
    }

    pub(crate) fn bodies(&self) -> Vec<Vec<u8>> {
        self.bodies.lock().unwrap().clone()
    }
}
