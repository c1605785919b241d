//! The heap, counted.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// The system's allocator. It counts while [`counted`] works, and costs a branch otherwise.
///
/// # Example
///
/// ```
/// use growthbook_testkit::{CountingAllocator, counted};
///
/// #[global_allocator]
/// static ALLOCATOR: CountingAllocator = CountingAllocator;
///
/// let (list, heap) = counted(|| vec![0_u8; 100]);
/// assert_eq!((heap.allocations, heap.bytes, heap.live), (1, 100, 100));
/// # drop(list);
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct CountingAllocator;

/// What was taken from the heap, and given back. Sizes are bytes as asked for, without the allocator's own.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Heap {
    /// Blocks taken or resized.
    pub allocations: u64,
    /// Bytes taken, resized blocks with their new size.
    pub bytes: u64,
    /// Bytes taken and not given back. Less than none, if older blocks were given back.
    pub live: i64,
    /// The most that `live` was.
    pub peak: i64,
}

/// Counts what `work` does to the heap, and whatever other threads do meanwhile. Without [`CountingAllocator`] as the
/// program's allocator that is nothing. Not to be nested, nor called by two threads at once.
pub fn counted<T>(work: impl FnOnce() -> T) -> (T, Heap) {
    for counter in [&ALLOCATIONS, &BYTES] {
        counter.store(0, Ordering::Relaxed);
    }
    for counter in [&LIVE, &PEAK] {
        counter.store(0, Ordering::Relaxed);
    }
    COUNTING.store(true, Ordering::SeqCst);
    let product = work();
    COUNTING.store(false, Ordering::SeqCst);
    let heap = Heap {
        allocations: ALLOCATIONS.load(Ordering::Relaxed),
        bytes: BYTES.load(Ordering::Relaxed),
        live: LIVE.load(Ordering::Relaxed),
        peak: PEAK.load(Ordering::Relaxed),
    };
    (product, heap)
}

#[expect(
    unsafe_code,
    reason = "the trait is unsafe; every call goes on to the system's allocator as it came"
)]
// SAFETY: each method passes its arguments on to `System`, which keeps the contract, and counts in atomics, which
// neither allocate nor unwind.
unsafe impl GlobalAlloc for CountingAllocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        taken(layout.size(), 0);
        // SAFETY: the caller keeps the contract of the same method.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        taken(layout.size(), 0);
        // SAFETY: the caller keeps the contract of the same method.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        if COUNTING.load(Ordering::Relaxed) {
            LIVE.fetch_sub(signed(layout.size()), Ordering::Relaxed);
        }
        // SAFETY: the caller keeps the contract of the same method.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        taken(size, layout.size());
        // SAFETY: the caller keeps the contract of the same method.
        unsafe { System.realloc(block, layout, size) }
    }
}

fn taken(size: usize, instead_of: usize) {
    if COUNTING.load(Ordering::Relaxed) {
        ALLOCATIONS.fetch_add(1, Ordering::Relaxed);
        BYTES.fetch_add(size as u64, Ordering::Relaxed);
        let more = signed(size) - signed(instead_of);
        let live = LIVE.fetch_add(more, Ordering::Relaxed) + more;
        PEAK.fetch_max(live, Ordering::Relaxed);
    }
}

/// Blocks are never larger than `isize::MAX`.
fn signed(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

static COUNTING: AtomicBool = AtomicBool::new(false);
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
static BYTES: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicI64 = AtomicI64::new(0);
static PEAK: AtomicI64 = AtomicI64::new(0);
