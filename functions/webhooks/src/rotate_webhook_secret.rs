//! `POST /api/v1/webhooks/{id}/secret`: a webhook has another secret. For admins.

use crate::{Signing, WebhookSecrets, WebhookWithSecret};
use axum::extract::State;
use souk_domain::ports::Webhooks;
use souk_domain::{DecideWebhook, Webhook, WebhookId};
use souk_lambda::{
    Admin, ApiError, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId, QueryFailures, Reply,
    StaffFailures, router,
};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Rotate a webhook's secret
///
/// For 24 hours what is sent has two signatures, of the new secret and of the last one: time for the receiver to change. A second rotation
/// within that time ends the first secret.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/secret",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = WebhookId, Path), CommandHeaders),
    responses(
        (status = 200, description = "The webhook and its new secret", body = Envelope<WebhookWithSecret>),
        (status = 404, description = "`not_found`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn rotate_webhook_secret(
    State(webhooks): State<Arc<dyn Webhooks>>,
    State(secrets): State<WebhookSecrets>,
    Admin(caller): Admin,
    PathId(id): PathId<WebhookId>,
    NoBody(cause): NoBody,
) -> Result<Reply<WebhookWithSecret>, ApiError> {
    let (sealed, at) = (secrets.make(id)?, cause.at);
    let decide: DecideWebhook = Arc::new(move |webhook: &Webhook| Ok(Some(webhook.rotated(sealed.clone(), at))));
    let committed = webhooks.change_webhook(id, decide, Some(caller.id), &cause).await?;
    let version = committed.value.version;
    // Of what was kept: a repetition is answered with the first one's.
    let secret = secrets.show(id, &committed.value.secret)?;
    let reply = Reply::committed(committed.map(|webhook| WebhookWithSecret { webhook: webhook.into(), secret }));
    Ok(reply.version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Signing> {
    router!(rotate_webhook_secret)
}
