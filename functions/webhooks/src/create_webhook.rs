//! `POST /api/v1/webhooks`: a third party is to hear of what happens. For admins.

use crate::view::fields;
use crate::{Signing, WebhookSecrets, WebhookWithSecret};
use axum::extract::State;
use serde::Deserialize;
use souk_domain::ports::Webhooks;
use souk_domain::{Webhook, WebhookDescription, WebhookEventType, WebhookId, WebhookReach, WebhookUrl};
use souk_lambda::{
    Admin, ApiError, Command, CommandFailures, CommandHeaders, Envelope, Failure, QueryFailures, Reply, StaffFailures,
    router,
};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// Who wants to hear of what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewWebhook {
    /// Where to: `https://`, at port 443, to an address of the Internet.
    url: WebhookUrl,
    /// Of what.
    #[schema(min_items = 1)]
    event_types: Vec<WebhookEventType>,
    /// For people.
    #[serde(default)]
    description: WebhookDescription,
}

/// Make a webhook
///
/// The events of these types are posted to the address from now on, signed with the secret that this answer alone shows.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks",
    tag = "webhooks",
    security(("token" = [])),
    params(CommandHeaders),
    request_body = NewWebhook,
    responses(
        (status = 201, description = "The webhook and its secret", body = Envelope<WebhookWithSecret>),
        (status = 422, description = "`invalid_description`, `invalid_event_type`, `invalid_webhook_url`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn create_webhook(
    State(webhooks): State<Arc<dyn Webhooks>>,
    State(secrets): State<WebhookSecrets>,
    State(reach): State<WebhookReach>,
    Admin(caller): Admin,
    Command(request, cause): Command<NewWebhook>,
) -> Result<Reply<WebhookWithSecret>, ApiError> {
    let fields = fields(request.url, request.event_types, request.description, reach)?;
    let id = WebhookId::new();
    let webhook = Webhook::new(id, fields, secrets.make(id)?, cause.at);
    let committed = webhooks.create_webhook(webhook, caller.id, &cause).await?;
    let (id, version) = (committed.value.id, committed.value.version);
    // Of what was kept: a repetition is answered with the first one's.
    let secret = secrets.show(id, &committed.value.secret)?;
    let reply = Reply::committed(committed.map(|webhook| WebhookWithSecret { webhook: webhook.into(), secret }));
    Ok(reply.created(format!("/api/v1/webhooks/{id}")).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Signing> {
    router!(create_webhook)
}
