//! The suite passes a plugin that is right, and finds what is wrong with each of these.

mod queue;

use self::queue::{Flaw, Queue};
use super::super::suite::all_are_found;
use super::*;
use crate::tracking::Interest;

#[test]
fn a_plugin_in_memory_keeps_the_contract() {
    tracking_contract(|deliveries| Queue::new(Flaw::None, deliveries));
}

#[test]
fn a_plugin_that_wants_some_events_keeps_the_contract() {
    for interest in [Interest::EXPERIMENT_VIEWED, Interest::CUSTOM] {
        tracking_contract(|deliveries| Queue::new(Flaw::None, deliveries).wanting(interest));
    }
}

#[test]
fn every_flaw_is_found() {
    let flaws = [
        (
            Flaw::CloseDropsWhatWaits,
            "`close` waits until what was recorded",
        ),
        (
            Flaw::CloseForgetsItsLimit,
            "`close` with a limit, while nothing can be delivered, did not",
        ),
        (Flaw::CloseLies, "a `close` that ends before everything"),
        (
            Flaw::CloseWaitsForItself,
            "does not wait for the thread that it is called on",
        ),
        (
            Flaw::DeliversInRecord,
            "`record`, while nothing can be delivered, did not",
        ),
        (Flaw::DeliversTwice, "an event is delivered once"),
        (
            Flaw::DropsFromWithin,
            "what is recorded while an event is delivered",
        ),
        (Flaw::FlushAfterCloseHangs, "`flush` after `close` did not"),
        (
            Flaw::FlushDoesNothing,
            "`flush` waits until what was recorded",
        ),
        (
            Flaw::FlushForgetsItsLimit,
            "`flush` with a limit, while nothing can be delivered, did not",
        ),
        (Flaw::FlushLies, "a `flush` that ends before everything"),
        (
            Flaw::FlushNeedsEvents,
            "no reason to fail with nothing to deliver",
        ),
        (Flaw::GivesUpEarly, "has arrived when the client is gone"),
        (Flaw::HasNoRoom, "are missing"),
        (
            Flaw::LeavesFlushingToOthers,
            "while others record and flush",
        ),
        (Flaw::LosesWhatTimesOut, "what a `flush` had no time for"),
        (
            Flaw::RecordAfterClosePanics,
            "`record` after `close` panicked",
        ),
        (
            Flaw::SecondCloseFails,
            "`close` has no reason to fail a second time",
        ),
        (Flaw::SecondClosePanics, "`close` a second time panicked"),
        (Flaw::WantsNothing, "has no contract to keep"),
    ];
    all_are_found(&flaws, |flaw| {
        tracking_contract(|deliveries| Queue::new(flaw, deliveries));
    });
}
