use crate::attributes::Attributes;

/// How browser and device are told from the header `User-Agent`.
///
/// Both sets of rules look for words, and differ where it matters to compare with a browser's own SDK: an Android tablet is
/// a mobile device to the Python SDK and a desktop to the JavaScript SDK. Chrome and Firefox on iOS are `safari` to both.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum UserAgentRules {
    /// As the JavaScript SDK tells them in a browser, for a site whose pages use that one, too. The attribute `userAgent`
    /// is not set, and a browser without the header is `unknown`, on a `desktop`.
    JavaScript,
    /// It is not looked at.
    Off,
    /// As the Python SDK tells them on a server. Without the header none of the three attributes is set.
    #[default]
    Python,
}

impl UserAgentRules {
    /// `is_request`: whether there is a request at all, whose missing header says something.
    pub(super) fn add(self, header: Option<&str>, is_request: bool, found: &mut Attributes) {
        let header = header.filter(|header| !header.is_empty());
        match (self, header) {
            (Self::JavaScript, header) if header.is_some() || is_request => {
                let header = header.unwrap_or_default();
                found.insert("browser", browser(header, &BROWSERS_JAVASCRIPT));
                found.insert("deviceType", device(header.contains("Mobi")));
            }
            (Self::Python, Some(header)) => {
                let lower = header.to_lowercase();
                let is_mobile = MOBILE_PYTHON.iter().any(|word| lower.contains(word));
                found.insert("userAgent", header);
                found.insert("browser", browser(&lower, &BROWSERS_PYTHON));
                found.insert("deviceType", device(is_mobile));
            }
            _ => {}
        }
    }
}

/// The first that is named: nearly all of them name others as well.
fn browser(header: &str, browsers: &[(&str, &'static str)]) -> &'static str {
    let mut browsers = browsers.iter();
    let named = browsers.find(|(word, _)| header.contains(word));
    named.map_or("unknown", |(_, browser)| browser)
}

fn device(is_mobile: bool) -> &'static str {
    if is_mobile { "mobile" } else { "desktop" }
}

const BROWSERS_JAVASCRIPT: [(&str, &str); 4] = [
    ("Edg", "edge"),
    ("Chrome", "chrome"),
    ("Firefox", "firefox"),
    ("Safari", "safari"),
];

const BROWSERS_PYTHON: [(&str, &str); 4] = [
    ("edg", "edge"),
    ("chrome", "chrome"),
    ("firefox", "firefox"),
    ("safari", "safari"),
];

const MOBILE_PYTHON: [&str; 4] = ["mobile", "android", "iphone", "ipad"];
