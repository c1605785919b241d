//! Attributes that are targeted without being known: hashed with a salt, as the server hashes them in conditions.

use std::fmt;
use std::fmt::Write;

use aes::cipher::zeroize::Zeroize;
use sha2::{Digest, Sha256};

use crate::attributes::{AttributeValue, Attributes};

/// The salt with which an organisation's secure attributes are hashed, as the GrowthBook application shows it.
///
/// It is a secret: `Debug` hides it, there is no `Display`, and it is overwritten in memory when dropped.
#[derive(Clone, Eq, PartialEq)]
pub struct SecureSalt(Vec<u8>);

impl SecureSalt {
    /// Takes the salt as it is shown.
    pub fn new(salt: impl Into<String>) -> Self {
        Self(salt.into().into_bytes())
    }

    /// What stands for a value where secure attributes are compared: SHA-256 of salt and value, as lower-case hex.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::SecureSalt;
    ///
    /// let hashed = SecureSalt::new("pepper-01").hash("beta");
    /// assert_eq!(hashed, "3066f7fdd1e402c42ad7a54b02c9bae8df011b082762c655aebd7d98a7138c0e");
    /// ```
    pub fn hash(&self, value: &str) -> String {
        let digest = Sha256::new()
            .chain_update(&self.0)
            .chain_update(value)
            .finalize();
        digest
            .iter()
            .fold(String::with_capacity(64), |mut hex, byte| {
                // Writing into a string does not fail.
                let _ = write!(hex, "{byte:02x}");
                hex
            })
    }
}

impl Drop for SecureSalt {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for SecureSalt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecureSalt(..)")
    }
}

impl Attributes {
    /// Hashes the attributes of these names: those that GrowthBook knows as `secureString` and `secureString[]`, when the
    /// SDK connection hashes them in conditions.
    ///
    /// Strings and the strings in lists are hashed, the empty one like any other; everything else stays, and names that are
    /// missing are passed over. It is done once: what is hashed again matches nothing. Such attributes can be compared for
    /// equality and looked for in lists and saved groups; their order, parts and patterns are gone. A user who is
    /// bucketed by one is bucketed by its hash.
    ///
    /// # Example
    ///
    /// ```
    /// use growthbook_core::{Attributes, SecureSalt};
    ///
    /// let salt = SecureSalt::new("pepper-01");
    /// let attributes = Attributes::new()
    ///     .with("id", "u-1")
    ///     .with("email", "ada@example.org")
    ///     .secure(["email"], &salt);
    /// assert_eq!(attributes.get("id"), Some(&"u-1".into()));
    /// assert_eq!(attributes.get("email"), Some(&salt.hash("ada@example.org").into()));
    /// ```
    #[must_use]
    pub fn secure<N: AsRef<str>>(
        mut self,
        names: impl IntoIterator<Item = N>,
        salt: &SecureSalt,
    ) -> Self {
        for name in names {
            if let Some(value) = self.get_mut(name.as_ref()) {
                hash(value, salt);
            }
        }
        self
    }
}

fn hash(value: &mut AttributeValue, salt: &SecureSalt) {
    match value {
        AttributeValue::String(text) => *text = salt.hash(text),
        AttributeValue::List(items) => {
            for item in items {
                if let AttributeValue::String(text) = item {
                    *text = salt.hash(text);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SALT: &str = "pepper-01";

    #[test]
    fn hashes_are_those_of_the_server() {
        let salt = SecureSalt::new(SALT);
        for (value, hashed) in [
            (
                "ada@example.org",
                "681125ed0331a8c728e97299503bd65205f07a2fb8525a2791f2893cd3ec155f",
            ),
            (
                "beta",
                "3066f7fdd1e402c42ad7a54b02c9bae8df011b082762c655aebd7d98a7138c0e",
            ),
            (
                "Zoë",
                "df189f1c6b3c020e85b3963fb38cd373d319d28fdb0f59ca917f5e88d8afed32",
            ),
            (
                "",
                "3bc5cffdc266fdbe87ae6b77f2a5c7b8024b5bd5721d670271ee59dcf65c8b50",
            ),
        ] {
            assert_eq!(salt.hash(value), hashed, "{value:?}");
        }
    }

    #[test]
    fn only_strings_and_strings_in_lists_are_hashed() {
        let salt = SecureSalt::new(SALT);
        let hashed = |text: &str| AttributeValue::from(salt.hash(text));
        let plain = r#"{"text": "beta", "empty": "", "number": 5, "flag": true, "none": null,
            "list": ["beta", 5, null, ["beta"], {"in": "beta"}], "map": {"text": "beta"}, "other": "beta"}"#;
        let attributes = Attributes::from_json(plain).unwrap();
        let names = [
            "text", "empty", "number", "flag", "none", "list", "map", "missing",
        ];
        let secure = attributes.clone().secure(names, &salt);

        assert_eq!(secure.get("text"), Some(&hashed("beta")));
        assert_eq!(secure.get("empty"), Some(&hashed("")));
        let list = secure.get("list").unwrap().as_list().unwrap();
        assert_eq!(list.first(), Some(&hashed("beta")));
        let rest = attributes.get("list").unwrap().as_list().unwrap();
        assert_eq!(list.get(1..), rest.get(1..));
        for name in ["number", "flag", "none", "map", "other"] {
            assert_eq!(secure.get(name), attributes.get(name), "{name}");
        }
        assert_eq!(secure.get("missing"), None);
        let order = |it: &Attributes| {
            it.iter()
                .map(|(name, _)| name.to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(order(&secure), order(&attributes));
    }

    #[test]
    fn the_salt_does_not_show() {
        assert_eq!(format!("{:?}", SecureSalt::new(SALT)), "SecureSalt(..)");
    }
}
