//! One server.

use std::time::{Duration, Instant};

use growthbook_core::testing::ManualClock;
use growthbook_redis::{Command, Redis, Reply, Script};
use growthbook_testkit::{RedisServer, in_a_copy};

use super::{SOON, get, keys, patient, server, set, words};

#[test]
fn answers_come_in_the_order_of_the_commands() {
    let Some(server) = server(RedisServer::builder()) else {
        return;
    };
    let redis = patient(&server.url());
    let sent = [
        Command::new("SET").key("a").arg("Zoë\r\n\0"),
        Command::new("LPUSH").key("a").arg("x"),
        Command::new("GET").key("a"),
        Command::new("GET").key("none"),
        Command::new("RPUSH").key("list").arg("x").arg("y"),
        Command::new("LRANGE").key("list").arg("0").arg("-1"),
        Command::new("NOSUCHCOMMAND"),
        Command::new("PING"),
    ];
    let answers = redis.call().send(&sent);
    let data = |text: &str| Reply::Data(text.as_bytes().to_vec());
    let status = |text: &str| Reply::Status(text.to_owned());
    let replies: Vec<_> = answers.iter().map(|it| it.as_ref().ok().cloned()).collect();
    assert_eq!(
        replies,
        [
            Some(status("OK")),
            None,
            Some(data("Zoë\r\n\0")),
            Some(Reply::Nil),
            Some(Reply::Integer(2)),
            Some(Reply::List(vec![data("x"), data("y")])),
            None,
            Some(status("PONG")),
        ]
    );
    let said = |place: usize| words(answers[place].clone());
    assert_eq!(said(1), "the key holds something that is no text");
    assert_eq!(said(6), "it refused the command");
    assert!(!answers[6].as_ref().unwrap_err().is_transient());
    assert!(redis.call().send(&[]).is_empty());
    let values = redis.call().values(&["a", "list", "none", "a"]);
    let values: Vec<_> = values.into_iter().map(|value| value.unwrap()).collect();
    let text = Some("Zoë\r\n\0".as_bytes().to_vec());
    assert_eq!(values, [text.clone(), None, None, text]);
    assert!(redis.call().values::<&str>(&[]).is_empty());
    let status = redis.status();
    assert!(!status.is_cluster() && status.nodes() == 1 && status.left_alone() == 0);
}

/// Two who read from one connection would get each other's answers.
#[test]
fn a_copy_of_the_process_has_connections_of_its_own() {
    let Some(server) = server(RedisServer::builder()) else {
        return;
    };
    let redis = patient(&server.url());
    let connection = || redis.call().query(&Command::new("CLIENT").arg("ID"));
    let own = connection().unwrap();
    assert_eq!(connection().unwrap(), own, "it is kept");
    let is_other = || {
        let other = connection().unwrap();
        other != own && connection().unwrap() == other
    };
    assert!(in_a_copy(SOON, is_other).unwrap());
    assert_eq!(connection().unwrap(), own, "the copy has not ended it");
}

#[test]
fn a_script_is_sent_by_its_text_once() {
    let Some(server) = server(RedisServer::builder()) else {
        return;
    };
    let redis = patient(&server.url());
    let script = Script::new("return redis.call('INCRBY', KEYS[1], ARGV[1])");
    let command = script.command(&["n"]).arg("2");
    let calls = |name: &str| {
        let about = server.ask(&["INFO", "commandstats"]).unwrap();
        let prefix = format!("cmdstat_{name}:calls=");
        let mut lines = about.lines();
        let calls = lines.find_map(|line| line.strip_prefix(&prefix)?.split(',').next());
        calls.map_or(0, |calls| calls.parse::<u32>().unwrap())
    };
    for expected in [2, 4, 6] {
        let reply = redis.call().query(&command).unwrap();
        assert_eq!(reply.as_integer(), Some(expected));
    }
    assert_eq!([calls("eval"), calls("incrby")], [1, 3]);
    server.ask(&["SCRIPT", "FLUSH"]).unwrap();
    let replies = redis.call().send(&[command.clone(), command]);
    assert!(replies.iter().all(Result::is_ok));
    assert_eq!(calls("incrby"), 5);
}

/// The time is that of the call, however many commands are in it.
#[test]
fn many_commands_wait_together_for_a_silent_server() {
    let Some(server) = server(RedisServer::builder()) else {
        return;
    };
    let timeout = Duration::from_secs(2);
    let clock = ManualClock::new();
    let builder = Redis::builder(server.url()).timeout(timeout);
    let redis = builder.clock(clock.clone()).build().unwrap();
    set(&redis, "a", "1").unwrap();
    server.pause().unwrap();
    let commands = keys(100);
    let commands = commands.iter().map(|key| Command::new("GET").key(key));
    let commands: Vec<_> = commands.collect();
    // Over an idle connection, and over a new one; 100 timeouts would be 200 seconds.
    for _ in 0..2 {
        let started = Instant::now();
        let answers = redis.call().send(&commands);
        assert!(started.elapsed() < SOON);
        let mut answers = answers.into_iter().map(words);
        assert!(answers.all(|words| words == "no answer in time"));
    }
    // What has no time left is no failure of the server's.
    let call = redis.call();
    assert_eq!(words(call.query(&commands[0])), "no answer in time");
    assert_eq!(redis.status().left_alone(), 1);
    assert_eq!(words(call.query(&commands[0])), "no answer in time");
    let alone = get(&redis, "a").unwrap_err();
    assert!(alone.to_string().contains("left alone") && alone.is_transient());
    server.resume().unwrap();
    clock.advance(Duration::from_secs(5));
    assert_eq!(get(&redis, "a").unwrap().as_deref(), Some("1"));
    assert_eq!(redis.status().left_alone(), 0);
}

#[test]
fn what_was_answered_before_a_connection_was_lost_stays_answered() {
    let Some(server) = server(RedisServer::builder()) else {
        return;
    };
    let redis = patient(&server.url());
    let sent = ["INCR", "QUIT", "GET"].map(|name| match name {
        "QUIT" => Command::new(name),
        name => Command::new(name).key("n"),
    });
    let answers = redis.call().send(&sent);
    assert_eq!(answers[0], Ok(Reply::Integer(1)));
    assert_eq!(
        words(answers[2].clone()),
        "the connection failed or was lost"
    );
    // A connection that was kept may have been closed before, so what is not answered is sent again, and nothing else.
    set(&redis, "other", "x").unwrap();
    let answers = redis.call().send(&sent);
    assert_eq!(answers[0], Ok(Reply::Integer(2)));
    assert_eq!(answers[2], Ok(Reply::Data(b"2".to_vec())));
}

#[test]
fn a_login_comes_before_everything_else() {
    let Some(server) = server(RedisServer::builder().password("s3cret")) else {
        return;
    };
    let address = server.address();
    let redis = patient(&format!("redis://default:s3cret@{address}/3"));
    set(&redis, "a", "1").unwrap();
    assert!(
        server
            .ask(&["INFO", "keyspace"])
            .unwrap()
            .contains("db3:keys=1")
    );
    for (url, said) in [
        (format!("redis://{address}/"), "it wants a password"),
        (
            format!("redis://:wrong@{address}/"),
            "the user or the password was refused",
        ),
        (
            format!("redis://nobody:s3cret@{address}/"),
            "the user or the password was refused",
        ),
        (
            format!("redis://:s3cret@{address}/99"),
            "it refused the login, or the database of the URL",
        ),
    ] {
        let refused = set(&patient(&url), "b", "1").unwrap_err();
        assert_eq!(refused.to_string(), said, "{url}");
        assert!(!refused.is_transient());
    }
    // Neither was anything written where it was not meant to be.
    assert_eq!(server.ask(&["DBSIZE"]).unwrap(), "0");
}

#[test]
fn several_hosts_must_be_a_cluster() {
    let (Some(one), Some(other)) = (
        server(RedisServer::builder()),
        server(RedisServer::builder()),
    ) else {
        return;
    };
    let builder = Redis::builder(one.url()).seed(other.address().to_string());
    let redis = builder.build().unwrap();
    let refused = set(&redis, "a", "1").unwrap_err();
    assert_eq!(
        refused.to_string(),
        "several hosts are named, but it is no cluster"
    );
    assert!(!refused.is_transient());
    assert_eq!(one.ask(&["DBSIZE"]).unwrap(), "0");
    assert_eq!(other.ask(&["DBSIZE"]).unwrap(), "0");
}
