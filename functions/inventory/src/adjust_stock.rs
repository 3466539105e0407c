//! `POST /api/v1/products/{id}/stock/adjustments`: corrects the pieces in the house. For staff.

use crate::Inventory;
use axum::extract::State;
use serde::Deserialize;
use souk_domain::{Adjustment, Change, ProductId, Reason, StockLevel, ports};
use souk_lambda::{
    Announcer, ApiError, Command, CommandFailures, CommandHeaders, ConditionalFailures, Envelope, Failure, IfMatch,
    PathId, QueryFailures, Reply, Staff, StaffFailures, VersionHeaders, router,
};
use std::sync::Arc;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// How the pieces in the house change: by a number or to a number.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AdjustmentRequest {
    /// More pieces, or fewer when negative.
    #[schema(example = 25)]
    delta: Option<i64>,
    /// The counted number of pieces.
    #[schema(minimum = 0, example = 120)]
    on_hand: Option<i64>,
    /// Why; the ledger keeps it.
    reason: Reason,
}

impl AdjustmentRequest {
    fn change(&self) -> Result<Change, ApiError> {
        match (self.delta, self.on_hand) {
            (Some(0), None) => Err(ApiError::invalid("empty_change", "a delta of 0 changes nothing").field("delta")),
            (Some(delta), None) => Ok(Change::By(delta)),
            (None, Some(counted)) => Ok(Change::To(counted)),
            _ => Err(ApiError::invalid("invalid_request", "send either delta or onHand")),
        }
    }
}

/// Correct the stock of a product
///
/// `delta` adds or takes away, `onHand` sets a counted number. What orders have reserved must stay in the house:
/// `stock_out_of_range`. Orders change the version all the time; a delta may come with `If-Match: *`.
#[utoipa::path(
    post,
    path = "/api/v1/products/{id}/stock/adjustments",
    tag = "inventory",
    security(("token" = [])),
    params(("id" = ProductId, Path), VersionHeaders, CommandHeaders),
    request_body = AdjustmentRequest,
    responses(
        (status = 200, description = "The stock as it is now", body = Envelope<StockLevel>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`stock_out_of_range`", body = Failure),
        (status = 422, description = "`empty_change`, `invalid_reason`", body = Failure),
        ConditionalFailures, CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn adjust_stock(
    State(inventory): State<Arc<dyn ports::Inventory>>,
    State(announcer): State<Announcer>,
    Staff(actor): Staff,
    PathId(product_id): PathId<ProductId>,
    IfMatch(expected): IfMatch,
    Command(request, cause): Command<AdjustmentRequest>,
) -> Result<Reply<StockLevel>, ApiError> {
    let change = request.change()?;
    let adjustment = Adjustment { product_id, change, reason: request.reason, actor: actor.id };
    let committed = inventory.adjust_stock(adjustment, expected, &cause).await?;
    announcer.announce(&committed.events).await;
    let version = committed.value.version;
    Ok(Reply::committed(committed).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Inventory> {
    router!(adjust_stock)
}
