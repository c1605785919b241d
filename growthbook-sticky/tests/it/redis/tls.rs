//! R15: assignments over TLS, and to nobody who is not trusted.

use growthbook_core::StickyIdentity;
use growthbook_sticky::RedisStickyBuckets;
use growthbook_testkit::{Certificate, RedisServer};

use super::super::faulty::SOON;
use super::{KEY, save, standing, start};

#[test]
fn r15_assignments_go_over_tls_to_whoever_is_trusted() {
    let certificate = Certificate::of("localhost").unwrap();
    let tls = RedisServer::builder().tls(certificate.chain(), certificate.key());
    let Some(server) = start(tls) else { return };
    let builder = || RedisStickyBuckets::builder(server.tls_url()).timeout(SOON);
    let user = StickyIdentity::new("id", "u1");
    let trusting = builder().root_certificates(certificate.authority()).build();
    save(&trusting.unwrap(), &user, "1");
    let plain = super::patient(&server).build().unwrap();
    assert_eq!(standing(&plain, &user, KEY).as_deref(), Some("1"));
    let wary = builder().build().unwrap();
    let load = growthbook_core::StickyBucketService::load(&wary, std::slice::from_ref(&user));
    load.unwrap_err();
}
