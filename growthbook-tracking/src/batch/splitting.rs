/// How often a batch that is rejected may be halved, so that a receiver that rejects everything is not asked about every
/// single event.
///
/// Sixteen times find one bad event among tens of thousands, or a few among hundreds: a batch takes 33 requests at most.
/// If nothing at all of it was accepted, the next one may be halved half as often, down to once: 3 requests. What is left
/// when it may not is rejected whole.
#[derive(Debug)]
pub(super) struct Splitting {
    left: u32,
    allowance: u32,
    has_begun: bool,
    has_delivered: bool,
}

impl Splitting {
    /// With another batch.
    pub(super) fn begin(&mut self) {
        if self.has_begun && !self.has_delivered {
            self.allowance = (self.allowance / 2).max(1);
        }
        self.left = self.allowance;
        (self.has_begun, self.has_delivered) = (false, false);
    }

    pub(super) fn delivered(&mut self) {
        self.has_delivered = true;
        self.allowance = MOST;
    }

    /// Whether that many events may be halved, which is the case for one alone: it is dropped then.
    pub(super) fn may_split(&mut self, events: usize) -> bool {
        if events <= 1 {
            // Of a batch that was no larger this says nothing about larger ones.
            return true;
        }
        self.has_begun = true;
        let is_allowed = self.left > 0;
        self.left = self.left.saturating_sub(1);
        is_allowed
    }
}

impl Default for Splitting {
    fn default() -> Self {
        Self {
            left: MOST,
            allowance: MOST,
            has_begun: false,
            has_delivered: false,
        }
    }
}

const MOST: u32 = 16;
