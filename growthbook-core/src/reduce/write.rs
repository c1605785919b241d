//! From the tree back to text, with numbers in the form in which they were written.

use std::fmt::Write as _;

use serde_json::Number;

use crate::json::{Json, Literal};

/// JSON text without white space.
///
/// `1.0` stays apart from `1`, which matters to a bandit's leaf ids (spec 18.2), and integers keep digits that a double
/// loses, for readers that have integers.
pub(super) fn text(json: &Json<'_>) -> String {
    let mut text = String::new();
    write(json, &mut text);
    text
}

fn write(json: &Json<'_>, to: &mut String) {
    match json {
        Json::Null => to.push_str("null"),
        Json::Bool(true) => to.push_str("true"),
        Json::Bool(false) => to.push_str("false"),
        Json::Number(number) => write_number(*number, to),
        Json::String(text) => write_string(text, to),
        Json::Array(items) => {
            to.push('[');
            for (place, item) in items.iter().enumerate() {
                if place > 0 {
                    to.push(',');
                }
                write(item, to);
            }
            to.push(']');
        }
        Json::Object(object) => {
            to.push('{');
            for (place, (key, value)) in object.iter().enumerate() {
                if place > 0 {
                    to.push(',');
                }
                write_string(key, to);
                to.push(':');
                write(value, to);
            }
            to.push('}');
        }
    }
}

/// Writing to a string does not fail, so the results say nothing.
fn write_number(number: Literal, to: &mut String) {
    let _ = match (number.integer, Number::from_f64(number.value)) {
        (Some(integer), _) => write!(to, "{integer}"),
        (None, Some(number)) => write!(to, "{number}"),
        (None, None) => to.write_str("null"),
    };
}

fn write_string(text: &str, to: &mut String) {
    to.push('"');
    for character in text.chars() {
        match character {
            '"' => to.push_str("\\\""),
            '\\' => to.push_str("\\\\"),
            '\n' => to.push_str("\\n"),
            '\r' => to.push_str("\\r"),
            '\t' => to.push_str("\\t"),
            '\0'..='\u{1F}' => {
                let _ = write!(to, "\\u{:04x}", u32::from(character));
            }
            other => to.push(other),
        }
    }
    to.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back_as_it_was() {
        for compact in [
            r#"{"b":[1,1.0,-2,null,true,false],"a":{"":"é\"\\\n\r\t\u0001"}}"#,
            "[9007199254740993,-9223372036854775808,0.1,1e+300,-0.0]",
            "[]",
            "{}",
        ] {
            assert_eq!(text(&Json::parse(compact).unwrap()), compact);
        }
    }

    #[test]
    fn integers_beyond_64_bits_become_doubles() {
        let written = text(&Json::parse("123456789012345678901234567890").unwrap());
        assert_eq!(
            written.parse(),
            Ok(123_456_789_012_345_680_000_000_000_000.0)
        );
    }
}
