//! A file that has grown very large.

use std::time::{Duration, Instant};

use super::support::{check, is_long, open, other, patient, place, save};

/// Q13: lookups go by the key, so their time hardly depends on the number of rows. Nothing here is purged: the documented
/// table says of no assignment when it was made.
#[test]
fn users_are_found_among_very_many() {
    let rows = if is_long() { 10_000_000_u64 } else { 100_000 };
    let (_folder, path) = place();
    drop(open(&path));
    let fill = format!(
        "PRAGMA synchronous = OFF;
        INSERT INTO sticky_buckets
            WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n LIMIT {rows})
            SELECT 'id', 'user-' || printf('%09d', i), '{{\"exp__0\":\"v' || i || '\"}}' FROM n"
    );
    other(&path).execute_batch(&fill).unwrap();
    let buckets = patient(&path);
    let mut took = Vec::new();
    for _ in 0..10_000 {
        let row = fastrand::u64(..rows);
        let start = Instant::now();
        check(
            &buckets,
            &format!("user-{row:09}"),
            Some(&format!("v{row}")),
        );
        took.push(start.elapsed());
    }
    took.sort();
    let p99 = took[took.len() * 99 / 100];
    println!(
        "{rows} rows: half of the lookups within {:?}, 99 % within {p99:?}",
        took[took.len() / 2]
    );
    assert!(!is_long() || p99 <= Duration::from_millis(1), "{p99:?}");
    save(&buckets, "new", "a").unwrap();
    check(&buckets, "new", Some("a"));
}
