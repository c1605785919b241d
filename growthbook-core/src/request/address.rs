//! The parts of an address as they were written: nothing is resolved, decoded or refused.

/// An address in parts.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct Address<'a> {
    scheme: &'a str,
    authority: Option<&'a str>,
    pub(super) path: &'a str,
    /// With its question mark; empty if there is none.
    pub(super) query: &'a str,
}

impl<'a> Address<'a> {
    pub(super) fn of(url: &'a str) -> Self {
        let url = url.split_once('#').map_or(url, |(url, _)| url);
        let (scheme, rest) = url.split_once("://").unwrap_or_default();
        let is_scheme = |text: &str| {
            let is_part = |it: char| it.is_ascii_alphanumeric() || "+-.".contains(it);
            !text.is_empty() && text.chars().all(is_part)
        };
        if !is_scheme(scheme) {
            let (path, query) = split_query(url);
            return Self {
                scheme: "",
                authority: None,
                path,
                query,
            };
        }
        let end = rest.find(['/', '?', '\\']).unwrap_or(rest.len());
        let (authority, rest) = rest.split_at_checked(end).unwrap_or((rest, ""));
        let (path, query) = split_query(rest);
        Self {
            scheme,
            authority: Some(authority),
            path: if path.is_empty() { "/" } else { path },
            query,
        }
    }

    /// Without who logs in and without the port that the scheme has anyway.
    pub(super) fn host(&self) -> Option<String> {
        let authority = self.authority?;
        let host = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let host = host.to_ascii_lowercase();
        let usual = match &*self.scheme.to_ascii_lowercase() {
            "http" | "ws" => ":80",
            "https" | "wss" => ":443",
            _ => "",
        };
        let host = host.strip_suffix(usual).unwrap_or(&host);
        (!host.is_empty()).then(|| host.to_owned())
    }

    /// Of each name the first parameter, decoded.
    pub(super) fn parameters<const N: usize>(&self, names: [&str; N]) -> [Option<String>; N] {
        let mut found = [const { None }; N];
        let query = self.query.strip_prefix('?').unwrap_or_default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let slot = names.iter().zip(&mut found).find(|(it, _)| **it == name);
            if let Some((_, slot)) = slot
                && slot.is_none()
            {
                *slot = Some(value.into_owned());
            }
        }
        found
    }
}

fn split_query(text: &str) -> (&str, &str) {
    let start = text.find('?').unwrap_or(text.len());
    text.split_at_checked(start).unwrap_or((text, ""))
}
