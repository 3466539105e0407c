//! `POST /api/v1/customers/{id}/disable`: somebody is shut out. For staff.

use crate::{Customers, entry};
use axum::extract::State;
use souk_domain::{Customer, CustomerId, Role, SessionCutoff};
use souk_lambda::{
    ApiError, CommandFailures, CommandHeaders, Envelope, Failure, NoBody, PathId, QueryFailures, Reply, Staff,
    StaffFailures, router,
};
use utoipa_axum::router::OpenApiRouter;

/// Disable somebody
///
/// Their sessions end. Managers disable customers, admins anybody but themselves. Once disabled, doing so again changes nothing.
#[utoipa::path(
    post,
    path = "/api/v1/customers/{id}/disable",
    tag = "customers",
    security(("token" = [])),
    params(("id" = CustomerId, Path), CommandHeaders),
    responses(
        (status = 200, description = "The person as they are now", body = Envelope<Customer>),
        (status = 404, description = "`not_found`", body = Failure),
        (status = 409, description = "`customer_erased`", body = Failure),
        CommandFailures, QueryFailures, StaffFailures,
    ),
)]
async fn disable_customer(
    State(shop): State<Customers>,
    Staff(caller): Staff,
    PathId(id): PathId<CustomerId>,
    NoBody(cause): NoBody,
) -> Result<Reply<Customer>, ApiError> {
    let person = shop.customers.customer(id).await?;
    if (person.role.is_staff() && caller.role != Role::Admin) || id == caller.id {
        return Err(ApiError::forbidden());
    }
    let committed = shop.customers.set_customer_status(id, true, caller.id, &cause).await?;
    // Also when they were disabled before: an earlier try may not have come so far.
    let cutoff = SessionCutoff { at: cause.at, kept: None };
    entry::end_sessions(&*shop.sessions, id, cutoff).await;
    let version = committed.value.version;
    Ok(Reply::committed(committed).version(version))
}

/// The function.
pub fn router() -> OpenApiRouter<Customers> {
    router!(disable_customer)
}
