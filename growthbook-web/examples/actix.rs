//! A shop behind actix-web: `cargo run -p growthbook-web --features actix --example actix`, until Ctrl-C. `ADDRESS` says
//! where, if not at port 3000; `EVENTS` names the file to which exposures and orders go, a JSON object in each line.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::{env, error::Error, io, net::TcpListener, path::PathBuf, time::Duration};

use actix_web::{App, HttpServer, rt::System, web};
use growthbook::tracking::{BatchTracker, JsonLines};
use growthbook::{Attributes, Flag, GrowthBookClient};
use growthbook_web::{GrowthBook, GrowthBookMiddleware, Scope, WebOptions}; // with the facade alone: `growthbook::web`
use serde_json::{Map, json};

/// Each feature that the program asks is named once, with its type and its fallback.
static CHECKOUT_LAYOUT: Flag<&str> = Flag::new("checkout-layout", "classic");
static FREE_SHIPPING_FROM: Flag<u32> = Flag::new("free-shipping-from", 50);

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let file = env::var_os("EVENTS").map(PathBuf::from);
    let file = file.unwrap_or_else(|| env::temp_dir().join("growthbook-events.jsonl"));
    println!("exposures and orders go to {}", file.display());
    let tracker = BatchTracker::new(JsonLines::new(file).rotate(10 << 20, 4));
    let client = GrowthBookClient::builder()
        .payload(include_bytes!("data/shop.json")) // a program of yours has a `source` as well
        .plugin(tracker.clone())
        .build()?;
    System::new().block_on(serve(client.clone()))?;
    // Nobody is answered any more; what is to be reported still is.
    client.close(Duration::from_secs(5));
    println!("closed: {}", tracker.report());
    Ok(())
}

/// Ends when the process is told to: actix-web listens to Ctrl-C and SIGTERM, and lets requests come to their end.
async fn serve(client: GrowthBookClient) -> io::Result<()> {
    let growthbook = GrowthBookMiddleware::new(client)
        .attributes(|request| {
            let gold = request.headers().contains_key("x-gold");
            Attributes::new().with("loyalty", if gold { "gold" } else { "none" })
        })
        .options(WebOptions::new().anonymous_id("deviceId").sticky_cookies());
    let address = env::var("ADDRESS").unwrap_or_else(|_| "127.0.0.1:3000".to_owned());
    let listener = TcpListener::bind(address)?;
    println!("listening on http://{}", listener.local_addr()?);
    let app = move || {
        App::new()
            .wrap(growthbook.clone())
            .route("/checkout", web::get().to(checkout))
            .route("/shipping", web::get().to(shipping))
            .route("/orders", web::post().to(order))
    };
    let server = HttpServer::new(app).workers(2).listen(listener)?;
    server.run().await
}

async fn checkout(scope: Scope) -> String {
    scope.get(&CHECKOUT_LAYOUT).to_owned()
}

async fn shipping(scope: Scope) -> String {
    format!("free from {}", scope.get(&FREE_SHIPPING_FROM))
}

/// The handle is there for whoever may not evaluate at all.
async fn order(growthbook: GrowthBook, body: String) -> String {
    let Ok(total) = body.trim().parse::<u32>() else {
        return "how much?".to_owned();
    };
    let properties = Map::from_iter([("total".to_owned(), json!(total))]);
    growthbook.scope().log_event("order", properties);
    "thank you".to_owned()
}
