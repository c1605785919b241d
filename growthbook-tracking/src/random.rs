use std::hash::{BuildHasher, RandomState};
use std::process;
use std::time::SystemTime;

/// Chance that differs between copies of a process, which all go on from where one thread's generator was.
pub(crate) fn random() -> fastrand::Rng {
    let here_and_now = RandomState::new().hash_one((process::id(), SystemTime::now()));
    fastrand::Rng::with_seed(fastrand::u64(..) ^ here_and_now)
}
