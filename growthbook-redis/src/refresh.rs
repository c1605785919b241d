//! Asks a cluster which node serves which slot.

use std::time::Duration;

use crate::command::Command;
use crate::deadline::Deadline;
use crate::error::{Reason, RedisError};
use crate::exchange::{Answer, Request};
use crate::redirect::known_host;
use crate::reply::Reply;
use crate::routes::{Routes, Shard};

impl Routes {
    /// Asks, if that is due, with half of the time that is left at most for each of a few nodes.
    ///
    /// # Errors
    ///
    /// When nobody said anything of use. What was known before stays.
    pub(crate) fn refresh(
        &self,
        deadline: Deadline,
        now: &impl Fn() -> Duration,
    ) -> Result<(), RedisError> {
        if deadline.left().is_err() {
            return Err(RedisError::new(Reason::TimedOut));
        }
        let Some(nodes) = self.whom_to_ask(now()) else {
            return Ok(());
        };
        let question = Command::new("CLUSTER").arg("SLOTS");
        let mut failure = RedisError::new(Reason::ClusterDown);
        for node in nodes.iter().take(MOST_ASKED) {
            let answers = node.exchange(&[Request::new(&question)], deadline.half(), now);
            match answers.into_iter().next() {
                Some(Answer::Reply(reply)) => match shards(&reply) {
                    Some(shards) if !shards.is_empty() => return self.learn(&shards, node),
                    _ => {}
                },
                Some(Answer::Failed(error)) => failure = error,
                _ => {}
            }
        }
        match failure.reason() {
            // Redirects tell as much, one by one.
            Reason::NoPermission => self.is_found_to_be_cluster(),
            Reason::Rejected => return Err(RedisError::new(Reason::NoCluster)),
            _ => return Err(failure),
        }
        Ok(())
    }
}

/// `None` for what is not of the form `[[first, last, [host, port, ..], replicas..], ..]`.
fn shards(reply: &Reply) -> Option<Vec<Shard>> {
    let Reply::List(ranges) = reply else {
        return None;
    };
    ranges.iter().map(shard).collect()
}

fn shard(range: &Reply) -> Option<Shard> {
    let Reply::List(parts) = range else {
        return None;
    };
    let [first, last, Reply::List(master), ..] = parts.as_slice() else {
        return None;
    };
    let [host, port, ..] = master.as_slice() else {
        return None;
    };
    let host = match host {
        Reply::Data(host) => std::str::from_utf8(host).ok()?,
        Reply::Nil => "",
        _ => return None,
    };
    Some(Shard {
        slots: small(first)?..=small(last)?,
        host: known_host(host).to_owned(),
        port: small(port)?,
    })
}

fn small(reply: &Reply) -> Option<u16> {
    u16::try_from(reply.as_integer()?).ok()
}

/// Those that were well are asked first.
const MOST_ASKED: usize = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn list(replies: impl IntoIterator<Item = Reply>) -> Reply {
        Reply::List(replies.into_iter().collect())
    }

    fn range(first: i64, last: i64, host: Reply, port: i64) -> Reply {
        let master = list([host, Reply::Integer(port), Reply::Data(b"id".to_vec())]);
        list([Reply::Integer(first), Reply::Integer(last), master])
    }

    #[test]
    fn shards_are_read_and_anything_else_is_not() {
        let host = |host: &str| Reply::Data(host.as_bytes().to_vec());
        let reply = list([
            range(0, 5, host("10.0.0.7"), 1),
            range(6, 16_383, Reply::Nil, 2),
            range(7, 7, host("?"), 3),
        ]);
        let shards = shards(&reply).unwrap();
        let seen = shards.iter().map(|it| {
            let (first, last) = (it.slots.start(), it.slots.end());
            format!("{first}-{last} {}:{}", it.host, it.port)
        });
        let seen: Vec<_> = seen.collect();
        assert_eq!(seen, ["0-5 10.0.0.7:1", "6-16383 :2", "7-7 :3"]);
        for wrong in [
            Reply::Nil,
            list([Reply::Nil]),
            list([list([Reply::Integer(1)])]),
            list([range(0, 70_000, host("h"), 1)]),
            list([range(-1, 7, host("h"), 1)]),
            list([range(0, 7, host("h"), 65_536)]),
            list([range(0, 7, Reply::Integer(1), 1)]),
        ] {
            assert!(super::shards(&wrong).is_none(), "{wrong:?}");
        }
    }
}
