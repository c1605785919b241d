//! The same small service in each framework, on one thread.

use std::net::{SocketAddr, TcpListener};
use std::sync::mpsc::channel;
use std::thread;

use actix_web::HttpServer;
use axum::Router;
use axum::http::HeaderValue;
use growthbook_core::{Attributes, GrowthBookClient};
use growthbook_web::{GrowthBook, GrowthBookLayer, GrowthBookMiddleware, Scope, WebOptions};

/// Who is in the experiment `colors` sees red, or whatever else the payload says.
pub(crate) fn client(red: u8) -> GrowthBookClient {
    GrowthBookClient::builder()
        .payload(payload(red))
        .build()
        .unwrap()
}

pub(crate) fn payload(red: u8) -> String {
    let weights = [f32::from(red), f32::from(1 - red)];
    format!(
        r#"{{"features": {{"color": {{"defaultValue": "green", "rules": [{{
            "key": "colors", "variations": ["red", "blue"], "weights": {weights:?}, "meta": [{{"key": "r"}}, {{"key": "b"}}]
        }}]}}}}}}"#
    )
}

/// Starts both, and tells the test which one it talks to.
pub(crate) fn in_both(
    client: impl Fn() -> GrowthBookClient,
    options: &WebOptions,
    test: impl Fn(&str, SocketAddr),
) {
    test("axum", axum_service(client(), options.clone()));
    test("actix-web", actix_service(client(), options.clone()));
}

pub(crate) fn axum_service(client: GrowthBookClient, options: WebOptions) -> SocketAddr {
    let layer = GrowthBookLayer::new(client)
        .attributes(|request| known(request.headers.get("x-user").map(HeaderValue::as_bytes)))
        .options(options);
    serve_axum(axum_routes().layer(layer))
}

pub(crate) fn axum_routes() -> Router {
    use axum::routing::get;
    Router::new()
        .route("/color", get(color))
        .route("/page", get(page))
        .route("/quiet", get(quiet))
        .route("/handle", get(handle))
        .route("/ask", get(ask))
        .route("/panic", get(panicking))
        .route("/script", get(script))
        .route("/log-in", get(log_in))
        .route("/no-consent", get(no_consent))
}

pub(crate) fn serve_axum(app: Router) -> SocketAddr {
    let (started, address) = channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build();
        runtime.unwrap().block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            started.send(listener.local_addr().unwrap()).unwrap();
            axum::serve(listener, app).await.unwrap();
        });
    });
    address.recv().unwrap()
}

pub(crate) fn actix_service(client: GrowthBookClient, options: WebOptions) -> SocketAddr {
    let growthbook = GrowthBookMiddleware::new(client)
        .attributes(|request| known(request.headers().get("x-user").map(AsRef::as_ref)))
        .options(options);
    serve_actix(Some(growthbook))
}

pub(crate) fn serve_actix(growthbook: Option<GrowthBookMiddleware>) -> SocketAddr {
    use actix_web::middleware::Condition;
    use actix_web::{App, web::get};
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let is_installed = growthbook.is_some();
    let growthbook = growthbook.unwrap_or_else(|| GrowthBookMiddleware::new(client(1)));
    thread::spawn(move || {
        let app = move || {
            App::new()
                .wrap(Condition::new(is_installed, growthbook.clone()))
                .route("/color", get().to(color))
                .route("/page", get().to(page))
                .route("/quiet", get().to(quiet))
                .route("/handle", get().to(handle))
                .route("/ask", get().to(ask))
                .route("/panic", get().to(panicking))
                .route("/script", get().to(script))
                .route("/log-in", get().to(log_in))
                .route("/no-consent", get().to(no_consent))
        };
        let server = HttpServer::new(app).workers(1).disable_signals();
        let server = server.listen(listener).unwrap().run();
        actix_web::rt::System::new().block_on(server).unwrap();
    });
    address
}

fn known(user: Option<&[u8]>) -> Attributes {
    match user.map(std::str::from_utf8) {
        Some(Ok(id)) => Attributes::new().with("id", id),
        _ => Attributes::new(),
    }
}

async fn color(scope: Scope) -> String {
    scope.value("color", "none").to_owned()
}

/// What is known of the user, as the request says it.
async fn page(scope: Scope) -> String {
    let user = scope.user();
    let names = ["url", "path", "host", "utmSource", "browser", "id"];
    let known = names.map(|name| format!("{name}={:?}", user.attributes().get(name).is_some()));
    format!("{} {}", user.url().unwrap_or("none"), known.join(" "))
}

async fn quiet(_: GrowthBook) -> String {
    thread_name()
}

async fn handle(growthbook: GrowthBook) -> String {
    growthbook.scope().value("color", "none").to_owned()
}

/// On which thread it was evaluated, and what.
async fn ask(growthbook: GrowthBook) -> String {
    let here = thread_name();
    let there = growthbook.ask(|scope| (thread_name(), scope.value("color", "none").to_owned()));
    let (there, color) = there.await;
    let place = if here == there { "here" } else { "there" };
    format!("{place} {color}")
}

async fn panicking(growthbook: GrowthBook) -> String {
    let asked = growthbook.ask(|scope| {
        scope.is_on("color");
        panic!("as it should")
    });
    asked.await
}

async fn script(scope: Scope) -> String {
    scope.value("color", "none");
    scope.take_deferred().to_script_json()
}

async fn log_in(growthbook: GrowthBook) -> String {
    growthbook.scope();
    growthbook.update_attributes(Attributes::new().with("id", "logged-in"));
    color(growthbook.loaded().await).await
}

async fn no_consent(growthbook: GrowthBook) -> String {
    growthbook.withhold_cookies();
    growthbook.scope().value("color", "none").to_owned()
}

pub(crate) fn thread_name() -> String {
    format!("{:?}", thread::current().id())
}
