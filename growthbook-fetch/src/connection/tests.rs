use std::io;

use growthbook_core::FetchError;

use super::*;

#[test]
fn a_refusal_is_an_error_to_others() {
    let error = Refused::NotAnEventStream.into_error();
    assert!(error.is_transient());
    let refused = Refused::Status {
        status: 401,
        retry_after: None,
    };
    assert!(matches!(
        refused.into_error(),
        FetchError::Unauthorized { status: 401 }
    ));
    assert!(!is_idle(&io::Error::other("something else")));
}
