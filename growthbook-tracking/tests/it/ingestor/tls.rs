//! P-35: whom to trust, with certificates of the test's own.

use std::sync::Arc;

use growthbook_testkit::Server;
use growthbook_tracking::{Ingestor, IngestorError};
use rcgen::{CertifiedKey, generate_simple_self_signed};

use super::{KEY, deliver, words};
use crate::records::SOON;

fn serve(own: &CertifiedKey<rcgen::KeyPair>) -> Server {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = rustls::pki_types::PrivateKeyDer::Pkcs8(own.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![own.cert.der().clone()], key);
    let config = Arc::new(config.unwrap());
    let server = Server::start_wrapped(
        move |stream| {
            let tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            Ok(Box::new(rustls::StreamOwned::new(tls, stream)))
        },
        |request, reply| {
            reply.body(request)?;
            reply.respond(200, &[], b"")
        },
    );
    server.unwrap()
}

fn own() -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed(["localhost".to_owned()]).unwrap()
}

fn to(server: &Server) -> growthbook_tracking::IngestorBuilder {
    let host = format!("https://localhost:{}", server.address().port());
    Ingestor::builder(KEY).ingestor_host(host).no_proxy()
}

#[test]
fn only_who_is_trusted_gets_events() {
    let (own, other) = (own(), own());
    let server = serve(&own);
    for untrusting in [to(&server), to(&server).root_certificates(other.cert.pem())] {
        let error = deliver(&mut untrusting.build().unwrap()).unwrap_err();
        assert_eq!(words(&error).1, "no TLS could be agreed on");
    }
    assert_eq!(server.requests().len(), 0);
    let both = other.cert.pem() + &own.cert.pem();
    let mut trusting = to(&server).root_certificates(both).build().unwrap();
    for _ in 0..2 {
        deliver(&mut trusting).unwrap();
    }
    assert!(server.wait_for_requests(2, SOON));
    assert_eq!(server.connections(), 3, "the last one was used twice");
}

#[test]
fn what_is_no_certificate_is_said_at_once() {
    let own = own();
    let key = own.signing_key.serialize_pem();
    let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n".to_owned();
    for pem in [
        String::new(),
        "none".to_owned(),
        key,
        own.cert.pem() + &empty,
    ] {
        let error = Ingestor::builder(KEY).root_certificates(pem).build().err();
        assert_eq!(error, Some(IngestorError::InvalidCertificate));
    }
}
