//! What many handles of one client take, and many scopes.

use std::hint::black_box;

use growthbook_core::{Attributes, GrowthBookClient, UserContext};
use growthbook_fetch::HttpSource;
use growthbook_testkit::counted;

use crate::api::{Answer, Api};
use crate::payload::{payload, primary_user};
use crate::report::{Bytes, NOT_MEASURED, Row};
use crate::{SOON, process};

pub(crate) fn measure() {
    let answer = Answer::plain(&payload(1_000, &[1_000]), 1);
    let api = Api::serving(answer.clone());
    let client = client(HttpSource::new(api.endpoint()));
    handles("a client that polls", &client, &api, 1);
    scopes(&client);
    drop(client);
    let api = Api::serving(answer);
    let client = self::client(HttpSource::new(api.endpoint()).streaming());
    api.wait_for_stream();
    // One for the stream, and one for the requests.
    handles("a client that streams", &client, &api, 2);
}

fn client(source: HttpSource) -> GrowthBookClient {
    let client = GrowthBookClient::builder().source(source).build();
    let client = client.expect("the client is configured well");
    let readiness = client.wait_ready(SOON);
    assert!(readiness.has_features(), "no features have come");
    client
}

fn handles(label: &str, client: &GrowthBookClient, api: &Api, most_connections: usize) {
    let (handles, heap) = counted(|| {
        let mut handles = Vec::with_capacity(HANDLES);
        handles.resize(HANDLES, client.clone());
        handles
    });
    let user = user();
    for handle in &handles {
        black_box(handle.is_on("w4-experiment", &user));
    }
    let row = Row::new(&format!("{label}, 10,000 handles"))
        .within("bytes each", each(heap.live, HANDLES), Bytes(2 << 10))
        .within("connections", api.connections(), most_connections);
    match process::threads("gb-") {
        Some(threads) => row.within("threads", threads, 2),
        None => row.figure("threads", NOT_MEASURED),
    }
    .print();
}

fn scopes(client: &GrowthBookClient) {
    let one = user();
    let users: [(_, &dyn Fn() -> UserContext); 2] = [
        ("1,000 scopes of one user", &|| one.clone()),
        ("1,000 scopes of users with 15 attributes", &user),
    ];
    for (label, user) in users {
        let (scopes, heap) = counted(|| {
            let mut scopes = Vec::with_capacity(SCOPES);
            scopes.extend((0..SCOPES).map(|_| client.scope(user())));
            scopes
        });
        let ((), asked) = counted(|| {
            for scope in &scopes {
                black_box(scope.is_on("w4-experiment"));
            }
        });
        Row::new(label)
            .figure("bytes each", each(heap.live, SCOPES))
            .figure("once they were asked", each(heap.live + asked.live, SCOPES))
            .print();
    }
}

fn each(live: i64, count: usize) -> Bytes {
    Bytes(live / i64::try_from(count).unwrap_or(i64::MAX))
}

fn user() -> UserContext {
    let attributes = Attributes::from_json(&primary_user());
    UserContext::new(attributes.expect("the user is an object"))
}

const HANDLES: usize = 10_000;
const SCOPES: usize = 1_000;
