use std::fmt;

use super::fold::fold;
use crate::attributes::AttributeValue;
use crate::json::Json;
use crate::text_index::TextIndex;

/// A list of primitive values that is asked for membership: the operand of `$in`, a saved group's values (spec 3.7).
///
/// A value is a member when the list holds one of the same kind that is equal. Lists and maps are members of nothing.
#[derive(Clone, Default)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each says whether one value is a member"
)]
pub(crate) struct Members {
    texts: TextIndex,
    numbers: Box<[f64]>,
    has_null: bool,
    has_true: bool,
    has_false: bool,
    /// Texts are in lower case, and so must be what is looked for.
    folded: bool,
}

impl Members {
    pub(super) fn new(items: &[Json<'_>], folded: bool) -> Self {
        let mut members = Self {
            folded,
            ..Self::default()
        };
        let mut numbers = Vec::new();
        let texts = items.iter().filter_map(Json::as_str);
        members.texts = if folded {
            texts.map(fold).collect()
        } else {
            texts.collect()
        };
        for item in items {
            match item {
                Json::Null => members.has_null = true,
                Json::Bool(true) => members.has_true = true,
                Json::Bool(false) => members.has_false = true,
                Json::Number(number) => numbers.push(number.value),
                Json::String(_) | Json::Array(_) | Json::Object(_) => {}
            }
        }
        numbers.sort_by(f64::total_cmp);
        members.numbers = numbers.into_boxed_slice();
        members
    }

    /// Whether the value is a member, or, if it is a list, any of its items.
    #[inline]
    pub(crate) fn match_value(&self, value: &AttributeValue) -> bool {
        match value {
            AttributeValue::List(items) => items.iter().any(|item| self.contains(item)),
            value => self.contains(value),
        }
    }

    #[inline]
    fn contains(&self, value: &AttributeValue) -> bool {
        match value {
            AttributeValue::Null => self.has_null,
            AttributeValue::Bool(true) => self.has_true,
            AttributeValue::Bool(false) => self.has_false,
            AttributeValue::Number(number) => self.contains_number(number.get()),
            AttributeValue::String(text) if self.folded => self.texts.find(&fold(text)).is_some(),
            AttributeValue::String(text) => self.texts.find(text).is_some(),
            AttributeValue::List(_) | AttributeValue::Map(_) => false,
        }
    }

    fn contains_number(&self, number: f64) -> bool {
        // Zero has two signs that are equal as numbers and apart in the total order.
        let number = if number == 0.0 { 0.0 } else { number };
        self.numbers
            .binary_search_by(|member| member.total_cmp(&number))
            .is_ok()
            || (number == 0.0
                && self
                    .numbers
                    .binary_search_by(|member| member.total_cmp(&-0.0))
                    .is_ok())
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Members")
            .field("texts", &self.texts.len())
            .field("numbers", &self.numbers.len())
            .finish_non_exhaustive()
    }
}

/// For those who say what is in it.
impl Members {
    /// The number of members, as far as they can be asked for.
    pub(super) fn len(&self) -> usize {
        self.texts.len()
            + self.numbers.len()
            + usize::from(self.has_null)
            + usize::from(self.has_true)
            + usize::from(self.has_false)
    }

    /// Members: texts in their order, then numbers, then the rest.
    pub(super) fn iter(&self) -> impl Iterator<Item = AttributeValue> {
        let texts = self.texts.iter().map(AttributeValue::from);
        let numbers = self.numbers.iter().copied().map(AttributeValue::from);
        let others = [
            self.has_null.then_some(AttributeValue::Null),
            self.has_true.then_some(true.into()),
            self.has_false.then_some(false.into()),
        ];
        texts.chain(numbers).chain(others.into_iter().flatten())
    }

    pub(super) fn is_folded(&self) -> bool {
        self.folded
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn members(json: &str, folded: bool) -> Members {
        Members::new(Json::parse(json).unwrap().as_array().unwrap(), folded)
    }

    #[test]
    fn kinds_do_not_mix() {
        let set = members(r#"["1", 2, true, [3], {"a": 4}]"#, false);
        for (value, expected) in [
            (AttributeValue::from("1"), true),
            (1.into(), false),
            (2.into(), true),
            ("2".into(), false),
            (true.into(), true),
            (false.into(), false),
            (AttributeValue::Null, false),
            (vec![3].into(), false),
            (vec![9, 2].into(), true),
            (Vec::<u8>::new().into(), false),
            (vec![vec![2]].into(), false),
        ] {
            assert_eq!(set.match_value(&value), expected, "{value:?}");
        }
        assert!(members("[null]", false).match_value(&AttributeValue::Null));
        assert!(members("[-0.0]", false).match_value(&0.into()));
        assert!(members("[0]", false).match_value(&(-0.0).into()));
    }

    #[test]
    fn every_member_of_a_large_set_is_found_and_nothing_else() {
        let items: Vec<String> = (0..5_000)
            .map(|i| format!("\"user-{}\"", i % 3_000))
            .collect();
        let set = members(&format!("[{}]", items.join(",")), false);
        for i in 0..3_000 {
            assert!(set.match_value(&format!("user-{i}").into()));
        }
        for i in 3_000..6_000 {
            assert!(!set.match_value(&format!("user-{i}").into()));
        }
        assert!(!set.match_value(&"".into()));
    }

    #[test]
    fn folded_sets_ignore_case() {
        for filler in ["", r#","a","b","c","d","e","f","g","h","i""#] {
            let set = members(&format!(r#"["ας","US"{filler}]"#), true);
            assert!(set.match_value(&"us".into()));
            assert!(set.match_value(&"ΑΣ".into()));
            assert!(!set.match_value(&"ασ".into()));
        }
    }
}
