//! What is said within one timeout.

use std::fmt;
use std::mem;
use std::slice;
use std::sync::Arc;

use crate::command::Command;
use crate::deadline::Deadline;
use crate::error::{Reason, RedisError};
use crate::exchange::{Answer, Request};
use crate::node::Node;
use crate::parallel;
use crate::redis::Inner;
use crate::reply::Reply;

/// What is said to a Redis within one timeout, in as many exchanges as it takes; see [`Redis::call`](crate::Redis::call).
///
/// # Example
///
/// ```no_run
/// use growthbook_redis::{Command, Redis};
///
/// let redis = Redis::new("redis://redis.example.com/")?;
/// let call = redis.call();
/// let values = call.values(&["greeting", "farewell"]);
/// if values.iter().any(Result::is_err) {
///     call.query(&Command::new("DEL").key("greeting"))?;
/// }
/// # Ok::<(), growthbook_redis::RedisError>(())
/// ```
pub struct Call<'a> {
    redis: &'a Inner,
    deadline: Deadline,
}

/// A command without an answer, and what has become of it so far.
struct Pending<'a> {
    /// In the caller's order.
    place: usize,
    command: &'a Command,
    by_text: bool,
    /// Where it was redirected to.
    target: Option<Arc<Node>>,
    is_asking: bool,
    /// Who did not do it, and why; perhaps another one does.
    failed: Option<(Arc<Node>, RedisError)>,
}

/// What goes to one node.
type Group<'a> = (Arc<Node>, Vec<Pending<'a>>);

type Answers = Vec<Result<Reply, RedisError>>;

impl<'a> Call<'a> {
    pub(crate) fn new(redis: &'a Inner) -> Self {
        let deadline = Deadline::after(redis.timeout);
        Self { redis, deadline }
    }

    /// Sends all commands together and gives the answer to each, in their order. On one node they are run in that order,
    /// but for scripts that the server did not know, which come last; different nodes of a cluster run theirs at the same
    /// time.
    ///
    /// A command that fails does not hold up the others, and where an answer is missing that says nothing of whether the
    /// command was run. A command may be run twice, see [`Command`].
    ///
    /// # Blocking
    ///
    /// For what is left of the timeout at most.
    pub fn send<'c>(&self, commands: &'c [Command]) -> Vec<Result<Reply, RedisError>> {
        let redirected = RedisError::new(Reason::Redirected);
        let mut answers: Answers = commands.iter().map(|_| Err(redirected)).collect();
        let mut pending: Vec<_> = commands.iter().enumerate().map(Pending::new).collect();
        for _ in 0..ROUNDS {
            let now = || self.redis.now();
            let refreshed = self.redis.routes.refresh(self.deadline, &now);
            let groups = self.group(mem::take(&mut pending), refreshed, &mut answers);
            let deadline = self.deadline_of(groups.len());
            let talk = |(node, group): Group<'c>| {
                let requests: Vec<_> = group.iter().map(Pending::request).collect();
                let replies = node.exchange(&requests, deadline, now);
                (node, group, replies)
            };
            for (node, group, replies) in parallel::each(groups, talk) {
                for (it, answer) in group.into_iter().zip(replies) {
                    pending.extend(self.settle(&node, it, answer, &mut answers));
                }
            }
            if pending.is_empty() {
                break;
            }
        }
        for it in pending {
            if let Some((_, error)) = it.failed {
                put(&mut answers, it.place, Err(error));
            }
        }
        answers
    }

    /// Sends one command.
    ///
    /// # Errors
    ///
    /// When it has no reply, whatever the reason.
    ///
    /// # Blocking
    ///
    /// For what is left of the timeout at most.
    pub fn query(&self, command: &Command) -> Result<Reply, RedisError> {
        let mut answers = self.send(slice::from_ref(command));
        let none = Err(RedisError::new(Reason::Unexpected));
        answers.pop().unwrap_or(none)
    }

    /// What is under each of the keys, `None` where there is no text: by one `MGET`, or in a cluster by a `GET` for each.
    ///
    /// # Blocking
    ///
    /// For what is left of the timeout at most.
    pub fn values<K: AsRef<[u8]>>(&self, keys: &[K]) -> Vec<Result<Option<Vec<u8>>, RedisError>> {
        if keys.is_empty() {
            return Vec::new();
        }
        if !self.redis.routes.is_cluster() {
            match self.values_at_once(keys) {
                Ok(values) => return values.into_iter().map(Ok).collect(),
                // Only nodes of a cluster mind.
                Err(error) if error.reason() == Reason::CrossSlot => {
                    self.redis.routes.is_found_to_be_cluster();
                }
                Err(error) => return keys.iter().map(|_| Err(error)).collect(),
            }
        }
        let commands = keys.iter().map(|key| Command::new("GET").key(key));
        let answers = self.send(&commands.collect::<Vec<_>>());
        let values = answers.into_iter().map(|answer| match answer {
            // As `MGET` has it.
            Err(error) if error.reason() == Reason::WrongType => Ok(None),
            answer => answer?.into_data(),
        });
        values.collect()
    }

    fn values_at_once<K: AsRef<[u8]>>(
        &self,
        keys: &[K],
    ) -> Result<Vec<Option<Vec<u8>>>, RedisError> {
        let command = keys.iter().fold(Command::new("MGET"), Command::key);
        match self.query(&command)? {
            Reply::List(values) if values.len() == keys.len() => {
                values.into_iter().map(Reply::into_data).collect()
            }
            _ => Err(RedisError::new(Reason::Unexpected)),
        }
    }

    /// With several nodes, one that hangs leaves the others time for what they have to do after this exchange.
    fn deadline_of(&self, nodes: usize) -> Deadline {
        if nodes > 1 {
            self.deadline.half()
        } else {
            self.deadline
        }
    }

    /// What goes where. What can go nowhere is answered.
    fn group<'c>(
        &self,
        pending: Vec<Pending<'c>>,
        refreshed: Result<(), RedisError>,
        answers: &mut Answers,
    ) -> Vec<Group<'c>> {
        let routes = &self.redis.routes;
        let (only, now) = (routes.only(), self.redis.now());
        let nobody = refreshed
            .err()
            .unwrap_or(RedisError::new(Reason::ClusterDown));
        let mut groups: Vec<Group<'c>> = Vec::new();
        for it in pending {
            let node = it.target.clone().or_else(|| only.clone());
            let node = node.or_else(|| routes.node(it.command.slot(), now));
            let Some(node) = node else {
                put(answers, it.place, Err(nobody));
                continue;
            };
            if let Some((failed, error)) = &it.failed
                && Arc::ptr_eq(failed, &node)
            {
                put(answers, it.place, Err(*error));
                continue;
            }
            match groups.iter_mut().find(|(of, _)| Arc::ptr_eq(of, &node)) {
                Some((_, group)) => group.push(it),
                None => groups.push((node, vec![it])),
            }
        }
        groups
    }

    /// Takes an answer down, or gives back what is to be sent again.
    fn settle<'c>(
        &self,
        node: &Arc<Node>,
        it: Pending<'c>,
        answer: Answer,
        answers: &mut Answers,
    ) -> Option<Pending<'c>> {
        let routes = &self.redis.routes;
        let place = it.place;
        let again = match answer {
            Answer::Ask(to) => {
                let target = routes.node_at(node.sibling(&to.host, to.port));
                target.map(|target| it.redirected(target, true))
            }
            Answer::Failed(error) if self.is_for_another(error) => Ok(Pending {
                target: None,
                is_asking: false,
                failed: Some((Arc::clone(node), error)),
                ..it
            }),
            Answer::Failed(error) => Err(error),
            Answer::Moved(to) => {
                let target = routes.moved(to.slot, node.sibling(&to.host, to.port));
                target.map(|target| it.redirected(target, false))
            }
            Answer::NoScript if it.command.is_script() && !it.by_text => Ok(Pending {
                by_text: true,
                ..it
            }),
            Answer::NoScript => Err(RedisError::new(Reason::Rejected)),
            Answer::Reply(reply) => {
                put(answers, place, Ok(reply));
                return None;
            }
        };
        again.map_err(|error| put(answers, place, Err(error))).ok()
    }

    /// Whether another node of the cluster may have taken over from the one that says so.
    fn is_for_another(&self, error: RedisError) -> bool {
        let routes = &self.redis.routes;
        let is_of_node = error.reason().is_of_node();
        let is_changing = matches!(error.reason(), Reason::ClusterDown | Reason::ReadOnly);
        if !routes.is_cluster() || !is_of_node && !is_changing {
            return false;
        }
        routes.suspect();
        is_of_node
    }
}

impl<'a> Pending<'a> {
    fn new((place, command): (usize, &'a Command)) -> Self {
        Self {
            place,
            command,
            by_text: false,
            target: None,
            is_asking: false,
            failed: None,
        }
    }

    fn redirected(self, target: Arc<Node>, is_asking: bool) -> Self {
        let target = Some(target);
        Self {
            target,
            is_asking,
            ..self
        }
    }

    fn request(&self) -> Request<'a> {
        Request {
            command: self.command,
            by_text: self.by_text,
            is_asking: self.is_asking,
        }
    }
}

impl fmt::Debug for Call<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

fn put(answers: &mut Answers, place: usize, answer: Result<Reply, RedisError>) {
    if let Some(slot) = answers.get_mut(place) {
        *slot = answer;
    }
}

/// The first one, and so many redirects or other attempts.
const ROUNDS: usize = 6;
