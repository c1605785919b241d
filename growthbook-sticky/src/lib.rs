//! Sticky buckets in SQLite and Redis, in the form that other SDKs read.
