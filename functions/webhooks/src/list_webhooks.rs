//! `GET /api/v1/webhooks`: all webhooks. For admins.

use crate::{WebhookView, Webhooks};
use axum::extract::State;
use souk_lambda::{Admin, ApiError, Cursor, Envelope, Paging, QueryFailures, Question, Reply, StaffFailures, router};
use utoipa_axum::router::OpenApiRouter;

/// List webhooks
///
/// Newest first.
#[utoipa::path(
    get,
    path = "/api/v1/webhooks",
    tag = "webhooks",
    security(("token" = [])),
    params(Paging),
    responses(
        (status = 200, description = "A page of webhooks", body = Envelope<Vec<WebhookView>>),
        QueryFailures, StaffFailures,
    ),
)]
async fn list_webhooks(
    State(shop): State<Webhooks>,
    _: Admin,
    Question(paging): Question<Paging>,
) -> Result<Reply<Vec<WebhookView>>, ApiError> {
    let (limit, after) = paging.read()?;
    let page = shop.webhooks.webhooks(limit, after).await?;
    let next = page.next.as_ref().map(Cursor::write);
    Ok(Reply::ok(page.items.into_iter().map(WebhookView::from).collect()).next(next))
}

/// The function.
pub fn router() -> OpenApiRouter<Webhooks> {
    router!(list_webhooks)
}
