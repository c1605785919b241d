//! The headers that say whether a message is to be believed, out of all that came with it.

use std::hint::black_box;

/// The values that one header has: none, one, or several if it was given several times.
#[derive(Default)]
pub(super) struct Values(Vec<Box<[u8]>>);

/// Finds headers by their names, which are in lower case. Case does not matter in what came.
pub(super) fn find<const N: usize>(
    headers: impl IntoIterator<Item = (impl AsRef<str>, impl AsRef<[u8]>)>,
    names: [&str; N],
) -> [Values; N] {
    let mut found = [(); N].map(|()| Values::default());
    for (name, value) in headers {
        let name = name.as_ref().trim_ascii();
        let is_it = |(_, it): &(&mut Values, &str)| name.eq_ignore_ascii_case(it);
        if let Some((values, _)) = found.iter_mut().zip(names).find(is_it) {
            values.0.push(value.as_ref().trim_ascii().into());
        }
    }
    found
}

impl Values {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The value, if there is one and no more: of two, another reader may take the other.
    pub(super) fn only(&self) -> Option<&[u8]> {
        match &*self.0 {
            [only] => Some(only),
            _ => None,
        }
    }

    /// Whether this is one of the words in the values. How long that takes does not depend on how much of it is right.
    pub(super) fn have_word(&self, word: &[u8]) -> bool {
        let words = self
            .0
            .iter()
            .flat_map(|value| value.split(u8::is_ascii_whitespace));
        words.fold(false, |found, it| found | is_same(it, word))
    }

    /// Whether no value is another one.
    pub(super) fn are_all(&self, value: &[u8]) -> bool {
        self.0.iter().all(|it| is_same(it, value))
    }
}

/// Whether two texts are the same, in a time that depends on their length alone.
fn is_same(one: &[u8], other: &[u8]) -> bool {
    let differing = |sum, (one, other): (&u8, &u8)| black_box(sum | (one ^ other));
    one.len() == other.len() && one.iter().zip(other).fold(0, differing) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values<const N: usize>(texts: [&str; N]) -> Values {
        let [values] = find(texts.map(|text| ("X-A", text)), ["x-a"]);
        values
    }

    #[test]
    fn headers_are_found_whatever_their_case_and_order() {
        let headers = [
            ("B", &b"1"[..]),
            ("X-C", b" 3 "),
            ("a", b"\xff"),
            ("A", b"2"),
        ];
        let [a, b, c, none] = find(headers, ["a", "b", "x-c", "d"]);
        assert_eq!(
            (a.only(), b.only(), c.only()),
            (None, Some(&b"1"[..]), Some(&b"3"[..]))
        );
        assert!(none.is_empty() && !a.is_empty() && none.only().is_none());
        assert!(a.have_word(b"2") && a.have_word(b"\xff"));
    }

    #[test]
    fn words_are_told_apart_by_white_space_and_are_whole() {
        let both = values(["v1,a  v2,b", "v1,c"]);
        for word in ["v1,a", "v2,b", "v1,c"] {
            assert!(both.have_word(word.as_bytes()), "{word}");
        }
        for word in ["v1,", "a", "v1,A", "v1,a v2,b", "v1,cc"] {
            assert!(!both.have_word(word.as_bytes()), "{word}");
        }
        assert!(!values([]).have_word(b"") && !values([]).have_word(b"a"));
        assert!(values(["a", "a"]).are_all(b"a") && values([]).are_all(b"a"));
        assert!(!values(["a", "b"]).are_all(b"a") && !values([""]).are_all(b"a"));
    }
}
