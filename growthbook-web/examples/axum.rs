//! A shop behind axum: `cargo run -p growthbook-web --features axum --example axum`, until Ctrl-C. `ADDRESS` says where, if
//! not at port 3000. With `GROWTHBOOK_CLIENT_KEY` features come from GrowthBook and exposures go there, else to the screen.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::{env, error::Error, io, sync::Arc, time::Duration};

use axum::extract::{DefaultBodyLimit, State};
use axum::{Router, body::Bytes, http, response::Html, routing::get, routing::post};
use growthbook::tracking::{BatchTracker, Event, Ingestor};
use growthbook::{Attributes, GrowthBookClient, HttpSource, Track, Webhook};
use growthbook_web::{GrowthBookLayer, Scope, WebOptions}; // with the facade alone: `growthbook::web`
use tokio::{net::TcpListener, runtime::Runtime, signal, task::spawn_blocking};

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let mut client = GrowthBookClient::builder().payload(include_bytes!("data/shop.json"));
    let tracker = if let Ok(key) = env::var("GROWTHBOOK_CLIENT_KEY") {
        client = client.source(HttpSource::from_env().streaming());
        let host = env::var("GROWTHBOOK_INGESTOR_HOST").unwrap_or_default();
        BatchTracker::new(Ingestor::builder(&key).ingestor_host(host).build()?)
    } else {
        BatchTracker::callback(|events: &[Event]| println!("{events:?}"))
    };
    let client = client.plugin(tracker.clone()).build()?;
    let secret = env::var("GROWTHBOOK_WEBHOOK_SECRET");
    let webhook = Webhook::new(secret.as_deref().unwrap_or("wk_for_this_demonstration"))?;
    Runtime::new()?.block_on(serve(app(client.clone(), webhook)))?;
    // Nobody is answered any more; what is to be reported still is.
    client.close(Duration::from_secs(5));
    println!("closed: {}", tracker.report());
    Ok(())
}

fn app(client: GrowthBookClient, webhook: Webhook) -> Router {
    let growthbook = GrowthBookLayer::new(client.clone())
        .attributes(|request| Attributes::new().with("beta", request.headers.contains_key("beta")));
    let options = WebOptions::new().anonymous_id("deviceId").sticky_cookies();
    // A page has JavaScript, which reports what its user sees. Other answers are reported from here.
    let of_page = options.clone().track(Track::Deferred);
    let checkout = get(checkout).layer(growthbook.clone().options(options));
    let pushes = post(pushed).with_state(Arc::new((webhook, client)));
    Router::new()
        .route("/", get(page).layer(growthbook.options(of_page)))
        .route("/checkout", checkout)
        .route("/growthbook", pushes.layer(DefaultBodyLimit::max(16 << 20)))
}

async fn page(scope: Scope) -> Html<String> {
    let hero = scope.value("homepage-hero", "seasons");
    let calls = scope.take_deferred().to_script_json();
    let script = format!("gb.setDeferredTrackingCalls({calls}); gb.fireDeferredTrackingCalls();");
    Html(format!("<h1>{hero}</h1><script>{script}</script>"))
}

async fn checkout(scope: Scope) -> String {
    scope.value("checkout-layout", "classic").to_owned()
}

type Pushes = State<Arc<(Webhook, GrowthBookClient)>>;
/// GrowthBook says here that features have changed. What it sends is compiled on a thread for work that takes long.
async fn pushed(State(shop): Pushes, headers: http::HeaderMap, body: Bytes) -> http::StatusCode {
    let receive = move || shop.0.receive(&shop.1, &headers, &body).status();
    let status = spawn_blocking(receive).await.unwrap_or(500);
    http::StatusCode::from_u16(status).unwrap_or_default()
}

async fn serve(app: Router) -> io::Result<()> {
    let address = env::var("ADDRESS");
    let listener = TcpListener::bind(address.as_deref().unwrap_or("127.0.0.1:3000")).await?;
    println!("listening on http://{}", listener.local_addr()?);
    let server = axum::serve(listener, app);
    server.with_graceful_shutdown(told_to_stop()).await
}

async fn told_to_stop() {
    #[cfg(unix)]
    if let Ok(mut told) = signal::unix::signal(signal::unix::SignalKind::terminate()) {
        return tokio::select! { _ = signal::ctrl_c() => {}, _ = told.recv() => {} };
    }
    drop(signal::ctrl_c().await);
}
