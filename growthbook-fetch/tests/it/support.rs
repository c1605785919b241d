//! What the tests have in common.

use std::error::Error;
use std::io;
use std::process::Command;
use std::time::Duration;

use growthbook_core::{FeatureFetcher, FetchError, Fetched, Validator};
use growthbook_fetch::{Endpoint, HttpFetcher};
use growthbook_testkit::{Reply, Request, Server};

pub(crate) const PAYLOAD: &[u8] = br#"{"features": {"dark-mode": {"defaultValue": true}}}"#;

/// How long a fetch may take in the tests of what never comes.
pub(crate) const SHORT: Duration = Duration::from_millis(200);

/// How long to wait for what takes no time to speak of, unless the machine is busy.
pub(crate) const SOON: Duration = Duration::from_secs(60);

pub(crate) fn server<F>(answer: F) -> Server
where
    F: Fn(&Request, &mut Reply) -> io::Result<()> + Send + Sync + 'static,
{
    Server::start(answer).unwrap()
}

/// A server that sends these bytes to whoever asks, and then closes.
pub(crate) fn raw(answer: impl Into<Vec<u8>>) -> Server {
    let answer = answer.into();
    server(move |_, reply| {
        reply.close();
        reply.raw(&answer)
    })
}

/// The endpoint of a server of the test's own, through no proxy.
pub(crate) fn endpoint(host: impl Into<String>) -> Endpoint {
    Endpoint::new("sdk-abc123").api_host(host).no_proxy()
}

pub(crate) fn fetcher(server: &Server) -> HttpFetcher {
    HttpFetcher::new(endpoint(server.url())).unwrap()
}

pub(crate) fn fetch(server: &Server) -> Result<Vec<u8>, FetchError> {
    body(fetcher(server).fetch(None))
}

pub(crate) fn body(fetched: Result<Fetched, FetchError>) -> Result<Vec<u8>, FetchError> {
    match fetched? {
        Fetched::Fresh(payload) => Ok(payload.bytes().to_vec()),
        other => panic!("{other:?}"),
    }
}

/// What came with the payload, which must have come.
pub(crate) fn validator(fetched: &Result<Fetched, FetchError>) -> Option<&Validator> {
    match fetched {
        Ok(Fetched::Fresh(payload)) => payload.validator(),
        other => panic!("{other:?}"),
    }
}

/// The words for a failure of the transport.
pub(crate) fn words(fetched: Result<Vec<u8>, FetchError>) -> String {
    match fetched {
        Err(FetchError::Transport(error)) => error.source().unwrap().to_string(),
        Err(error) => panic!("{error:?}"),
        Ok(bytes) => panic!("{} bytes came", bytes.len()),
    }
}

/// An answer with these headers, lines with their ends, and this body.
pub(crate) fn answer(headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 200 OK\r\n{headers}\r\n").into_bytes();
    bytes.extend(body);
    bytes
}

/// Runs an ignored test of this binary in a process of its own, with these variables in its environment and no proxy.
pub(crate) fn alone(test: &str, variables: &[(&str, &str)]) {
    let mut process = Command::new(std::env::current_exe().unwrap());
    process.args(["--exact", test, "--ignored", "--test-threads=1"]);
    for name in ["ALL_PROXY", "HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"] {
        process.env_remove(name).env_remove(name.to_lowercase());
    }
    let output = process.envs(variables.iter().copied()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(
        said.contains("1 passed"),
        "{test} is not the name of a test: {said}"
    );
}
