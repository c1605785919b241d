//! What only a server says that is broken, or not a friend.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

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
