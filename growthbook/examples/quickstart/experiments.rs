//! Experiments that the program defines itself, and how to look at a variation without being in it.

use std::error::Error;

use growthbook::{Assignment, Experiment, GrowthBookClient};

use super::customers;

/// Variations are of any type: here an enum, so that the compiler sees that each is handled.
pub(crate) fn inline(client: &GrowthBookClient) -> Result<(), Box<dyn Error>> {
    enum Shelf {
        ByPrice,
        ByRating { at_least: f32 },
        Curated(&'static str),
    }
    let shelves = [
        Shelf::ByPrice,
        Shelf::ByRating { at_least: 4.5 },
        Shelf::Curated("spring"),
    ];
    let experiment = Experiment::builder("shelf-order", shelves)
        .variation_keys(["price", "rating", "curated"])
        .weights([0.5, 0.25, 0.25])
        .hash_attribute("deviceId")
        .hash_version(2)
        .build()?;

    println!(
        "\nAn experiment of the program's own, `{}`",
        experiment.info().key()
    );
    for customer in customers::all()? {
        let result = client.run(&experiment, &customer.context);
        let shelf = match result.value() {
            Shelf::ByPrice => "cheapest first".to_owned(),
            Shelf::ByRating { at_least } => format!("{at_least} stars and more"),
            Shelf::Curated(theme) => format!("chosen by hand: {theme}"),
        };
        println!("  {:<50} {shelf}", customer.role);
    }
    Ok(())
}

/// The query parameter named like an experiment gives its variation: no exposure, no bucketing.
pub(crate) fn forced_by_url(client: &GrowthBookClient) -> Result<(), Box<dyn Error>> {
    let user = customers::gold_customer()?.context;
    println!("\nThe same customer, on pages that force a variation");
    for page in [
        "https://shop.example/cart",
        "https://shop.example/cart?checkout-steps=1",
        "https://shop.example/cart?checkout-steps=2",
    ] {
        let result = client.evaluate("checkout-layout", &user.clone().with_url(page));
        let is_exposure = result.assignment().is_some_and(Assignment::hash_used);
        println!(
            "  {page:<44} {:<10} exposure: {is_exposure}",
            result.value().to_string()
        );
    }
    Ok(())
}
