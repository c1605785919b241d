//! What the system knows of this process. On systems that do not tell, everything is `None`.

use std::fs;
use std::time::Duration;

/// What the process takes of the machine's memory.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    /// All that is in memory, with the pages of the program itself that it has come across.
    pub(crate) resident: usize,
    /// What no file stands for.
    pub(crate) anonymous: usize,
}

pub(crate) fn memory() -> Option<Memory> {
    let text = read("/proc/self/smaps_rollup")?;
    let bytes = |name| Some(field(&text, name)? << 10);
    Some(Memory {
        resident: bytes("Rss:")?,
        anonymous: bytes("Anonymous:")?,
    })
}

/// How many threads there are whose names begin like this.
pub(crate) fn threads(prefix: &str) -> Option<usize> {
    let names = of_threads("comm")?;
    Some(names.iter().filter(|name| name.starts_with(prefix)).count())
}

/// How long the threads that are alive were on a core.
pub(crate) fn time_on_cores() -> Option<Duration> {
    let nanoseconds = |text: &String| text.split(' ').next()?.parse::<u64>().ok();
    let times = of_threads("schedstat")?;
    Some(Duration::from_nanos(
        times.iter().filter_map(nanoseconds).sum(),
    ))
}

/// How often the calling thread lost its core to another one. A lock that it waited for is no such case.
pub(crate) fn interruptions() -> Option<usize> {
    let text = read("/proc/thread-self/status")?;
    field(&text, "nonvoluntary_ctxt_switches:")
}

fn of_threads(file: &str) -> Option<Vec<String>> {
    if !cfg!(target_os = "linux") {
        return None;
    }
    let threads = fs::read_dir("/proc/self/task").ok()?.flatten();
    // A thread may end meanwhile.
    Some(
        threads
            .filter_map(|thread| fs::read_to_string(thread.path().join(file)).ok())
            .collect(),
    )
}

fn read(path: &str) -> Option<String> {
    cfg!(target_os = "linux").then(|| fs::read_to_string(path).ok())?
}

fn field(text: &str, name: &str) -> Option<usize> {
    let mut lines = text.lines();
    let value = lines.find_map(|line| line.strip_prefix(name))?;
    value.split_whitespace().next()?.parse().ok()
}
