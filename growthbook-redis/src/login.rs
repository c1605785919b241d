//! What a new connection begins with: who we are, and which database is meant.
//!
//! The library would say it as well, but grants its timeout to each of the answers, not to all of them.

use redis::RedisConnectionInfo;

use crate::command::Command;
use crate::error::{Reason, RedisError};
use crate::exchange::{Answer, Request};

pub(crate) struct Login(Vec<Command>);

impl Login {
    pub(crate) fn new(settings: &RedisConnectionInfo) -> Self {
        let password = settings.password().map(|password| {
            let command = Command::new("AUTH");
            let command = settings.username().into_iter().fold(command, Command::arg);
            command.arg(password)
        });
        let database =
            (settings.db() != 0).then(|| Command::new("SELECT").arg(settings.db().to_string()));
        Self(password.into_iter().chain(database).collect())
    }

    pub(crate) fn requests(&self) -> Vec<Request<'_>> {
        self.0.iter().map(Request::new).collect()
    }

    /// Whether the server is content.
    pub(crate) fn judge(answers: Vec<Answer>) -> Result<(), RedisError> {
        answers.into_iter().try_for_each(|answer| match answer {
            Answer::Reply(_) => Ok(()),
            Answer::Failed(error) if error.reason() == Reason::Rejected => {
                Err(RedisError::new(Reason::LoginRefused))
            }
            Answer::Failed(error) => Err(error),
            _ => Err(RedisError::new(Reason::Unexpected)),
        })
    }
}
