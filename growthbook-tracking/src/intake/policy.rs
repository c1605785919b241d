use std::collections::BTreeSet;
use std::fmt;

use growthbook_core::{AttributeValue, Attributes};
use sha2::{Digest, Sha256};

/// Which attributes leave the process, and how.
#[derive(Clone, Default)]
pub(crate) struct Policy {
    pub(crate) only: Option<BTreeSet<Box<str>>>,
    pub(crate) without: BTreeSet<Box<str>>,
    /// Names and salts.
    pub(crate) hashed: Vec<(BTreeSet<Box<str>>, Box<str>)>,
}

impl Policy {
    pub(crate) fn applied(&self, attributes: Attributes) -> Attributes {
        if self.only.is_none() && self.without.is_empty() && self.hashed.is_empty() {
            return attributes;
        }
        let mut kept = Attributes::with_capacity(attributes.len());
        for (name, value) in attributes.iter().filter(|(name, _)| self.keeps(name)) {
            let value = match self.salt(name) {
                Some(salt) => hidden(value, salt),
                None => value.clone(),
            };
            kept.insert(name, value);
        }
        kept
    }

    /// What stands for the text by which a user was bucketed; `None` if that may be seen.
    pub(crate) fn hashed_text(&self, name: &str, value: &AttributeValue) -> Option<String> {
        let salt = self.salt(name)?;
        Some(digest(&value.identity_text().unwrap_or_default(), salt))
    }

    fn keeps(&self, name: &str) -> bool {
        let is_listed = self.only.as_ref().is_none_or(|only| only.contains(name));
        is_listed && !self.without.contains(name)
    }

    fn salt(&self, name: &str) -> Option<&str> {
        let own = self.hashed.iter().find(|(names, _)| names.contains(name));
        own.map(|(_, salt)| &**salt)
    }
}

impl fmt::Debug for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.hashed.iter().map(|(names, _)| names).collect();
        f.debug_struct("Policy")
            .field("only", &self.only)
            .field("without", &self.without)
            .field("hashed", &names)
            .finish_non_exhaustive()
    }
}

/// Every text in it hashed, and every number as the text that it would be. What has two values at most stays as it is.
fn hidden(value: &AttributeValue, salt: &str) -> AttributeValue {
    match value {
        AttributeValue::String(text) => digest(text, salt).into(),
        AttributeValue::Number(number) => digest(&number.to_string(), salt).into(),
        AttributeValue::List(items) => {
            AttributeValue::List(items.iter().map(|item| hidden(item, salt)).collect())
        }
        AttributeValue::Map(entries) => {
            let mut hashed = Attributes::with_capacity(entries.len());
            for (name, value) in entries.iter() {
                hashed.insert(name, hidden(value, salt));
            }
            AttributeValue::Map(hashed)
        }
        AttributeValue::Bool(_) | AttributeValue::Null => value.clone(),
    }
}

/// SHA-256 of salt and text, in hexadecimal digits.
fn digest(text: &str, salt: &str) -> String {
    let hash = Sha256::new().chain_update(salt).chain_update(text);
    let digits = b"0123456789abcdef";
    let digit = |half: u8| digits.get(usize::from(half)).copied().map(char::from);
    hash.finalize()
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .flatten()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> BTreeSet<Box<str>> {
        names.iter().copied().map(Into::into).collect()
    }

    /// The vectors of the specification of secure attributes.
    #[test]
    fn hashes_are_those_of_secure_attributes() {
        let cases = [
            (
                "ada@example.org",
                "681125ed0331a8c728e97299503bd65205f07a2fb8525a2791f2893cd3ec155f",
            ),
            (
                "Zoë",
                "df189f1c6b3c020e85b3963fb38cd373d319d28fdb0f59ca917f5e88d8afed32",
            ),
            (
                "",
                "3bc5cffdc266fdbe87ae6b77f2a5c7b8024b5bd5721d670271ee59dcf65c8b50",
            ),
        ];
        for (text, hash) in cases {
            assert_eq!(digest(text, "pepper-01"), hash, "{text}");
        }
    }

    #[test]
    fn attributes_are_chosen_and_hashed_by_name() {
        let attributes = Attributes::new()
            .with("id", 7)
            .with("mail", "ada@example.org")
            .with("roles", vec!["beta"])
            .with("plan", "pro")
            .with("secret", "x");
        let policy = Policy {
            only: Some(names(&["id", "mail", "roles", "plan", "secret"])),
            without: names(&["secret"]),
            hashed: vec![(names(&["id", "mail", "roles"]), "pepper-01".into())],
        };
        let applied = policy.applied(attributes.with("other", 1));
        let kept: BTreeSet<&str> = applied.iter().map(|(name, _)| name).collect();
        assert_eq!(kept, BTreeSet::from(["id", "mail", "plan", "roles"]));
        let text = |name: &str| applied.get(name)?.as_str();
        assert_eq!(text("plan"), Some("pro"));
        assert_eq!(text("mail"), Some(&*digest("ada@example.org", "pepper-01")));
        assert_eq!(text("id"), Some(&*digest("7", "pepper-01")));
        let roles = applied.get("roles").and_then(AttributeValue::as_list);
        let role = roles.and_then(|roles| roles.first()?.as_str());
        assert_eq!(role, Some(&*digest("beta", "pepper-01")));
        assert_eq!(
            policy.hashed_text("id", &7.into()),
            text("id").map(Into::into)
        );
        assert_eq!(policy.hashed_text("plan", &"pro".into()), None);
        assert!(!format!("{policy:?}").contains("pepper"));
    }
}
