//! The same service twice, for a load generator: at the first address bare, at the second with the layer.
//!
//! ```sh
//! cargo run --release -p growthbook-web --features axum --example load 127.0.0.1:8001 127.0.0.1:8002
//! wrk --latency -t1 -c16 -d10s http://127.0.0.1:8001/
//! wrk --latency -t1 -c16 -d10s http://127.0.0.1:8002/asked
//! ```

use std::{env, error::Error};

use axum::{Router, routing::get};
use growthbook_core::{Attributes, GrowthBookClient};
use growthbook_web::{GrowthBookLayer, Scope, WebOptions};
use tokio::{net::TcpListener, runtime::Runtime};

fn main() -> Result<(), Box<dyn Error>> {
    let payload = r#"{"features": {"layout": {"rules": [{"key": "layouts", "variations": ["classic", "new"]}]}}}"#;
    let client = GrowthBookClient::builder().payload(payload).build()?;
    let layer = GrowthBookLayer::new(client)
        .attributes(|_| Attributes::new().with("id", "u-1").with("country", "DE"))
        .options(WebOptions::new().sticky_cookies());
    let bare = Router::new().route("/", get(quiet));
    let with_layer = bare.clone().route("/asked", get(asked)).layer(layer);
    let mut addresses = env::args().skip(1);
    let mut next = || addresses.next().ok_or("two addresses are needed");
    let (first, second) = (next()?, next()?);
    Runtime::new()?.block_on(async {
        let bare = axum::serve(TcpListener::bind(first).await?, bare);
        let with_layer = axum::serve(TcpListener::bind(second).await?, with_layer);
        tokio::spawn(async move { bare.await });
        Ok(with_layer.await?)
    })
}

async fn quiet() -> &'static str {
    "classic"
}

async fn asked(scope: Scope) -> String {
    scope.value("layout", "classic").to_owned()
}
