//! `PUT /api/v1/webhooks/{id}`: a webhook has other values, or is disabled or enabled. For admins.

use crate::view::fields;
use crate::{WebhookStatus, WebhookView, Webhooks};
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{DecideWebhook, Error, Webhook, WebhookDescription, WebhookEventType, WebhookId, WebhookUrl};
use souk_lambda::{
    Admin, ApiError, Command, CommandFailures, CommandHeaders, ConditionalFailures, Envelope, Failure, IfMatch, PathId,
    QueryFailures, Reply, StaffFailures, VersionHeaders, router,
};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What a webhook is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChangedWebhook {
    /// Where to: `https://`, at port 443, to an address of the Internet.
    url: WebhookUrl,
    /// Of what.
    #[schema(min_items = 1)]
    event_types: Vec<WebhookEventType>,
    /// For people.
    #[serde(default)]
    description: WebhookDescription,
    /// Whether it hears of anything.
    status: WebhookStatus,
}

/// Change a webhook
///
/// Replaces address, types, description and status. A type that is new is heard of from now on. While it is disabled, nothing is put on
/// its way; what was, waits, and goes on at once when it is enabled again.
#[utoipa::path(
    put,
    path = "/api/v1/webhooks/{id}",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = WebhookId, Path), VersionHeaders, CommandHeaders),
    request_body = ChangedWebhook,
    responses(
        (status = 200, description = "The webhook as it is now", body = Envelope<WebhookView>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 422, description = "`invalid_description`, `invalid_event_type`, `invalid_webhook_url`", body = Failure),
        ConditionalFailures, CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn update_webhook(
    State(shop): State<Webhooks>,
    Admin(caller): Admin,
    PathId(id): PathId<WebhookId>,
    IfMatch(expected): IfMatch,
    Command(request, cause): Command<ChangedWebhook>,
) -> Result<Reply<WebhookView>, ApiError> {
    let fields = fields(request.url, request.event_types, request.description, shop.reach)?;
    let (is_active, at) = (request.status == WebhookStatus::Active, cause.at);
    let decide: DecideWebhook = Arc::new(move |webhook: &Webhook| match expected {
        Some(expected) if expected != webhook.version => Err(Error::Stale { current: webhook.version }),
        _ => Ok(Some(webhook.with(fields.clone(), is_active, at))),
    });
    let committed = shop.webhooks.change_webhook(id, decide, Some(caller.id), &cause).await?;
    let version = committed.value.version;
    Ok(Reply::committed(committed.map(WebhookView::from)).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Webhooks> {
    router!(update_webhook)
}
