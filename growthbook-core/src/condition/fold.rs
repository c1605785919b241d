use std::borrow::Cow;

/// Lower case as JavaScript's `toLowerCase` makes it: full Unicode, no locale (spec 3.8). Allocates only when something
/// changes.
pub(super) fn fold(text: &str) -> Cow<'_, str> {
    if text
        .bytes()
        .all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase())
    {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_lowercase())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_is_full_unicode() {
        for (text, folded) in [
            ("abc-1", "abc-1"),
            ("ABC", "abc"),
            ("İ", "i\u{307}"),
            ("ß", "ß"),
            ("ΑΣ", "ας"),
        ] {
            assert_eq!(fold(text), folded);
        }
    }
}
