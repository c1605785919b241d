//! Who asks: customers of the shop, and what it knows about them.

use growthbook::{AttributeError, Attributes, UserContext};
use serde::Serialize;

pub(crate) struct Customer {
    pub(crate) role: &'static str,
    pub(crate) context: UserContext,
    /// The features that are worth a look.
    pub(crate) features: &'static [&'static str],
}

pub(crate) fn all() -> Result<[Customer; 5], AttributeError> {
    Ok([
        guest(),
        gold_customer()?,
        new_customer()?,
        business_buyer(),
        employee(),
    ])
}

/// Nobody knows who this is, so the browser's id is what experiments go by.
pub(crate) fn guest() -> Customer {
    let attributes = Attributes::new()
        .with("deviceId", "d-40321")
        .with("device", "desktop")
        .with("country", "DE")
        .with("city", "Berlin");
    Customer {
        role: "guest in Berlin",
        context: UserContext::new(attributes),
        features: &[
            "checkout-layout",
            "one-click-reorder",
            "homepage-hero",
            "payment-methods",
            "delivery-options",
            "recommendations",
            "newsletter-popup",
        ],
    }
}

/// Attributes can come from any type that implements `Serialize`.
pub(crate) fn gold_customer() -> Result<Customer, AttributeError> {
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Account {
        id: &'static str,
        device_id: &'static str,
        device: &'static str,
        country: &'static str,
        logged_in: bool,
        loyalty: &'static str,
        orders: u32,
        tags: Vec<&'static str>,
    }
    let account = Account {
        id: "u-2704",
        device_id: "d-40028",
        device: "phone",
        country: "FR",
        logged_in: true,
        loyalty: "gold",
        orders: 46,
        tags: vec!["newsletter", "wishlist"],
    };
    Ok(Customer {
        role: "gold customer in France",
        context: UserContext::new(Attributes::from_serialize(&account)?),
        features: &[
            "checkout-layout",
            "free-shipping-from",
            "loyalty-points-factor",
            "recommendations",
            "size-advisor",
            "support-channel",
            "wishlist-sharing",
        ],
    })
}

/// Attributes can come from JSON text.
pub(crate) fn new_customer() -> Result<Customer, AttributeError> {
    let attributes = Attributes::from_json(
        r#"{"id": "u-9034", "deviceId": "d-40032", "device": "phone", "country": "US", "loggedIn": true, "orders": 0,
            "appVersion": "3.9.1", "connection": "slow-2g"}"#,
    )?;
    Ok(Customer {
        role: "new customer in the United States, with an old app",
        context: UserContext::new(attributes),
        features: &[
            "checkout-layout",
            "homepage-hero",
            "currency",
            "image-quality",
            "legacy-app-warning",
            "loyalty-banner",
            "summer-sale",
        ],
    })
}

fn business_buyer() -> Customer {
    let company = Attributes::new()
        .with("employees", 250)
        .with("vatNumber", "PL1234567890");
    let attributes = Attributes::new()
        .with("id", "u-6120")
        .with("deviceId", "d-40019")
        .with("device", "desktop")
        .with("country", "PL")
        .with("loggedIn", true)
        .with("orders", 12)
        .with("company", company);
    Customer {
        role: "business buyer in Poland",
        context: UserContext::new(attributes),
        features: &[
            "price-display",
            "payment-methods",
            "max-cart-items",
            "buy-on-invoice",
            "search",
            "summer-sale",
            "support-channel",
        ],
    }
}

fn employee() -> Customer {
    let attributes = Attributes::new()
        .with("id", "u-1004")
        .with("deviceId", "d-10040")
        .with("device", "tablet")
        .with("country", "CH")
        .with("loggedIn", true)
        .with("email", "warehouse@shop.example")
        .with("appVersion", "4.12.0");
    Customer {
        role: "employee in Switzerland",
        context: UserContext::new(attributes),
        features: &[
            "staff-toolbar",
            "express-checkout",
            "recommendations",
            "dark-mode",
            "gallery",
            "returns-in-app",
            "loyalty-banner",
        ],
    }
}
