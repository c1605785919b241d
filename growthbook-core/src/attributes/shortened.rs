use super::{AttributeValue, Attributes};

impl AttributeValue {
    /// The value, if it is small. Else its beginning, with what says how much is left out: for people who read it.
    pub(crate) fn shortened(&self) -> Self {
        shortened(self, MOST_DEPTH)
    }

    /// The beginning of a list of `count` items, with how many there are.
    pub(crate) fn shortened_list(items: impl Iterator<Item = Self>, count: usize) -> Self {
        let kept = if count <= MOST_ITEMS + 1 {
            count
        } else {
            MOST_ITEMS
        };
        let mut list: Vec<Self> = items.take(kept).collect();
        if count > kept {
            list.push(Self::String(format!("… {count} in all")));
        }
        Self::List(list)
    }
}

fn shortened(value: &AttributeValue, depth: usize) -> AttributeValue {
    match value {
        AttributeValue::Null | AttributeValue::Bool(_) | AttributeValue::Number(_) => value.clone(),
        AttributeValue::String(text) => AttributeValue::String(shortened_text(text)),
        AttributeValue::List(_) | AttributeValue::Map(_) if depth == 0 => "…".into(),
        AttributeValue::List(items) => {
            let nearer = items.iter().map(|item| shortened(item, depth - 1));
            AttributeValue::shortened_list(nearer, items.len())
        }
        AttributeValue::Map(entries) => {
            let mut short: Attributes = entries
                .iter()
                .take(MOST_ITEMS)
                .map(|(name, value)| (shortened_text(name), shortened(value, depth - 1)))
                .collect();
            if entries.len() > MOST_ITEMS {
                short.insert("…", format!("{} in all", entries.len()));
            }
            AttributeValue::Map(short)
        }
    }
}

/// A text of bounded length.
pub(crate) fn shortened_text(text: &str) -> String {
    match text.char_indices().nth(MOST_CHARS) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

/// Lists in lists that are shown.
const MOST_DEPTH: usize = 4;

/// Items of a list, and entries of a map, that are shown.
const MOST_ITEMS: usize = 5;

/// Characters of a text that are shown.
const MOST_CHARS: usize = 120;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: impl Into<AttributeValue>, expected: &str) {
        let short = value.into().shortened();
        assert_eq!(serde_json::to_string(&short).unwrap(), expected);
    }

    #[test]
    fn what_is_small_stays_whole() {
        check("text", "\"text\"");
        check([1, 2, 3, 4, 5, 6], "[1,2,3,4,5,6]");
        check(Attributes::new().with("a", [true]), r#"{"a":[true]}"#);
    }

    #[test]
    fn what_is_large_says_how_large() {
        check([1; 7], r#"[1,1,1,1,1,"… 7 in all"]"#);
        check("é".repeat(500), &format!("\"{}…\"", "é".repeat(120)));
        check([[[[[[1]]]]]], r#"[[[["…"]]]]"#);
        let many: Attributes = ('a'..='h').map(|name| (name.to_string(), 1)).collect();
        check(many, r#"{"a":1,"b":1,"c":1,"d":1,"e":1,"…":"8 in all"}"#);
    }
}
