//! Something to measure.

use std::any::Any;
use std::fmt;
use std::hint::black_box;

use growthbook_testkit::Operation;

use crate::fixtures::Fixtures;

/// A named operation. What it works on is made when it is asked for.
pub(crate) struct Workload {
    name: String,
    target: Target,
    is_listed: bool,
    counted: u64,
    make: Box<dyn Fn(&Fixtures) -> Operation>,
}

/// What one operation is to stay within, where there is a limit.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Target {
    pub(crate) nanoseconds: Option<f64>,
    pub(crate) allocations: Option<u64>,
    /// Of its time to that of the first workload of its group.
    pub(crate) ratio: Option<f64>,
}

impl Workload {
    pub(crate) fn new(
        name: impl Into<String>,
        make: impl Fn(&Fixtures) -> Operation + 'static,
    ) -> Self {
        Self {
            name: name.into(),
            target: Target::default(),
            is_listed: true,
            counted: 1_000,
            make: Box::new(make),
        }
    }

    pub(crate) fn within(mut self, target: Target) -> Self {
        self.target = target;
        self
    }

    /// Milliseconds long: not to be run a thousand times for the sake of a count.
    pub(crate) fn long(mut self) -> Self {
        self.counted = 1;
        self.unlisted()
    }

    /// Instructions would say nothing about it, or take too long to count.
    pub(crate) fn unlisted(mut self) -> Self {
        self.is_listed = false;
        self
    }

    /// `group/variant`.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn group(&self) -> &str {
        self.name.split('/').next().unwrap_or_default()
    }

    pub(crate) fn target(&self) -> Target {
        self.target
    }

    pub(crate) fn is_listed(&self) -> bool {
        self.is_listed
    }

    /// Over how many operations allocations are counted.
    pub(crate) fn counted(&self) -> u64 {
        self.counted
    }

    pub(crate) fn operation(&self, fixtures: &Fixtures) -> Operation {
        (self.make)(fixtures)
    }
}

impl fmt::Debug for Workload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workload")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

impl Target {
    pub(crate) const NONE: Self = Self {
        nanoseconds: None,
        allocations: None,
        ratio: None,
    };

    pub(crate) const fn new(nanoseconds: f64, allocations: u64) -> Self {
        Self {
            nanoseconds: Some(nanoseconds),
            allocations: Some(allocations),
            ..Self::NONE
        }
    }

    pub(crate) const fn nanoseconds(nanoseconds: f64) -> Self {
        Self {
            nanoseconds: Some(nanoseconds),
            ..Self::NONE
        }
    }

    pub(crate) const fn ratio(ratio: f64) -> Self {
        Self {
            ratio: Some(ratio),
            ..Self::NONE
        }
    }
}

/// The operation that calls `f`, and drops what it returns.
pub(crate) fn repeat<T>(mut f: impl FnMut() -> T + 'static) -> Operation {
    Box::new(move |times| {
        for _ in 0..times {
            drop(black_box(f()));
        }
        Box::new(())
    })
}

/// The operation that calls `f`, and leaves what it returns to be dropped when the clock has stopped.
pub(crate) fn collect<T: 'static>(mut f: impl FnMut() -> T + 'static) -> Operation {
    Box::new(move |times| {
        let products: Vec<T> = (0..times).map(|_| black_box(f())).collect();
        let products: Box<dyn Any> = Box::new(products);
        products
    })
}
