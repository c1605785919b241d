//! A process that says what happens to it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use super::failed;
use crate::failure::{Failure, Outcome};
use crate::step::Step;

/// Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Process {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<Line>,
    heard: Vec<Line>,
}

/// Something that it said, and when that was heard.
#[derive(Clone, Debug)]
pub(super) struct Line {
    pub(super) at: Instant,
    pub(super) text: String,
}

impl Line {
    /// What follows the first word.
    pub(super) fn rest(&self) -> &str {
        self.text.split_once(' ').map_or("", |(_, rest)| rest)
    }
}

impl Process {
    pub(super) fn start(step: Step) -> Outcome<Self> {
        let mut child = step.spawn()?;
        let input = child.stdin.take();
        let (send, lines) = channel();
        let output = child.stdout.take();
        thread::spawn(move || {
            let output = output.into_iter().map(BufReader::new);
            for line in output.flat_map(BufRead::lines).map_while(Result::ok) {
                let said = line.strip_prefix("said ").and_then(|it| it.split_once(' '));
                let Some((_, text)) = said else { continue };
                let (at, text) = (Instant::now(), text.to_owned());
                if send.send(Line { at, text }).is_err() {
                    return;
                }
            }
        });
        Ok(Self {
            child,
            input,
            lines,
            heard: Vec::new(),
        })
    }

    /// The next line that begins like this. What came before it is passed over, but [kept](Self::heard).
    pub(super) fn wait_for(&mut self, beginning: &str, limit: Duration) -> Outcome<Line> {
        let deadline = Instant::now() + limit;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let Ok(line) = self.lines.recv_timeout(left) else {
                let heard: Vec<&str> = self.heard.iter().map(|line| &*line.text).collect();
                return Err(Failure::new(format!(
                    "waited {limit:?} for `{beginning}` and heard {heard:?}"
                )));
            };
            self.heard.push(line.clone());
            if line.text.starts_with(beginning) {
                return Ok(line);
            }
        }
    }

    /// Lets time pass, and hands back what was said meanwhile.
    pub(super) fn during(&mut self, time: Duration) -> Vec<Line> {
        let before = self.heard.len();
        let deadline = Instant::now() + time;
        while let Some(left) = deadline.checked_duration_since(Instant::now()) {
            if let Ok(line) = self.lines.recv_timeout(left) {
                self.heard.push(line);
            }
        }
        self.heard.iter().skip(before).cloned().collect()
    }

    /// All that was waited for or passed over.
    pub(super) fn heard(&self) -> &[Line] {
        &self.heard
    }

    pub(super) fn say(&mut self, line: &str) -> Outcome {
        let input = self.input.as_mut();
        let input = input.ok_or_else(|| Failure::new("nobody listens"))?;
        writeln!(input, "{line}").map_err(failed("tell a process"))
    }

    pub(super) fn id(&self) -> String {
        self.child.id().to_string()
    }

    pub(super) fn signal(&self, name: &str) -> Outcome {
        Step::program("kill").args(["-s", name, &self.id()]).run()
    }

    /// Ends it by ending its input, and says how long its client took to close, to the next millisecond.
    pub(super) fn close(mut self) -> Outcome<Duration> {
        drop(self.input.take());
        let line = self.wait_for("closed", Duration::from_secs(12))?;
        let millis: u64 = line.rest().parse().map_err(|_| Failure::new(line.text))?;
        let took = Duration::from_millis(millis + 1);
        // A second, and a moment for a busy machine.
        if took > Duration::from_millis(1_200) {
            return Err(Failure::new(format!("closing took {took:?}")));
        }
        Ok(took)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The pauses between lines.
pub(super) fn pauses(lines: &[Line]) -> Vec<Duration> {
    let pairs = lines.iter().zip(lines.iter().skip(1));
    pairs.map(|(one, next)| next.at - one.at).collect()
}

/// Those that begin like this.
pub(super) fn only(lines: &[Line], beginning: &str) -> Vec<Line> {
    let is_such = |line: &&Line| line.text.starts_with(beginning);
    lines.iter().filter(is_such).cloned().collect()
}
