//! Where a redirect leads.

use ureq::http::{HeaderValue, Uri};
use url::Url;

/// The address that `location` names in an answer from `asked`; `None` if it is none of the same scheme, host and port.
///
/// The client key and the headers of the request go there: to nobody else.
pub(super) fn followed(asked: &Uri, location: &HeaderValue) -> Option<Uri> {
    let asked = Url::parse(&asked.to_string()).ok()?;
    let mut next = asked.join(location.to_str().ok()?).ok()?;
    next.set_fragment(None);
    let stays = next.origin() == asked.origin()
        && next.origin().is_tuple()
        && next.username().is_empty()
        && next.password().is_none();
    stays.then(|| next.as_str().parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(asked: &str, location: &str) -> Option<String> {
        let followed = followed(
            &asked.parse().unwrap(),
            &HeaderValue::from_bytes(location.as_bytes()).unwrap(),
        );
        followed.map(|it| it.to_string())
    }

    #[test]
    fn the_same_origin_is_followed() {
        let asked = "https://h.example/api/features/k";
        for (location, next) in [
            ("/v2/features/k", "https://h.example/v2/features/k"),
            ("other", "https://h.example/api/features/other"),
            ("https://h.example/x?y=z#part", "https://h.example/x?y=z"),
            ("https://H.EXAMPLE:443/x", "https://h.example/x"),
            ("//h.example/x", "https://h.example/x"),
            ("", "https://h.example/api/features/k"),
        ] {
            assert_eq!(from(asked, location).as_deref(), Some(next), "{location:?}");
        }
        let local = "http://127.0.0.1:3100/api/features/k";
        assert_eq!(
            from(local, "/x").as_deref(),
            Some("http://127.0.0.1:3100/x")
        );
    }

    #[test]
    fn nobody_else_is() {
        let asked = "https://h.example/api/features/k";
        for location in [
            "https://other.example/",
            "https://sub.h.example/",
            "https://h.example:444/",
            "http://h.example/",
            "//other.example/x",
            "\\\\other.example/x",
            "https://user@h.example/",
            "https://:password@h.example/",
            "https://h.example@other.example/",
            "file:///etc/passwd",
            "http://169.254.169.254/latest/meta-data",
            "data:application/json,{}",
            "https://",
            "https://ä/",
        ] {
            assert_eq!(from(asked, location), None, "{location:?}");
        }
        assert_eq!(
            from("http://localhost/", "https://localhost/"),
            None,
            "another port, so another server"
        );
    }
}
