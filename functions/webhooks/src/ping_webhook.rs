//! `POST /api/v1/webhooks/{id}/ping`: tries whether a webhook can be reached. For admins.

use crate::{Poster, Signing};
use axum::extract::State;
use serde::Serialize;
use serde_json::json;
use souk_domain::ports::Webhooks;
use souk_domain::{DateTime, EventId, Webhook, WebhookAttempt, WebhookId};
use souk_lambda::{
    Admin, ApiError, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId, QueryFailures, Reply,
    StaffFailures, router,
};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What came back.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Pinged {
    /// Whether the receiver took it.
    #[schema(example = true)]
    is_delivered: bool,
    /// The status that it answered with; absent when no answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 204)]
    status_code: Option<u16>,
    /// Why it failed, for a person.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// How long it took, in milliseconds.
    #[schema(example = 83)]
    duration_ms: i64,
}

impl From<WebhookAttempt> for Pinged {
    fn from(attempt: WebhookAttempt) -> Self {
        let is_delivered = attempt.is_delivered();
        let WebhookAttempt { status_code, error, duration_ms } = attempt;
        Self { is_delivered, status_code, error, duration_ms }
    }
}

/// A CloudEvent, as all others are; it is on no stream.
fn ping(webhook: &Webhook, id: EventId, at: DateTime) -> String {
    let text = json!({
        "specversion": "1.0",
        "id": id,
        "source": "/souk/webhook",
        "subject": webhook.id,
        "time": at,
        "type": "souk.WebhookPing",
        "data": { "webhookId": webhook.id },
    });
    text.to_string()
}

/// Ping a webhook
///
/// Sends a signed `souk.WebhookPing` at once, also to one that is disabled, and tells what came back within ten seconds. It stands in no
/// log and counts as no failure of the webhook.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/ping",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = WebhookId, Path), CommandHeaders),
    responses(
        (status = 200, description = "What came back", body = Envelope<Pinged>),
        (status = 404, description = "`not_found`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn ping_webhook(
    State(webhooks): State<Arc<dyn Webhooks>>,
    State(poster): State<Poster>,
    _: Admin,
    PathId(id): PathId<WebhookId>,
    NoBody(cause): NoBody,
) -> Result<Reply<Pinged>, ApiError> {
    let webhook = webhooks.webhook(id).await?;
    let message = EventId::new();
    let attempt = poster.post(&webhook, message.to_string(), ping(&webhook, message, cause.at), cause.at).await;
    Ok(Reply::ok(attempt.into()))
}

/// The function.
pub fn router() -> OpenApiRouter<Signing> {
    router!(ping_webhook)
}
