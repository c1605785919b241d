//! What is stored under which key.

use growthbook_core::CacheKey;

/// The keys of an entry, which are of one slot of a cluster.
pub(crate) struct Names {
    /// The payload, where programs in other languages have it as well.
    pub(crate) payload: String,
    /// What is known of it.
    pub(crate) about: String,
    /// Who is asking the API.
    pub(crate) lease: String,
}

impl Names {
    /// The payload's key stays as others write it, so the names beside it are made to follow it into its slot: by the tag
    /// that it has, or else by having all of it as theirs.
    ///
    /// A key with a `}` and no tag cannot be a tag. Its names are of other slots then, which only a cluster minds.
    pub(crate) fn of(prefix: &str, key: &CacheKey) -> Self {
        let payload = format!("{prefix}{}", key.as_str());
        let stem = if has_tag(&payload) {
            payload.clone()
        } else {
            format!("{{{payload}}}")
        };
        Self {
            about: format!("{stem}:growthbook"),
            lease: format!("{stem}:growthbook-lease"),
            payload,
        }
    }
}

/// Whether Redis takes a part of this key for the whole, as it does with what is between the first `{` and the first `}`
/// after it, unless that is nothing.
fn has_tag(key: &str) -> bool {
    let tag = key.split_once('{').and_then(|(_, rest)| rest.find('}'));
    tag.is_some_and(|length| length > 0)
}

#[cfg(test)]
mod tests {
    use growthbook_core::ClientKey;

    use super::*;

    #[test]
    fn what_is_beside_a_payload_has_its_tag() {
        let about = |prefix| {
            let key = CacheKey::new("https://h", &ClientKey::new("sdk-1"));
            Names::of(prefix, &key).about
        };
        assert_eq!(about("gb:"), "{gb:https://h::sdk-1}:growthbook");
        assert_eq!(about("{gb}:"), "{gb}:https://h::sdk-1:growthbook");
        let key = CacheKey::new("https://h", &ClientKey::new("sdk-1"));
        let names = Names::of("gb:", &key);
        assert_eq!(names.payload, "gb:https://h::sdk-1");
        assert_eq!(names.lease, "{gb:https://h::sdk-1}:growthbook-lease");
    }
}
