//! Threads that work off a queue: `echo 'u-1 120' | cargo run -p growthbook --example worker`. A line is an order: who, and
//! how much. It ends when there are no more.
#![expect(clippy::print_stdout, reason = "an example is what it prints")]

use std::error::Error;
use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use growthbook::{Attributes, GrowthBookClient, UserContext};
// In a program: `growthbook::tracking`, with the Cargo feature of that name.
use growthbook_tracking::{BatchTracker, Event, EventBody};

#[derive(Debug)]
struct Order {
    customer: String,
    total: f64,
}

pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    // From a thread of its own, in batches: no order waits for analytics.
    let tracker = BatchTracker::callback(|events: &[Event]| events.iter().for_each(print));
    let client = GrowthBookClient::builder()
        .payload(include_bytes!("data/shop.json")) // a program of yours has a `source` as well
        .plugin(tracker.clone())
        .build()?;
    // Bounded: whoever brings orders faster than they are worked off has to wait.
    let (queue, orders) = sync_channel(100);
    let orders = Arc::new(Mutex::new(orders));
    let read = thread::scope(|scope| {
        for _ in 0..WORKERS {
            let (client, orders) = (&client, Arc::clone(&orders));
            scope.spawn(move || work(client, &orders));
        }
        // Theirs alone: once all of them have failed, nobody waits for room in the queue.
        drop(orders);
        let lines = io::stdin().lines();
        let read = lines.map_while(Result::ok).filter_map(|line| parsed(&line));
        let count = read.map_while(|order| queue.send(order).ok()).count();
        // Nobody brings any more: the workers finish what there is, and end.
        drop(queue);
        count
    });
    client.close(Duration::from_secs(5));
    println!("closed after {read} orders: {}", tracker.report());
    Ok(())
}

fn print(event: &Event) {
    if let EventBody::ExperimentViewed(it) = event.body() {
        println!("{} is in {}", it.hash_value(), it.experiment());
    }
}

fn work(client: &GrowthBookClient, orders: &Mutex<Receiver<Order>>) {
    // The lock is for the moment of taking one; nothing panics under it.
    let next = || orders.lock().unwrap_or_else(PoisonError::into_inner).recv();
    while let Ok(order) = next() {
        // One scope for each order: it sees one version of the features, whatever comes in meanwhile.
        let known = Attributes::new()
            .with("id", &*order.customer)
            .with("total", order.total);
        let scope = client.scope(UserContext::new(known));
        let free_from = scope.value("free-shipping-from", 50.0);
        let shipping = if order.total >= free_from { 0.0 } else { 4.9 };
        println!("{} pays {}", order.customer, order.total + shipping);
    }
}

fn parsed(line: &str) -> Option<Order> {
    let (customer, total) = line.split_once(' ')?;
    Some(Order {
        customer: customer.to_owned(),
        total: total.trim().parse().ok()?,
    })
}

const WORKERS: usize = 2;
