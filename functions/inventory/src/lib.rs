//! The stock of products and its ledger.

pub mod adjust_stock;
pub mod get_stock;
pub mod list_movements;

use axum::extract::FromRef;
use souk_domain::ports;
use souk_lambda::{Access, Announcer, Copies, Ports};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the inventory's functions touch.
#[derive(Clone, FromRef)]
pub struct Inventory {
    inventory: Arc<dyn ports::Inventory>,
    copies: Copies,
    announcer: Announcer,
    access: Access,
}

impl From<Ports> for Inventory {
    fn from(ports: Ports) -> Self {
        let Ports { store, copies, announcer, access, .. } = ports;
        Self { inventory: store, copies, announcer, access }
    }
}

/// The HTTP functions by their names in the catalogue.
pub fn http_functions() -> Vec<(&'static str, OpenApiRouter<Inventory>)> {
    vec![
        ("adjust-stock", adjust_stock::router()),
        ("get-stock", get_stock::router()),
        ("list-movements", list_movements::router()),
    ]
}
