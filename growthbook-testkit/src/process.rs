//! A program of a test's own, as a process.

use std::env;
use std::fmt;
use std::io::{self, BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

/// A child process that is listened to: whatever it writes, to either of its outputs, is kept line by line. Whoever waits for
/// it does so for 30 s at most. Dropping it ends the process.
///
/// What it runs is a test of the calling binary once more, so that an example or a helper needs no binary of its own: the
/// test asks [`Process::is_child`] first.
///
/// # Example
///
/// ```no_run
/// use growthbook_testkit::Process;
///
/// # mod example { pub fn main() { println!("done"); } }
/// #[test]
/// fn the_example_runs() {
///     if Process::is_child() {
///         return example::main();
///     }
///     let mut process = Process::start("the_example_runs", &[("ADDRESS", "127.0.0.1:0")]).unwrap();
///     process.ends_well("done").unwrap();
/// }
/// ```
pub struct Process {
    child: Child,
    input: Option<ChildStdin>,
    heard: Receiver<String>,
    lines: Vec<String>,
}

impl Process {
    /// Starts the test of that name in a child, with further variables in its environment.
    ///
    /// # Errors
    ///
    /// When the system starts no process.
    pub fn start(test: &str, variables: &[(&str, &str)]) -> io::Result<Self> {
        let mut child = Command::new(env::current_exe()?)
            .args([test, "--exact", "--nocapture"])
            .envs(variables.iter().copied())
            .env(CHILD, test)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let (say, heard) = channel();
        if let (Some(output), Some(errors)) = (child.stdout.take(), child.stderr.take()) {
            listen(output, say.clone());
            listen(errors, say);
        }
        Ok(Self {
            input: child.stdin.take(),
            child,
            heard,
            lines: Vec::new(),
        })
    }

    /// Whether this process is one that [`Process::start`] has started.
    pub fn is_child() -> bool {
        env::var_os(CHILD).is_some()
    }

    /// What it reads, for whoever asks first. Dropping that is the end of its input.
    pub fn input(&mut self) -> Option<ChildStdin> {
        self.input.take()
    }

    /// Where it listens, which it says in a line that ends with `http://` and the address.
    ///
    /// # Errors
    ///
    /// When it does not say so.
    pub fn address(&mut self) -> io::Result<SocketAddr> {
        let line = self.wait_for("http://")?;
        let address = line.rsplit("http://").next().unwrap_or_default();
        address.trim().parse().map_err(io::Error::other)
    }

    /// Waits until it says that, from now on, and returns the line.
    ///
    /// # Errors
    ///
    /// When it does not: what it has said is in the error.
    pub fn wait_for(&mut self, text: &str) -> io::Result<String> {
        loop {
            let Ok(line) = self.heard.recv_timeout(LIMIT) else {
                let lines = self.lines.join("\n");
                return Err(io::Error::other(format!(
                    "it never said `{text}`, but\n{lines}"
                )));
            };
            self.lines.push(line.clone());
            if line.contains(text) {
                return Ok(line);
            }
        }
    }

    /// What it has said so far, and whoever waited for it has heard; all of it, when it has ended well.
    pub fn lines(&mut self) -> &[String] {
        self.lines.extend(self.heard.try_iter());
        &self.lines
    }

    /// Sends it a signal, such as `TERM`.
    ///
    /// # Errors
    ///
    /// When the system does not.
    #[cfg(unix)]
    pub fn signal(&self, signal: &str) -> io::Result<()> {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", signal, &pid]).status()?;
        told.success()
            .then_some(())
            .ok_or_else(|| io::Error::other("there is no such process"))
    }

    /// Waits until it says that, and then until it ends, and is content with how it does.
    ///
    /// # Errors
    ///
    /// When it says something else, goes on, or fails.
    pub fn ends_well(&mut self, last_words: &str) -> io::Result<()> {
        self.wait_for(last_words)?;
        let deadline = Instant::now() + LIMIT;
        // Its output ends with it.
        let left = || deadline.saturating_duration_since(Instant::now());
        while let Ok(line) = self.heard.recv_timeout(left()) {
            self.lines.push(line);
        }
        while self.child.try_wait()?.is_none() {
            if left().is_zero() {
                return Err(io::Error::other("it goes on"));
            }
            thread::sleep(Duration::from_millis(1));
        }
        let status = self.child.wait()?;
        let lines = || io::Error::other(format!("{status}\n{}", self.lines.join("\n")));
        status.success().then_some(()).ok_or_else(lines)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("id", &self.child.id())
            .finish_non_exhaustive()
    }
}

/// Nothing outlives a test that fails.
impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn listen(output: impl Read + Send + 'static, say: Sender<String>) {
    thread::spawn(move || {
        for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
            // Whatever it is, it is looked at.
            let line = String::from_utf8_lossy(&line).into_owned();
            if say.send(line).is_err() {
                return;
            }
        }
    });
}

const CHILD: &str = "GROWTHBOOK_TEST_CHILD";

/// Long enough for any machine: a test that waits so long has failed.
const LIMIT: Duration = Duration::from_secs(30);

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const TEST: &str = "process::tests::a_process_is_heard_and_told";

    #[test]
    fn a_process_is_heard_and_told() {
        if Process::is_child() {
            let word = io::stdin().lines().next().unwrap().unwrap();
            let fails = env::var_os("FAILS").is_some();
            writeln!(io::stderr(), "heard {word}").unwrap();
            writeln!(io::stdout(), "bye").unwrap();
            assert!(!fails);
            return;
        }
        for (variables, ends_well) in [(&[][..], true), (&[("FAILS", "yes")], false)] {
            let mut process = Process::start(TEST, variables).unwrap();
            writeln!(process.input().unwrap(), "hello").unwrap();
            process.wait_for("heard hello").unwrap();
            assert_eq!(process.ends_well("test result").is_ok(), ends_well);
            assert!(process.lines().iter().any(|line| line == "bye"));
        }
    }
}
