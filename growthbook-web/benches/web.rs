//! What the layer costs a request, in process: the same service with and without it, called directly.
//!
//! Bars stand in brackets behind what they are for, and `!` marks what misses its bar. Nothing here fails for being slow.
#![expect(clippy::print_stdout, reason = "a benchmark exists to print")]
#![expect(
    clippy::expect_used,
    reason = "a benchmark that cannot be set up has nothing else to do"
)]

use std::convert::Infallible;
use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use growthbook_core::{Attributes, GrowthBookClient};
use growthbook_testkit::{Operation, Timing, time};
use growthbook_web::{GrowthBook, GrowthBookLayer, WebOptions};
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

fn main() {
    if cfg!(debug_assertions) {
        println!("not optimised: the figures mean nothing");
    }
    let layer = GrowthBookLayer::new(client());
    let known = || Attributes::new().with("id", "u-1").with("country", "DE");
    let with_user = layer.clone().attributes(move |_| known());
    let cookies = WebOptions::new().anonymous_id("id").sticky_cookies();
    let with_cookies = layer.clone().options(cookies);

    let bare = line("a request, without the layer", timed(Quiet, ""), None);
    let quiet = [
        ("the layer, nobody asks", layer.layer(Quiet), ""),
        ("the same, with attributes", with_user.layer(Quiet), ""),
        ("the same, with cookies", with_cookies.layer(Quiet), COOKIE),
    ];
    for (name, service, cookie) in quiet {
        line(name, timed(service, cookie), Some((bare, BAR)));
    }
    let asking = [
        ("the layer, a scope, one value", layer.layer(Asking), ""),
        ("the same, with attributes", with_user.layer(Asking), ""),
        ("the same, with cookies", with_cookies.layer(Asking), COOKIE),
    ];
    // What the handler asked for is in these: reading what the request says, and the evaluation.
    for (name, service, cookie) in asking {
        line(name, timed(service, cookie), Some((bare, f64::INFINITY)));
    }
}

/// What a service of an empty answer takes, request and answer included.
fn timed<S>(mut service: S, cookie: &'static str) -> Timing
where
    S: Service<Request<()>, Response = Response<()>, Error = Infallible> + 'static,
{
    let mut operation: Operation = Box::new(move |times| {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..times {
            let answer = pin!(service.call(request(cookie)));
            let Poll::Ready(answer) = answer.poll(&mut context) else {
                continue;
            };
            drop(black_box(answer));
        }
        Box::new(())
    });
    time(&mut operation)
}

fn request(cookie: &'static str) -> Request<()> {
    let request = Request::get("/checkout?utm_source=mail&step=2")
        .header("host", "shop.example")
        .header("accept", "text/html")
        .header(
            "user-agent",
            "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        );
    let request = if cookie.is_empty() {
        request
    } else {
        request.header("cookie", cookie)
    };
    request.body(()).expect("a request")
}

fn line(name: &str, timing: Timing, bare: Option<(f64, f64)>) -> f64 {
    let Timing { median, best } = timing;
    let cost = bare.map(|(bare, bar)| {
        let cost = best - bare;
        let mark = if cost > bar { " !" } else { "" };
        format!(", {cost:.0} ns more (bar {bar:.0}){mark}")
    });
    let cost = cost.unwrap_or_default();
    println!("{name:<32}{median:>8.0} ns, at best {best:>6.0} ns{cost}");
    best
}

fn client() -> GrowthBookClient {
    let payload = r#"{"features": {"layout": {"defaultValue": "classic", "rules": [
        {"condition": {"country": "AT"}, "force": "wide"},
        {"key": "layouts", "variations": ["classic", "new"], "meta": [{"key": "a"}, {"key": "b"}]}
    ]}}}"#;
    let client = GrowthBookClient::builder().payload(payload).build();
    client.expect("a client")
}

#[derive(Clone)]
struct Quiet;

#[derive(Clone)]
struct Asking;

impl Service<Request<()>> for Quiet {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        drop(black_box(request));
        ready(Ok(Response::new(())))
    }
}

impl Service<Request<()>> for Asking {
    type Response = Response<()>;
    type Error = Infallible;
    type Future = Ready<Result<Response<()>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let growthbook = request.extensions().get::<GrowthBook>();
        let scope = growthbook.expect("the layer is there").scope();
        black_box(scope.value("layout", "none"));
        ready(Ok(Response::new(())))
    }
}

const BAR: f64 = 5_000.0;
const COOKIE: &str = "session=1; gbuuid=00000000-0000-4000-8000-000000000001; \
    gbStickyBuckets__id||00000000-0000-4000-8000-000000000001=%7B%22attributeName%22%3A%22id%22%2C%22attributeValue%22%3A\
    %2200000000-0000-4000-8000-000000000001%22%2C%22assignments%22%3A%7B%22layouts__0%22%3A%22a%22%7D%7D";
