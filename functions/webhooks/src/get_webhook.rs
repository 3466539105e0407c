//! `GET /api/v1/webhooks/{id}`: one webhook. For admins.

use crate::{WebhookView, Webhooks};
use axum::extract::State;
use souk_domain::WebhookId;
use souk_lambda::{Admin, ApiError, Envelope, Failure, PathId, QueryFailures, Reply, StaffFailures, router};
use utoipa_axum::router::OpenApiRouter;

/// Read a webhook
///
/// Without its secret, which nobody is shown again.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/{id}",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = WebhookId, Path)),
    responses(
        (status = 200, description = "The webhook", body = Envelope<WebhookView>),
        (status = 404, description = "`not_found`", body = Failure),
        QueryFailures, StaffFailures,
    ),
)]
async fn get_webhook(
    State(shop): State<Webhooks>,
    _: Admin,
    PathId(id): PathId<WebhookId>,
) -> Result<Reply<WebhookView>, ApiError> {
    let webhook = shop.webhooks.webhook(id).await?;
    let version = webhook.version;
    Ok(Reply::ok(webhook.into()).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Webhooks> {
    router!(get_webhook)
}
