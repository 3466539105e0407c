//! `DELETE /api/v1/webhooks/{id}`: a webhook is forgotten. For admins.

use crate::Webhooks;
use axum::extract::State;
use souk_domain::WebhookId;
use souk_lambda::{
    Admin, ApiError, CommandFailures, CommandHeaders, Done, Failure, NoBody, PathId, QueryFailures, Reply,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Delete a webhook
///
/// With its delivery log and what is on its way.
#[utoipa::path(
    delete,
    path = "/api/v1/webhooks/{id}",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = WebhookId, Path), CommandHeaders),
    responses(
        (status = 200, description = "It is gone", body = Done),
        (status = 404, description = "`not_found`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn delete_webhook(
    State(shop): State<Webhooks>,
    Admin(caller): Admin,
    PathId(id): PathId<WebhookId>,
    NoBody(cause): NoBody,
) -> Result<Reply<()>, ApiError> {
    Ok(Reply::committed(shop.webhooks.remove_webhook(id, caller.id, &cause).await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Webhooks> {
    router!(delete_webhook)
}
