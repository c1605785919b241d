//! A browser, as far as these tests need one.

use std::net::SocketAddr;
use std::time::Duration;

use growthbook_testkit::Answer;

/// Asks for a target, with further headers.
pub(crate) fn ask(server: SocketAddr, target: &str, headers: &[(&str, &str)]) -> Answer {
    growthbook_testkit::ask(server, &format!("GET {target}"), headers, "").unwrap()
}

/// As a browser sends back what it was told to keep.
pub(crate) fn sent_back(answer: &Answer) -> String {
    let cookies = answer.headers("set-cookie").into_iter();
    let pairs = cookies.filter_map(|it| it.split(';').next());
    pairs.collect::<Vec<_>>().join("; ")
}

/// Long enough for any machine: a test that waits so long has failed.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);
