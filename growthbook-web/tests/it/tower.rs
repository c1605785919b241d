//! The layer around services of other kinds.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};

use growthbook_core::{Attributes, UserScope};
use growthbook_web::{GrowthBook, GrowthBookLayer, WebOptions};
use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use crate::services::client;

/// Answers with a body that evaluates when it is read.
#[derive(Clone)]
struct Streaming {
    evaluates_first: bool,
}

impl Service<Request<()>> for Streaming {
    type Response = Response<UserScope>;
    type Error = Infallible;
    type Future = Ready<Result<Response<UserScope>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<()>) -> Self::Future {
        let growthbook: &GrowthBook = request.extensions().get().unwrap();
        let scope = growthbook.scope();
        if self.evaluates_first {
            scope.is_on("color");
        }
        ready(Ok(Response::new(scope)))
    }
}

#[test]
fn cookies_go_with_the_head_of_a_stream() {
    for evaluates_first in [true, false] {
        let layer = GrowthBookLayer::new(client(1))
            .attributes(|_| Attributes::new().with("id", "u-1"))
            .options(WebOptions::new().sticky_cookies());
        let mut service = layer.layer(Streaming { evaluates_first });
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let answer = runtime.unwrap().block_on(service.call(Request::new(())));
        let answer = answer.unwrap();
        assert_eq!(answer.body().value("color", "none"), "red");
        let cookies = answer.headers().get_all("set-cookie").iter().count();
        assert_eq!(cookies, usize::from(evaluates_first));
    }
}

#[test]
fn tonic_takes_the_layer() {
    let layer = GrowthBookLayer::new(client(1));
    let routes = tonic::service::Routes::default();
    let mut service = served(layer.layer(routes));
    let request = Request::new(tonic::body::Body::empty());
    let runtime = tokio::runtime::Builder::new_current_thread().build();
    let answer = runtime.unwrap().block_on(service.call(request)).unwrap();
    // Nobody implements the method, which gRPC says in its own header.
    assert_eq!(answer.headers()["grpc-status"], "12");
}

/// What tonic asks of the services of a server.
fn served<S>(service: S) -> S
where
    S: Service<Request<tonic::body::Body>, Response = Response<tonic::body::Body>>,
    S: Clone + Send + Sync + 'static,
    S::Future: Send,
    S::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    service
}
