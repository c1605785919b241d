//! What happens to the client's own process.

use std::time::{Duration, Instant};

use super::network::no_namespace;
use super::{check, check_pace, free_address, seconds};
use crate::failure::Outcome;
use crate::faults::process::Process;
use crate::faults::{Came, Ground, SOON, failed};
use crate::step::{Step, is_installed};

pub(super) fn no_descriptors(ground: &Ground) -> Outcome<Came> {
    if !is_installed("prlimit") {
        return Ok(Came::Skipped("prlimit is not installed".to_owned()));
    }
    let address = free_address()?;
    // Each request needs a connection of its own.
    let server = ground.server_at(&address, 1);
    let mut server = Ground::listening(server.env("GROWTHBOOK_FAULTS_CLOSING", "yes"))?;
    let mut client = Process::start(polling(ground.client(&format!("http://{address}"))))?;
    client.wait_for("value 1", SOON)?;
    let limit = |client: &Process, files: &str| {
        let files = format!("--nofile={files}");
        let prlimit = Step::program("prlimit").args(["--pid", &client.id()]);
        prlimit.arg(files).run()
    };
    limit(&client, "1:4096")?;
    server.say("2")?;
    let error = client.wait_for("error", SOON)?;
    let mut lines = vec![error.clone()];
    lines.extend(client.during(Duration::from_secs(6)));
    let attempts = check_pace(&lines, "error")?;
    limit(&client, "1024:4096")?;
    let given = Instant::now();
    let value = client.wait_for("value 2", SOON)?;
    let back = value.at - given;
    let closed = client.close()?;
    Ok(Came::Out(format!(
        "{}; {attempts} attempts in 6 s; news {} after there were descriptors again; closed in {closed:?}",
        error.rest(),
        seconds(back)
    )))
}

pub(super) fn odd_dates(ground: &Ground) -> Outcome<Came> {
    if !is_installed("faketime") {
        let why = "faketime is not installed; tests with a clock of their own cover what the library does";
        return Ok(Came::Skipped(why.to_owned()));
    }
    let address = free_address()?;
    let mut server = ground.server(&address, 1)?;
    let mut value = 1;
    for date in [
        "1938-01-19 03:14:08",
        "1970-01-01 00:00:00",
        "2238-01-19 03:14:08",
    ] {
        let client = ground.client_under(&["faketime", date], &format!("http://{address}"));
        let client = client.env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        let mut client = Process::start(polling(client))?;
        client.wait_for("value", SOON)?;
        value += 1;
        server.say(&value.to_string())?;
        client.wait_for(&format!("value {value}"), Duration::from_secs(3))?;
        client.close()?;
    }
    Ok(Came::Out(
        "features come and are kept fresh in 1938, 1970 and 2238".to_owned(),
    ))
}

pub(super) fn suspended(ground: &Ground) -> Outcome<Came> {
    let address = free_address()?;
    let mut server = ground.server(&address, 1)?;
    let mut client = Process::start(polling(ground.client(&format!("http://{address}"))))?;
    client.wait_for("value 1", SOON)?;
    client.signal("STOP")?;
    server.say("2")?;
    let meanwhile = client.during(Duration::from_secs(6));
    client.signal("CONT")?;
    let resumed = Instant::now();
    let value = client.wait_for("value 2", SOON)?;
    let back = value.at - resumed;
    check(back <= Duration::from_millis(1_600), || {
        format!("with an interval of a second, back after {back:?}")
    })?;
    server.during(Duration::from_secs(3));
    let asked = check_pace(server.heard(), "asked")?;
    let closed = client.close()?;
    check(meanwhile.len() <= 2, || format!("{meanwhile:?}"))?;
    Ok(Came::Out(format!(
        "stopped for 6 s with an interval of a second; news {} after it went on, and {asked} requests in all, none in a burst; closed in {closed:?}",
        seconds(back)
    )))
}

pub(super) fn nowhere_to_write(ground: &Ground) -> Outcome<Came> {
    if let Some(why) = no_namespace("-rm") {
        return Ok(Came::Skipped(why));
    }
    let folder = ground.folder.join("read-only");
    std::fs::create_dir_all(&folder).map_err(failed("make a folder"))?;
    let folder = folder.display().to_string();
    let script = "mount -t tmpfs -o ro none \"$0\" && exec env -u HOME TMPDIR=\"$0\" \"$@\"";
    let address = free_address()?;
    let _server = ground.server(&address, 1)?;
    let before = ["unshare", "-rm", "sh", "-c", script, &folder];
    let client = ground.client_under(&before, &format!("http://{address}"));
    let cache = format!("{folder}/growthbook");
    let mut client = Process::start(client.env("GROWTHBOOK_FAULTS_FOLDER", cache))?;
    // What could not be stored is told after what came into force.
    client.wait_for("error", SOON)?;
    let told = |client: &Process, what: &str| {
        let mut heard = client.heard().iter();
        heard.find(|line| line.text.starts_with(what)).cloned()
    };
    if told(&client, "value 1").is_none() {
        client.wait_for("value 1", SOON)?;
    }
    client.wait_for("stream Open", SOON)?;
    let error = told(&client, "error").map_or_else(String::new, |line| line.rest().to_owned());
    check(error.contains("cache"), || error.clone())?;
    let closed = client.close()?;
    Ok(Came::Out(format!(
        "the features are there and the stream is open, and it is told: {error}; closed in {closed:?}"
    )))
}

/// Every second.
fn polling(client: Step) -> Step {
    client.env("GROWTHBOOK_FAULTS_POLL", "1")
}
