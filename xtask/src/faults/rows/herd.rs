//! Many clients of one server.

use std::time::{Duration, Instant};

use super::{check, check_pace, free_address, seconds};
use crate::failure::Outcome;
use crate::faults::process::Process;
use crate::faults::{Came, Ground};

pub(super) fn twenty_clients(ground: &Ground) -> Outcome<Came> {
    let address = free_address()?;
    let host = format!("http://{address}");
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(Process::start(ground.client(&host))?);
    }
    for client in &mut clients {
        client.wait_for("error", Duration::from_secs(10))?;
    }
    if let Some(first) = clients.first_mut() {
        first.during(DOWN);
    }
    let mut most = 0;
    for client in &mut clients {
        client.during(Duration::ZERO);
        most = most.max(check_pace(client.heard(), "error")?);
    }
    let server = ground.server(&address, 1)?;
    let up = Instant::now();
    let back = arrivals(&mut clients, "value 1", up)?;
    let (last, share) = (last(&back), largest_share(&back));
    check(last <= Duration::from_secs(61), || {
        format!("the last one is back after {last:?}")
    })?;
    // Of twenty, one is five in a hundred: by chance alone, two or three may meet.
    check(share <= 3, || {
        format!(
            "{share} of {CLIENTS} come within 100 ms: {}",
            histogram(&back)
        )
    })?;
    for client in &mut clients {
        client.wait_for("stream Open", Duration::from_secs(90))?;
    }
    server.signal("KILL")?;
    drop(server);
    let _server = ground.server(&address, 2)?;
    let up = Instant::now();
    let reopened = arrivals(&mut clients, "value 2", up)?;
    let last_reopened = super::herd::last(&reopened);
    check(last_reopened <= Duration::from_secs(10), || {
        format!("the last stream is back after {last_reopened:?}")
    })?;
    let mut slowest = Duration::ZERO;
    for client in clients {
        slowest = slowest.max(client.close()?);
    }
    Ok(Came::Out(format!(
        "down for {}: at most {most} attempts each; back within {}, {share} at most in 100 ms, by seconds {}; after a kill back within {}, by tenths {}; closed in {slowest:?} at most",
        seconds(DOWN),
        seconds(last),
        histogram(&back),
        seconds(last_reopened),
        tenths(&reopened)
    )))
}

/// When each client says so, since the server is there.
fn arrivals(clients: &mut [Process], what: &str, since: Instant) -> Outcome<Vec<Duration>> {
    let mut arrivals = Vec::new();
    for client in clients {
        let line = client.wait_for(what, Duration::from_secs(70))?;
        arrivals.push(line.at.saturating_duration_since(since));
    }
    arrivals.sort();
    Ok(arrivals)
}

fn last(arrivals: &[Duration]) -> Duration {
    arrivals.last().copied().unwrap_or_default()
}

/// How many come within any 100 ms.
fn largest_share(arrivals: &[Duration]) -> usize {
    let within = |from: &Duration| {
        let slot = *from..*from + Duration::from_millis(100);
        arrivals.iter().filter(|at| slot.contains(at)).count()
    };
    arrivals.iter().map(within).max().unwrap_or_default()
}

fn histogram(arrivals: &[Duration]) -> String {
    by(arrivals, Duration::from_secs(1))
}

fn tenths(arrivals: &[Duration]) -> String {
    by(arrivals, Duration::from_millis(100))
}

/// How many come in each such time, from the first to the last.
fn by(arrivals: &[Duration], slot: Duration) -> String {
    let number = |at: &Duration| at.as_millis() / slot.as_millis();
    let slots = 0..=number(&last(arrivals));
    let counts = slots.map(|slot| arrivals.iter().filter(|at| number(at) == slot).count());
    counts
        .map(|count| count.to_string())
        .collect::<Vec<_>>()
        .join(" ")
}

const CLIENTS: usize = 20;
const DOWN: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrivals_are_counted_by_slots() {
        let arrivals = [10, 90, 1_050, 1_149, 2_000].map(Duration::from_millis);
        assert_eq!(histogram(&arrivals), "2 2 1");
        assert_eq!(largest_share(&arrivals), 2);
        assert_eq!(largest_share(&[]), 0);
    }
}
