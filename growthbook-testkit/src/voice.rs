//! What a process logs, said aloud, and searched for what is not to be in it.

use std::io::{self, Write};

use log::{LevelFilter, Log, Metadata, Record};

/// From now on, whatever crates of ours log in this process goes to its standard error: a line for each record, at every
/// level. What others log is theirs. With the feature `tracing`, events and spans of that crate as well.
///
/// It says something itself at once, by which [`leaks`] knows that it would have heard the rest.
pub fn speak() {
    let is_ours = log::set_logger(&Voice).is_ok();
    log::set_max_level(LevelFilter::Trace);
    if is_ours {
        log::trace!(target: "growthbook::testkit", "{PLANTED_LOG}");
    }
    #[cfg(feature = "tracing")]
    traced::speak();
}

/// The lines that have one of these in them.
///
/// # Errors
///
/// When the process that said them has not [spoken](speak): then nothing would have been found, whatever it logs.
pub fn leaks<'l>(lines: &'l [String], canaries: &[&str]) -> io::Result<Vec<&'l str>> {
    let planted: &[&str] = &[
        PLANTED_LOG,
        #[cfg(feature = "tracing")]
        traced::PLANTED,
    ];
    for line in planted {
        if found(lines, &[line]).is_empty() {
            let said = lines.join("\n");
            return Err(io::Error::other(format!("`{line}` is missing in\n{said}")));
        }
    }
    Ok(found(lines, canaries))
}

fn found<'l>(lines: &'l [String], canaries: &[&str]) -> Vec<&'l str> {
    let has_any = |line: &&String| canaries.iter().any(|canary| line.contains(canary));
    let lines = lines.iter().filter(has_any);
    lines.map(String::as_str).collect()
}

fn is_ours(target: &str) -> bool {
    target.starts_with("growthbook")
}

fn say(target: &str, text: &str) {
    // Who cannot be heard will be missed.
    let _ = writeln!(io::stderr().lock(), "{MARK} {target} {text}");
}

struct Voice;

impl Log for Voice {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        is_ours(metadata.target())
    }

    fn log(&self, record: &Record<'_>) {
        if self.enabled(record.metadata()) {
            say(record.target(), &record.args().to_string());
        }
    }

    fn flush(&self) {}
}

#[cfg(feature = "tracing")]
mod traced {
    use std::fmt::{self, Write};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::{is_ours, say};

    pub(super) fn speak() {
        if tracing::subscriber::set_global_default(Voice).is_ok() {
            tracing::trace!(target: "growthbook::testkit", planted = PLANTED);
        }
    }

    struct Voice;

    struct Fields(String);

    impl Visit for Fields {
        fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
            let _ = write!(self.0, " {field}={value:?}"); // A `String` takes everything.
        }
    }

    fn said(metadata: &Metadata<'_>, visit: impl FnOnce(&mut Fields)) {
        let mut fields = Fields(metadata.name().to_owned());
        visit(&mut fields);
        say(metadata.target(), &fields.0);
    }

    impl Subscriber for Voice {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            is_ours(metadata.target())
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            said(span.metadata(), |fields| span.record(fields));
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, values: &Record<'_>) {
            let mut fields = Fields(String::new());
            values.record(&mut fields);
            say("growthbook", &fields.0);
        }

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            said(event.metadata(), |fields| event.record(fields));
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }

    pub(super) const PLANTED: &str = "said-to-tracing";
}

/// How a line begins that was logged.
pub const MARK: &str = "[log]";

const PLANTED_LOG: &str = "said-to-log";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Process;

    const TEST: &str = "voice::tests::what_is_said_is_found";

    #[test]
    fn what_is_said_is_found() {
        if Process::is_child() {
            if std::env::var_os("SPEAKS").is_some() {
                speak();
            }
            log::trace!(target: "growthbook", "a canary, say");
            log::error!(target: "another", "a canary of another's");
            #[cfg(feature = "tracing")]
            tracing::trace_span!(target: "growthbook", "span", is = "a canary");
            return;
        }
        let mut loud = Process::start(TEST, &[("SPEAKS", "yes")]).unwrap();
        loud.ends_well("test result").unwrap();
        let expected = 1 + usize::from(cfg!(feature = "tracing"));
        let found = leaks(loud.lines(), &["b canary", "a canary"]).unwrap();
        assert_eq!(found.len(), expected, "{found:?}");
        assert!(leaks(loud.lines(), &["no bird"]).unwrap().is_empty());

        let mut quiet = Process::start(TEST, &[]).unwrap();
        quiet.ends_well("test result").unwrap();
        assert!(leaks(quiet.lines(), &["a canary"]).is_err());
    }
}
