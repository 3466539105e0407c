//! `GET /api/v1/webhooks/{id}/deliveries`: the delivery log of a webhook. For admins.

use crate::Webhooks;
use axum::extract::State;
use souk_domain::{WebhookDelivery, WebhookId};
use souk_lambda::{
    Admin, ApiError, Cursor, Envelope, Failure, Paging, PathId, QueryFailures, Question, Reply, StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Read a webhook's delivery log
///
/// Newest first. What was delivered or given up is kept for 30 days.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks/{id}/deliveries",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = WebhookId, Path), Paging),
    responses(
        (status = 200, description = "A page of deliveries", body = Envelope<Vec<WebhookDelivery>>),
        (status = 404, description = "`not_found`", body = Failure),
        QueryFailures, StaffFailures,
    ),
)]
async fn list_webhook_deliveries(
    State(shop): State<Webhooks>,
    _: Admin,
    PathId(id): PathId<WebhookId>,
    Question(paging): Question<Paging>,
) -> Result<Reply<Vec<WebhookDelivery>>, ApiError> {
    let (limit, after) = paging.read()?;
    let page = shop.webhooks.webhook_deliveries(id, limit, after).await?;
    let next = page.next.as_ref().map(Cursor::write);
    Ok(Reply::ok(page.items).next(next))
}

/// The function.
pub fn router() -> OpenApiRouter<Webhooks> {
    router!(list_webhook_deliveries)
}
