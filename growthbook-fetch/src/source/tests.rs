use std::sync::mpsc::channel;

use growthbook_core::testing::ManualClock;
use growthbook_core::{GrowthBookClient, Readiness, Refresh, UserContext};
use growthbook_testkit::Server;

use super::mailbox::Mail;
use super::*;

/// F40: the system gives no thread.
#[test]
fn without_a_thread_the_program_refreshes() {
    let server = Server::start(|_, reply| {
        reply.respond(200, &[], br#"{"features": {"f": {"defaultValue": true}}}"#)
    });
    let server = server.unwrap();
    let endpoint = Endpoint::new("sdk-1").api_host(server.url()).no_proxy();
    for strategy in [HttpSource::streaming, HttpSource::lazy] {
        let mut source = strategy(HttpSource::new(endpoint.clone()));
        source.spawn = |_, _| Err(io::ErrorKind::WouldBlock.into());
        let client = GrowthBookClient::builder().source(source).build().unwrap();
        let status = client.status();
        assert!(status.source().unwrap().is_manual());
        assert_eq!(status.readiness(), Readiness::Empty);
        assert_eq!(client.refresh().unwrap(), Refresh::Updated);
        assert!(client.is_on("f", &UserContext::default()));
        client.close(Duration::from_secs(10));
    }
}

#[test]
fn a_waiter_gets_its_letters_first_and_then_its_time() {
    let clock = ManualClock::new();
    let (send, received) = channel();
    let client = GrowthBookClient::builder()
        .clock(clock.clone())
        .source(Handing(send));
    let client = client.build().unwrap();
    let sink = received.recv().unwrap();
    let mailbox = Mailbox::<u32>::new();
    let waiter = Waiter::new(Arc::clone(&mailbox), sink);
    let minute = Duration::from_secs(60);
    assert!(mailbox.post(1));
    assert!(mailbox.post_unless(1, |letter| *letter == 1));
    assert!(matches!(waiter.wait(Some(Duration::ZERO)), Mail::Letter(1)));
    assert!(matches!(waiter.wait(Some(Duration::ZERO)), Mail::Due));
    std::thread::scope(|threads| {
        let waiting = threads.spawn(|| waiter.wait(Some(minute)));
        let due = clock.wait_for_alarm(Duration::from_secs(20));
        assert_eq!(due, Some(minute));
        clock.advance(minute);
        assert!(matches!(waiting.join().unwrap(), Mail::Due));
        let waiting = threads.spawn(|| waiter.wait(Some(minute * 2)));
        mailbox.post(2);
        assert!(matches!(waiting.join().unwrap(), Mail::Letter(2)));
        let waiting = threads.spawn(|| waiter.wait(None));
        mailbox.post(3);
        mailbox.close();
        assert!(matches!(
            waiting.join().unwrap(),
            Mail::Letter(3) | Mail::Closed
        ));
    });
    assert!(!mailbox.post(4) && mailbox.is_closed());
    assert!(matches!(waiter.wait(None), Mail::Closed));
    drop(client);
}

#[test]
fn a_crew_waits_for_others_and_not_for_itself() {
    let crew = Arc::<Crew>::default();
    assert!(crew.wait(Duration::ZERO));
    let (end, ended) = channel::<()>();
    let work = move || {
        let _ = ended.recv();
    };
    crew.start("gb-test", work).unwrap();
    assert!(!crew.wait(Duration::from_millis(1)));
    assert!(!crew.is_member());
    drop(end);
    assert!(crew.wait(Duration::from_secs(20)));
    let (tell, told) = channel();
    let own = Arc::clone(&crew);
    let work = move || {
        let heard = (own.is_member(), own.wait(Duration::from_secs(20)));
        tell.send(heard).unwrap();
    };
    crew.start("gb-test", work).unwrap();
    assert_eq!(told.recv().unwrap(), (true, true));
    let panics = Arc::clone(&crew);
    panics.start("gb-test", || panic!("on purpose")).unwrap();
    assert!(crew.wait(Duration::from_secs(20)), "a panic is an end");
}

/// A source that hands out its sink and does nothing.
#[derive(Debug)]
struct Handing(std::sync::mpsc::Sender<PayloadSink>);

impl PayloadSource for Handing {
    fn start(self: Box<Self>, sink: PayloadSink) -> Result<Box<dyn SourceHandle>, BuildError> {
        let _ = self.0.send(sink.clone());
        let (fetcher, crew) = (
            HttpFetcher::new(Endpoint::new("sdk-1").api_host("http://localhost"))
                .map_err(unusable)?,
            Arc::<Crew>::default(),
        );
        Ok(Box::new(Handle {
            fetcher,
            sink,
            board: Arc::default(),
            crew,
            worker: Mailbox::new(),
            streamer: Mailbox::new(),
            is_lazy: false,
            is_manual: true,
        }))
    }
}
