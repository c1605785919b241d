//! What files and folders of a spool are called. Anything that is called otherwise is somebody else's, and left alone.

use std::path::{Path, PathBuf};

/// A file of events; the least is the oldest. Names sort as they were begun, across processes as far as their clocks agree.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Name {
    /// Later files of a folder have greater numbers; it is the time of their first event, or more.
    pub(super) number: u64,
    /// Random; see `codec`.
    pub(super) id: u64,
}

impl Name {
    pub(super) fn events(self, folder: &Path) -> PathBuf {
        folder.join(format!("{:016x}-{:016x}{EVENTS}", self.number, self.id))
    }

    pub(super) fn acks(self, folder: &Path) -> PathBuf {
        folder.join(format!("{:016x}-{:016x}{ACKS}", self.number, self.id))
    }

    /// The name of a file of events.
    pub(super) fn of_events(file: &str) -> Option<Self> {
        Self::parse(file.strip_suffix(EVENTS)?)
    }

    /// The name of the events that these acknowledgements are of.
    pub(super) fn of_acks(file: &str) -> Option<Self> {
        Self::parse(file.strip_suffix(ACKS)?)
    }

    fn parse(text: &str) -> Option<Self> {
        let (number, id) = text.split_once('-')?;
        let hex = |text: &str| {
            let is_hex = text
                .bytes()
                .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            let number = (text.len() == 16 && is_hex).then_some(text)?;
            u64::from_str_radix(number, 16).ok()
        };
        Some(Self {
            number: hex(number)?,
            id: hex(id)?,
        })
    }
}

/// The folder of one process.
pub(super) fn lane(root: &Path, number: u32) -> PathBuf {
    root.join(format!("{LANE}{number}"))
}

pub(super) fn of_lane(folder: &str) -> Option<u32> {
    let number = folder.strip_prefix(LANE)?;
    let parsed = number.parse().ok()?;
    (format!("{parsed}") == number).then_some(parsed)
}

/// The file in it that is locked.
pub(super) fn lock(lane: &Path) -> PathBuf {
    lane.join("lock")
}

const LANE: &str = "spool-";
const EVENTS: &str = ".events";
const ACKS: &str = ".acks";
