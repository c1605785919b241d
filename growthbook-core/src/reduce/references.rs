//! Where a payload names saved groups.

use crate::json::Json;

/// A saved group that something names.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Reference {
    pub(super) group: u32,
    /// It is named where something other than the user is tested: the item of a list, a feature's value. What is known
    /// of the user does not hold there, so the group must stay as it is written.
    pub(super) as_written: bool,
}

/// Reports every string that is a group's id, wherever it stands except as an object's key (spec 23.3, step 4).
///
/// No knowledge of operators goes into this: a string that only looks like an id keeps a group too many, and an operator
/// from the future keeps the group that it needs.
pub(super) fn find(
    json: &Json<'_>,
    as_written: bool,
    group: &impl Fn(&str) -> Option<u32>,
    report: &mut impl FnMut(Reference),
) {
    match json {
        Json::String(text) => {
            if let Some(group) = group(text) {
                report(Reference { group, as_written });
            }
        }
        Json::Array(items) => {
            for item in items {
                find(item, as_written, group, report);
            }
        }
        Json::Object(object) => {
            for (key, value) in object.iter() {
                let is_elsewhere = matches!(key, "$elemMatch" | "parentConditions");
                find(value, as_written || is_elsewhere, group, report);
            }
        }
        Json::Null | Json::Bool(_) | Json::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str) -> Vec<(u32, bool)> {
        let mut found = Vec::new();
        let group = |id: &str| ["a", "b"].iter().position(|it| *it == id);
        find(
            &Json::parse(text).unwrap(),
            false,
            &|id| group(id).and_then(|it| u32::try_from(it).ok()),
            &mut |it| found.push((it.group, it.as_written)),
        );
        found
    }

    #[test]
    fn strings_count_and_keys_do_not() {
        assert_eq!(
            found(r#"{"a":1,"x":["b",{"y":"a"}],"z":"c"}"#),
            [(1, false), (0, false)]
        );
        assert_eq!(found(r#"{"$later":{"b":[["a"]]}}"#), [(0, false)]);
    }

    #[test]
    fn what_is_not_tested_against_the_user_is_marked() {
        assert_eq!(
            found(r#"{"i":{"$elemMatch":{"$not":{"$savedGroup":{"id":"a"}}}},"j":"b"}"#),
            [(0, true), (1, false)]
        );
        assert_eq!(
            found(r#"{"parentConditions":[{"id":"f","condition":{"$savedGroup":{"id":"b"}}}]}"#),
            [(1, true)]
        );
    }
}
