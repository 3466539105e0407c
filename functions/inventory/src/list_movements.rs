//! `GET /api/v1/products/{id}/stock/movements`: the ledger of one product's stock, newest first. For staff.

use crate::Inventory;
use axum::extract::State;
use souk_domain::{Movement, ProductId, ports};
use souk_lambda::{
    ApiError, Cursor, Envelope, Failure, Paging, PathId, QueryFailures, Question, Reply, Staff, StaffFailures, router,
};
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// List the movements of a product's stock
///
/// The ledger: every change with its reason. The sums of `onHandChange` and `reservedChange` are the stock.
#[utoipa::path(
    get,
    path = "/api/v1/products/{id}/stock/movements",
    tag = "inventory",
    security(("token" = [])),
    params(("id" = ProductId, Path), Paging),
    responses(
        (status = 200, description = "A page of movements, newest first", body = Envelope<Vec<Movement>>),
        (status = 404, description = "`not_found`", body = Failure),
        QueryFailures, StaffFailures,
    ),
)]
async fn list_movements(
    State(inventory): State<Arc<dyn ports::Inventory>>,
    _: Staff,
    PathId(id): PathId<ProductId>,
    Question(asked): Question<Paging>,
) -> Result<Reply<Vec<Movement>>, ApiError> {
    let (limit, after) = asked.read()?;
    let page = inventory.movements(id, limit, after).await?;
    let next = page.next.as_ref().map(Cursor::write);
    Ok(Reply::ok(page.items).next(next))
}

/// The function.
pub fn router() -> OpenApiRouter<Inventory> {
    router!(list_movements)
}
