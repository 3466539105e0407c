//! What people put aside to buy.
//!
//! Carts live in Redis alone: without it they cannot be read or changed (503), and nothing else waits for them.

pub mod add_cart_line;
pub mod check_out_cart;
pub mod get_cart;
pub mod open_cart;
pub mod remove_cart_line;
pub mod set_cart_line;

#[cfg(test)]
mod cost;
#[cfg(test)]
mod unclosed;
mod view;

pub use view::{CartLineView, CartView, LineChange};

use axum::extract::FromRef;
use chrono::Duration;
use souk_domain::ports;
use souk_lambda::{Access, Announcer, Copies, Ports};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the carts' functions touch.
#[derive(Clone, FromRef)]
pub struct Carts {
    carts: Arc<dyn ports::Carts>,
    products: Arc<dyn ports::Products>,
    orders: Arc<dyn ports::Orders>,
    copies: Copies,
    announcer: Announcer,
    access: Access,
    #[from_ref(skip)]
    payment_window: Duration,
}

impl From<Ports> for Carts {
    fn from(ports: Ports) -> Self {
        let Ports { store, copies, carts, announcer, access, payment_window, .. } = ports;
        Self { carts, products: store.clone(), orders: store, copies, announcer, access, payment_window }
    }
}

/// The HTTP functions by their names in the catalogue.
pub fn http_functions() -> Vec<(&'static str, OpenApiRouter<Carts>)> {
    vec![
        ("add-cart-line", add_cart_line::router()),
        ("check-out-cart", check_out_cart::router()),
        ("get-cart", get_cart::router()),
        ("open-cart", open_cart::router()),
        ("remove-cart-line", remove_cart_line::router()),
        ("set-cart-line", set_cart_line::router()),
    ]
}
