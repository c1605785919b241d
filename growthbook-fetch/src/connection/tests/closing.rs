use super::*;

/// Whatever it waits for: the head of an answer, more of a body, or an event.
#[test]
fn closing_ends_what_is_under_way() {
    let waiting: [fn(&mut Reply) -> io::Result<()>; 4] = [
        |_| Ok(()),
        |reply| reply.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"),
        |reply| reply.raw(b"HTTP/1.1 200 OK\r\n\r\n{}"),
        |reply| reply.begin(200, EVENTS),
    ];
    for (number, begin) in waiting.into_iter().enumerate() {
        let server = server(move |reply| {
            begin(reply)?;
            reply.hold();
            Ok(())
        });
        let patient = endpoint(&server).timeout(SOON * 10).connect().unwrap();
        let started = Instant::now();
        thread::scope(|scope| {
            let ended = scope.spawn(|| {
                if number < 3 {
                    return patient
                        .features(None)
                        .is_err_and(|error| is_of_closing(&error));
                }
                let mut opened = patient.open_stream(None).unwrap();
                let error = opened.body.read(&mut [0]).unwrap_err();
                error.kind() == io::ErrorKind::NotConnected && !is_idle(&error)
            });
            assert!(server.wait_for_requests(1, SOON));
            // Until it surely waits for what comes next.
            assert!(!server.wait_for_requests(2, SHORT));
            patient.close();
            assert!(ended.join().unwrap(), "{number}");
        });
        assert!(started.elapsed() < SOON, "{number}");
        assert!(server.wait_for_ends(1, SOON));
        refuses(&patient);
        assert_eq!(server.connections(), 1);
    }
}

#[test]
fn what_is_closed_before_it_is_used_stays_closed() {
    let server = server(|reply| reply.respond(200, EVENTS, b"{}"));
    let connection = connection(&server);
    connection.close();
    connection.close();
    refuses(&connection);
    assert_eq!(server.requests().len(), 0);
    let debug = format!("{connection:?}");
    assert!(
        debug.contains("closed: true") && !debug.contains("sdk-abc123"),
        "{debug}"
    );
}

/// Requests that begin while it is closed either came before or are refused: none is left waiting.
#[test]
fn closing_misses_nothing_that_begins_meanwhile() {
    let server = server(|reply| {
        reply.hold();
        Ok(())
    });
    for _ in 0..50 {
        let patient = endpoint(&server).timeout(SOON * 10).connect().unwrap();
        let started = Instant::now();
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| patient.features(None).unwrap_err());
                scope.spawn(|| patient.open_stream(None).unwrap_err());
            }
            scope.spawn(|| patient.close());
        });
        assert!(started.elapsed() < SOON);
    }
}

fn refuses(closed: &Connection) {
    assert!(
        closed
            .features(None)
            .is_err_and(|error| is_of_closing(&error))
    );
    assert!(matches!(closed.open_stream(None), Err(Refused::Closed)));
}

fn is_of_closing(error: &FetchError) -> bool {
    let FetchError::Transport(error) = error else {
        return false;
    };
    std::error::Error::source(error).unwrap().to_string() == "it was closed"
}
