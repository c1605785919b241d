//! Figures as rows of a table, to be compared with those of a page of documentation.

use std::collections::{BTreeMap, BTreeSet};

/// Name, kind, unit, and label with its value.
pub type Figure<'a> = (&'a str, &'a str, &'a str, Option<(&'a str, &'a str)>);

/// The same without the label's value.
type Kind<'a> = (&'a str, &'a str, &'a str, Option<&'a str>);

/// The rows of figures: ``| `name` | kind | `unit` | `label`: `value`, `value` |``, in the order of their names.
pub fn rows_of<'a>(figures: impl IntoIterator<Item = Figure<'a>>) -> Vec<String> {
    let mut rows: BTreeMap<Kind<'_>, BTreeSet<&str>> = BTreeMap::new();
    for (name, kind, unit, label) in figures {
        let values = rows.entry((name, kind, unit, label.map(|it| it.0)));
        values.or_default().extend(label.map(|it| it.1));
    }
    let row = |((name, kind, unit, label), values): (Kind<'_>, BTreeSet<&str>)| {
        let values: Vec<_> = values.iter().map(|value| format!("`{value}`")).collect();
        let label = label.map_or_else(String::new, |label| {
            format!("`{label}`: {} ", values.join(", "))
        });
        format!("| `{name}` | {kind} | `{unit}` | {label}|")
    };
    rows.into_iter().map(row).collect()
}

/// The rows of a page whose name is such a one, without their last column, which says what it is.
pub fn rows_in(page: &str, is_wanted: impl Fn(&str) -> bool) -> Vec<String> {
    let rows = page.lines().filter(|line| {
        let name = line.strip_prefix("| `").and_then(|it| it.split('`').next());
        name.is_some_and(&is_wanted)
    });
    let without_meaning = |line: &str| {
        let row = line.strip_suffix(" |")?.rsplit_once("| ")?.0;
        Some(format!("{row}|"))
    };
    rows.filter_map(without_meaning).collect()
}
