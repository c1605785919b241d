use std::io::Write;
use std::sync::mpsc::channel;

use super::*;

const SOON: Duration = Duration::from_secs(5);

fn asked(server: &Server, request: &[u8]) -> TcpStream {
    let mut client = TcpStream::connect(server.address()).unwrap();
    client.set_read_timeout(Some(SOON)).unwrap();
    client.write_all(request).unwrap();
    client
}

fn text(mut stream: impl io::Read) -> String {
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn requests_of_one_connection_follow_each_other() {
    let server = Server::start(|request, reply| {
        let number = request.connection().to_string();
        reply.respond(
            200,
            &[("X-Connection", &number)],
            request.method().as_bytes(),
        )
    });
    let server = server.unwrap();
    let twice = b"GET /a HTTP/1.1\r\nHost: h\r\n\r\nPUT /b HTTP/1.1\r\nConnection: close\r\n\r\n";
    let answers = text(asked(&server, twice));
    assert_eq!(answers.matches("X-Connection: 0").count(), 2);
    assert!(answers.ends_with("\r\n\r\nPUT"));
    assert!(server.wait_for_requests(2, SOON) && server.wait_for_ends(1, SOON));
    assert_eq!(server.connections(), 1);
    let requests = server.requests();
    assert_eq!(requests[0].head(), "GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
    assert_eq!(requests[0].header("HOST"), Some("h"));
    assert_eq!((requests[1].method(), requests[1].target()), ("PUT", "/b"));
}

#[test]
fn a_body_is_read_to_its_end() {
    let server = Server::start(|request, reply| {
        let body = reply.body(request)?;
        reply.respond(200, &[], &body)
    });
    let server = server.unwrap();
    let twice = b"PUT /a HTTP/1.1\r\nContent-Length: 3\r\n\r\none\
        PUT /b HTTP/1.1\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let answers = text(asked(&server, twice));
    assert!(answers.contains("\r\n\r\noneHTTP/1.1"), "{answers}");
    assert_eq!(server.requests().len(), 2);
}

#[test]
fn a_reset_is_one_and_a_close_is_none() {
    let server = Server::start(|request, reply| {
        reply.raw(b"begun")?;
        match request.target() {
            "/reset" => reply.reset(),
            _ => reply.close(),
        }
        Ok(())
    });
    let server = server.unwrap();
    assert_eq!(
        text(asked(&server, b"GET /close HTTP/1.1\r\n\r\n")),
        "begun"
    );
    let mut reset = asked(&server, b"GET /reset HTTP/1.1\r\n\r\n");
    let error = io::read_to_string(&mut reset).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[test]
fn a_test_pushes_into_a_connection_that_is_held() {
    let (sender, receiver) = channel();
    let server = Server::start(move |_, reply| {
        reply.begin(200, &[])?;
        let _ = sender.send(reply.pushing()?);
        reply.hold();
        Ok(())
    });
    let server = server.unwrap();
    let client = asked(&server, b"GET / HTTP/1.1\r\n\r\n");
    let mut pushing = receiver.recv_timeout(SOON).unwrap();
    pushing.chunk(b"news").unwrap();
    pushing.close();
    assert!(text(client).ends_with("\r\n\r\n4\r\nnews\r\n"));
}

#[test]
fn dropping_ends_what_is_held() {
    let server = Server::start(|_, reply| {
        reply.raw(b"held")?;
        reply.hold();
        Ok(())
    });
    let server = server.unwrap();
    let client = asked(&server, b"GET / HTTP/1.1\r\n\r\n");
    assert!(server.wait_for_requests(1, SOON));
    assert!(!server.wait_for_requests(2, Duration::from_millis(1)));
    let address = server.address();
    drop(server);
    assert!(["", "held"].contains(&&*text(client)));
    assert!(
        TcpStream::connect(address).is_err(),
        "nobody listens any more"
    );
}

#[test]
fn an_address_can_be_used_again() {
    let answer = |_: &Request, reply: &mut Reply| reply.respond(200, &[], b"");
    let first = Server::start(answer).unwrap();
    let address = first.address();
    drop(first);
    let second = Server::start_at(address, answer).unwrap();
    assert_eq!(second.address(), address);
}
