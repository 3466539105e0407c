//! `POST /api/v1/orders/{id}/notes`: somebody writes something about an order. For its owner and staff.

use crate::Orders;
use crate::change::change;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{NoteText, Order, OrderId};
use souk_lambda::{
    ApiError, Caller, CallerFailures, Command, CommandFailures, CommandHeaders, Envelope, Failure, PathId,
    QueryFailures, Reply, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// What to write.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NoteRequest {
    /// The text.
    text: NoteText,
    /// Whether the buyer sees what staff writes.
    #[serde(default)]
    is_public: bool,
}

/// Add a note to an order
///
/// What a buyer writes, staff reads; what staff writes, the buyer reads when it is public.
#[utoipa::path(
    post,
    path = "/api/v1/orders/{id}/notes",
    tag = "orders",
    security(("token" = [])),
    params(("id" = OrderId, Path), CommandHeaders),
    request_body(content = NoteRequest, example = json!({ "text": "Leave it with the neighbour.", "isPublic": true })),
    responses(
        (status = 200, description = "The order as it is now", body = Envelope<Order>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`too_many_notes`", body = Failure),
        (status = 422, description = "`invalid_note`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn add_order_note(
    State(shop): State<Orders>,
    caller: Caller,
    PathId(id): PathId<OrderId>,
    Command(request, cause): Command<NoteRequest>,
) -> Result<Reply<Order>, ApiError> {
    // A buyer cannot write what they could not read.
    let is_public = request.is_public || caller.sees_only().is_some();
    let committed = change(&*shop.orders, &shop.announcer, id, caller.sees_only(), &cause, move |order, cause| {
        order.add_note(&request.text, is_public, caller.0.id, cause)
    });
    Ok(crate::reply(caller.0, committed.await?))
}

/// The function.
pub fn router() -> OpenApiRouter<Orders> {
    router!(add_order_note)
}
