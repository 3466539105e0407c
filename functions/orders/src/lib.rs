//! The orders of customers.

pub mod cancel_order;
pub mod get_order;
pub mod list_orders;
pub mod place_order;

use axum::extract::FromRef;
use souk_domain::ports;
use souk_lambda::{Access, Announcer, Ports};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the orders' functions touch.
#[derive(Clone, FromRef)]
pub struct Orders {
    orders: Arc<dyn ports::Orders>,
    announcer: Announcer,
    access: Access,
}

impl From<Ports> for Orders {
    fn from(ports: Ports) -> Self {
        Self { orders: ports.store, announcer: ports.announcer, access: ports.access }
    }
}

/// The HTTP functions by their names in the catalogue.
pub fn http_functions() -> Vec<(&'static str, OpenApiRouter<Orders>)> {
    vec![
        ("cancel-order", cancel_order::router()),
        ("get-order", get_order::router()),
        ("list-orders", list_orders::router()),
        ("place-order", place_order::router()),
    ]
}
