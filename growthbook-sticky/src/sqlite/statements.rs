//! The statements: what is read and what is written, on a connection that is ours alone for the while.

use std::borrow::Cow;

use growthbook_core::{Saved, StickyIdentity, StickyWrite};
use rusqlite::{Connection, OptionalExtension, Row, params_from_iter};

use super::document::{Document, NoObject};
use super::fault::{Fault, ReadOnly};

/// The table that the Python documentation describes, of which nothing else is needed.
pub(super) const CREATE: &str = "CREATE TABLE IF NOT EXISTS sticky_buckets (
    attribute_name TEXT,
    attribute_value TEXT,
    assignments TEXT,
    PRIMARY KEY (attribute_name, attribute_value)
)";

/// What a row has, undecoded.
pub(super) type Stored = (StickyIdentity, Vec<u8>);

/// The rows of these identities, in portions.
pub(super) fn load(
    connection: &Connection,
    identities: &[StickyIdentity],
) -> Result<Vec<Stored>, Fault> {
    match load_rows(connection, identities) {
        // A file that is only read may have none yet.
        Err(Fault::Sqlite(_)) if !has_table(connection)? => Ok(Vec::new()),
        loaded => loaded,
    }
}

fn load_rows(connection: &Connection, identities: &[StickyIdentity]) -> Result<Vec<Stored>, Fault> {
    let mut found = Vec::new();
    for portion in identities.chunks(PORTION) {
        // Few lengths, so that few statements are to be prepared.
        let places = portion.len().next_power_of_two().min(PORTION);
        let last = portion.iter().cycle().take(places);
        let values = last.flat_map(|it| [it.attribute(), it.value()]);
        let mut statement = connection.prepare_cached(&query(places))?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            let identity = StickyIdentity::new(text(row, 0)?, text(row, 1)?);
            // A table of somebody else may compare in its own way, and take one text for another.
            if portion.contains(&identity) {
                found.push((identity, bytes(row, 2)?.to_vec()));
            }
        }
    }
    Ok(found)
}

/// One assignment: the first writer wins. To be called in a transaction that may write.
pub(super) fn save(connection: &Connection, write: &StickyWrite<'_>) -> Result<Saved, Fault> {
    let (name, value) = (write.identity.attribute(), write.identity.value());
    let stored = connection
        .prepare_cached(SELECT_ONE)?
        .query_row([name, value], |row| {
            let is_exact = bytes(row, 0)? == name.as_bytes() && bytes(row, 1)? == value.as_bytes();
            Ok(is_exact.then_some(bytes(row, 2)?.to_vec()))
        })
        .optional()?
        // The table takes one text for another, and would have somebody else's row written.
        .map(|stored| stored.ok_or(Fault::OtherTable))
        .transpose()?;
    let mut document = match &stored {
        Some(stored) => Document::parse(stored)?,
        None => Document::default(),
    };
    let standing = document.get(write.key);
    if let Some(standing) = write.is_kept_out_by(standing.as_deref()) {
        return Ok(Saved::Kept(standing.to_owned()));
    }
    if standing.as_deref() == Some(write.variation) {
        return Ok(Saved::Stored);
    }
    document.insert(write.key, write.variation)?;
    let json = document.to_json()?;
    // Not one statement with `ON CONFLICT`: a table that was made by hand may have no primary key.
    let sql = if stored.is_some() { UPDATE } else { INSERT };
    connection
        .prepare_cached(sql)?
        .execute([&*json, name, value])?;
    Ok(Saved::Stored)
}

/// Whether the schema is still one that we know. It is asked in every transaction that writes, since a later version
/// may change it under our hands.
pub(super) fn check_version(connection: &Connection) -> Result<(), Fault> {
    if version(connection)? == 0 {
        Ok(())
    } else {
        Err(Fault::ReadOnly(ReadOnly::Version))
    }
}

/// 0 unless somebody has set it; we never do.
pub(super) fn version(connection: &Connection) -> Result<i64, Fault> {
    let mut statement = connection.prepare_cached("PRAGMA user_version")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

pub(super) fn has_table(connection: &Connection) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE type IN ('table', 'view') AND lower(name) = 'sticky_buckets'";
    let found = connection.query_row(sql, [], |_| Ok(())).optional()?;
    Ok(found.is_some())
}

/// Whether the file is not ours alone.
pub(super) fn has_other_tables(connection: &Connection) -> Result<bool, Fault> {
    let sql = "SELECT 1 FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' AND lower(tbl_name) <> 'sticky_buckets'";
    let found = connection.query_row(sql, [], |_| Ok(())).optional()?;
    Ok(found.is_some())
}

/// Whether the table has our columns.
pub(super) fn check_table(connection: &Connection) -> Result<(), Fault> {
    match connection.prepare_cached(SELECT_ONE) {
        Ok(_) => Ok(()),
        Err(error) => Err(match Fault::from(error) {
            Fault::Sqlite(_) => Fault::OtherTable,
            fault => fault,
        }),
    }
}

pub(super) fn query(places: usize) -> Cow<'static, str> {
    if places == 1 {
        return SELECT_ONE.into();
    }
    let values = vec!["(?, ?)"; places].join(", ");
    format!("{SELECT} (attribute_name, attribute_value) IN (VALUES {values})").into()
}

/// A text as it is, and what is no text as nothing that anybody asks for.
fn text(row: &Row<'_>, at: usize) -> rusqlite::Result<String> {
    Ok(String::from_utf8_lossy(bytes(row, at)?).into_owned())
}

/// The bytes of a text; programs in other languages may have stored them as such.
fn bytes<'r>(row: &'r Row<'_>, at: usize) -> rusqlite::Result<&'r [u8]> {
    use rusqlite::types::ValueRef;
    Ok(match row.get_ref(at)? {
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => bytes,
        ValueRef::Null => b"",
        ValueRef::Integer(_) | ValueRef::Real(_) => b"0",
    })
}

impl From<NoObject> for Fault {
    fn from(NoObject: NoObject) -> Self {
        Self::Unreadable
    }
}

/// How many identities are asked for at once.
const PORTION: usize = 100;

const SELECT: &str =
    "SELECT attribute_name, attribute_value, assignments FROM sticky_buckets WHERE";
const SELECT_ONE: &str = "SELECT attribute_name, attribute_value, assignments FROM sticky_buckets \
     WHERE attribute_name = ? AND attribute_value = ?";
const INSERT: &str =
    "INSERT INTO sticky_buckets (assignments, attribute_name, attribute_value) VALUES (?, ?, ?)";
const UPDATE: &str =
    "UPDATE sticky_buckets SET assignments = ? WHERE attribute_name = ? AND attribute_value = ?";
