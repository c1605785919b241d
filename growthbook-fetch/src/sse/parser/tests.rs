//! The vectors whole, byte by byte and cut in two everywhere, and against the simple reading.

use std::time::Instant;

use proptest::prelude::*;
use proptest::{collection, sample};

use super::super::{naive, target};
use super::*;

type Given = Vec<Option<[String; 3]>>;

const LIMIT: usize = 16 << 20;

fn given(expected: &[(&str, &str, &str)]) -> Given {
    let own = |(name, data, id): &(&str, &str, &str)| {
        Some([name, data, id].map(|text| (*text).to_owned()))
    };
    expected.iter().map(own).collect()
}

/// Everything that the stream gives, cut in every way.
#[track_caller]
fn check(stream: impl AsRef<[u8]>, expected: &[(&str, &str, &str)]) {
    let stream = stream.as_ref();
    check_given(stream, LIMIT, &given(expected));
}

#[track_caller]
fn check_given(stream: &[u8], limit: usize, expected: &Given) {
    let shown = stream.escape_ascii();
    assert_eq!(
        &naive::events(stream, limit),
        expected,
        "the simple reading of {shown}"
    );
    let whole = target::events(stream, limit, || usize::MAX);
    assert_eq!(&whole, expected, "{shown}");
    let bytes = target::events(stream, limit, || 1);
    assert_eq!(&bytes, expected, "{shown}, byte by byte");
    for cut in 0..=stream.len() {
        let mut lengths = [cut, usize::MAX].into_iter();
        let cut_in_two = target::events(stream, limit, || lengths.next().unwrap_or(1));
        assert_eq!(&cut_in_two, expected, "{shown}, cut at {cut}");
    }
}

/// A parser that has read the stream, whose events do not matter.
fn after(stream: impl AsRef<[u8]>) -> Parser {
    let mut parser = Parser::new(LIMIT);
    let mut input = stream.as_ref();
    while parser.next_event(&mut input).is_some() {}
    parser
}

/// S2, S3, S5, S6.
#[test]
fn every_vector_gives_its_events() {
    check("retry: 10000\n\n", &[]);
    check("data: \n\n", &[("message", "", "")]);
    check(
        "id: 1 \nevent: features\ndata: {\"features\":{}}\n\n",
        &[("features", "{\"features\":{}}", "1 ")],
    );
    check(
        "id: 2 \nevent: features-updated\ndata: \n\n",
        &[("features-updated", "", "2 ")],
    );
    check(
        "event: features-updated\n\n",
        &[("features-updated", "", "")],
    );
    check(
        "data: a\ndata:b\ndata:  c\n\n",
        &[("message", "a\nb\n c", "")],
    );
    check(
        "data\n\ndata\ndata\n\ndata:",
        &[("message", "", ""), ("message", "\n", "")],
    );
    check(b"\xEF\xBB\xBFdata: x\n\n", &[("message", "x", "")]);
    check(": ping\n\n", &[]);
    let three = [
        ("message", "x", ""),
        ("message", "y", ""),
        ("message", "z", ""),
    ];
    check("data: x\r\rdata: y\r\n\r\ndata: z\n\n", &three);
    check("data: x\r\n\r\ndata: y\r\n\r\n", &three[..2]);
    check(b"data: \xC3\xA9 \n\n", &[("message", "é ", "")]);
    check(
        "id: 7\ndata: a\n\nid\ndata: b\n\n",
        &[("message", "a", "7"), ("message", "b", "")],
    );
    check("id: a\0b\ndata: a\n\n", &[("message", "a", "")]);
    check(
        "id: 5\n\nevent: features\ndata: {}\n\n",
        &[("features", "{}", "5")],
    );
    check(
        "retry: 5s\nretry: 250\ndata: a\n\n",
        &[("message", "a", "")],
    );
    check("Event: features\ndata: a\n\n", &[("message", "a", "")]);
    check("event: features\ndata: {\"a\":1}", &[]);
    check(b"data:\xFF\n\n", &[("message", "\u{FFFD}", "")]);
}

/// S2, S3, S5: what the web platform's tests of the format are about.
#[test]
fn every_rule_of_the_format_holds() {
    let message = |data| [("message", data, "")];
    check(
        "\u{FEFF}data:1\n\n\u{FEFF}data:2\n\ndata:3\n\n",
        &[("message", "1", ""), ("message", "3", "")],
    );
    check("\u{FEFF}\u{FEFF}data:1\n\ndata:2\n\n", &message("2"));
    check("\u{FEFF}\n\ndata:\u{FEFF}\n\n", &message("\u{FEFF}"));
    check("\u{FEFF}", &[]);
    check(b"\xEF\xBBdata:1\n\ndata:2\n\n", &message("2"));
    check(b"\xEF\n\xBB\xBFdata:1\n\ndata:2\n\n", &message("2"));
    check(
        "data:1\r:\0\n:\r\ndata:2\n:long comment\rdata:3\n:data:fail\r:x\ndata:4\n\n",
        &message("1\n2\n3\n4"),
    );
    check("data:a\n\ndata:b", &message("a"));
    check("data:a\n\ndata:b\n", &message("a"));
    check(
        "data:\n\ndata\ndata\n\ndata:test\n\n",
        &[
            ("message", "", ""),
            ("message", "\n", ""),
            ("message", "test", ""),
        ],
    );
    check("event: \ndata:data\n\n", &message("data"));
    check(
        "event:test\ndata:x\n\ndata:y\n\n",
        &[("test", "x", ""), ("message", "y", "")],
    );
    check("event:a\nevent:b\ndata:x\n\n", &[("b", "x", "")]);
    check("event:test\n\ndata:y\n\n", &message("y"));
    check(
        "id: 1\ndata:a\n\ndata:b\n\nid:2\ndata:c\n\nid\n\ndata:d\n\n",
        &[
            ("message", "a", "1"),
            ("message", "b", "1"),
            ("message", "c", "2"),
            ("message", "d", ""),
        ],
    );
    check("id: 1\nid: 2\0\nid:…\ndata:a\n\n", &[("message", "a", "…")]);
    check("data:\0\n\n\0data:b\n\n", &message("\0"));
    check(
        "data:  a\ndata:\tb\ndata: \ndata:c \ndata::d\n\n",
        &message(" a\n\tb\n\nc \n:d"),
    );
    check(
        " data:a\ndata :b\nDATA:c\ndat:d\ndatas:e\ndata:f\n\n",
        &message("f"),
    );
    check(
        "data:\n\n\n\ndata:ok…\n\n",
        &[("message", "", ""), ("message", "ok…", "")],
    );
    check(
        "data:a\u{85}b\u{2028}c\x0B\x0C\n\n",
        &message("a\u{85}b\u{2028}c\x0B\x0C"),
    );
    check(
        b"data:\xE2\x82\ndata:\xF0\x9F\x92\xA9\xC0\x80\n\n",
        &message("\u{FFFD}\n💩\u{FFFD}\u{FFFD}"),
    );
    check(
        "features-updated\n\nevent:features-updated \n\nevent:Features-Updated\n\n",
        &[],
    );
    check("\n\r\r\n\n:\n\n", &[]);
}

/// S4, as far as reading it goes.
#[test]
fn the_retry_is_digits_and_the_last_one_stays() {
    let millis = Duration::from_millis;
    for (stream, retry) in [
        ("", None),
        ("retry: 10000\n\n", Some(millis(10_000))),
        ("retry:3000", None),
        ("retry:3000\n", Some(millis(3_000))),
        (
            "retry:3000\nretry:1000x\nretry\nretry:\nretry:-1\nretry:+2\nretry: 3 \n\n",
            Some(millis(3_000)),
        ),
        ("retry: 5s\nretry: 250\ndata: a\n\n", Some(millis(250))),
        ("retry:0\n", Some(millis(0))),
        ("retry:0007\n", Some(millis(7))),
        ("retry:1e23\nretry:٣\n", None),
        ("retry:99999999999999999999999\n", Some(millis(u64::MAX))),
    ] {
        assert_eq!(after(stream).retry(), retry, "{stream:?}");
    }
}

/// S5.
#[test]
fn an_id_counts_once_its_event_has_come() {
    assert_eq!(after("id: 7").last_event_id(), "");
    assert_eq!(after("id: 7\n").last_event_id(), "");
    assert_eq!(
        after(format!("id:{}\n\n", "x".repeat(4_096)))
            .last_event_id()
            .len(),
        4_096
    );
    assert_eq!(
        after(format!("id:7\n\nid:{}\n\n", "x".repeat(4_097))).last_event_id(),
        ""
    );
}

#[test]
fn the_next_connection_starts_anew_with_the_last_id() {
    let mut parser =
        after("retry:5000\nid:7\ndata:a\n\nid:8\nevent:features\ndata:never finished\r");
    parser.restart();
    assert_eq!(parser.last_event_id(), "7");
    assert_eq!(parser.retry(), Some(Duration::from_secs(5)));
    let mut input = &b"\n\xEF\xBB\xBF\n\n"[..];
    assert_eq!(parser.next_event(&mut input), None);
    parser.restart();
    let mut input = &b"\xEF\xBB\xBFdata:b\n\n"[..];
    let message = |data: &str| Event::Message {
        event_type: "message".into(),
        data: data.into(),
    };
    assert_eq!(parser.next_event(&mut input), Some(message("b")));
    assert_eq!(parser.last_event_id(), "7");
}

#[test]
fn what_is_too_long_is_said_once_and_passed_over() {
    let message = |data: &str, id: &str| Some(["message", data, id].map(str::to_owned));
    for (stream, expected) in [
        (
            "data:345678901234567\n\ndata:x\n\n",
            vec![None, message("x", "")],
        ),
        ("data:34567890123456\n\n", vec![None]),
        ("data:6789012345\n\n", vec![message("6789012345", "")]),
        (
            "data:67890\r\ndata:2345\r\n\r\n",
            vec![message("67890\n2345", "")],
        ),
        ("data:6789012345\ndata:12345\n\n", vec![None]),
        (
            "data:6789012345\ndata:1234\n\n",
            vec![message("6789012345\n1234", "")],
        ),
        ("data:6789012345\ndata:1234\ndata\n\n", vec![None]),
        ("event:45\ndata:6789012345\ndata:123\n\n", vec![None]),
        (
            "event:4\ndata:6789012345\ndata:12\nevent:45\n\n",
            vec![None],
        ),
        (":234567890123456\n\n", vec![None]),
        (":23456789012345\n\n", vec![]),
        ("x234567890123456", vec![None]),
        (
            "id:7\nx234567890123456\nid:8\ndata:x\n:234567890123456\nevent:y\n\ndata:z\n\n",
            vec![None, message("z", "7")],
        ),
        ("x234567890123456\n\nx234567890123456\n\n", vec![None, None]),
    ] {
        check_given(stream.as_bytes(), 15, &expected);
    }
    let replaced = b"data:\xFF\xFF\xFF\xFF\xFF\xFF\n\ndata:\xFF\xFF\xFF\xFF\xFF\n\n";
    let five = "\u{FFFD}".repeat(5);
    check_given(replaced, 15, &vec![None, message(&five, "")]);
}

#[test]
fn an_endless_line_takes_no_memory() {
    for start in ["data:", "event:", "id:", "retry:", ":", "x"] {
        let mut parser = Parser::new(1 << 20);
        let mut events = Vec::new();
        let rest = vec![&[b'7'; 1 << 10][..]; 5_000];
        for piece in std::iter::once(start.as_bytes()).chain(rest) {
            events.extend(parser.next_event(&mut &*piece));
            assert!(parser.memory() <= (1 << 20) + 1024, "{parser:?}");
        }
        assert_eq!(events, [Event::TooLong], "{start}");
        assert!(parser.memory() < 1024, "{parser:?}");
    }
}

#[test]
fn a_large_event_is_read_in_linear_time_and_its_memory_goes_with_it() {
    let data = "x".repeat(10 << 20);
    let stream = format!("id: 1 \nevent: features\ndata: {data}\n\n");
    let expected = given(&[("features", &data, "1 ")]);
    for length in [16, 4_096, usize::MAX] {
        let start = Instant::now();
        assert!(target::events(stream.as_bytes(), LIMIT, || length) == expected);
        println!("10 MiB in pieces of {length}: {:?}", start.elapsed());
    }
    assert!(after(&stream).memory() < 1024);
    assert!(after(format!("event:{data}\nid:{data}\n\nevent:x")).memory() < 1024);
}

#[test]
fn nothing_printed_contains_the_data() {
    let event = Event::Message {
        event_type: "features".into(),
        data: "canary".into(),
    };
    assert_eq!(
        format!("{event:?}"),
        r#"Message { event_type: "features", data: 6 }"#
    );
    let parser = format!("{:?}", after("id:canary\n\ndata:canary\n"));
    assert!(
        parser.contains("memory") && !parser.contains("canary"),
        "{parser}"
    );
}

#[test]
fn every_seed_passes_the_fuzz_target() {
    let seeds = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/seeds/sse_parser");
    let mut count = 0;
    for entry in std::fs::read_dir(seeds).unwrap() {
        target::sse_parser(&std::fs::read(entry.unwrap().path()).unwrap());
        count += 1;
    }
    assert!(count > 0);
}

/// Pieces of streams, put together by chance.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let words: &[&[u8]] = &[
        b"data",
        b"event",
        b"id",
        b"retry",
        b"features-updated",
        b"features",
        b":",
        b": ",
        b" ",
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\0",
        b"x",
        b"17",
        b"\xEF\xBB\xBF",
        b"\xEF",
        b"\xBB",
        b"\xC3",
        b"\xA9",
        b"\xF0\x9F\x92\xA9",
        b"\xFF",
        b"data: {\"a\": 1}\n",
        b"data:\n\n",
    ];
    let word = prop_oneof![
        9 => sample::select(words).prop_map(<[u8]>::to_vec),
        1 => collection::vec(any::<u8>(), 0..4),
    ];
    collection::vec(word, 0..60).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 10_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn however_it_is_cut_it_is_what_the_simple_reading_gives(
        stream in stream(),
        limit in prop_oneof![3_usize..40, Just(LIMIT)],
        cuts in collection::vec(0_usize..20, 1..20),
    ) {
        let expected = naive::events(&stream, limit);
        prop_assert_eq!(&target::events(&stream, limit, || usize::MAX), &expected);
        prop_assert_eq!(&target::events(&stream, limit, || 1), &expected);
        let mut cuts = cuts.into_iter().chain(std::iter::repeat(1));
        prop_assert_eq!(&target::events(&stream, limit, || cuts.next().unwrap_or(1)), &expected);
    }

    #[test]
    fn decoding_line_by_line_is_decoding_the_whole(bytes in collection::vec(any::<u8>(), 0..40)) {
        let line = bytes.iter().filter(|byte| !matches!(**byte, LF | CR)).copied().collect::<Vec<_>>();
        let stream = [b"data:", &line[..], b"\n\n"].concat();
        let whole = String::from_utf8_lossy(&stream).into_owned();
        let value = whole.trim_end_matches('\n').strip_prefix("data:").unwrap();
        let value = value.strip_prefix(' ').unwrap_or(value);
        prop_assert_eq!(target::events(&stream, LIMIT, || 1), given(&[("message", value, "")]));
    }
}
