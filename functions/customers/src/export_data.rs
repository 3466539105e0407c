//! `GET /api/v1/customers/me/export`: all that is kept of the caller. For whoever logged in.

use crate::Customers;
use axum::extract::State;
use serde::Serialize;
use souk_domain::{AuditAction, AuditEntry, AuditQuery, Cause, Customer, Limit, Order, Rate, Session};
use souk_lambda::{
    ApiError, Caller, CallerFailures, CommandFailures, Cursor, Envelope, Failure, Paging, QueryFailures, Question,
    Reply, RequestContext, router,
};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

/// All that is kept of somebody.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedData {
    /// Who they are.
    profile: Customer,
    /// Where they are logged in.
    sessions: Vec<Session>,
    /// What was done to the account: the last 100 lines of the audit log.
    history: Vec<AuditEntry>,
    /// A page of their orders, newest first.
    orders: Vec<Order>,
}

/// Export one's own data
///
/// Everything that the shop keeps about the caller, to take along. Orders come in pages; the rest is on each of them.
#[utoipa::path(
    get,
    path = "/api/v1/customers/me/export",
    tag = "customers",
    security(("token" = [])),
    params(Paging),
    responses(
        (status = 200, description = "All that is kept of the caller; orders in pages", body = Envelope<ExportedData>),
        (status = 404, description = "`not_found`", body = Failure),
        CommandFailures, QueryFailures, CallerFailures,
    ),
)]
async fn export_data(
    State(shop): State<Customers>,
    Caller(caller): Caller,
    Question(asked): Question<Paging>,
) -> Result<Reply<ExportedData>, ApiError> {
    let (limit, after) = asked.read()?;
    // Each leaves a line in the audit log, as a command does.
    let door = &shop.access.door;
    door.admit(None, &[door.meter(Rate::WRITES, caller.id)]).await?;
    let profile = shop.customers.customer(caller.id).await?;
    let orders = shop.orders.orders(caller.id, limit, after).await?;
    let most = Limit::new(100)?;
    let query = AuditQuery { subject: Some(caller.id), limit: most, ..AuditQuery::default() };
    let history = shop.customers.audit_entries(query).await?.items;
    // Where they are logged in is not kept for good, so the rest does not wait for it.
    let sessions = shop.sessions.sessions(caller.id).await.unwrap_or_default();
    let RequestContext { request_id, correlation_id } = RequestContext::current();
    let cause = Cause { at: souk_domain::now(), request_id, correlation_id, claim: None };
    shop.customers.record_audit(AuditAction::DataExported, caller.id, caller.id, &cause).await?;
    let next = orders.next.as_ref().map(Cursor::write);
    let orders = orders.items.into_iter().map(Order::for_buyer).collect();
    Ok(Reply::ok(ExportedData { profile, sessions, history, orders }).next(next))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(export_data)
}
