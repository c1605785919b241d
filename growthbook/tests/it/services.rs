//! The services among the examples, each as a process: it is asked over a socket, told to stop, and ends well.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::prelude::{BASE64_STANDARD, Engine};
use sha2::{Digest, Sha256};

#[path = "../../examples/actix.rs"]
mod actix;
#[path = "../../examples/axum.rs"]
mod axum;
#[path = "../../examples/batch.rs"]
mod batch;
#[path = "../../examples/worker.rs"]
mod worker;

#[test]
fn the_axum_shop() {
    if is_child() {
        return axum::main().unwrap();
    }
    for signal in ["TERM", "INT"] {
        let mut shop = Process::start("services::the_axum_shop");
        let server = shop.address();

        let page = ask(&server, "GET /", &[], "");
        assert!(page.contains("<h1>"), "{page}");
        assert!(page.contains("gb.fireDeferredTrackingCalls()"), "{page}");
        assert!(page.contains(r#""key":"holdout-spring""#), "{page}");
        let cookies: Vec<_> = page
            .lines()
            .filter_map(|line| line.strip_prefix("set-cookie: "))
            .filter_map(|cookie| cookie.split_once(';'))
            .map(|(cookie, _)| cookie)
            .collect();
        assert_eq!(cookies.len(), 2, "an id, and what it was assigned: {page}");
        assert!(!shop.said("viewed"), "the page reports it");

        let known = ("cookie", &*cookies.join("; "));
        let first = ask(&server, "GET /checkout", &[known], "");
        assert!(!first.contains("gbuuid"), "the browser has its id");
        shop.wait_for("viewed holdout-spring");

        assert!(ask(&server, "POST /growthbook", &[], "{}").starts_with("HTTP/1.1 401"));
        let push = r#"{"type": "payload.changed", "data": {"payload": "{\"features\": {\"checkout-layout\": {\"defaultValue\": \"new\"}}}"}}"#;
        let signed = signed(push);
        let headers = signed.each_ref().map(|(name, value)| (*name, &**value));
        assert!(ask(&server, "POST /growthbook", &headers, push).starts_with("HTTP/1.1 200"));
        assert!(ask(&server, "GET /checkout", &[known], "").ends_with("\r\n\r\nnew"));

        shop.stop(signal);
        shop.ends_well("closed true");
    }
}

#[test]
fn the_actix_shop() {
    if is_child() {
        return actix::main().unwrap();
    }
    for signal in ["TERM", "INT"] {
        let mut shop = Process::start("services::the_actix_shop");
        let server = shop.address();
        assert!(ask(&server, "GET /checkout", &[], "").contains("set-cookie: gbuuid="));
        shop.wait_for("viewed holdout-spring");
        let gold = ask(&server, "GET /shipping", &[("x-gold", "1")], "");
        assert!(gold.ends_with("\r\n\r\nfree from 0"), "{gold}");
        let order = ask(&server, "POST /orders", &[], "120");
        assert!(order.ends_with("thank you"), "{order}");
        shop.wait_for("logged order");
        shop.stop(signal);
        shop.ends_well("closed true");
    }
}

#[test]
fn the_worker() {
    if is_child() {
        return worker::main().unwrap();
    }
    let mut worker = Process::start("services::the_worker");
    let mut queue = worker.child.stdin.take().unwrap();
    for it in 0..500 {
        writeln!(queue, "u-{it} 100").unwrap();
    }
    writeln!(queue, "\nnobody\nu-x ?").unwrap();
    // It has all that it will get, and works it off.
    drop(queue);
    worker.ends_well("closed true after 500 orders");
    let paid = worker.lines.iter().filter(|it| it.ends_with("pays 100"));
    assert_eq!(paid.count(), 500);
    assert!(worker.said("viewed shipping-threshold"));
}

#[test]
fn the_batch() {
    if is_child() {
        return batch::main().unwrap();
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    for it in 0..1_000 {
        writeln!(&file, "{{\"id\": \"u-{it}\", \"deviceId\": \"d-{it}\"}}").unwrap();
    }
    writeln!(&file, "no user").unwrap();
    let path = file.path().to_str().unwrap();
    let mut batch = Process::start_with("services::the_batch", &[("USERS", path)]);
    batch.ends_well("viewed 1000, unreadable 1, closed true");
    let mut batch = Process::start("services::the_batch");
    batch.ends_well("viewed 10, unreadable 0, closed true");
}

/// This test's own process once more, which runs the example.
struct Process {
    child: Child,
    heard: Receiver<String>,
    lines: Vec<String>,
}

impl Process {
    fn start(test: &str) -> Self {
        Self::start_with(test, &[])
    }

    fn start_with(test: &str, variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args([test, "--exact", "--nocapture"])
            .envs(variables.iter().copied())
            .env(CHILD, "yes")
            .env("ADDRESS", "127.0.0.1:0")
            .env("GROWTHBOOK_WEBHOOK_SECRET", SECRET)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let heard = listened_to(child.stdout.take().unwrap());
        Self {
            child,
            heard,
            lines: Vec::new(),
        }
    }

    fn address(&mut self) -> String {
        let line = self.wait_for("listening on http://");
        let (_, address) = line.split_once("http://").unwrap();
        address.to_owned()
    }

    fn wait_for(&mut self, text: &str) -> String {
        loop {
            let line = self.heard.recv_timeout(LIMIT);
            assert!(line.is_ok(), "it never said `{text}`, but {:?}", self.lines);
            let line = line.unwrap();
            self.lines.push(line.clone());
            if line.contains(text) {
                return line;
            }
        }
    }

    fn said(&mut self, text: &str) -> bool {
        self.lines.extend(self.heard.try_iter());
        self.lines.iter().any(|line| line.contains(text))
    }

    fn stop(&self, signal: &str) {
        let pid = self.child.id().to_string();
        let told = Command::new("kill").args(["-s", signal, &pid]).status();
        assert!(told.unwrap().success());
    }

    fn ends_well(&mut self, last_words: &str) {
        self.wait_for(last_words);
        let deadline = Instant::now() + LIMIT;
        // Its output ends with it.
        while let Ok(line) = self.heard.recv_timeout(deadline - Instant::now()) {
            self.lines.push(line);
        }
        assert!(self.child.wait().unwrap().success());
    }
}

/// Nothing outlives a test that fails.
impl Drop for Process {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn is_child() -> bool {
    env::var_os(CHILD).is_some()
}

fn listened_to(output: ChildStdout) -> Receiver<String> {
    let (say, heard) = channel();
    thread::spawn(move || {
        let lines = BufReader::new(output).lines().map_while(Result::ok);
        lines.for_each(|line| drop(say.send(line)));
    });
    heard
}

fn ask(server: &str, line: &str, headers: &[(&str, &str)], body: &str) -> String {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    let headers = headers.iter();
    let headers = headers.map(|(name, value)| format!("{name}: {value}\r\n"));
    let headers = headers.collect::<Vec<_>>().concat();
    let length = body.len();
    let request = format!(
        "{line} HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\nContent-Length: {length}\r\n{headers}\r\n{body}"
    );
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// As GrowthBook signs what it pushes: HMAC with SHA-256.
fn signed(body: &str) -> [(&'static str, String); 3] {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let (id, time) = ("msg_1", now.as_secs().to_string());
    let keyed = |with: u8| {
        let mut key = [with; 64];
        let bytes = key.iter_mut().zip(SECRET.bytes());
        bytes.for_each(|(byte, secret)| *byte ^= secret);
        Sha256::new_with_prefix(key)
    };
    let inner = keyed(0x36).chain_update(format!("{id}.{time}.{body}"));
    let outer = keyed(0x5C).chain_update(inner.finalize()).finalize();
    let signature = format!("v1,{}", BASE64_STANDARD.encode(outer));
    [
        ("webhook-id", id.to_owned()),
        ("webhook-timestamp", time),
        ("webhook-signature", signature),
    ]
}

const CHILD: &str = "GROWTHBOOK_TEST_EXAMPLE";
const SECRET: &str = "wk_of_this_test_alone";
const LIMIT: Duration = Duration::from_secs(30);
