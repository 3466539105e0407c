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
pub mod ready;
pub mod redrive_dead_letters;
pub mod relay_outbox;
pub mod replay_consumer;
pub mod stream_trigger;

mod delivery;
#[cfg(test)]
mod fragile;
#[cfg(test)]
mod measuring;
mod operations;
mod trigger;

pub use operations::{Consumers, Operations, Redrive};
pub use trigger::{Trigger, TriggerSource, sources};

use ready::Parts;
use utoipa_axum::router::OpenApiRouter;

/// The HTTP functions that look at the parts, by their names in the catalogue.
pub fn http_functions() -> Vec<(&'static str, OpenApiRouter<Parts>)> {
    vec![("health", health::router()), ("ready", ready::router())]
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
