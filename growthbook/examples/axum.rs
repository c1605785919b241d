//! A shop behind axum: `cargo run -p growthbook --example axum`, until Ctrl-C. `ADDRESS` says where, if not at port 3000.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::{env, error::Error, io, sync::Arc, time::Duration};

use axum::routing::{get, post};
use axum::{Router, body::Bytes, extract::State, http, http::HeaderMap, response::Html};
use growthbook::{Attributes, GrowthBookClient, Track, Webhook};
use growthbook_web::{GrowthBookLayer, Scope, WebOptions};
use tokio::{net::TcpListener, runtime::Runtime, task::spawn_blocking};

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let client = GrowthBookClient::builder()
        .payload(include_bytes!("data/shop.json")) // a program of yours has a `source` as well
        .on_experiment_viewed(|viewed| println!("viewed {}", viewed.experiment().key()))
        .build()?;
    let secret = env::var("GROWTHBOOK_WEBHOOK_SECRET");
    let webhook = Webhook::new(secret.as_deref().unwrap_or("wk_for_this_demonstration"))?;
    Runtime::new()?.block_on(serve(app(client.clone(), webhook)))?;
    // Nobody is answered any more; what is to be reported still is.
    let report = client.close(Duration::from_secs(2));
    println!("closed {}", report.is_complete());
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
        .route("/growthbook", pushes)
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
async fn pushed(State(shop): Pushes, headers: HeaderMap, body: Bytes) -> http::StatusCode {
    let receive = move || shop.0.receive(&shop.1, &headers, &body).status();
    let status = spawn_blocking(receive).await.unwrap_or(500);
    http::StatusCode::from_u16(status).unwrap_or_default()
}

async fn serve(app: Router) -> io::Result<()> {
    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address).await?;
    println!("listening on http://{}", listener.local_addr()?);
    axum::serve(listener, app)
        .with_graceful_shutdown(told_to_stop())
        .await
}

#[cfg(unix)]
async fn told_to_stop() {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = [SignalKind::interrupt(), SignalKind::terminate()].map(signal);
    if let [Ok(mut interrupted), Ok(mut terminated)] = signals {
        tokio::select! { _ = interrupted.recv() => {}, _ = terminated.recv() => {} }
    }
}

#[cfg(not(unix))]
async fn told_to_stop() {
    drop(tokio::signal::ctrl_c().await);
}
