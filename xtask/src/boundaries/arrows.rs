//! Which module of core may name which other: the picture in ARCHITECTURE.md as a table.

/// A module, and the modules that it may name. A module may always name itself and the modules
/// under it.
///
/// To amend: give a new module a row, in alphabetical order, and list what it may name, sorted and
/// with spaces between; add a name to a row when a new arrow is wanted. A module under another one
/// can have a row of its own (`condition::groups`); without one, it is part of its parent. `ANY`
/// allows everything.
const ARROWS: &[(&str, &str)] = &[
    ("assignment", "attributes json"),
    ("attributes", "json text"),
    (
        "audience",
        "attributes bucketing condition diagnostic json text_index",
    ),
    ("backoff", ""),
    ("bucketing", "text"),
    ("cache", "error secret"),
    ("client", ANY),
    ("clock", ""),
    (
        "condition",
        "attributes diagnostic js_regex json stack text text_index version",
    ),
    ("decrypt", "error secret"),
    ("diagnostic", "js_regex json"),
    (
        "engine",
        "assignment attributes audience bucketing condition experiment explanation feature_value \
         page_url result ruleset stack sticky user",
    ),
    ("error", ""),
    (
        "experiment",
        "assignment attributes audience bucketing condition diagnostic feature_value json page_url",
    ),
    (
        "explanation",
        "assignment attributes bucketing condition json result",
    ),
    ("feature_value", "attributes json"),
    ("fetch", "cache error secret"),
    ("flag", "result ruleset"),
    ("guard", "error"),
    ("js_regex", ""),
    ("json", ""),
    ("metric", ""),
    ("page_url", "js_regex text"),
    ("reduce", "attributes condition json ruleset text_index"),
    ("request", "attributes user"),
    ("result", "assignment experiment feature_value json ruleset"),
    (
        "ruleset",
        "assignment attributes audience bucketing condition diagnostic experiment feature_value \
         js_regex json secret text_index wire",
    ),
    ("secret", "decrypt"),
    ("secure", "attributes"),
    ("stack", ""),
    ("sticky", ""),
    ("sticky_service", "error sticky"),
    ("testing", ANY),
    ("text", ""),
    ("text_index", "text"),
    (
        "tracking",
        "assignment attributes engine error experiment result user",
    ),
    ("user", "attributes experiment feature_value page_url"),
    ("version", "text"),
    ("wire", "decrypt json secret"),
];

/// May name every module.
const ANY: &str = "*";

/// The row that `path`, a module or something in one, belongs to.
pub(super) fn row_of(path: &[String]) -> Option<&'static str> {
    let rows = ARROWS.iter().map(|(module, _)| *module);
    rows.filter(|module| is_within(path, module))
        .max_by_key(|module| module.len())
}

/// Whether the module of row `from` may name that of row `to`.
pub(super) fn may_name(from: &str, to: &str) -> bool {
    let is_child = to
        .strip_prefix(from)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
    is_child
        || ARROWS.iter().any(|(module, named)| {
            *module == from && (*named == ANY || named.split(' ').any(|name| name == to))
        })
}

fn is_within(path: &[String], module: &str) -> bool {
    let mut path = path.iter();
    module
        .split("::")
        .all(|segment| path.next().is_some_and(|own| own == segment))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(path: &str) -> Option<&'static str> {
        row_of(&path.split("::").map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_path_belongs_to_its_nearest_row() {
        assert_eq!(row("condition::parse::Parser"), Some("condition"));
        assert_eq!(row("conditions"), None);
    }

    #[test]
    fn parents_may_name_children_and_not_the_other_way_round() {
        assert!(may_name("ruleset", "ruleset::groups"));
        assert!(!may_name("ruleset::groups", "ruleset"));
        assert!(!may_name("text", "text_like"));
    }

    #[test]
    fn rows_are_sorted_and_every_name_has_one() {
        assert!(ARROWS.is_sorted_by_key(|(module, _)| module));
        for (module, named) in ARROWS.iter().filter(|(_, named)| *named != ANY) {
            let names: Vec<&str> = named.split(' ').filter(|name| !name.is_empty()).collect();
            assert!(names.is_sorted(), "{module}");
            for name in names {
                assert!(
                    ARROWS.iter().any(|(known, _)| *known == name),
                    "{module} -> {name}"
                );
            }
        }
    }

    #[test]
    fn the_engine_knows_nothing_that_acts() {
        for acting in [
            "backoff",
            "cache",
            "client",
            "clock",
            "fetch",
            "sticky_service",
            "tracking",
        ] {
            assert!(!may_name("engine", acting), "{acting}");
        }
    }

    #[test]
    fn the_wire_format_stays_at_the_edge() {
        let rows = ARROWS.iter().map(|(module, _)| *module);
        let naming: Vec<_> = rows.filter(|module| may_name(module, "wire")).collect();
        assert_eq!(naming, ["client", "ruleset", "testing", "wire"]);
    }
}
