//! What this process has of the system. Linux says; elsewhere it is nothing.

use std::time::{Duration, Instant};

use super::api::SOON;

/// Threads end a moment after they were waited for.
#[track_caller]
pub(crate) fn assert_none_of_ours() {
    let deadline = Instant::now() + Duration::from_secs(1);
    while Usage::now().ours > 0 {
        assert!(Instant::now() < deadline, "threads are left");
        std::thread::yield_now();
    }
}

/// What this process has of the system.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Usage {
    threads: usize,
    /// Of those, the ones of clients.
    ours: usize,
    files: usize,
}

impl Usage {
    pub(crate) fn now() -> Self {
        let list = |path| std::fs::read_dir(path).into_iter().flatten().flatten();
        let threads: Vec<String> = list("/proc/self/task")
            .map(|task| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default())
            .collect();
        Self {
            threads: threads.len(),
            ours: threads.iter().filter(|it| it.starts_with("gb-")).count(),
            files: list("/proc/self/fd").count(),
        }
    }

    /// Whether there are threads of clients.
    pub(crate) fn has_ours(&self) -> bool {
        self.ours > 0
    }

    fn is_within(&self, other: &Self) -> bool {
        self.threads <= other.threads && self.ours <= other.ours && self.files <= other.files
    }

    #[track_caller]
    pub(crate) fn assert_back_to(before: &Self) {
        let deadline = Instant::now() + SOON;
        loop {
            let now = Self::now();
            // Fewer will do: something of the test's own may have been about to end.
            if now.is_within(before) {
                return;
            }
            assert!(Instant::now() < deadline, "{before:?}, and then {now:?}");
            std::thread::yield_now();
        }
    }
}
