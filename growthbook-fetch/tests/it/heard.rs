//! What the log says of a stream: news to everybody, the rest to whoever looks closer.

use std::time::Duration;

use growthbook_core::StreamState;
use log::Level;

use super::api::{Api, features};
use super::child::alone;
use super::ear;
use super::rig::streaming;

#[test]
fn a_stream_is_news_once() {
    alone("heard::a_stream_is_news_once", &[], || {
        ear::listen();
        let api = Api::serving(1);
        let rig = streaming(&api);
        let mut streams = 1;
        let mut again = |end: &dyn Fn()| {
            end();
            let pause = rig.until_waiting();
            rig.clock.advance(pause);
            streams += 1;
            api.wait_for_streams(streams);
            rig.until_stream(StreamState::Open);
        };
        let is_open = (Level::Info, "stream open");
        check(&[is_open]);
        // As a matter of course, and then again and again by the same cause.
        again(&|| {
            rig.clock.advance(Duration::from_secs(60));
            api.end_streams();
        });
        check(&[is_open]);
        (0..3).for_each(|_| again(&|| api.cut_streams()));
        let broken = (Level::Warn, "stream broken or refused");
        check(&[is_open, broken, is_open]);
        api.push_features(&features(2));
        assert_eq!(rig.next_value(), 2);
        let heard = ear::heard();
        let event = |said: &ear::Said| {
            said.level == Level::Debug && said.text.starts_with("event of the stream: features, ")
        };
        assert!(heard.iter().any(event), "{heard:?}");
        let routine = heard
            .iter()
            .filter(|said| said.text == "stream ended by the server");
        assert!(routine.map(|said| said.level).eq([Level::Debug]));
    });
}

/// What was said so far to those who do not look closer, of the stream.
#[track_caller]
fn check(expected: &[(Level, &str)]) {
    let mut heard = ear::heard();
    heard
        .retain(|said| said.is_ours() && said.level <= Level::Info && said.text.contains("stream"));
    assert_eq!(heard.len(), expected.len(), "{heard:?}");
    for (said, (level, text)) in heard.iter().zip(expected) {
        assert!(
            said.level == *level && said.text.starts_with(text),
            "{said:?}"
        );
    }
}
