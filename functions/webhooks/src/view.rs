//! A webhook as people see it, and what they say of it.

use serde::{Deserialize, Serialize};
use souk_domain::{
    DateTime, DisabledReason, Version, Webhook, WebhookDescription, WebhookEventType, WebhookFields, WebhookId,
    WebhookReach, WebhookUrl,
};
use souk_lambda::ApiError;
use utoipa::ToSchema;

/// Whether a webhook hears of anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum WebhookStatus {
    /// It does.
    Active,
    /// It does not.
    Disabled,
}

/// A place that is told of what happens in the shop.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct WebhookView {
    /// Stable name for programs.
    id: WebhookId,
    /// Where to.
    url: WebhookUrl,
    /// Of what, by name.
    event_types: Vec<WebhookEventType>,
    /// For people.
    description: WebhookDescription,
    /// Whether it hears of anything.
    status: WebhookStatus,
    /// Why it does not.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_reason: Option<DisabledReason>,
    /// Until when the secret before the last rotation signs as well, UTC; absent when it does no longer.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_secret_until: Option<DateTime>,
    /// Sent back in `If-Match`.
    #[schema(value_type = i64, minimum = 1, example = 3)]
    version: Version,
    /// UTC.
    created_at: DateTime,
    /// UTC.
    updated_at: DateTime,
}

/// A webhook with its secret, which is shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub struct WebhookWithSecret {
    /// The webhook.
    #[serde(flatten)]
    pub(crate) webhook: WebhookView,
    /// Signs what is sent. Keep it as you would a password.
    #[schema(example = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwAAAAAAAAAAA=")]
    pub(crate) secret: String,
}

impl From<Webhook> for WebhookView {
    fn from(webhook: Webhook) -> Self {
        let status = if webhook.is_active() { WebhookStatus::Active } else { WebhookStatus::Disabled };
        let last_secret_until = webhook.last_secret.as_ref().map(|last| last.until);
        Self {
            id: webhook.id,
            event_types: webhook.event_types(),
            url: webhook.url,
            description: webhook.description,
            status,
            disabled_reason: webhook.disabled,
            last_secret_until: last_secret_until.filter(|until| *until > souk_domain::now()),
            version: webhook.version,
            created_at: webhook.created_at,
            updated_at: webhook.updated_at,
        }
    }
}

/// What somebody wants of a webhook, where the shop may send to that.
pub(crate) fn fields(
    url: WebhookUrl,
    event_types: Vec<WebhookEventType>,
    description: WebhookDescription,
    reach: WebhookReach,
) -> Result<WebhookFields, ApiError> {
    reach.check(&url).map_err(|violation| ApiError::from(violation).field("url"))?;
    WebhookFields::new(url, event_types, description).map_err(|violation| ApiError::from(violation).field("eventTypes"))
}
