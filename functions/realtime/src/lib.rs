//! Browsers that listen: WebSocket routes and the consumers that tell them what happened.

pub mod connect;
pub mod default;
pub mod disconnect;
pub mod notify_inventory;
pub mod notify_orders;
pub mod subscribe;
pub mod tell_listeners;
pub mod unsubscribe;

mod audience;
mod commands;
mod hub;
mod messages;
mod notify;
mod signalr;
mod socket;
#[cfg(test)]
mod world;

pub use audience::{Audience, Part};
pub use notify::Notifier;
pub use socket::{SocketReply, SocketRequest, attend};

use souk_domain::ports::{ConnectionTable, NewsLog, Orders};
use souk_lambda::Access;
use std::sync::Arc;

/// What the WebSocket functions touch.
#[derive(Clone)]
pub struct Realtime {
    /// Which connections exist.
    pub connections: Arc<dyn ConnectionTable>,
    /// What was missed.
    pub log: Arc<dyn NewsLog>,
    /// Whose an order is.
    pub orders: Arc<dyn Orders>,
    /// Reads tokens, and says whether what they said still counts.
    pub access: Access,
}
