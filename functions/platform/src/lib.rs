//! What keeps the others running: events that reach their consumers, keys that expire, a look at the parts.

pub mod expire_idempotency_keys;
pub mod health;
pub mod migrate_database;
pub mod relay_outbox;
pub mod stream_trigger;

mod trigger;

pub use trigger::{Trigger, TriggerSource, sources};

use axum::extract::FromRef;
use souk_domain::ports::Outbox;
use souk_lambda::{Copies, Ports};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the platform's HTTP functions touch.
#[derive(Clone, FromRef)]
pub struct Platform {
    store: Arc<dyn Outbox>,
    copies: Copies,
}

impl From<Ports> for Platform {
    fn from(ports: Ports) -> Self {
        Self { store: ports.store, copies: ports.copies }
    }
}

/// The HTTP functions by their names in the catalogue.
pub fn http_functions() -> Vec<(&'static str, OpenApiRouter<Platform>)> {
    vec![("health", health::router())]
}
