//! A fleet: this program, started again as often as it takes.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use growthbook_core::{
    Attributes, CacheKey, ClientKey, FeatureCache, GrowthBookClient, Lease, Readiness, Refresh,
    UserContext,
};
use growthbook_fetch::{Endpoint, HttpSource};
use growthbook_testkit::{RedisServer, Server};

use crate::support::{Rig, SOON, eventually, fresh, patient, start};

const PROCESSES: usize = 20;
/// In each of them, one after the other in threads of their own.
const CLIENTS: usize = 5;
const REDIS: &str = "GROWTHBOOK_TEST_FLEET_REDIS";
const API: &str = "GROWTHBOOK_TEST_FLEET_API";
const FILE: &str = "GROWTHBOOK_TEST_FLEET_FILE";
const PAYLOAD: &[u8] = br#"{"features":{"f":{"defaultValue":7}}}"#;

fn spawn(role: &str, redis: &RedisServer, api: &str, file: &Path) -> Child {
    let mut member = Command::new(env::current_exe().unwrap());
    member.args([role, "--exact", "--ignored"]);
    member.env(REDIS, redis.url()).env(API, api).env(FILE, file);
    member.stdout(Stdio::null()).spawn().unwrap()
}

/// Starts so many at once, and gives what each was served, where from, and how long that took.
fn fleet(count: usize, redis: &RedisServer, api: &str) -> Vec<String> {
    let name = |number| {
        let (own, port) = (std::process::id(), redis.address().port());
        env::temp_dir().join(format!("growthbook-fleet-{own}-{port}-{number}"))
    };
    let files: Vec<PathBuf> = (0..count).map(name).collect();
    let members = files.iter().map(|file| {
        let role = "processes::member_of_a_fleet";
        spawn(role, redis, api, file)
    });
    let members: Vec<Child> = members.collect();
    for mut member in members {
        assert!(member.wait().unwrap().success());
    }
    let read = |file: &PathBuf| {
        let said = fs::read_to_string(file).unwrap();
        fs::remove_file(file).unwrap();
        said
    };
    let said = files.iter().map(read).collect::<Vec<_>>();
    let each = said.iter().flat_map(|said| said.lines());
    each.map(str::to_owned).collect()
}

/// R10: a hundred clients in twenty processes with nothing in Redis, and again when what is there is stale. And what comes
/// after: the API dies, and whoever starts has the flags of before.
#[test]
fn r10_a_fleet_makes_one_request_and_survives_the_api() {
    let Some(redis) = start(RedisServer::builder()) else {
        return;
    };
    let api = Server::start(|_, reply| {
        // A server that takes its time, so that all the others come meanwhile.
        thread::park_timeout(Duration::from_millis(200));
        reply.respond(200, &[("ETag", "\"1\"")], PAYLOAD)
    });
    let api = api.unwrap();
    let url = api.url();
    let mut asked = Vec::new();
    for is_stale in [false, true] {
        if is_stale {
            let cache = patient(&redis.url()).build().unwrap();
            let key = CacheKey::new(url.as_str(), &ClientKey::new("sdk-fleet"));
            let entry = cache.load(&key).unwrap().unwrap();
            let hour_ago = SystemTime::now() - Duration::from_secs(60 * 60);
            cache.store(&key, &entry.with_fetched_at(hour_ago)).unwrap();
        }
        let before = api.requests().len();
        let said = fleet(PROCESSES, &redis, &url);
        assert_eq!(said.len(), PROCESSES * CLIENTS);
        assert!(said.iter().all(|said| said.starts_with("7 ")), "{said:?}");
        let requests = api.requests().len() - before;
        assert!(
            (1..=2).contains(&requests),
            "{requests} requests, stale: {is_stale}"
        );
        asked.push(requests);
    }
    drop(api);
    let mut took = Vec::new();
    for said in fleet(5, &redis, &url) {
        let [value, origin, micros] = said.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{said}")
        };
        assert_eq!([value, origin], ["7", "Cache"]);
        took.push(Duration::from_micros(micros.parse().unwrap()));
    }
    println!(
        "{PROCESSES} processes of {CLIENTS} clients: {asked:?} requests; started without the API in {took:.1?}"
    );
}

#[test]
#[ignore = "is one of the processes of the test above"]
fn member_of_a_fleet() {
    let Ok(redis) = env::var(REDIS) else { return };
    let api = env::var(API).unwrap();
    let members = [(); CLIENTS].map(|()| {
        let (redis, api) = (redis.clone(), api.clone());
        thread::spawn(move || member(&redis, &api))
    });
    let said = members.map(|member| member.join().unwrap()).join("\n");
    fs::write(env::var_os(FILE).unwrap(), said).unwrap();
}

/// What a client is served, where from, and after how long it was sure.
fn member(redis: &str, api: &str) -> String {
    let endpoint = Endpoint::new("sdk-fleet").api_host(api).no_proxy();
    let started = Instant::now();
    let client = GrowthBookClient::builder()
        .source(HttpSource::new(endpoint).polling(Duration::from_secs(60)))
        .cache(patient(redis).build().unwrap())
        .build()
        .unwrap();
    client.wait_ready(SOON);
    let took = started.elapsed().as_micros();
    eventually("fresh features", || {
        client.status().readiness() == Readiness::Live
    });
    let user = UserContext::new(Attributes::new());
    let value = client.scope(user).value("f", -1);
    let origin = client.status().origin();
    client.close(SOON);
    format!("{value} {origin:?} {took}")
}

/// R11: whoever asks for all is killed while it does.
#[test]
fn r11_when_the_one_who_asks_is_killed_another_one_does() {
    let Some(redis) = start(RedisServer::builder()) else {
        return;
    };
    let name = format!("growthbook-holder-{}", std::process::id());
    let file = env::temp_dir().join(name);
    let mut holder = spawn("processes::holder_of_a_lease", &redis, "", &file);
    eventually("a lease", || file.exists());
    holder.kill().unwrap();
    holder.wait().unwrap();
    fs::remove_file(&file).unwrap();
    let rig = Rig::new(patient(&redis.url()));
    rig.client.load(PAYLOAD).unwrap();
    rig.script.push(Ok(fresh(1)));
    let mut spared = 0;
    eventually("a refresh", || {
        let refresh = rig.client.refresh().unwrap();
        spared += usize::from(refresh == Refresh::Fresh);
        refresh == Refresh::Updated
    });
    assert!(spared > 0, "it waited for the one that was killed");
    assert_eq!((rig.value(), rig.script.calls()), (1, 1));
}

#[test]
#[ignore = "is the process that the test above kills"]
fn holder_of_a_lease() {
    let Ok(redis) = env::var(REDIS) else { return };
    let cache = patient(&redis).build().unwrap();
    let key = Rig::new(patient(&redis)).key();
    let lease = cache.lease(&key, Duration::from_secs(10)).unwrap();
    assert!(matches!(lease, Lease::Granted(_)));
    fs::write(env::var_os(FILE).unwrap(), "").unwrap();
    loop {
        thread::park();
    }
}
