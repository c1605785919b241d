use growthbook_core::RefreshError;

/// Why nothing came of a message. What is in force stays in force.
///
/// It contains no secret, no key and nothing of the message.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The message's time is too far from this machine's. Messages that somebody kept look like this; if all do, set the
    /// clock.
    #[error("the message is too old, or from the future")]
    Expired,
    /// A header is missing that a signed message has, or it is there twice, or the time in it is not a number. Somebody else
    /// sent it, or something on the way takes headers away.
    #[error("the message lacks the headers of a signed one")]
    MissingHeaders,
    /// The message says that something has changed, and the client has neither a source nor a fetcher to ask. Give its
    /// builder one, or have the webhook send payloads.
    #[error("there is nothing to refresh from")]
    NoSource,
    /// The message is about another SDK connection, which is nothing to worry about.
    #[error("the message is about another connection")]
    OtherConnection,
    /// The payload cannot be put in force, for the reason in the cause: that it is none, that it cannot be opened, or that
    /// the client is closed.
    #[error("the payload of the message cannot be used")]
    Refresh(#[source] RefreshError),
    /// The message was accepted before.
    #[error("the message was accepted before")]
    Replayed,
    /// The body is longer than 16 MiB. Nothing of it was read.
    #[error("the message is longer than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// The body is not JSON, or of a form that GrowthBook does not send. It was signed: something on the sender's side is
    /// wrong, such as a template.
    #[error("the message has no form that is known")]
    UnknownForm,
    /// Somebody else sent the message, or it was changed on the way: by a framework, say, that hands on a body other than it
    /// came. Or the secret is that of another webhook.
    #[error("the signature of the message is wrong")]
    WrongSignature,
}

impl WebhookError {
    /// What to answer: 401 if the message is not to be believed, 400 and 413 if it cannot be used, 503 if the client is
    /// closed, and 200 if all is well and there was nothing to do. GrowthBook sends a message again after 30 seconds and
    /// after 5 minutes, unless the answer is a success.
    pub fn status(&self) -> u16 {
        match self {
            Self::Expired | Self::MissingHeaders | Self::WrongSignature => 401,
            Self::NoSource | Self::OtherConnection | Self::Replayed => 200,
            // Perhaps another process takes over.
            Self::Refresh(RefreshError::Closed) => 503,
            Self::Refresh(_) | Self::UnknownForm => 400,
            Self::TooLarge { .. } => 413,
        }
    }
}
