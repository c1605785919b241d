//! What another payload changes.

use std::fmt;

use super::Ruleset;
use super::digest::FeatureDigest;
use super::model::Feature;
use super::moves;
use super::rebucketing::Rebucketing;

impl Ruleset {
    /// Which features differ from those of the ruleset `before`, and which experiments are dealt anew.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::Ruleset;
    ///
    /// let before = Ruleset::from_json(br#"{"features": {"a": {}, "b": {"defaultValue": 1}}}"#, None)?;
    /// let after = Ruleset::from_json(br#"{"features": {"b": {"defaultValue": 2}, "c": {}}}"#, None)?;
    /// let changes = after.changes_since(&before);
    /// assert_eq!(changes.added().collect::<Vec<_>>(), ["c"]);
    /// assert_eq!(changes.removed().collect::<Vec<_>>(), ["a"]);
    /// assert_eq!(changes.changed().collect::<Vec<_>>(), ["b"]);
    /// # Ok::<(), growthbook_core::PayloadError>(())
    /// ```
    pub fn changes_since<'a>(&'a self, before: &'a Self) -> FeatureChanges<'a> {
        let mut changes = FeatureChanges {
            before,
            after: self,
            added: Vec::new(),
            removed: Vec::new(),
            changed: Vec::new(),
        };
        if std::ptr::eq(self, before) {
            return changes;
        }
        for (place, key, digest) in self.definitions() {
            match before.definition(key) {
                None => changes.added.push(place),
                Some((old, known)) if known != digest => changes.changed.push((old, place)),
                Some(_) => {}
            }
        }
        let old = before.definitions();
        let gone = old.filter(|(_, key, _)| self.definition(key).is_none());
        changes.removed.extend(gone.map(|(place, ..)| place));
        changes
    }

    /// The features that the payload defines, well or badly.
    fn definitions(&self) -> impl Iterator<Item = (u32, &str, FeatureDigest)> {
        let numbered = (0..).zip(self.features.iter()).zip(&self.digests);
        let all = numbered.map(|((place, key), digest)| (place, key, *digest));
        all.filter(|(.., digest)| digest.is_present())
    }

    fn definition(&self, key: &str) -> Option<(u32, FeatureDigest)> {
        let place = self.features.find(key)?;
        let digest = *self.digests.get(place as usize)?;
        digest.is_present().then_some((place, digest))
    }
}

/// The features in which two rulesets differ: see [`Ruleset::changes_since`].
///
/// A feature has changed if its definition has, as JSON: white space does not count, the order of keys does. One that is
/// malformed counts like any other. What a feature merely refers to does not count: other features, saved groups, the
/// leaves of a contextual bandit. Neither do the experiments that run without a feature, nor features whose keys are
/// longer than any may be.
pub struct FeatureChanges<'a> {
    before: &'a Ruleset,
    after: &'a Ruleset,
    added: Vec<u32>,
    removed: Vec<u32>,
    /// Places before and after.
    changed: Vec<(u32, u32)>,
}

impl<'a> FeatureChanges<'a> {
    /// The features that were not there before, in the order of the later payload.
    pub fn added(&self) -> impl Iterator<Item = &'a str> {
        let after = self.after;
        self.added.iter().map(|place| after.feature_key(*place))
    }

    /// The features that are not there any more, in the order of the earlier payload.
    pub fn removed(&self) -> impl Iterator<Item = &'a str> {
        let before = self.before;
        self.removed.iter().map(|place| before.feature_key(*place))
    }

    /// The features that are defined in another way, in the order of the later payload.
    pub fn changed(&self) -> impl Iterator<Item = &'a str> {
        let after = self.after;
        self.changed
            .iter()
            .map(|(_, place)| after.feature_key(*place))
    }

    /// The number of features that were added, removed or changed.
    pub fn len(&self) -> usize {
        self.added.len() + self.removed.len() + self.changed.len()
    }

    /// Whether no feature was added, removed or changed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The experiments whose users move from one variation to another: those in experiment rules of changed features, in
    /// the order of the later payload. Worked out as the iterator goes.
    ///
    /// Whether it was meant is not asked: a new phase that deals all users anew is listed as well. Listed is what the
    /// definitions let happen to somebody. Coverage that grows is not, since it only lets users in; neither is whatever
    /// keeps users out, such as conditions, filters and namespaces. Several rules that run one experiment are compared in
    /// their order; one that only one of the payloads has is not.
    pub fn rebucketings(&self) -> impl Iterator<Item = Rebucketing<'a>> {
        self.rebucketings_among(usize::MAX)
    }

    /// The same, of so many experiments that both payloads have and define in another way.
    pub(crate) fn rebucketings_among(&self, most: usize) -> impl Iterator<Item = Rebucketing<'a>> {
        let (before, after) = (self.before, self.after);
        let both = self.changed.iter().filter_map(move |(old, new)| {
            let features: [&Feature; 2] = [before.feature(*old)?, after.feature(*new)?];
            Some((after.feature_key(*new), features))
        });
        let steps = both.flat_map(|(key, [old, new])| moves::steps(key, old, new));
        steps.take(most).filter_map(|step| step.rebucketing())
    }
}

impl fmt::Debug for FeatureChanges<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeatureChanges")
            .field("added", &self.added.len())
            .field("removed", &self.removed.len())
            .field("changed", &self.changed.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ruleset(features: &str) -> Ruleset {
        Ruleset::from_json(format!(r#"{{"features":{features}}}"#).as_bytes(), None).unwrap()
    }

    /// Added, removed and changed keys, with spaces between.
    fn check(before: &str, after: &str, expected: [&str; 3]) {
        let (before, after) = (ruleset(before), ruleset(after));
        let changes = after.changes_since(&before);
        let joined = [
            changes.added().collect::<Vec<_>>().join(" "),
            changes.removed().collect::<Vec<_>>().join(" "),
            changes.changed().collect::<Vec<_>>().join(" "),
        ];
        assert_eq!(joined, expected);
        let words = expected.iter().flat_map(|keys| keys.split_whitespace());
        let count = words.count();
        assert_eq!((changes.len(), changes.is_empty()), (count, count == 0));
    }

    #[test]
    fn features_come_go_and_change() {
        check("{}", "{}", ["", "", ""]);
        check(
            r#"{"z":{},"b":{"defaultValue":1},"a":{"defaultValue":1},"y":{}}"#,
            r#"{"d":{},"a":{"defaultValue":2},"b":{"defaultValue":3},"c":{}}"#,
            ["d c", "z y", "a b"],
        );
    }

    #[test]
    fn how_and_where_a_feature_is_written_does_not_count() {
        check(
            r#"{"a":{"defaultValue":"é"},"b":{}}"#,
            "{ \"b\" : { },\n\"a\" : {\"defaultValue\" : \"\\u00e9\"} }",
            ["", "", ""],
        );
        check(
            r#"{"a":{"x":1,"y":2}}"#,
            r#"{"a":{"y":2,"x":1}}"#,
            ["", "", "a"],
        );
        check(r#"{"a":1,"a":2}"#, r#"{"a":3,"a":2}"#, ["", "", ""]);
    }

    #[test]
    fn malformed_features_count_as_what_they_are() {
        check(
            r#"{"a":5,"b":5,"c":5,"d":{}}"#,
            r#"{"a":5,"b":6,"c":{},"e":null}"#,
            ["e", "d", "b c"],
        );
    }

    #[test]
    fn a_prerequisite_that_is_only_named_is_no_feature() {
        let child = r#"{"a":{"rules":[{"parentConditions":[{"id":"p"}]}]}}"#;
        let both = r#"{"a":{"rules":[{"parentConditions":[{"id":"p"}]}]},"p":{}}"#;
        check(child, both, ["p", "", ""]);
        check(both, child, ["", "p", ""]);
    }

    #[test]
    fn what_a_feature_refers_to_does_not_count() {
        let payload = |groups: &str| {
            let features = r#"{"a":{"rules":[{"condition":{"id":{"$inGroup":"g"}},"force":1}]}}"#;
            let text = format!(r#"{{"features":{features},"savedGroups":{groups}}}"#);
            Ruleset::from_json(text.as_bytes(), None).unwrap()
        };
        let (before, after) = (payload(r#"{"g":[1]}"#), payload(r#"{"g":[2]}"#));
        assert!(after.changes_since(&before).is_empty());
    }

    #[test]
    fn only_the_last_of_two_sections_counts() {
        let twice = br#"{"features":{"a":{},"b":{"defaultValue":1}},"features":{"b":{}}}"#;
        let twice = Ruleset::from_json(twice, None).unwrap();
        let once = ruleset(r#"{"b":{}}"#);
        assert!(once.changes_since(&twice).is_empty());
        assert!(twice.changes_since(&once).is_empty());
    }
}
