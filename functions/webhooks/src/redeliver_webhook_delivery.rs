//! `POST /api/v1/webhooks/{id}/deliveries/{deliveryId}/redelivery`: an event is sent again. For admins.

use crate::Webhooks;
use axum::extract::State;
use souk_domain::{DeliveryId, WebhookDelivery, WebhookId};
use souk_lambda::{
    Admin, ApiError, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId, QueryFailures, Reply,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Send an event again
///
/// With all its attempts, whatever became of the ones before. Later events of the same order or product wait for it.
#[utoipa::path(
    post,
    path = "/api/v1/webhooks/{id}/deliveries/{deliveryId}/redelivery",
    tag = "webhooks",
    security(("token" = [])),
    params(("id" = WebhookId, Path), ("deliveryId" = DeliveryId, Path), CommandHeaders),
    responses(
        (status = 202, description = "The delivery, on its way", body = Envelope<WebhookDelivery>),
        (status = 404, description = "`not_found`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn redeliver_webhook_delivery(
    State(shop): State<Webhooks>,
    _: Admin,
    PathId((id, delivery)): PathId<(WebhookId, DeliveryId)>,
    NoBody(cause): NoBody,
) -> Result<Reply<WebhookDelivery>, ApiError> {
    Ok(Reply::committed(shop.webhooks.redeliver_webhook(id, delivery, &cause).await?).accepted())
}

/// The function.
pub fn router() -> OpenApiRouter<Webhooks> {
    router!(redeliver_webhook_delivery)
}
