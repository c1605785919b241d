//! GrowthBook payloads over HTTP, and the last good one on disk.
