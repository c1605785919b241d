//! What environment variables say.

use std::time::Duration;

use growthbook_core::DecryptionKey;

/// The variables that concern fetching, as they were when this was made. None is read twice.
///
/// Explicit settings win over it, and it over defaults.
pub(crate) struct Environment {
    client_key: Option<String>,
    api_host: Option<String>,
    decryption_key: Option<String>,
    poll_interval: Option<String>,
    timeout: Option<String>,
}

impl Environment {
    /// Reads the environment of the process.
    pub(crate) fn read() -> Self {
        Self::look_up(|name| std::env::var(name).ok())
    }

    /// Takes what `variable` says of each name. What is blank counts as absent.
    pub(crate) fn look_up(variable: impl Fn(&str) -> Option<String>) -> Self {
        let first = |names: &[&str]| {
            let given = |name: &&str| {
                let value = variable(name)?.trim().to_owned();
                (!value.is_empty()).then_some(value)
            };
            names.iter().find_map(given)
        };
        Self {
            client_key: first(&["GROWTHBOOK_CLIENT_KEY", "GB_SDK_KEY"]),
            api_host: first(&["GROWTHBOOK_API_HOST", "GB_URL"]),
            decryption_key: first(&["GROWTHBOOK_DECRYPTION_KEY"]),
            poll_interval: first(&[POLL_INTERVAL]),
            timeout: first(&[TIMEOUT]),
        }
    }

    pub(crate) fn client_key(&self) -> Option<&str> {
        self.client_key.as_deref()
    }

    pub(crate) fn api_host(&self) -> Option<&str> {
        self.api_host.as_deref()
    }

    /// The key that opens sealed payloads. One that cannot be read is none, and an error in the log.
    pub(crate) fn decryption_key(&self) -> Option<DecryptionKey> {
        let key = DecryptionKey::new(self.decryption_key.as_deref()?);
        if let Err(error) = &key {
            log::error!(target: crate::LOG, "GROWTHBOOK_DECRYPTION_KEY is ignored: {error}");
        }
        key.ok()
    }

    /// How often to poll. What is not a number of whole seconds from one is none, and a warning in the log.
    pub(crate) fn poll_interval(&self) -> Option<Duration> {
        seconds(POLL_INTERVAL, self.poll_interval.as_deref()?)
    }

    /// How long a request may take, read like [`poll_interval`](Self::poll_interval).
    pub(crate) fn timeout(&self) -> Option<Duration> {
        seconds(TIMEOUT, self.timeout.as_deref()?)
    }
}

/// The value is not logged: what is not a number may be something that was meant for another variable.
fn seconds(name: &str, value: &str) -> Option<Duration> {
    let seconds = value.parse().ok().filter(|seconds| *seconds > 0);
    if seconds.is_none() {
        log::warn!(target: crate::LOG, "{name} is ignored: it is not a number of whole seconds from one");
    }
    seconds.map(Duration::from_secs)
}

const POLL_INTERVAL: &str = "GB_UPDATE_INTERVAL";
const TIMEOUT: &str = "GB_HTTP_CLIENT_TIMEOUT";

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(variables: &[(&str, &str)]) -> Environment {
        Environment::look_up(|name| {
            let (_, value) = variables.iter().find(|(known, _)| *known == name)?;
            Some((*value).to_owned())
        })
    }

    #[test]
    fn an_empty_environment_says_nothing() {
        let environment = environment(&[]);
        assert_eq!(environment.client_key(), None);
        assert_eq!(environment.api_host(), None);
        assert_eq!(environment.decryption_key(), None);
        assert_eq!(environment.poll_interval(), None);
        assert_eq!(environment.timeout(), None);
    }

    #[test]
    fn the_longer_name_wins() {
        let both = environment(&[
            ("GB_SDK_KEY", "short"),
            ("GROWTHBOOK_CLIENT_KEY", " long "),
            ("GB_URL", "https://short"),
            ("GROWTHBOOK_API_HOST", "https://long"),
        ]);
        assert_eq!(both.client_key(), Some("long"));
        assert_eq!(both.api_host(), Some("https://long"));
    }

    #[test]
    fn blank_counts_as_absent() {
        let aliases = environment(&[
            ("GB_SDK_KEY", "alias"),
            ("GROWTHBOOK_CLIENT_KEY", " \t"),
            ("GROWTHBOOK_API_HOST", ""),
            ("GB_UPDATE_INTERVAL", " "),
            ("GROWTHBOOK_DECRYPTION_KEY", "\n"),
        ]);
        assert_eq!(aliases.client_key(), Some("alias"));
        assert_eq!(aliases.api_host(), None);
        assert_eq!(aliases.poll_interval(), None);
        assert_eq!(aliases.decryption_key(), None);
    }

    #[test]
    fn times_are_whole_seconds_from_one() {
        for (value, read) in [
            ("30", Some(30)),
            (" 1 ", Some(1)),
            ("0", None),
            ("-1", None),
            ("1.5", None),
            ("30s", None),
            ("99999999999999999999", None),
        ] {
            let environment = environment(&[
                ("GB_UPDATE_INTERVAL", value),
                ("GB_HTTP_CLIENT_TIMEOUT", value),
            ]);
            let read = read.map(Duration::from_secs);
            assert_eq!(environment.poll_interval(), read, "{value:?}");
            assert_eq!(environment.timeout(), read, "{value:?}");
        }
    }

    #[test]
    fn a_key_that_cannot_be_read_is_none() {
        let key = |text| environment(&[("GROWTHBOOK_DECRYPTION_KEY", text)]).decryption_key();
        let good = "MDEyMzQ1Njc4OWFiY2RlZg==";
        assert_eq!(key(good), DecryptionKey::new(good).ok());
        assert_eq!(key("too short"), None);
    }
}
