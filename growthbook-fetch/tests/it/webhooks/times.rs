//! Messages that are old, from the future, or there once more.

use std::thread;
use std::time::{Duration, SystemTime};

use growthbook_fetch::{Webhook, WebhookError};

use super::believing::{refused, verify};
use super::{NOW, SECRET, Sent, at, webhook};

#[test]
fn a_message_is_believed_for_as_long_as_its_time_is_near() {
    let check = |tolerance: Option<Duration>, away: u64, is_near: bool| {
        for sent_at in [NOW - away, NOW + away] {
            let sent = Sent::with("msg", sent_at.to_string(), SECRET, b"");
            let webhook = webhook(SECRET);
            let webhook = match tolerance {
                Some(tolerance) => webhook.tolerance(tolerance),
                None => webhook,
            };
            match webhook.verify(sent.headers(), b"") {
                Ok(_) => assert!(is_near, "{sent_at}"),
                verified => {
                    refused(&verified, &WebhookError::Expired);
                    assert!(!is_near, "{sent_at}");
                }
            }
        }
    };
    check(None, 300, true);
    check(None, 301, false);
    check(Some(Duration::ZERO), 0, true);
    check(Some(Duration::ZERO), 1, false);
    check(Some(Duration::from_millis(1_999)), 1, true);
    check(Some(Duration::from_millis(1_999)), 2, false);
    check(Some(Duration::MAX), NOW, true);
}

#[test]
fn a_time_that_is_no_time_is_refused() {
    for (timestamp, expected) in [
        ("", WebhookError::MissingHeaders),
        ("1767323045.0", WebhookError::MissingHeaders),
        ("+1767323045", WebhookError::MissingHeaders),
        ("-1", WebhookError::MissingHeaders),
        ("0x10", WebhookError::MissingHeaders),
        ("١٢", WebhookError::MissingHeaders),
        ("0", WebhookError::Expired),
        ("18446744073709551615", WebhookError::Expired),
        ("18446744073709551616", WebhookError::Expired),
        (
            "99999999999999999999999999999999999999999",
            WebhookError::Expired,
        ),
    ] {
        let sent = Sent::with("msg", timestamp, SECRET, b"");
        refused(&verify(&sent.headers(), b""), &expected);
    }
    // The signature is over the text, whatever it is as a number.
    let padded = Sent::with("msg", format!("000{NOW}"), SECRET, b"");
    assert!(verify(&padded.headers(), b"").is_ok());
    let mut other = padded;
    other.timestamp = NOW.to_string();
    refused(
        &verify(&other.headers(), b""),
        &WebhookError::WrongSignature,
    );
}

#[test]
fn a_clock_before_all_time_believes_nothing_and_does_not_panic() {
    let clock = at(0);
    clock.set_now(SystemTime::UNIX_EPOCH - Duration::from_secs(1));
    let webhook = Webhook::new(SECRET).unwrap().clock(clock);
    let sent = Sent::new(SECRET, b"");
    refused(&webhook.verify(sent.headers(), b""), &WebhookError::Expired);
}

#[test]
fn a_message_is_accepted_once_and_sent_again_with_another_id_it_is_another() {
    let webhook = webhook(SECRET);
    let sent = Sent::new(SECRET, b"");
    assert!(webhook.verify(sent.headers(), b"").is_ok());
    refused(
        &webhook.verify(sent.headers(), b""),
        &WebhookError::Replayed,
    );
    for (id, later) in [("msg_2", 30), ("msg_3", 300)] {
        let again = Sent::with(id, (NOW + later).to_string(), SECRET, b"");
        assert!(webhook.verify(again.headers(), b"").is_ok(), "{id}");
    }
    // What was refused for another reason is not remembered.
    let mut other = Sent::with("msg_4", NOW.to_string(), SECRET, b"");
    other.client_key = Some("sdk-other".to_owned());
    refused(
        &webhook.verify(other.headers(), b""),
        &WebhookError::OtherConnection,
    );
    other.client_key = None;
    assert!(webhook.verify(other.headers(), b"").is_ok());
}

#[test]
fn one_of_many_at_once_is_the_first() {
    let webhook = webhook(SECRET);
    let sent = Sent::new(SECRET, b"");
    let accepted: usize = thread::scope(|threads| {
        let ask = || usize::from(webhook.verify(sent.headers(), b"").is_ok());
        let all = [(); 8].map(|()| threads.spawn(ask));
        all.into_iter().map(|it| it.join().unwrap()).sum()
    });
    assert_eq!(accepted, 1);
}

/// The signature does not say where the id ends and where the body begins.
#[test]
fn a_message_that_is_cut_otherwise_is_the_same_message() {
    let webhook = webhook(SECRET);
    let whole = Sent::with(format!("msg.{NOW}"), NOW.to_string(), SECRET, b"{}");
    refused(
        &webhook.verify(whole.headers(), b"{}"),
        &WebhookError::UnknownForm,
    );
    let body = format!("{NOW}.{{}}");
    let cut = Sent {
        id: "msg".to_owned(),
        ..whole
    };
    refused(
        &webhook.verify(cut.headers(), body.as_bytes()),
        &WebhookError::Replayed,
    );
}
