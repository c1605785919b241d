//! On the way to the server.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use super::{check, check_between, check_pace, check_ready, free_address, seconds};
use crate::failure::Outcome;
use crate::faults::process::Process;
use crate::faults::{Came, Ground, SOON, failed};
use crate::step::{Step, is_installed};

pub(super) fn no_resolver(ground: &Ground) -> Outcome<Came> {
    if let Some(why) = no_namespace("-rn") {
        return Ok(Came::Skipped(why));
    }
    let started = Instant::now();
    let client = ground.client_under(&["unshare", "-rn"], HOST);
    let mut client = Process::start(client)?;
    check_ready(&mut client)?;
    let error = client.wait_for("error", Duration::from_secs(7))?;
    let first = error.at - started;
    client.during(Duration::from_secs(8));
    let attempts = check_pace(client.heard(), "error")?;
    let closed = client.close()?;
    Ok(Came::Out(format!(
        "first failure after {}: {}; {attempts} attempts in 8 s; closed in {closed:?}",
        seconds(first),
        error.rest()
    )))
}

pub(super) fn silent_resolver(ground: &Ground) -> Outcome<Came> {
    if let Some(why) = no_namespace("-rnm") {
        return Ok(Came::Skipped(why));
    }
    if !is_installed("ip") {
        let why = "ip is not installed, and the namespace has no interface without it";
        return Ok(Came::Skipped(why.to_owned()));
    }
    let names = ground.folder.join("resolv.conf");
    std::fs::write(&names, "nameserver 127.0.0.1\n").map_err(failed("write a file"))?;
    let names = names.display().to_string();
    let script = "ip link set lo up && mount --bind \"$0\" /etc/resolv.conf && exec \"$@\"";
    let before = ["unshare", "-rnm", "sh", "-c", script, &names];
    let client = ground.client_under(&before, HOST);
    let mut client =
        Process::start(client.env("GROWTHBOOK_FAULTS_SILENT_RESOLVER", "127.0.0.1:53"))?;
    check_ready(&mut client)?;
    let ready = Instant::now();
    let error = client.wait_for("error", SOON)?;
    let first = error.at - ready + Duration::from_millis(200);
    check_between(
        first,
        Duration::from_millis(4_500),
        Duration::from_millis(5_500),
        "the lookup",
    )?;
    // In the middle of the next one.
    client.during(Duration::from_secs(2));
    let closed = client.close()?;
    Ok(Came::Out(format!(
        "first failure after {}: {}; closed in {closed:?} during a lookup",
        seconds(first),
        error.rest()
    )))
}

pub(super) fn black_hole(ground: &Ground) -> Outcome<Came> {
    let listener = TcpListener::bind("127.0.0.1:0").map_err(failed("listen"))?;
    let address = listener.local_addr().map_err(failed("listen"))?;
    let held = fill(address);
    let mut client = Process::start(ground.client(&format!("http://{address}")))?;
    let started = Instant::now();
    let error = client.wait_for("error", SOON)?;
    let first = error.at - started;
    check_between(
        first,
        Duration::from_millis(4_700),
        Duration::from_millis(5_800),
        "connecting",
    )?;
    let count = held.len();
    drop((held, listener));
    let started = Instant::now();
    let _server = ground.server(&address.to_string(), 1)?;
    let value = client.wait_for("value 1", SOON)?;
    let back = value.at - started;
    check(back <= Duration::from_secs(8), || {
        format!("back after {back:?}")
    })?;
    let closed = client.close()?;
    Ok(Came::Out(format!(
        "{count} connections fill the queue; first failure after {}: {}; back {} after the server; closed in {closed:?}",
        seconds(first),
        error.rest(),
        seconds(back)
    )))
}

/// Connects until the system does not answer any more.
fn fill(address: SocketAddr) -> Vec<TcpStream> {
    let mut held = Vec::new();
    let wait = Duration::from_millis(500);
    while let Ok(stream) = TcpStream::connect_timeout(&address, wait) {
        held.push(stream);
    }
    held
}

pub(super) fn dead_proxy(ground: &Ground) -> Outcome<Came> {
    let address = free_address()?;
    let mut server = ground.server(&address, 1)?;
    let proxy = format!("http://user:password@{}", free_address()?);
    let client = || {
        let client = ground.client(&format!("http://{address}"));
        client.env("HTTP_PROXY", &proxy).env("HTTPS_PROXY", &proxy)
    };
    let started = Instant::now();
    let mut through = Process::start(client())?;
    let error = through.wait_for("error", Duration::from_secs(6))?;
    let first = error.at - started;
    through.during(Duration::from_secs(3));
    let attempts = check_pace(through.heard(), "error")?;
    let asked = server.during(Duration::ZERO);
    check(asked.is_empty(), || "the proxy was passed by".to_owned())?;
    check(!error.text.contains("password"), || error.text.clone())?;
    let closed = through.close()?;
    let mut past = Process::start(client().env("NO_PROXY", "127.0.0.1"))?;
    past.wait_for("value 1", SOON)?;
    past.close()?;
    Ok(Came::Out(format!(
        "first failure after {}: {}; {attempts} attempts in 3 s, none past the proxy; with NO_PROXY the server is reached; closed in {closed:?}",
        seconds(first),
        error.rest()
    )))
}

/// Why there can be no namespace of this kind, if that is so.
pub(super) fn no_namespace(kind: &str) -> Option<String> {
    if !is_installed("unshare") {
        return Some("unshare is not installed".to_owned());
    }
    let tried = Step::program("unshare").args([kind, "true"]).run();
    let refused = tried.err()?;
    Some(format!("the system gives no namespace: {refused}"))
}

const HOST: &str = "https://growthbook.invalid";
