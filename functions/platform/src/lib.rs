//! What keeps the others running: events that reach their consumers, keys that expire, a look at the parts.

pub mod archive_outbox;
pub mod discard_dead_letter;
pub mod expire_idempotency_keys;
pub mod get_dead_letter;
pub mod health;
pub mod list_consumers;
pub mod list_dead_letters;
pub mod measure_consumers;
pub mod migrate_database;
pub mod redrive_dead_letters;
pub mod relay_outbox;
pub mod replay_consumer;
pub mod stream_trigger;

mod delivery;
#[cfg(test)]
mod fragile;
#[cfg(test)]
mod logged;
mod operations;
mod trigger;

pub use operations::{Consumers, Operations, Redrive};
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

/// The HTTP functions that look after the delivery of events.
pub fn operations_functions() -> Vec<(&'static str, OpenApiRouter<Operations>)> {
    vec![
        ("discard-dead-letter", discard_dead_letter::router()),
        ("get-dead-letter", get_dead_letter::router()),
        ("list-consumers", list_consumers::router()),
        ("list-dead-letters", list_dead_letters::router()),
    ]
}

/// The HTTP function that delivers again.
pub fn redrive_functions() -> Vec<(&'static str, OpenApiRouter<Redrive>)> {
    vec![("redrive-dead-letters", redrive_dead_letters::router())]
}
