#[expect(dead_code, reason = "ordinary tests sign in other ways, too")]
#[path = "../../growthbook-fetch/tests/it/webhooks/signing.rs"]
mod signing;
#[path = "../../growthbook-fetch/tests/it/webhooks/target.rs"]
mod target;

use self::target::NOW;

/// Any bytes as a message: headers, an empty line and a body.
pub fn webhook(bytes: &[u8]) {
    target::webhook(bytes);
}
