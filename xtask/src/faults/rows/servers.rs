//! What happens to a server.

use std::time::{Duration, Instant};

use super::{check, check_between, free_address, seconds};
use crate::failure::Outcome;
use crate::faults::process::Process;
use crate::faults::{Came, Ground, SOON};

pub(super) fn stopped(ground: &Ground) -> Outcome<Came> {
    let address = free_address()?;
    let mut server = ground.server(&address, 1)?;
    let client = ground.client(&format!("http://{address}"));
    let mut client = Process::start(client.env("GROWTHBOOK_FAULTS_IDLE", "3"))?;
    client.wait_for("stream Open", SOON)?;
    let opened = Instant::now();
    server.signal("STOP")?;
    let broken = client.wait_for("broken", SOON)?;
    let noticed = broken.at - opened;
    check_between(
        noticed,
        Duration::from_millis(2_500),
        Duration::from_secs(4),
        "to notice the silence",
    )?;
    let meanwhile = client.during(Duration::from_secs(2));
    check(
        !meanwhile.iter().any(|line| line.text.starts_with("value")),
        || format!("{meanwhile:?}"),
    )?;
    server.say("2")?;
    server.signal("CONT")?;
    let resumed = Instant::now();
    let value = client.wait_for("value 2", SOON)?;
    let back = value.at - resumed;
    let closed = client.close()?;
    Ok(Came::Out(format!(
        "with a limit of 3 s on silence, noticed after {}: {}; news {} after the server went on; closed in {closed:?}",
        seconds(noticed),
        broken.rest(),
        seconds(back)
    )))
}

pub(super) fn killed(ground: &Ground) -> Outcome<Came> {
    let address = free_address()?;
    let server = ground.server(&address, 1)?;
    let mut client = Process::start(ground.client(&format!("http://{address}")))?;
    client.wait_for("stream Open", SOON)?;
    server.signal("KILL")?;
    drop(server);
    client.wait_for("broken", SOON)?;
    let meanwhile = client.during(Duration::from_secs(10));
    check(
        !meanwhile.iter().any(|line| line.text.starts_with("value")),
        || format!("{meanwhile:?}"),
    )?;
    let _server = ground.server(&address, 2)?;
    let up = Instant::now();
    let value = client.wait_for("value 2", SOON)?;
    let back = value.at.saturating_duration_since(up);
    // The fourth delay is eight seconds at most.
    check(back <= Duration::from_secs(9), || {
        format!("back after {back:?}")
    })?;
    let closed = client.close()?;
    Ok(Came::Out(format!(
        "killed for 10 s; news {} after the next server was there; closed in {closed:?}",
        seconds(back)
    )))
}
