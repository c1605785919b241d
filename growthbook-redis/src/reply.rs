use redis::Value;

use crate::error::{Reason, RedisError};

/// What a server says to a command.
///
/// # Example
///
/// ```
/// use growthbook_redis::Reply;
///
/// let reply = Reply::Data(b"hello".to_vec());
/// assert_eq!(reply.into_data()?, Some(b"hello".to_vec()));
/// assert_eq!(Reply::Nil.into_data()?, None);
/// # Ok::<(), growthbook_redis::RedisError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Reply {
    /// What is stored, as bytes.
    Data(Vec<u8>),
    /// A number.
    Integer(i64),
    /// Several replies; a map is a list of keys and values in turn.
    List(Vec<Self>),
    /// Nothing, such as for a key that is not there.
    Nil,
    /// A word, such as `OK`.
    Status(String),
}

impl Reply {
    /// The bytes, or `None` for [`Nil`](Self::Nil).
    ///
    /// # Errors
    ///
    /// When it is something else.
    pub fn into_data(self) -> Result<Option<Vec<u8>>, RedisError> {
        match self {
            Self::Data(data) => Ok(Some(data)),
            Self::Nil => Ok(None),
            _ => Err(RedisError::new(Reason::Unexpected)),
        }
    }

    /// The number, if it is one.
    pub fn as_integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            _ => None,
        }
    }

    /// An error in a list fails the whole list.
    pub(crate) fn read(value: Value) -> Result<Self, RedisError> {
        Ok(match value {
            Value::Nil => Self::Nil,
            Value::Int(number) => Self::Integer(number),
            Value::Boolean(is_true) => Self::Integer(i64::from(is_true)),
            Value::BulkString(data) => Self::Data(data),
            Value::SimpleString(word) => Self::Status(word),
            Value::Okay => Self::Status("OK".to_owned()),
            Value::Double(number) => Self::Data(number.to_string().into_bytes()),
            Value::VerbatimString { text, .. } => Self::Data(text.into_bytes()),
            Value::Array(values) | Value::Set(values) => Self::list(values)?,
            Value::Map(pairs) => {
                let values = pairs.into_iter().flat_map(|(key, value)| [key, value]);
                Self::list(values)?
            }
            Value::Attribute { data, .. } => Self::read(*data)?,
            Value::ServerError(error) => return Err(RedisError::from(&error)),
            _ => return Err(RedisError::new(Reason::Unexpected)),
        })
    }

    fn list(values: impl IntoIterator<Item = Value>) -> Result<Self, RedisError> {
        let replies = values.into_iter().map(Self::read);
        Ok(Self::List(replies.collect::<Result<_, _>>()?))
    }
}
