//! One exchange over one connection: all requests there, then all answers back.

use std::time::Duration;

use redis::{Connection, RedisResult, ServerError, ServerErrorKind, Value};

use crate::command::Command;
use crate::deadline::Deadline;
use crate::error::{Reason, RedisError};
use crate::redirect::Redirect;
use crate::reply::Reply;

#[derive(Clone, Copy)]
pub(crate) struct Request<'a> {
    pub(crate) command: &'a Command,
    /// A script by its text: the server does not know its digest.
    pub(crate) by_text: bool,
    /// Of a slot that the server is just getting from another one.
    pub(crate) is_asking: bool,
}

impl<'a> Request<'a> {
    pub(crate) fn new(command: &'a Command) -> Self {
        Self {
            command,
            by_text: false,
            is_asking: false,
        }
    }
}

pub(crate) enum Answer {
    Ask(Redirect),
    Failed(RedisError),
    Moved(Redirect),
    NoScript,
    Reply(Reply),
}

/// The requests, and as many answers as there are so far.
pub(crate) struct Exchange<'a> {
    requests: &'a [Request<'a>],
    answers: Vec<Answer>,
}

impl<'a> Exchange<'a> {
    pub(crate) fn new(requests: &'a [Request<'a>]) -> Self {
        Self {
            requests,
            answers: Vec::with_capacity(requests.len()),
        }
    }

    /// Sends what is not answered yet. An error is one of the connection, which is of no use any more.
    pub(crate) fn run(
        &mut self,
        connection: &mut Connection,
        deadline: Deadline,
    ) -> RedisResult<()> {
        let mut granted = deadline.left()?;
        connection.set_read_timeout(Some(granted))?;
        connection.set_write_timeout(Some(granted))?;
        let mut wire = Vec::new();
        for request in self.unanswered() {
            if request.is_asking {
                Command::new("ASKING").write(&mut wire, false);
            }
            request.command.write(&mut wire, request.by_text);
        }
        connection.send_packed_command(&wire)?;
        for request in self.unanswered() {
            let left = deadline.left()?;
            // Not for every answer: each time is a call to the system.
            if left + IMPRECISION < granted {
                connection.set_read_timeout(Some(left))?;
                granted = left;
            }
            if request.is_asking {
                receive(connection)?;
            }
            self.answers.push(Answer::read(receive(connection)?));
        }
        Ok(())
    }

    /// What was not answered has failed.
    pub(crate) fn into_answers(mut self, failure: RedisError) -> Vec<Answer> {
        let failed = || Answer::Failed(failure);
        self.answers.resize_with(self.requests.len(), failed);
        self.answers
    }

    fn unanswered(&self) -> impl Iterator<Item = &'a Request<'a>> + use<'a> {
        self.requests.iter().skip(self.answers.len())
    }
}

impl Answer {
    fn read(value: Value) -> Self {
        let refused = match value {
            Value::ServerError(refused) => refused,
            value => return Reply::read(value).map_or_else(Self::Failed, Self::Reply),
        };
        let redirect = || refused.details().and_then(Redirect::parse);
        let unreadable = Self::Failed(RedisError::new(Reason::Unexpected));
        match ServerError::kind(&refused) {
            Some(ServerErrorKind::Ask) => redirect().map_or(unreadable, Self::Ask),
            Some(ServerErrorKind::Moved) => redirect().map_or(unreadable, Self::Moved),
            Some(ServerErrorKind::NoScript) => Self::NoScript,
            _ => Self::Failed(RedisError::from(&refused)),
        }
    }
}

/// The next answer. What the server says of its own accord is none.
fn receive(connection: &mut Connection) -> RedisResult<Value> {
    loop {
        match connection.recv_response()? {
            Value::Push { .. } => {}
            value => return Ok(value),
        }
    }
}

/// By how much an answer may come too late, since the one before it was granted more.
const IMPRECISION: Duration = Duration::from_millis(1);
