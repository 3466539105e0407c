//! Webhooks: third parties hear of what happens in the shop.

pub mod create_webhook;
pub mod delete_webhook;
pub mod deliver_webhooks;
pub mod enqueue_webhooks;
pub mod expire_webhook_deliveries;
pub mod get_webhook;
pub mod list_webhook_deliveries;
pub mod list_webhooks;
pub mod ping_webhook;
pub mod redeliver_webhook_delivery;
pub mod rotate_webhook_secret;
pub mod update_webhook;

mod poster;
mod secret;
mod view;

pub use poster::Poster;
pub use secret::WebhookSecrets;
pub use view::{WebhookStatus, WebhookView, WebhookWithSecret};

use axum::extract::FromRef;
use souk_domain::WebhookReach;
use souk_domain::ports::{self, WebhookSender};
use souk_lambda::{Access, Ports};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// What the functions touch that see no secret.
#[derive(Clone, FromRef)]
pub struct Webhooks {
    webhooks: Arc<dyn ports::Webhooks>,
    reach: WebhookReach,
    access: Access,
}

/// What the functions touch that make secrets, or sign with them.
#[derive(Clone, FromRef)]
pub struct Signing {
    webhooks: Arc<dyn ports::Webhooks>,
    reach: WebhookReach,
    secrets: WebhookSecrets,
    poster: Poster,
    access: Access,
}

impl Webhooks {
    /// The ports, and where webhooks may lead.
    pub fn new(ports: Ports, reach: WebhookReach) -> Self {
        Self { webhooks: ports.store, reach, access: ports.access }
    }
}

impl Signing {
    /// The ports, where webhooks may lead, what seals their secrets, and what posts to them.
    pub fn new(ports: Ports, reach: WebhookReach, secrets: WebhookSecrets, sender: Arc<dyn WebhookSender>) -> Self {
        let poster = Poster::new(secrets.clone(), sender);
        Self { webhooks: ports.store, reach, secrets, poster, access: ports.access }
    }
}

/// The HTTP functions by their names in the catalogue.
pub fn http_functions() -> Vec<(&'static str, OpenApiRouter<Webhooks>)> {
    vec![
        ("delete-webhook", delete_webhook::router()),
        ("get-webhook", get_webhook::router()),
        ("list-webhook-deliveries", list_webhook_deliveries::router()),
        ("list-webhooks", list_webhooks::router()),
        ("redeliver-webhook-delivery", redeliver_webhook_delivery::router()),
        ("update-webhook", update_webhook::router()),
    ]
}

/// The HTTP functions that make secrets, or sign with them.
pub fn signing_functions() -> Vec<(&'static str, OpenApiRouter<Signing>)> {
    vec![
        ("create-webhook", create_webhook::router()),
        ("ping-webhook", ping_webhook::router()),
        ("rotate-webhook-secret", rotate_webhook_secret::router()),
    ]
}
