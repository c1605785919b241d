//! `MOVED 3999 10.0.0.7:6381`: a slot is served elsewhere.

/// Where to go.
pub(crate) struct Redirect {
    pub(crate) slot: u16,
    /// Empty for the host of who says so.
    pub(crate) host: String,
    pub(crate) port: u16,
}

impl Redirect {
    /// Reads what stands behind `MOVED` or `ASK`.
    pub(crate) fn parse(details: &str) -> Option<Self> {
        let mut words = details.split_ascii_whitespace();
        let slot = words.next()?.parse().ok()?;
        let (host, port) = words.next()?.rsplit_once(':')?;
        Some(Self {
            slot,
            host: known_host(host).to_owned(),
            port: port.parse().ok()?,
        })
    }
}

/// A node that does not know its own name says `?`.
pub(crate) fn known_host(host: &str) -> &str {
    if host == "?" { "" } else { host }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_name_slot_host_and_port() {
        for (details, expected) in [
            ("3999 127.0.0.1:6381", Some((3999, "127.0.0.1", 6381))),
            ("3999 ::1:6381", Some((3999, "::1", 6381))),
            ("3999 :6381", Some((3999, "", 6381))),
            ("3999 ?:6381", Some((3999, "", 6381))),
            (
                "16383 redis-2.example.com:1 x",
                Some((16_383, "redis-2.example.com", 1)),
            ),
            ("3999", None),
            ("x h:1", None),
            ("3999 h:port", None),
            ("3999 h", None),
            ("", None),
        ] {
            let redirect = Redirect::parse(details);
            let seen = redirect
                .as_ref()
                .map(|it| (it.slot, it.host.as_str(), it.port));
            assert_eq!(seen, expected, "{details}");
        }
    }
}
