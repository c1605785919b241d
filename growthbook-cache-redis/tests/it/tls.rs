//! R15: a Redis that speaks TLS, and one whose certificate is bad.

use growthbook_core::{FeatureCache, Refresh};
use growthbook_testkit::{Certificate, RedisServer};

use crate::support::{Rig, fresh, patient, start};

#[test]
fn r15_a_redis_that_is_not_trusted_is_gone_without() {
    let [good, bad] = ["localhost", "redis.example.com"].map(|host| Certificate::of(host).unwrap());
    for (certificate, is_trusted) in [(&good, true), (&bad, false)] {
        let tls = RedisServer::builder().tls(certificate.chain(), certificate.key());
        let Some(server) = start(tls) else {
            return;
        };
        let cache = || patient(&server.tls_url()).root_certificates(certificate.authority());
        let rig = Rig::new(cache());
        rig.script.push(Ok(fresh(1)));
        assert_eq!(rig.client.refresh().unwrap(), Refresh::Updated);
        assert_eq!((rig.value(), rig.script.calls()), (1, 1));
        let stored = patient(&server.url()).build().unwrap().load(&rig.key());
        assert_eq!(stored.unwrap().is_some(), is_trusted);
        assert_eq!(rig.told("its certificate is not trusted") == 0, is_trusted);
        assert_eq!(rig.told("localhost"), 0, "no address is said");
    }
}

#[test]
fn what_is_no_certificate_is_refused_at_once() {
    let cache = patient("rediss://localhost/").root_certificates("none");
    cache.build().unwrap_err();
}
