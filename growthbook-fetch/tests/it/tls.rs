//! F32: whom to trust, with certificates of the test's own.

use std::io::{self, Write};
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

use growthbook_core::{FeatureFetcher, FetchError};
use growthbook_fetch::{ConfigError, Endpoint, HttpFetcher};
use growthbook_testkit::{Reply, Request, Server};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::support::{PAYLOAD, SHORT, SOON, body, server, words};

/// An authority, and a server that it vouches for.
struct Vouched {
    authority: String,
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

fn vouched(host: &str, expired: bool) -> Vouched {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let authority = params.self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(params, key);
    let mut params = CertificateParams::new([host.to_owned()]).unwrap();
    if expired {
        params.not_after = date_time_ymd(2020, 1, 1);
    }
    let key = KeyPair::generate().unwrap();
    Vouched {
        authority,
        certificate: params.signed_by(&key, &issuer).unwrap().der().clone(),
        key: PrivateKeyDer::Pkcs8(key.serialize_der().into()),
    }
}

fn serve(vouched: &Vouched) -> Server {
    answering(vouched, |_, reply| reply.respond(200, &[], PAYLOAD))
}

fn answering<F>(vouched: &Vouched, answer: F) -> Server
where
    F: Fn(&Request, &mut Reply) -> io::Result<()> + Send + Sync + 'static,
{
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![vouched.certificate.clone()], vouched.key.clone_key());
    let config = Arc::new(config.unwrap());
    let server = Server::start_wrapped(
        move |stream| {
            let tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            Ok(Box::new(rustls::StreamOwned::new(tls, stream)))
        },
        answer,
    );
    server.unwrap()
}

fn endpoint(server: &Server) -> Endpoint {
    let port = server.address().port();
    let host = format!("https://localhost:{port}");
    Endpoint::new("sdk-abc123").api_host(host).no_proxy()
}

fn fetch(endpoint: Endpoint) -> Result<Vec<u8>, FetchError> {
    body(HttpFetcher::new(endpoint).unwrap().fetch(None))
}

#[test]
fn an_authority_of_ones_own_is_trusted_when_it_is_named() {
    let vouched = vouched("localhost", false);
    let server = serve(&vouched);
    let trusting = endpoint(&server).root_certificates(&*vouched.authority);
    let fetcher = HttpFetcher::new(trusting).unwrap();
    for _ in 0..2 {
        assert_eq!(body(fetcher.fetch(None)).unwrap(), PAYLOAD);
    }
    assert_eq!(server.connections(), 1, "kept for the next request");
}

#[test]
fn an_unknown_authority_is_refused() {
    let server = serve(&vouched("localhost", false));
    let other = vouched("localhost", false).authority;
    for endpoint in [
        endpoint(&server),
        endpoint(&server).root_certificates(other),
    ] {
        let refused = fetch(endpoint).unwrap_err();
        assert!(matches!(refused, FetchError::Untrusted), "{refused:?}");
        assert!(!refused.is_transient());
    }
    assert_eq!(server.requests().len(), 0);
}

#[test]
fn a_certificate_for_another_host_or_of_the_past_is_refused() {
    for vouched in [vouched("other.example", false), vouched("localhost", true)] {
        let server = serve(&vouched);
        let refused = fetch(endpoint(&server).root_certificates(vouched.authority));
        assert!(matches!(refused, Err(FetchError::Untrusted)), "{refused:?}");
        assert_eq!(server.requests().len(), 0);
    }
}

#[test]
fn a_handshake_that_stalls_has_so_long() {
    // The system accepts; nobody answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = format!("https://{}", silent.local_addr().unwrap());
    let to_silence = Endpoint::new("k").api_host(host).no_proxy();
    for endpoint in [
        to_silence.clone().timeout(SHORT).connect_timeout(2 * SOON),
        to_silence.timeout(2 * SOON).connect_timeout(SHORT),
    ] {
        let started = Instant::now();
        let failed = fetch(endpoint);
        assert!(matches!(failed, Err(FetchError::TimedOut)), "{failed:?}");
        assert!(started.elapsed() < SOON);
    }
}

#[test]
fn a_server_without_tls_is_no_server_with() {
    // What comes back to the greeting of TLS is not TLS.
    let plain = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = Endpoint::new("k").api_host(format!("https://{}", plain.local_addr().unwrap()));
    let answering = thread::spawn(move || {
        let (mut stream, _) = plain.accept().unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .unwrap();
        let _ = io::copy(&mut stream, &mut io::sink());
    });
    let failed = fetch(endpoint.no_proxy());
    assert_eq!(words(failed), "the TLS handshake failed");
    answering.join().unwrap();
}

#[test]
fn a_redirect_never_leads_out_of_tls() {
    let vouched = vouched("localhost", false);
    let plain = server(|_, reply| reply.respond(200, &[], PAYLOAD));
    let location = format!("http://localhost:{}/", plain.address().port());
    let redirecting = answering(&vouched, move |_, reply| {
        reply.respond(302, &[("Location", &location)], b"")
    });
    let refused = fetch(endpoint(&redirecting).root_certificates(vouched.authority));
    assert!(
        matches!(refused, Err(FetchError::Redirected)),
        "{refused:?}"
    );
    assert_eq!(plain.connections(), 0);
}

#[test]
fn what_is_no_certificate_is_said_at_once() {
    for bytes in [
        &b""[..],
        b"not a certificate",
        b"-----BEGIN CERTIFICATE-----\n",
    ] {
        let endpoint = Endpoint::new("k").root_certificates(bytes);
        let error = HttpFetcher::new(endpoint).unwrap_err();
        assert_eq!(error, ConfigError::InvalidCertificate);
    }
}
