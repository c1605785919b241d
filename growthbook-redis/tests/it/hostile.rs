//! What only a server says that is broken, or not a friend.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use growthbook_redis::{Command, Redis};

use super::{get, patient, words};

/// Says the same to everything, but for what clients say of themselves.
fn parrot(answer: impl Fn(SocketAddr) -> String) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer = answer(address);
    // Ends with the process.
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let answer = answer.clone();
            thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                let mut line = String::new();
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                    let answer = match &*line {
                        "CLIENT\r\n" => "+OK\r\n",
                        "GET\r\n" | "CLUSTER\r\n" | "ASKING\r\n" => &answer,
                        _ => "",
                    };
                    let _ = reader.get_mut().write_all(answer.as_bytes());
                    line.clear();
                }
            });
        }
    });
    address
}

#[test]
fn redirects_end() {
    for kind in ["MOVED", "ASK"] {
        let address = parrot(|address| format!("-{kind} 1 {address}\r\n"));
        let redis = patient(&format!("redis://{address}/"));
        assert_eq!(words(get(&redis, "a")), "it was redirected too often");
    }
}

#[test]
fn redirects_to_nowhere_are_failures() {
    for answer in [
        "-MOVED\r\n",
        "-MOVED 1\r\n",
        "-MOVED x y\r\n",
        "-MOVED 99999 h:1\r\n",
        "-ASK 1 h\r\n",
        "-MOVED 1 127.0.0.1:1\r\n",
        "-MOVED 1 0.0.0.0:1\r\n",
        "-NOSCRIPT no\r\n",
        "!x\r\n",
    ] {
        let address = parrot(|_| answer.to_owned());
        let redis = patient(&format!("redis://{address}/"));
        assert!(get(&redis, "a").is_err(), "{answer}");
    }
}

/// A server that finds no value, and waits before it says so: for each connection and each `GET` on it, as it is told.
fn slow(wait: impl Fn(usize, usize) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    // Ends with the process.
    thread::spawn(move || {
        for (connection, stream) in listener.incoming().map_while(Result::ok).enumerate() {
            let wait = wait.clone();
            thread::spawn(move || {
                let mut reader = BufReader::new(stream);
                let (mut line, mut asked) = (String::new(), 0);
                while reader.read_line(&mut line).is_ok_and(|read| read > 0) {
                    if line == "GET\r\n" {
                        wait(connection, asked);
                        asked += 1;
                        let _ = reader.get_mut().write_all(b"$-1\r\n");
                    }
                    line.clear();
                }
            });
        }
    });
    address
}

fn for_ever() {
    loop {
        thread::park();
    }
}

#[test]
fn an_answer_does_not_prolong_the_wait_for_the_next_one() {
    let timeout = Duration::from_secs(5);
    let address = slow(move |_, asked| match asked {
        0 => thread::sleep(timeout * 9 / 20),
        _ => for_ever(),
    });
    let builder = Redis::builder(format!("redis://{address}/"));
    let redis = builder.timeout(timeout).build().unwrap();
    let started = Instant::now();
    let answers = redis
        .call()
        .send(&["a", "b"].map(|key| Command::new("GET").key(key)));
    let took = started.elapsed();
    assert!(answers[0].is_ok() && answers[1].is_err());
    assert!(took < timeout * 13 / 10, "{took:?}");
}

/// As a firewall does that forgets connections which say nothing for some minutes.
#[test]
fn of_connections_that_have_gone_silent_only_one_is_waited_for() {
    const KEPT: usize = 4;
    let together = Arc::new(Barrier::new(KEPT));
    let address = slow(move |connection, asked| match (connection, asked) {
        (..KEPT, 0) => drop(together.wait()),
        (..KEPT, _) => for_ever(),
        _ => {}
    });
    let builder = Redis::builder(format!("redis://{address}/"));
    let redis = builder.timeout(Duration::from_secs(2)).build().unwrap();
    thread::scope(|threads| {
        for _ in 0..KEPT {
            threads.spawn(|| assert_eq!(get(&redis, "a"), Ok(None)));
        }
    });
    assert_eq!(words(get(&redis, "a")), "no answer in time");
    assert_eq!(get(&redis, "a"), Ok(None));
}
