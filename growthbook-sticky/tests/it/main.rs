//! Real files and a real Redis.
