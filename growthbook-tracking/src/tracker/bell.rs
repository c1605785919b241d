use std::sync::Arc;
use std::task::Wake;

use crossbeam_channel::Sender;

/// Wakes a thread that waits at the other end.
#[derive(Debug)]
pub(super) struct Bell(Sender<()>);

impl Bell {
    pub(super) fn new(other_end: Sender<()>) -> Arc<Self> {
        Arc::new(Self(other_end))
    }

    pub(super) fn ring(&self) {
        // If it has been rung already, or nobody is there to hear it, that is as good.
        let _ = self.0.try_send(());
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}
